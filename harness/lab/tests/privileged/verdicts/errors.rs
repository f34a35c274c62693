//! ICMP errors about connections.

use libtest_mimic::Failed;
use netverdict_abi::Hook::{Egress, Ingress};
use netverdict_abi::Reason::*;
use netverdict_lab::filter::Connections;
use netverdict_policy::frame::{FrameSpec, IcmpKind, Quoted, QuotedTransport, Transport};
use netverdict_policy::image::{GuardImage, RuleId};
use netverdict_policy::port::Protocol;

use super::image::{OPEN, OPEN_V6, OTHER, OTHER_V6, POD, POD_V6, image, rule};
use super::{Judge, syn};
use crate::given::{address, between, with};

pub(super) fn errors(judge: &mut Judge) -> Result<(), Failed> {
    judge.start()?;
    judge.track()?;
    let about = |source: &str, destination: &str, option_words, later_fragment, transport| Quoted {
        source: address(source),
        destination: address(destination),
        option_words,
        later_fragment,
        transport,
    };
    let ports = |source, destination| QuotedTransport::Ports {
        protocol: Protocol::Tcp,
        source,
        destination,
    };
    let error = |from: &str, to: &str, kind, about| {
        between(
            from,
            to,
            Transport::Icmp(IcmpKind::Error {
                kind,
                code: 0,
                about,
            }),
        )
    };
    let quoted = about(OTHER, POD, 0, false, ports(40000, 80));
    let denied = |name, spec| (name, Egress, spec, PolicyDefaultDeny, rule::POD_OUT);
    let related = |name, hook, spec| (name, hook, spec, Related, 0);
    let at_end = |spec: FrameSpec, total| with(spec, |packet| packet.lengths.total = Some(total));
    judge.expect(&[
        denied("before", error(POD, OTHER, 3, quoted)),
        (
            "the question",
            Ingress,
            between(OTHER, POD, syn(80)),
            PolicyAllow,
            rule::ANYBODY,
        ),
        related("unreachable", Egress, error(POD, OTHER, 3, quoted)),
        related("exceeded", Egress, error(POD, OTHER, 11, quoted)),
        denied("told to a router", error(POD, "192.0.2.1", 11, quoted)),
        related(
            "behind options",
            Egress,
            error(
                POD,
                OTHER,
                12,
                about(OTHER, POD, 10, false, ports(40000, 80)),
            ),
        ),
        // 20 bytes, 8, 20 and 4 of ports.
        related(
            "cut behind the ports",
            Egress,
            at_end(error(POD, OTHER, 3, quoted), 52),
        ),
        denied("cut before", at_end(error(POD, OTHER, 3, quoted), 51)),
        denied(
            "a later fragment's",
            error(POD, OTHER, 3, about(OTHER, POD, 0, true, ports(40000, 80))),
        ),
        denied(
            "another port's",
            error(POD, OTHER, 3, about(OTHER, POD, 0, false, ports(40000, 81))),
        ),
        denied(
            "another workload's",
            error(
                POD,
                OTHER,
                3,
                about(OTHER, OPEN, 0, false, ports(40000, 80)),
            ),
        ),
        denied(
            "a redirect",
            between(
                POD,
                OTHER,
                Transport::Icmp(IcmpKind::Other { kind: 5, code: 0 }),
            ),
        ),
    ])?;
    // The other way: what a workload sent comes back to it.
    let sent = about(OPEN_V6, POD_V6, 0, false, ports(40000, 22));
    let echoed = QuotedTransport::EchoRequest { identifier: 9 };
    let replied = QuotedTransport::EchoReply { identifier: 9 };
    let mut image = image();
    // To see what is no longer let in of itself.
    let closed = image.guards.len().try_into()?;
    image.guards.push(GuardImage {
        default_deny: Some(RuleId(30)),
        ..GuardImage::default()
    });
    let open = image.endpoints.get_mut(&address(OPEN_V6));
    open.ok_or("an endpoint")?.ingress = Some(closed);
    judge.install(&image, true, Connections::Forget)?;
    let refused = |name, spec| (name, Ingress, spec, PolicyDefaultDeny, 30);
    judge.expect(&[
        refused("before", error(OTHER_V6, OPEN_V6, 1, sent)),
        (
            "sent",
            Egress,
            between(OPEN_V6, POD_V6, syn(22)),
            PolicyNotSelected,
            0,
        ),
        related("from a router", Ingress, error(OTHER_V6, OPEN_V6, 4, sent)),
        refused(
            "a redirect",
            between(
                OTHER_V6,
                OPEN_V6,
                Transport::Icmp(IcmpKind::Other { kind: 137, code: 0 }),
            ),
        ),
        (
            "an echo",
            Egress,
            between(
                OPEN_V6,
                OTHER_V6,
                Transport::Icmp(IcmpKind::EchoRequest { identifier: 9 }),
            ),
            PolicyNotSelected,
            0,
        ),
        related(
            "about the echo",
            Ingress,
            error(
                OTHER_V6,
                OPEN_V6,
                2,
                about(OPEN_V6, OTHER_V6, 0, false, echoed),
            ),
        ),
        refused(
            "about a reply",
            error(
                OTHER_V6,
                OPEN_V6,
                2,
                about(OPEN_V6, OTHER_V6, 0, false, replied),
            ),
        ),
        refused(
            "about somebody else's",
            error(
                OTHER_V6,
                OPEN_V6,
                2,
                about(POD_V6, OTHER_V6, 0, false, echoed),
            ),
        ),
    ])
}

