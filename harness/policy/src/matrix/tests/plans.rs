use std::collections::BTreeSet;

use super::super::{Connection, End, Plan, PortRange, Template, World, selects};
use super::given::{about, addresses, allow, policy, tcp};
use crate::frame::{ProbeId, build};
use crate::image::{EndpointImage, GuardImage, L4Prefix, MapImage, PolicyEntry, RuleId, Verdict};
use crate::journey::Point;
use crate::model::{
    Direction, L4Port, Namespaces, Operator, Peers, Policy, Ports, Requirement, Selector, Subject,
};
use crate::port::Protocol;
use crate::prefix::Family;

fn planned(policy: &Policy) -> Vec<Connection> {
    let image = MapImage::default();
    let world = World::new(policy, &image);
    Plan::new(&world).batches(7).flatten().collect()
}

fn tried(plan: &[Connection], source: End, destination: End, protocol: Protocol) -> Vec<String> {
    (plan.iter())
        .filter(|each| (each.source, each.destination) == (source, destination))
        .filter(|each| each.protocol == protocol)
        .map(|each| each.ports.to_string())
        .collect()
}

use End::{Cell, Workload};

#[test]
fn everybody_is_tried_with_everybody_else() {
    let plan = planned(&policy(
        &["a 10.0.0.1", "b 10.0.0.2,2001:db8::2"],
        Vec::new(),
    ));
    let pairs: BTreeSet<_> = (plan.iter())
        .map(|each| (each.family, each.source, each.destination))
        .collect();
    let (v4, v6) = (Family::V4, Family::V6);
    let expected = [
        (v4, Cell(0), Workload(0)),
        (v4, Cell(0), Workload(1)),
        (v4, Workload(0), Cell(0)),
        (v4, Workload(0), Workload(1)),
        (v4, Workload(1), Cell(0)),
        (v4, Workload(1), Workload(0)),
        (v6, Cell(1), Workload(1)),
        (v6, Workload(1), Cell(1)),
    ];
    assert_eq!(pairs, BTreeSet::from(expected));
    assert_eq!(plan.len(), 8 * 3, "each protocol has one class");
}

#[test]
fn ports_are_tried_that_the_rules_of_either_end_tell_apart() {
    let web = || tcp(L4Port::Named("web".to_owned()));
    let sends = allow(Direction::Egress, Peers::Any, web());
    let receives = allow(Direction::Ingress, Peers::Any, tcp(L4Port::Range(9, 10)));
    let policy = policy(
        &[
            "a 10.0.0.1",
            "b 10.0.0.2 web=80/tcp",
            "c 10.0.0.3 web=81/tcp",
        ],
        vec![about("a", vec![sends]), about("c", vec![receives])],
    );
    let plan = planned(&policy);
    let of = |source, destination| tried(&plan, source, destination, Protocol::Tcp);
    assert_eq!(of(Workload(0), Workload(1)), ["1-79", "80", "81-65535"]);
    assert_eq!(
        of(Workload(0), Workload(2)),
        ["1-8", "9-10", "11-80", "81", "82-65535"]
    );
    assert_eq!(of(Workload(1), Workload(2)), ["1-8", "9-10", "11-65535"]);
    assert_eq!(of(Workload(1), Workload(0)), ["1-65535"]);
    assert_eq!(
        of(Workload(0), Cell(0)),
        ["1-65535"],
        "outside, ports have no names"
    );
}

#[test]
fn who_shares_the_nodes_network_passes_no_hook_of_a_workload() {
    let image = MapImage::default();
    let mut policy = policy(&["a 10.0.0.1", "b 192.0.2.10"], Vec::new());
    policy.workloads[1].host_network = true;
    let world = World::new(&policy, &image);
    let hooks = |source, destination| {
        let connection = Connection {
            source,
            destination,
            family: Family::V4,
            protocol: Protocol::Tcp,
            ports: PortRange::ALL,
            client_port: 50_000,
        };
        connection.hooks(&world)
    };
    let (egress, ingress) = (Some(Point::Egress(0)), Some(Point::Ingress(0)));
    assert_eq!(hooks(Workload(0), Workload(1)), [egress, None]);
    assert_eq!(hooks(Workload(1), Workload(0)), [None, ingress]);
    assert_eq!(hooks(Cell(0), Workload(0)), [Some(Point::Uplink), ingress]);
    assert_eq!(hooks(Cell(0), Workload(1)), [Some(Point::Uplink), None]);
    assert_eq!(hooks(Workload(1), Cell(0)), [None, None]);
}

