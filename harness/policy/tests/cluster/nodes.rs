use super::given::{cluster, wrong};
use netverdict_policy::model::Entity;

const NODES: &str = "apiVersion: v1
kind: NodeList
items:
- metadata: {name: one, labels: {zone: a}}
  status:
    addresses:
    - {type: Hostname, address: one}
    - {type: InternalIP, address: 172.18.0.2}
    - {type: ExternalIP, address: 203.0.113.2}
- metadata: {name: two, labels: {zone: b}}
  status: {addresses: [{type: InternalIP, address: 172.18.0.3}, {type: InternalIP, address: 'fd00::3'}]}
";

#[test]
fn the_first_node_is_the_node_and_others_are_remote() {
    let policy = cluster(NODES).policy;
    let shown = |addresses: &[std::net::IpAddr]| {
        let shown: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        shown.join(" ")
    };
    assert_eq!(shown(&policy.node.addresses), "172.18.0.2 2001:db8::10");
    assert_eq!(policy.node.labels["zone"], "a");
    let [other] = policy.known_hosts.as_slice() else {
        panic!("{:?}", policy.known_hosts);
    };
    assert_eq!(shown(&other.addresses), "172.18.0.3 fd00::3");
    assert_eq!(other.entities, [Entity::RemoteNode]);
    assert_eq!(other.labels["zone"], "b");
}

#[test]
fn without_a_node_there_is_one_all_the_same() {
    let cluster =
        cluster("{apiVersion: v1, kind: Pod, metadata: {name: a}, status: {podIP: 192.0.2.10}}");
    let node = &cluster.policy.node.addresses;
    let shown: Vec<String> = node.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["192.0.2.11", "2001:db8::10"], "the first is in use");
    assert_eq!(cluster.topology.node, *node);
}

#[test]
fn two_nodes_cannot_have_one_address() {
    let text = NODES.replace("172.18.0.3", "172.18.0.2");
    assert_eq!(wrong(&text), ["address-clash at 11:52"]);
}