/// What is said of a reply, to who sent it and by who received it.
pub(super) fn about_replies(judge: &mut Judge) -> Result<(), Failed> {
    let ports = |source, destination| QuotedTransport::Ports {
        protocol: Protocol::Tcp,
        source,
        destination,
    };
    let error = |from: &str, to: &str, sender: &str, receiver: &str, transport| {
        let about = Quoted {
            source: address(sender),
            destination: address(receiver),
            option_words: 0,
            later_fragment: false,
            transport,
        };
        between(
            from,
            to,
            Transport::Icmp(IcmpKind::Error {
                // Unreachable, or of IPv6 time exceeded.
                kind: 3,
                code: 0,
                about,
            }),
        )
    };
    let request = |identifier| Transport::Icmp(IcmpKind::EchoRequest { identifier });
    let requested = |identifier| QuotedTransport::EchoRequest { identifier };
    let replied = |identifier| QuotedTransport::EchoReply { identifier };
    for (pod, open, other, router) in [
        (POD, OPEN, OTHER, "192.0.2.1"),
        (POD_V6, OPEN_V6, OTHER_V6, "2001:db8:bad::1"),
    ] {
        judge.start()?;
        judge.track()?;
        let to_pod = |about| error(router, pod, pod, other, about);
        let refused = |name, spec| (name, Ingress, spec, PolicyNoMatch, rule::POD_IN);
        let related = |name, hook, spec| (name, hook, spec, Related, 0);
        let allowed = |name, spec, rule| (name, Ingress, spec, PolicyAllow, rule);
        judge.expect(&[
            refused("before", to_pod(ports(80, 40000))),
            allowed("the question", between(other, pod, syn(80)), rule::ANYBODY),
            related("the answer, too big", Ingress, to_pod(ports(80, 40000))),
            refused("another answer", to_pod(ports(80, 40001))),
            refused("an answer from elsewhere", to_pod(ports(81, 40000))),
            refused("a question of its own", to_pod(ports(40000, 80))),
            refused(
                "another workload's answer",
                error(router, pod, open, other, ports(80, 40000)),
            ),
            refused(
                "the answer, to who received it",
                error(router, pod, other, pod, ports(80, 40000)),
            ),
            refused("before the echo", to_pod(replied(7))),
            allowed("an echo", between(other, pod, request(7)), rule::ECHO),
            related("its reply", Ingress, to_pod(replied(7))),
            refused("another reply", to_pod(replied(8))),
            refused("a request with its identifier", to_pod(requested(7))),
            allowed("an echo of 0", between(other, pod, request(0)), rule::ECHO),
            refused("a request of 0", to_pod(requested(0))),
            related("the reply of 0", Ingress, to_pod(replied(0))),
        ])?;
        // What a workload says of the answers it got. It sends with pleasure; to see
        // what needs a connection, it no longer may.
        let by_open = |about| error(open, other, other, open, about);
        judge.expect(&[
            (
                "asks",
                Egress,
                between(open, other, syn(22)),
                PolicyNotSelected,
                0,
            ),
            (
                "asks for an echo",
                Egress,
                between(open, other, request(9)),
                PolicyNotSelected,
                0,
            ),
        ])?;
        let mut silenced = image();
        for endpoint in silenced.endpoints.values_mut() {
            endpoint.egress = Some(1);
        }
        judge.install(&silenced, true, Connections::Keep)?;
        let denied = |name, spec| (name, Egress, spec, PolicyDefaultDeny, rule::POD_OUT);
        judge.expect(&[
            related("of an answer", Egress, by_open(ports(22, 40000))),
            denied("of another port's", by_open(ports(23, 40000))),
            denied("of what it asked", by_open(ports(40000, 22))),
            related("of an echo's reply", Egress, by_open(replied(9))),
            denied("of another reply", by_open(replied(8))),
            denied("of a request", by_open(requested(9))),
            denied(
                "of what another got",
                error(pod, other, other, open, ports(22, 40000)),
            ),
            denied(
                "told to a router",
                error(open, router, other, open, ports(22, 40000)),
            ),
        ])?;
    }
    Ok(())
}
