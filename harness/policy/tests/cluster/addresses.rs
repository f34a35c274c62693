use super::given::{addresses, as_workloads, cluster, lines, names, wrong};
use netverdict_policy::diagnostic::Severity;

/// A pod with a status.
fn pod(name: &str, rest: &str) -> String {
    format!("{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}{rest}}}\n---\n")
}

#[test]
fn a_status_gives_addresses_of_both_families() {
    let cluster = cluster(
        &(pod(
            "a",
            ", status: {podIP: 10.1.0.1, podIPs: [{ip: 10.1.0.1}, {ip: 'fd00::1'}]}",
        ) + &pod("b", ", status: {podIPs: [{ip: 'fd00::2'}], phase: Running}")
            + &pod("c", ", status: {podIP: '', podIPs: []}")),
    );
    let shown: Vec<_> = cluster.policy.workloads.iter().map(addresses).collect();
    assert_eq!(shown[0], ["10.1.0.1", "fd00::1"]);
    assert_eq!(shown[1], ["10.244.0.2", "fd00::2"]);
    assert_eq!(shown[2], ["10.244.0.3", "fd00:10:244::2"]);
    let known: Vec<usize> = (cluster.policy.workloads.iter())
        .map(|workload| workload.known_addresses.len())
        .collect();
    assert_eq!(known, [2, 1, 0], "only what a status gives is known");
    assert_eq!(
        cluster.topology.workloads[1].addresses,
        cluster.policy.workloads[1].addresses
    );
}

#[test]
fn assigned_addresses_are_nobody_elses() {
    let cluster = cluster(
        &(pod("a", "")
            + &pod("b", ", status: {podIP: 10.244.0.2}")
            + "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {clusterIP: 10.244.0.3, externalIPs: [10.244.0.4], selector: {x: z}, ports: [{port: 1}]}, status: {loadBalancer: {ingress: [{ip: 10.244.0.5}]}}}\n---\n"
            + "{apiVersion: v1, kind: Node, metadata: {name: one}, status: {addresses: [{type: InternalIP, address: 10.244.0.6}]}}\n---\n"
            + "{apiVersion: v1, kind: Node, metadata: {name: two}, status: {addresses: [{type: InternalIP, address: 10.244.0.7}]}}"),
    );
    let shown: Vec<_> = cluster.policy.workloads.iter().map(addresses).collect();
    assert_eq!(shown[0][0], "10.244.0.8");
    assert_eq!(shown[1][0], "10.244.0.2");
}

#[test]
fn another_object_at_the_end_moves_nobody() {
    let text = pod("a", "") + &pod("b", "");
    let before = cluster(&text);
    let after = cluster(&(text.clone() + &pod("c", "")));
    assert_eq!(before.policy.workloads[..], after.policy.workloads[..2]);
    assert_eq!(cluster(&text).policy, before.policy);
}

#[test]
fn a_pod_in_the_nodes_network_gives_way() {
    let text = pod(
        "a",
        ", spec: {hostNetwork: true}, status: {podIP: 10.1.0.1}",
    ) + &pod(
        "b",
        ", spec: {hostNetwork: true}, status: {podIP: 10.1.0.1}",
    ) + &pod("c", ", status: {podIP: 10.1.0.1}");
    let cluster = as_workloads(&text);
    let shown: Vec<String> = (cluster.policy.workloads.iter())
        .map(|workload| addresses(workload)[0].clone())
        .collect();
    assert_eq!(shown, ["10.244.0.2", "10.244.0.3", "10.1.0.1"]);
    assert_eq!(
        lines(&cluster.notes),
        ["address-repeats at 1:93", "address-repeats at 3:93"]
    );
    assert_eq!(
        cluster.notes[0].message,
        "default/a[Pod] gets the address 10.244.0.2 of its own in place of 10.1.0.1, which \
         default/c[Pod] has"
    );
    assert!(
        cluster
            .notes
            .iter()
            .all(|note| note.severity == Severity::Note)
    );
    // CIDR rules know it by the one it was given.
    assert_eq!(
        cluster.policy.workloads[0].known_addresses[0].to_string(),
        "10.1.0.1"
    );
}

#[test]
fn the_same_address_twice_is_a_warning() {
    let cluster = cluster(
        &(pod("a", ", status: {podIP: 10.1.0.1}") + &pod("b", ", status: {podIP: 10.1.0.1}")),
    );
    assert_eq!(addresses(&cluster.policy.workloads[1])[0], "10.244.0.2");
    assert_eq!(lines(&cluster.notes), ["address-repeats at 3:66"]);
    assert_eq!(cluster.notes[0].severity, Severity::Warning);
}

#[test]
fn addresses_that_nobody_can_have_are_refused() {
    let text = pod("a", ", status: {podIP: 10.1.0}")
        + &pod("b", ", status: {podIP: 127.0.0.1}")
        + &pod("c", ", status: {podIPs: [{ip: 10.0.0.0/8}]}");
    let expected = [
        "address-malformed at 1:66",
        "address-unusable at 3:66",
        "address-malformed at 5:73",
    ];
    assert_eq!(wrong(&text), expected);
}

#[test]
fn names_in_the_network_are_those_of_the_matrix() {
    let cluster = cluster(&pod("a", ""));
    assert_eq!(cluster.topology.workloads[0].name, names(&cluster)[0]);
}
