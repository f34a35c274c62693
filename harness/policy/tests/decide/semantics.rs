//! One row for each point of what policies mean: Kubernetes NetworkPolicy and Cilium.

mod entities;
mod peers;
mod policies;
mod ports;
mod prefixes;

use netverdict_abi::Reason;
use netverdict_policy::journey::Point;
use netverdict_policy::model::{Choices, NetworkPolicy, Policy, Selector, Subject};

use crate::given::{cilium, cluster, kubernetes, packet};
use crate::parties::Parties;

const ALLOW: Reason = Reason::PolicyAllow;
const DENY: Reason = Reason::PolicyDeny;
const NO_MATCH: Reason = Reason::PolicyNoMatch;
const DEFAULT: Reason = Reason::PolicyDefaultDeny;
const FREE: Reason = Reason::PolicyNotSelected;

/// What each packet gets where `web` receives it, or where it sends it.
fn check(name: &str, policy: &Policy, packets: &[(&str, Reason)]) {
    for (text, expected) in packets {
        let sent = text.starts_with("10.0.0.10 ") || text.starts_with("fd00::a ");
        let point = if sent {
            Point::Egress(0)
        } else {
            Point::Ingress(0)
        };
        let decision = (Parties::untracked(policy).judge(point, &packet(text)))
            .unwrap_or_else(|difference| panic!("{name}: {difference}"));
        assert_eq!(decision.reason, *expected, "{name}: {text}");
    }
}

/// Rows about `web`: name, rules of one Cilium policy for it, packets.
type Row<'a> = (&'a str, &'a [&'a str], &'a [(&'a str, Reason)]);

fn check_rows(rows: &[Row<'_>]) {
    for (name, rules, packets) in rows {
        check(
            name,
            &cluster(vec![cilium("front:app=web", rules)]),
            packets,
        );
    }
}
