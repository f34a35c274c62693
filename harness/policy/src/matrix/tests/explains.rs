use std::sync::Arc;

use super::given::{about, addresses, allow, policy, tcp};
use crate::diagnostic::{Location, SourceFile};
use crate::interpret;
use crate::lower::lower;
use crate::matrix::explain::{
    Place, PlaceError, Question, QuestionError, Seen, explain, json, text,
};
use crate::model::{
    Backend, DefaultAction, Direction, L4Port, NodePort, Peers, Policy, Ports, Prefilter,
};
use crate::port::ProtoPort;
use crate::topology::{Forward, HostPlan, TopologyPlan, WorkloadPlan, Zone};

/// `a` sends to 9/8 only; `b` receives port 80 from anybody, and anything from
/// 172.16/12.
fn given() -> Policy {
    let file = Arc::new(SourceFile {
        path: "policies.yaml".to_owned(),
        text: (1..=9).map(|line| format!("line {line}\n")).collect(),
    });
    let at = |line: usize| Location::new(&file, 7 * (line - 1), 4);
    let mut sends = allow(Direction::Egress, addresses("10.0.0.0/8"), Ports::All);
    let mut web = allow(Direction::Ingress, Peers::Any, tcp(L4Port::Range(80, 80)));
    let mut near = allow(Direction::Ingress, addresses("172.16.0.0/12"), Ports::All);
    sends.location = at(2);
    web.location = at(5);
    near.location = at(7);
    for (rule, line) in [(&mut sends, 3), (&mut near, 8)] {
        if let Peers::Listed(peers) = &mut rule.peers {
            peers[0].location = at(line);
        }
    }
    let mut about_a = about("a", vec![sends]);
    about_a.location = at(1);
    let mut about_b = about("b", vec![web, near]);
    about_b.location = at(4);
    let mut policy = policy(&["a 10.0.0.1", "b 10.0.0.2"], vec![about_a, about_b]);
    policy.choices.ip_blocks_match_workloads = true;
    policy.choices.node_reaches_workloads = true;
    for workload in &mut policy.workloads {
        workload.known_addresses = workload.addresses.clone();
    }
    policy
}

fn topology(policy: &Policy) -> TopologyPlan {
    let workloads = policy.workloads.iter().map(|workload| WorkloadPlan {
        name: workload.name.to_string(),
        addresses: workload.addresses.clone(),
        host_network: false,
        listen: Vec::new(),
    });
    TopologyPlan {
        node: policy.node.addresses.clone(),
        hosts: vec![HostPlan {
            name: "scanner".to_owned(),
            zone: Zone::External,
            addresses: vec!["198.51.100.7".parse().expect("an address")],
        }],
        workloads: workloads.collect(),
        forwards: Vec::new(),
        mtu: 1500,
    }
}

fn asked(source: &str, destination: &str, what: &str) -> (String, serde_json::Value) {
    let policy = given();
    asked_of(&policy, &topology(&policy), source, destination, what)
}

fn asked_of(
    policy: &Policy,
    topology: &TopologyPlan,
    source: &str,
    destination: &str,
    what: &str,
) -> (String, serde_json::Value) {
    let image = lower(policy).expect("it fits");
    let place = |word| Place::find(policy, topology, word).expect("somebody");
    let question = Question {
        source: place(source),
        destination: place(destination),
        what: what.parse().expect("a port"),
        family: None,
    };
    let explanation = explain(policy, topology, &question).expect("they can talk");
    let mut memory = interpret::Memory::untracked();
    let seen: Vec<Seen> = (explanation.hooks.iter())
        .map(|hook| {
            let id = crate::frame::ProbeId(1);
            let frame = crate::frame::build(&hook.leg.frame, id, [0; 6]).expect("a plain frame");
            let judged = interpret::judge(&image, hook.leg.point, &frame, &mut memory);
            Seen {
                reason: judged.reason,
                rule: image.rule(judged.rule),
            }
        })
        .collect();
    (
        text(policy, &explanation, "model", &seen),
        json(policy, &explanation, "model", &seen),
    )
}

#[test]
fn an_open_connection_names_what_allows_it() {
    insta::assert_snapshot!(asked("default/a", "default/b", "80/tcp").0);
}

#[test]
fn a_closed_one_names_what_isolates_and_what_nearly_allows() {
    insta::assert_snapshot!(asked("scanner", "b[Deployment]", "81/tcp").0);
}

#[test]
fn a_rule_about_the_port_misses_the_peer() {
    insta::assert_snapshot!(asked("b", "a", "81/tcp").0);
    insta::assert_snapshot!(asked("172.16.0.9", "b", "icmp").0);
    insta::assert_snapshot!(asked("a", "9.9.9.9", "53/udp").0);
}

