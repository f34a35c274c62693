//! What is decided at a workload from one frame alone.

use libtest_mimic::Failed;
use netverdict_abi::Hook::{Egress, Ingress};
use netverdict_abi::Identity;
use netverdict_abi::Reason::*;
use netverdict_lab::filter::Connections;
use netverdict_policy::frame::{IcmpKind, Transport};
use netverdict_policy::image::{IdentityId, L4Prefix, PolicyEntry, RuleId, Verdict};

use super::image::{ALLOWED, ALLOWED_V6, OPEN, OPEN_V6, OTHER, OTHER_V6, POD, POD_V6, image, rule};
use super::{Judge, syn, udp};
use crate::given::{between, with};

pub(super) fn policy(judge: &mut Judge) -> Result<(), Failed> {
    judge.start()?;
    let into = |name, source, transport, reason, rule| {
        let pod = if str::contains(source, ':') {
            POD_V6
        } else {
            POD
        };
        (name, Ingress, between(source, pod, transport), reason, rule)
    };
    let echo = Transport::Icmp(IcmpKind::EchoRequest { identifier: 7 });
    let reply = Transport::Icmp(IcmpKind::EchoReply { identifier: 7 });
    let other = |protocol| Transport::Other { protocol };
    judge.expect(&[
        into("all ports", ALLOWED, syn(22), PolicyAllow, rule::ALL_PORTS),
        into("ESP", ALLOWED, other(50), PolicyAllow, rule::ALL_PORTS),
        into(
            "both alike: the identity's own",
            ALLOWED_V6,
            syn(80),
            PolicyAllow,
            rule::PORT,
        ),
        into("anybody", OTHER, syn(80), PolicyAllow, rule::ANYBODY),
        into(
            "anybody, IPv6",
            OTHER_V6,
            syn(80),
            PolicyAllow,
            rule::ANYBODY,
        ),
        into("another port", OTHER, syn(81), PolicyNoMatch, rule::POD_IN),
        into(
            "another protocol",
            OTHER,
            udp(1, 80),
            PolicyNoMatch,
            rule::POD_IN,
        ),
        into(
            "denied to anybody",
            ALLOWED,
            syn(8080),
            PolicyDeny,
            rule::NOBODY,
        ),
        into(
            "the last of them",
            OTHER,
            syn(8095),
            PolicyDeny,
            rule::NOBODY,
        ),
        into("the next", ALLOWED, syn(8096), PolicyAllow, rule::ALL_PORTS),
        into("echo", OTHER, echo, PolicyAllow, rule::ECHO),
        into("echo, IPv6", OTHER_V6, echo, PolicyAllow, rule::ECHO),
        into("no echo", OTHER, reply, PolicyNoMatch, rule::POD_IN),
        into(
            "SCTP, any port",
            OTHER,
            Transport::Sctp {
                source: 1,
                destination: 9,
            },
            PolicyAllow,
            rule::SCTP,
        ),
        into(
            "the other family's echo",
            OTHER_V6,
            other(1),
            PolicyNoMatch,
            rule::POD_IN,
        ),
        (
            "no rule allows anything",
            Egress,
            between(POD, ALLOWED, syn(80)),
            PolicyDefaultDeny,
            rule::POD_OUT,
        ),
        (
            "nobody asks for default deny",
            Ingress,
            between(OTHER, OPEN, syn(80)),
            PolicyNotSelected,
            0,
        ),
        (
            "but somebody denies",
            Ingress,
            between(ALLOWED, OPEN, syn(25)),
            PolicyDeny,
            rule::NOBODY,
        ),
        (
            "not selected",
            Egress,
            between(OPEN_V6, OTHER_V6, syn(25)),
            PolicyNotSelected,
            0,
        ),
    ])?;
    // An allow of the identity and one of anybody, the latter of fewer ports; and a
    // deny of all ports beside an allow of one.
    let mut image = image();
    let port = L4Prefix::Ports {
        protocol: 6,
        port: 443,
        bits: 16,
    };
    let entry = |identity, l4| PolicyEntry { identity, l4 };
    (image.guards[0].entries).insert(entry(None, port), Verdict::Allow(RuleId(20)));
    let world = Some(IdentityId(Identity::WORLD_V4));
    (image.guards[0].entries).insert(entry(world, L4Prefix::All), Verdict::Deny(RuleId(21)));
    // And the same the other way.
    (image.guards[1].entries).insert(entry(None, port), Verdict::Allow(RuleId(22)));
    (image.guards[1].entries).insert(entry(world, L4Prefix::All), Verdict::Deny(RuleId(23)));
    image.guards[1].allows = true;
    judge.install(&image, false, Connections::Keep)?;
    judge.expect(&[
        into(
            "the longer prefix is named",
            ALLOWED,
            syn(443),
            PolicyAllow,
            20,
        ),
        into(
            "deny beats the longer allow",
            OTHER,
            syn(443),
            PolicyDeny,
            21,
        ),
        into("another world", OTHER_V6, syn(443), PolicyAllow, 20),
        (
            "sent",
            Egress,
            between(POD, ALLOWED, syn(443)),
            PolicyAllow,
            22,
        ),
        (
            "sent to another port",
            Egress,
            between(POD, ALLOWED, syn(444)),
            PolicyNoMatch,
            rule::POD_OUT,
        ),
        (
            "sent to the world",
            Egress,
            between(POD, OTHER, syn(443)),
            PolicyDeny,
            23,
        ),
    ])
}

pub(super) fn addresses(judge: &mut Judge) -> Result<(), Failed> {
    let solicit = Transport::Icmp(IcmpKind::NeighbourSolicitation);
    let nearby = between("fe80::1", POD_V6, solicit);
    let from_afar = with(nearby.clone(), |packet| packet.hop_limit = Some(254));
    judge.start()?;
    judge.expect(&[
        (
            "sent",
            Egress,
            between(OPEN, OTHER, syn(80)),
            PolicyNotSelected,
            0,
        ),
        (
            "sent under a foreign address",
            Egress,
            between(OTHER, OPEN, syn(80)),
            ForeignSource,
            0,
        ),
        (
            "sent under a foreign IPv6 address",
            Egress,
            between(OTHER_V6, OPEN_V6, syn(80)),
            ForeignSource,
            0,
        ),
        (
            "to an address that nobody has",
            Ingress,
            between(ALLOWED, "172.30.0.99", syn(80)),
            ForeignDestination,
            0,
        ),
        ("solicited", Egress, nearby.clone(), NeighbourDiscovery, 0),
        ("solicited", Ingress, nearby, NeighbourDiscovery, 0),
        ("from afar", Egress, from_afar, ForeignSource, 0),
    ])
}
