//! What is remembered: connections, echoes, errors about them, first fragments.

mod connections;
mod errors;
mod fragments;

use std::net::IpAddr;

use netverdict_abi::Reason;
use netverdict_policy::frame::{
    Fragment, FrameSpec, IcmpKind, IpPacket, Quoted, QuotedTransport, Transport,
};
use netverdict_policy::journey::Point;
use netverdict_policy::model::Policy;
use netverdict_policy::port::Protocol;

use crate::given::{cilium, cluster, frame, inside, packet};
use crate::parties::Parties;

const REPLY: Reason = Reason::Reply;
const RELATED: Reason = Reason::Related;
const ALLOW: Reason = Reason::PolicyAllow;
const NO_MATCH: Reason = Reason::PolicyNoMatch;
const DEFAULT: Reason = Reason::PolicyDefaultDeny;
const LOST: Reason = Reason::UntrackedFragment;

/// `web` may be reached by `api` and may reach `db`, and nothing else.
fn narrow() -> Policy {
    cluster(vec![cilium(
        "front:app=web",
        &[
            "ingress allow front:app=api on all",
            "egress allow back:app=db on all",
        ],
    )])
}

/// Packets at `web`'s hooks, one after the other.
fn check(name: &str, policy: &Policy, packets: &[(FrameSpec, Reason)]) {
    let mut parties = Parties::tracking(policy);
    for (index, (sent, expected)) in packets.iter().enumerate() {
        let decision = (parties.judge(point(sent), sent))
            .unwrap_or_else(|difference| panic!("{name}: {difference}"));
        assert_eq!(decision.reason, *expected, "{name}: packet {index}");
    }
}

fn point(frame: &FrameSpec) -> Point {
    let web: [IpAddr; 2] = ["10.0.0.10", "fd00::a"].map(|address| address.parse().expect(address));
    if web.contains(&inside(frame).source) {
        Point::Egress(0)
    } else {
        Point::Ingress(0)
    }
}

fn check_texts(rows: &[(&str, &[(&str, Reason)])]) {
    for (name, packets) in rows {
        let packets: Vec<_> = (packets.iter())
            .map(|(text, expected)| (packet(text), *expected))
            .collect();
        check(name, &narrow(), &packets);
    }
}
