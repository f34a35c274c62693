//! What is decided at the uplink, and what comes of it at a backend.

use libtest_mimic::Failed;
use netverdict_abi::Hook::{Ingress, Uplink};
use netverdict_abi::Reason::*;
use netverdict_lab::filter::Connections;
use netverdict_policy::frame::{IcmpKind, TcpFlags, Transport};

use super::image::{
    ALLOWED, ALLOWED_V6, BYPASS, GUARDED, LENIENT, OPEN, OTHER, OTHER_V6, POD, image, rule,
};
use super::{Judge, fragment, syn, tcp_packet, udp};
use crate::given::{between, with};

pub(super) fn prefilter(judge: &mut Judge) -> Result<(), Failed> {
    let to = |source: &str, port| {
        let node = if source.contains(':') {
            "2001:db8::10"
        } else {
            "192.0.2.10"
        };
        between(source, node, syn(port))
    };
    judge.start()?;
    let at = |name, spec, reason, rule| (name, Uplink, spec, reason, rule);
    judge.expect(&[
        at("listed", to("203.0.113.5", 22), PrefilterDeny, rule::LISTED),
        at(
            "listed, IPv6",
            to("2001:db8:dead::1", GUARDED),
            PrefilterDeny,
            rule::LISTED,
        ),
        at(
            "listed, in a fragment",
            with(to("203.0.113.5", 22), |packet| {
                packet.fragment = fragment(8, false, 1);
            }),
            PrefilterDeny,
            rule::LISTED,
        ),
        at("another port", to(OTHER, 22), NoPrefilter, 0),
        at(
            "another protocol's port",
            between(OTHER, "192.0.2.10", udp(1, GUARDED)),
            NoPrefilter,
            0,
        ),
        at(
            "no ports",
            between(
                OTHER,
                "192.0.2.10",
                Transport::Icmp(IcmpKind::EchoRequest { identifier: 1 }),
            ),
            OtherProtocol,
            0,
        ),
        at("allowed", to(ALLOWED, GUARDED), PrefilterAllow, rule::ALLOW),
        at(
            "allowed, IPv6",
            to(ALLOWED_V6, GUARDED),
            PrefilterAllow,
            rule::ALLOW,
        ),
        at(
            "denied",
            to("10.66.0.1", GUARDED),
            PrefilterDeny,
            rule::DENY,
        ),
        at(
            "excepted",
            to("10.77.0.1", GUARDED),
            PrefilterDefaultDrop,
            rule::PREFILTER,
        ),
        at(
            "unlisted",
            to(OTHER, GUARDED),
            PrefilterDefaultDrop,
            rule::PREFILTER,
        ),
        at(
            "unlisted, and passed",
            to(OTHER_V6, LENIENT),
            PrefilterDefaultPass,
            rule::PREFILTER,
        ),
        at(
            "excepted, and passed",
            to("10.77.0.1", LENIENT),
            PrefilterDefaultPass,
            rule::PREFILTER,
        ),
        at(
            "denied where the default is pass",
            to("10.66.0.1", BYPASS),
            PrefilterDeny,
            rule::DENY,
        ),
        at(
            "bypassing",
            to(ALLOWED, BYPASS),
            PrefilterAllowBypass,
            rule::ALLOW,
        ),
        at(
            "bypassing by default",
            to(OTHER, BYPASS),
            PrefilterDefaultBypass,
            rule::PREFILTER,
        ),
    ])
}

pub(super) fn bypass(judge: &mut Judge) -> Result<(), Failed> {
    judge.start()?;
    let asked = between(OTHER, "192.0.2.10", syn(BYPASS));
    let arrived =
        |source_port, port| between(OTHER, POD, tcp_packet(source_port, port, TcpFlags::SYN));
    let bypasses = (
        "at the uplink",
        Uplink,
        asked,
        PrefilterDefaultBypass,
        rule::PREFILTER,
    );
    let bypassed = (
        "at the backend",
        Ingress,
        arrived(40000, 50051),
        Bypassed,
        rule::PREFILTER,
    );
    let refused = |name, spec| (name, Ingress, spec, PolicyNoMatch, rule::POD_IN);
    judge.expect(&[
        refused("before", arrived(40000, 50051)),
        bypasses.clone(),
        bypassed.clone(),
        refused("another port of the client", arrived(40001, 50051)),
        refused("another port of the backend", arrived(40000, 50052)),
        refused("another protocol", between(OTHER, POD, udp(40000, 50051))),
        refused("another client", between("198.51.100.8", POD, syn(50051))),
        (
            "another backend",
            Ingress,
            between(OTHER, OPEN, tcp_packet(40000, 25, TcpFlags::SYN)),
            PolicyDeny,
            rule::NOBODY,
        ),
        bypassed.clone(),
    ])?;
    // Kept or not, what another policy let is not looked at; not even if it is the
    // same policy under the same generation.
    for connections in [Connections::Keep, Connections::Keep, Connections::Forget] {
        judge.install(&image(), false, connections)?;
        judge.expect(&[refused("under the next policy", arrived(40000, 50051))])?;
    }
    judge.expect(&[bypasses.clone(), bypassed.clone()])?;
    judge.filter.forget()?;
    judge.expect(&[refused("in the next epoch", arrived(40000, 50051))])
}
