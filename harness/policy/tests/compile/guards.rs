//! Who is guarded alike.

use netverdict_policy::image::MapImage;
use netverdict_policy::lower::lower;
use netverdict_policy::model::{Direction, L4Protocol, Peers, Policy, Ports, RuleAction, Subject};

use crate::given::{
    about, address, allow, labels, named, named_port, node_alone, rule, selector, tcp, workload,
};

/// Workloads at 10.0.0.1, 10.0.0.2, …, with these labels.
fn cluster(all: &[&str]) -> Policy {
    let mut policy = node_alone();
    policy.workloads = (all.iter().zip(1..))
        .map(|(own, number)| workload(&format!("w{number}"), own, &format!("10.0.0.{number}")))
        .collect();
    policy
}

/// Numbers of the guards of the nth workload, for what it sends and receives.
fn guards(image: &MapImage, number: u32) -> (Option<u32>, Option<u32>) {
    let endpoint = &image.endpoints[&address(&format!("10.0.0.{number}"))];
    (endpoint.egress, endpoint.ingress)
}

#[test]
fn the_same_policies_are_one_guard() {
    // Three replicas, of which the third has a label of its own that a policy asks
    // for; and a bystander.
    let mut policy = cluster(&["app=a pod=1", "app=a pod=2", "app=a pod=3 odd=yes", "app=b"]);
    policy.network_policies = vec![
        about("app=a", vec![allow(Peers::Any, tcp(80, 80))]),
        about("odd=yes", vec![allow(Peers::Any, tcp(81, 81))]),
        about("app=none", vec![allow(Peers::Any, Ports::All)]),
    ];
    let image = lower(&policy).expect("a small policy");
    let alike = guards(&image, 1);
    assert_eq!(alike.0, None, "no policy is about what they send");
    assert!(alike.1.is_some());
    assert_eq!(guards(&image, 2), alike);
    assert_ne!(guards(&image, 3).1, alike.1);
    assert!(guards(&image, 3).1.is_some());
    assert_eq!(guards(&image, 4), (None, None));
    assert_eq!(image.guards.len(), 2);
}

#[test]
fn directions_have_guards_of_their_own() {
    let mut policy = cluster(&["app=a"]);
    let out = rule(Direction::Egress, RuleAction::Allow, Peers::Any, Ports::All);
    policy.network_policies = vec![about("app=a", vec![allow(Peers::Any, Ports::All), out])];
    let image = lower(&policy).expect("a small policy");
    let (egress, ingress) = guards(&image, 1);
    assert!(egress.is_some() && ingress.is_some());
    assert_ne!(egress, ingress);
}

#[test]
fn a_policy_without_a_say_in_a_direction_does_not_select_for_it() {
    let mut policy = cluster(&["app=a"]);
    let mut silent = about("app=a", Vec::new());
    policy.network_policies = vec![silent.clone()];
    let image = lower(&policy).expect("a small policy");
    assert_eq!(guards(&image, 1), (None, None));
    silent.isolates_egress = true;
    policy.network_policies = vec![silent];
    let image = lower(&policy).expect("a small policy");
    let (Some(egress), None) = guards(&image, 1) else {
        panic!("selected for egress alone");
    };
    assert!(image.guards[egress as usize].entries.is_empty());
    assert!(!image.guards[egress as usize].allows);
}

#[test]
fn names_of_ports_tell_receivers_apart_where_a_policy_uses_them() {
    let mut policy = cluster(&["app=a", "app=a", "app=a", "app=a"]);
    policy.workloads[0].named_ports = vec![named_port("web", "80/tcp")];
    policy.workloads[1].named_ports = vec![named_port("web", "80/tcp"), named_port("x", "9/udp")];
    policy.workloads[2].named_ports = vec![named_port("web", "81/tcp")];
    policy.workloads[3].named_ports = vec![named_port("web", "80/udp")];
    let web = named(L4Protocol::Tcp, "web");
    policy.network_policies = vec![about("app=a", vec![allow(Peers::Any, web)])];
    let image = lower(&policy).expect("a small policy");
    let ingress: Vec<u32> = (1..=4)
        .filter_map(|number| guards(&image, number).1)
        .collect();
    let [first, second, third, fourth] = ingress[..] else {
        panic!("all are selected");
    };
    assert_eq!(first, second, "the other name is not asked for");
    assert!(third != first && fourth != first && third != fourth);
    policy.network_policies = vec![about("app=a", vec![allow(Peers::Any, tcp(80, 80))])];
    let image = lower(&policy).expect("a small policy");
    assert_eq!(image.guards.len(), 1, "no name is asked for");
}

#[test]
fn who_shares_the_network_of_the_node_has_no_guard() {
    let mut policy = cluster(&["app=a", "app=a"]);
    policy.workloads[1].host_network = true;
    policy.workloads[1].addresses = policy.node.addresses.clone();
    policy.network_policies = vec![about("app=a", vec![allow(Peers::Any, Ports::All)])];
    let image = lower(&policy).expect("a small policy");
    assert_eq!(
        image.endpoints.keys().copied().collect::<Vec<_>>(),
        [address("10.0.0.1")]
    );
}

#[test]
fn a_policy_about_nodes_guards_no_workload() {
    let mut policy = cluster(&["zone=a"]);
    policy.node.labels = labels("zone=a");
    let mut about_nodes = about("zone=a", vec![allow(Peers::Any, Ports::All)]);
    about_nodes.subject = Subject::Nodes(selector("zone=a"));
    policy.network_policies = vec![about_nodes];
    let image = lower(&policy).expect("a small policy");
    assert_eq!(guards(&image, 1), (None, None));
    assert!(image.guards.is_empty());
}