#[test]
fn a_template_has_the_headers_of_a_built_frame() {
    let policy = policy(
        &["a 10.0.0.1,2001:db8::1", "b 10.0.0.2,2001:db8::2"],
        Vec::new(),
    );
    let image = MapImage::default();
    let world = World::new(&policy, &image);
    let mut template = Template::new().expect("plain frames");
    let mut tried = 0;
    for connection in Plan::new(&world).batches(100).flatten() {
        let (source, destination) = connection.addresses(&world);
        let spec = connection.first_packet(&world);
        let mut built = build(&spec, ProbeId(0), [0; 6]).expect("a plain frame");
        let mut filled = template.fill(&connection, source, destination).to_vec();
        let checksums: &[usize] = match (connection.family, connection.protocol) {
            (Family::V4, Protocol::Tcp) => &[24, 50],
            (Family::V4, Protocol::Udp) => &[24, 40],
            (Family::V6, Protocol::Tcp) => &[70],
            (Family::V6, Protocol::Udp) => &[60],
            (Family::V4, Protocol::Sctp) => &[24, 42, 44],
            (Family::V6, Protocol::Sctp) => &[62, 64],
        };
        for at in checksums {
            built[*at..*at + 2].fill(0);
            filled[*at..*at + 2].fill(0);
        }
        assert_eq!(filled, built, "{connection:?}");
        tried += 1;
    }
    assert_eq!(tried, 2 * 6 * 3);
}

#[test]
fn a_prefilter_cuts_what_comes_from_outside() {
    use crate::model::{DefaultAction, Prefilter};
    let here = super::given::nowhere();
    let mut policy = policy(&["a 10.0.0.1", "b 10.0.0.2"], Vec::new());
    policy.prefilters = vec![Prefilter {
        node_port: "30007/tcp".parse().expect("a port"),
        deny: Vec::new(),
        allow: Vec::new(),
        default: DefaultAction::Drop,
        bypass_policy: false,
        location: here.clone(),
        allow_location: here.clone(),
        default_location: here.clone(),
        bypass_location: here,
    }];
    let plan = planned(&policy);
    assert_eq!(
        tried(&plan, Cell(0), Workload(0), Protocol::Tcp),
        ["1-30006", "30007", "30008-65535"]
    );
    assert_eq!(
        tried(&plan, Workload(1), Workload(0), Protocol::Tcp),
        ["1-65535"]
    );
}

#[test]
fn a_policy_selects_by_namespace_and_labels() {
    let mut policy = policy(&["a 10.0.0.1", "b 10.0.0.2"], Vec::new());
    let about_a = about(
        "a",
        vec![allow(Direction::Ingress, addresses("::/0"), Ports::All)],
    );
    let selected = |policy: &Policy, by: &_| -> Vec<bool> {
        (policy.workloads.iter())
            .map(|workload| selects(policy, by, workload))
            .collect()
    };
    assert_eq!(selected(&policy, &about_a), [true, false]);
    let mut elsewhere = about_a.clone();
    let Subject::Workloads(subject) = &mut elsewhere.subject else {
        panic!("it is about workloads");
    };
    subject.namespaces = Namespaces::Named("other".to_owned());
    assert_eq!(selected(&policy, &elsewhere), [false, false]);
    let mut of_nodes = about_a.clone();
    of_nodes.subject = Subject::Nodes(Selector::default());
    assert_eq!(selected(&policy, &of_nodes), [false, false]);
    policy.workloads[0].host_network = true;
    assert_eq!(selected(&policy, &about_a), [false, false]);
}

#[test]
fn a_policy_selects_by_each_operator() {
    let mut policy = policy(&["a 10.0.0.1", "b 10.0.0.2"], Vec::new());
    policy.workloads[0]
        .labels
        .insert("tier".to_owned(), "x".to_owned());
    let value = || BTreeSet::from(["x".to_owned()]);
    for (operator, expected) in [
        (Operator::In(value()), [true, false]),
        (Operator::NotIn(value()), [false, true]),
        (Operator::Exists, [true, false]),
        (Operator::DoesNotExist, [false, true]),
    ] {
        let mut by = about("a", Vec::new());
        let Subject::Workloads(subject) = &mut by.subject else {
            panic!("it is about workloads");
        };
        subject.labels = Selector(vec![Requirement {
            key: "tier".to_owned(),
            operator: operator.clone(),
        }]);
        let selected = [0, 1].map(|at| selects(&policy, &by, &policy.workloads[at]));
        assert_eq!(selected, expected, "{operator:?}");
    }
}

#[test]
fn ports_are_tried_that_only_the_image_tells_apart() {
    let policy = policy(&["a 10.0.0.1", "b 10.0.0.2"], Vec::new());
    let l4 = L4Prefix::Ports {
        protocol: 6,
        port: 80,
        bits: 16,
    };
    let entry = PolicyEntry { identity: None, l4 };
    let guard = GuardImage {
        entries: [(entry, Verdict::Allow(RuleId(1)))].into(),
        ..GuardImage::default()
    };
    let guarded = EndpointImage {
        number: 1,
        egress: None,
        ingress: Some(0),
        proposed_egress: None,
        proposed_ingress: None,
    };
    let image = MapImage {
        guards: vec![guard],
        endpoints: [(policy.workloads[1].addresses[0], guarded)].into(),
        ..MapImage::default()
    };
    let world = World::new(&policy, &image);
    let plan: Vec<Connection> = Plan::new(&world).batches(100).flatten().collect();
    let of = |source, destination| tried(&plan, source, destination, Protocol::Tcp);
    assert_eq!(of(Workload(0), Workload(1)), ["1-79", "80", "81-65535"]);
    assert_eq!(of(Workload(1), Workload(0)), ["1-65535"]);
}