#[test]
fn the_node_comes_by_the_receivers_hook_only() {
    insta::assert_snapshot!(asked("node", "b", "81/tcp").0);
    insta::assert_snapshot!(asked("node", "scanner", "81/tcp").0);
}

#[test]
fn as_an_object() {
    let (_, object) = asked("198.51.100.7", "10.0.0.2", "81/tcp");
    insta::assert_snapshot!(format!("{object:#}"));
}

#[test]
fn a_lane_that_decides_otherwise_is_wrong() {
    let policy = given();
    let topology = topology(&policy);
    let question = Question {
        source: Place::Workload(0),
        destination: Place::Workload(1),
        what: "80/tcp".parse().expect("a port"),
        family: None,
    };
    let explanation = explain(&policy, &topology, &question).expect("they can talk");
    let other = Seen {
        reason: netverdict_abi::Reason::PolicyNoMatch,
        rule: None,
    };
    let seen = vec![other; explanation.hooks.len()];
    assert!(!explanation.hooks[0].agrees(other));
    let decision = &explanation.hooks[0].decision;
    let right = Seen {
        reason: decision.reason,
        rule: decision.rules.first().copied(),
    };
    assert!(explanation.hooks[0].agrees(right));
    for wrong in [
        Seen {
            reason: other.reason,
            ..right
        },
        Seen {
            rule: None,
            ..right
        },
    ] {
        assert!(!explanation.hooks[0].agrees(wrong), "{wrong:?}");
    }
    let text = text(&policy, &explanation, "testrun", &seen);
    assert!(
        text.contains("FILTER OR COMPILER WRONG: testrun says policy-no-match by no rule"),
        "{text}"
    );
}

#[test]
fn words_that_mean_nobody_or_several_are_refused() {
    let mut policy = given();
    let topology = topology(&policy);
    let find = |policy: &Policy, word: &str| Place::find(policy, &topology, word);
    assert_eq!(find(&policy, "10.0.0.2"), Ok(Place::Workload(1)));
    assert_eq!(find(&policy, "192.0.2.10"), Ok(Place::Node));
    assert_eq!(
        find(&policy, "scaner"),
        Err(PlaceError::Unknown {
            word: "scaner".to_owned(),
            similar: Some("scanner".to_owned()),
        })
    );
    policy.workloads[1].name.namespace = "other".to_owned();
    policy.workloads[1].name.name = "a".to_owned();
    assert!(matches!(
        find(&policy, "a"),
        Err(PlaceError::Ambiguous { names, .. }) if names.len() == 2
    ));
    assert_eq!(find(&policy, "other/a"), Ok(Place::Workload(1)));
}

#[test]
fn ends_that_cannot_talk_are_refused() {
    let policy = given();
    let topology = topology(&policy);
    let ask = |source, destination, family| {
        let question = Question {
            source,
            destination,
            what: "80/tcp".parse().expect("a port"),
            family,
        };
        explain(&policy, &topology, &question).map(|_| ())
    };
    let (a, b) = (Place::Workload(0), Place::Workload(1));
    assert!(matches!(ask(a, a, None), Err(QuestionError::Itself(_))));
    let v6 = Some(crate::prefix::Family::V6);
    let refused = ask(a, b, v6);
    assert!(matches!(refused, Err(QuestionError::NoCommonFamily { .. })));
}

/// Given node port 30007 in front of port 81 of `b`,
fn behind_a_node_port(bypass_policy: bool) -> String {
    let mut policy = given();
    let here = policy.network_policies[0].location.clone();
    let node_port: ProtoPort = "30007/tcp".parse().expect("a port");
    policy.node_ports = vec![NodePort {
        service: policy.workloads[1].name.clone(),
        node_port,
        backends: vec![Backend {
            workload: 1,
            port: 81,
        }],
        location: here.clone(),
    }];
    policy.prefilters = vec![Prefilter {
        node_port,
        deny: Vec::new(),
        allow: Vec::new(),
        default: DefaultAction::Pass,
        bypass_policy,
        location: here.clone(),
        allow_location: here.clone(),
        default_location: here.clone(),
        bypass_location: here,
    }];
    let mut topology = topology(&policy);
    topology.forwards = vec![Forward {
        node_port,
        workload: 1,
        target_port: 81,
    }];
    asked_of(&policy, &topology, "scanner", "node", "30007/tcp").0
}

#[test]
fn behind_a_node_port_rules_are_about_the_backends_port() {
    insta::assert_snapshot!(behind_a_node_port(false));
}

#[test]
fn what_a_prefilter_lets_bypass_says_what_the_policies_would_do() {
    insta::assert_snapshot!(behind_a_node_port(true));
}
