use super::super::{Connections, Party, PortRange, Row, csv, dot, json, svg, text};
use super::given::policy;
use crate::address_set::Range;
use crate::model::Policy;
use crate::port::Protocol;
use crate::prefix::Family;

fn given() -> (Policy, Vec<Row>) {
    let mut policy = policy(&["a 10.0.0.1", "b 10.0.0.2"], Vec::new());
    policy.workloads[1].name.name = "b\"<&>\\".to_owned();
    let outside = Party::Outside(Range {
        first: "10.0.0.0".parse().expect("an address"),
        last: "10.0.0.0".parse().expect("an address"),
    });
    let mut all = Connections::default();
    for protocol in Protocol::ALL {
        all.open(protocol, PortRange::ALL);
    }
    let mut some = Connections::default();
    for (first, last) in [(80, 80), (9001, 9090)] {
        some.open(Protocol::Tcp, PortRange { first, last });
    }
    let row = |source, destination, family, connections: &Connections| Row {
        source,
        destination,
        family,
        connections: connections.clone(),
    };
    let (a, b) = (Party::Workload(0), Party::Workload(1));
    let rows = vec![
        row(outside, a, None, &all),
        row(a, b, Some(Family::V6), &some),
    ];
    (policy, rows)
}

#[test]
fn as_text() {
    let (policy, rows) = given();
    insta::assert_snapshot!(text(&policy, &rows));
}

#[test]
fn as_csv() {
    let (policy, rows) = given();
    insta::assert_snapshot!(csv(&policy, &rows).replace("\r\n", "|\n"));
}

#[test]
fn as_json() {
    let (policy, rows) = given();
    insta::assert_snapshot!(format!("{:#}", json(&policy, &rows)));
}

#[test]
fn as_dot() {
    let (policy, rows) = given();
    insta::assert_snapshot!(dot(&policy, &rows));
}

#[test]
fn as_svg() {
    let (policy, rows) = given();
    insta::assert_snapshot!(svg(&policy, &rows));
}
