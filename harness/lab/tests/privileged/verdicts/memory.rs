//! What is decided at a workload because of frames before.

use libtest_mimic::Failed;
use netverdict_abi::Hook::{Egress, Ingress, Uplink};
use netverdict_abi::Reason::*;
use netverdict_lab::filter::Connections;
use netverdict_policy::frame::{FrameSpec, IcmpKind, ProbeId, TcpFlags, Transport, build};

use super::image::{ALLOWED, BYPASS, GUARDED, OPEN, OTHER, OTHER_V6, POD, POD_V6, image, rule};
use super::{ACK, Judge, fragment, syn, tcp_packet, udp};
use crate::given::{between, with};

pub(super) fn connections(judge: &mut Judge) -> Result<(), Failed> {
    judge.start()?;
    let (synack, port) = (TcpFlags(0x12), 80);
    let asked = between(OTHER, POD, syn(port));
    let answered = between(POD, OTHER, tcp_packet(port, 40000, synack));
    let denied = |name, spec| (name, Egress, spec, PolicyDefaultDeny, rule::POD_OUT);
    let asks = (
        "the question",
        Ingress,
        asked.clone(),
        PolicyAllow,
        rule::ANYBODY,
    );
    // Nothing is remembered unless it should be.
    judge.expect(&[asks.clone(), denied("no memory", answered.clone())])?;
    judge.track()?;
    judge.expect(&[
        denied("before the question", answered.clone()),
        asks,
        ("the answer", Egress, answered.clone(), Reply, 0),
        (
            "an answer to another port",
            Egress,
            between(POD, OTHER, tcp_packet(port, 40001, ACK)),
            PolicyDefaultDeny,
            rule::POD_OUT,
        ),
        denied(
            "a new connection the other way",
            between(POD, OTHER, tcp_packet(40000, port, TcpFlags::SYN)),
        ),
        denied("by another protocol", between(POD, OTHER, udp(port, 40000))),
        denied(
            "to another host",
            between(POD, "198.51.100.8", tcp_packet(port, 40000, ACK)),
        ),
    ])?;
    // What one hook let begin is no connection of the other's.
    let out = between(OPEN, POD, syn(22));
    let back = between(POD, OPEN, tcp_packet(22, 40000, synack));
    judge.expect(&[
        ("let out", Egress, out.clone(), PolicyNotSelected, 0),
        ("not let in", Ingress, out, PolicyNoMatch, rule::POD_IN),
        denied("its reverse", back.clone()),
        ("and back", Ingress, back, Reply, 0),
    ])?;
    let echo = |identifier| Transport::Icmp(IcmpKind::EchoRequest { identifier });
    let reply = |identifier| Transport::Icmp(IcmpKind::EchoReply { identifier });
    judge.expect(&[
        (
            "an echo",
            Ingress,
            between(OTHER_V6, POD_V6, echo(7)),
            PolicyAllow,
            rule::ECHO,
        ),
        (
            "its reply",
            Egress,
            between(POD_V6, OTHER_V6, reply(7)),
            Reply,
            0,
        ),
        denied("another's", between(POD_V6, OTHER_V6, reply(8))),
        denied("an echo the other way", between(POD_V6, OTHER_V6, echo(7))),
        (
            "ESP",
            Ingress,
            between(ALLOWED, POD, Transport::Other { protocol: 50 }),
            PolicyAllow,
            rule::ALL_PORTS,
        ),
        (
            "ESP back",
            Egress,
            between(POD, ALLOWED, Transport::Other { protocol: 50 }),
            Reply,
            0,
        ),
        (
            "SCTP",
            Ingress,
            between(
                OTHER,
                POD,
                Transport::Sctp {
                    source: 5,
                    destination: 6,
                },
            ),
            PolicyAllow,
            rule::SCTP,
        ),
        (
            "SCTP back",
            Egress,
            between(
                POD,
                OTHER,
                Transport::Sctp {
                    source: 6,
                    destination: 5,
                },
            ),
            Reply,
            0,
        ),
    ])?;
    // What bypassed the policy may be answered.
    judge.expect(&[
        (
            "bypassing",
            Uplink,
            between(
                OTHER,
                "192.0.2.10",
                tcp_packet(41000, BYPASS, TcpFlags::SYN),
            ),
            PrefilterDefaultBypass,
            rule::PREFILTER,
        ),
        (
            "bypassed",
            Ingress,
            between(OTHER, POD, tcp_packet(41000, 50051, TcpFlags::SYN)),
            Bypassed,
            rule::PREFILTER,
        ),
        (
            "answered",
            Egress,
            between(POD, OTHER, tcp_packet(50051, 41000, synack)),
            Reply,
            0,
        ),
    ])
}

pub(super) fn fragments(judge: &mut Judge) -> Result<(), Failed> {
    judge.start()?;
    judge.track()?;
    let part = |spec: FrameSpec, offset, more, identification| {
        with(spec, |packet| {
            packet.fragment = fragment(offset, more, identification)
        })
    };
    for (source, pod) in [(OTHER, POD), (OTHER_V6, POD_V6)] {
        let allowed = between(source, pod, syn(80));
        let denied = between(source, pod, syn(81));
        let later = |identification| part(allowed.clone(), 8, false, identification);
        let untracked = |name, hook, spec| (name, hook, spec, UntrackedFragment, 0);
        judge.expect(&[
            untracked("before its first", Ingress, later(1)),
            (
                "the first",
                Ingress,
                part(allowed.clone(), 0, true, 1),
                PolicyAllow,
                rule::ANYBODY,
            ),
            ("a later one", Ingress, later(1), PolicyAllow, rule::ANYBODY),
            untracked("of another packet", Ingress, later(2)),
            untracked("at another hook", Uplink, later(1)),
            (
                "a denied first",
                Ingress,
                part(denied.clone(), 0, true, 3),
                PolicyNoMatch,
                rule::POD_IN,
            ),
            (
                "its later one",
                Ingress,
                later(3),
                PolicyNoMatch,
                rule::POD_IN,
            ),
            (
                "atomic",
                Ingress,
                part(allowed.clone(), 0, false, 4),
                PolicyAllow,
                rule::ANYBODY,
            ),
            untracked("which is a whole packet", Ingress, later(4)),
            (
                "at the uplink",
                Uplink,
                part(between(source, pod, syn(GUARDED)), 0, true, 5),
                PrefilterDefaultDrop,
                rule::PREFILTER,
            ),
            (
                "and later",
                Uplink,
                later(5),
                PrefilterDefaultDrop,
                rule::PREFILTER,
            ),
            (
                "an echo",
                Ingress,
                part(
                    between(
                        source,
                        pod,
                        Transport::Icmp(IcmpKind::EchoRequest { identifier: 3 }),
                    ),
                    0,
                    true,
                    6,
                ),
                PolicyAllow,
                rule::ECHO,
            ),
            (
                "the rest of it",
                Ingress,
                part(
                    between(
                        source,
                        pod,
                        Transport::Icmp(IcmpKind::EchoRequest { identifier: 0 }),
                    ),
                    8,
                    false,
                    6,
                ),
                PolicyAllow,
                rule::ECHO,
            ),
        ])?;
        // A reply in fragments.
        let reply = between(
            pod,
            source,
            Transport::Icmp(IcmpKind::EchoReply { identifier: 3 }),
        );
        judge.expect(&[
            (
                "a reply's first",
                Egress,
                part(reply.clone(), 0, true, 7),
                Reply,
                0,
            ),
            (
                "a reply's later one",
                Egress,
                part(reply, 8, false, 7),
                Reply,
                0,
            ),
        ])?;
    }
    Ok(())
}

pub(super) fn epochs(judge: &mut Judge) -> Result<(), Failed> {
    judge.start()?;
    judge.track()?;
    let asked = between(OTHER, POD, syn(80));
    let asks = ("asks", Ingress, asked, PolicyAllow, rule::ANYBODY);
    let answered = between(POD, OTHER, tcp_packet(80, 40000, ACK));
    let answers = ("answers", Egress, answered.clone(), Reply, 0);
    let denied = ("denied", Egress, answered, PolicyDefaultDeny, rule::POD_OUT);
    judge.expect(&[asks.clone(), answers.clone()])?;
    judge.install(&image(), true, Connections::Keep)?;
    judge.expect(std::slice::from_ref(&answers))?;
    judge.filter.forget()?;
    judge.expect(&[denied.clone(), asks.clone(), answers.clone()])?;
    judge.install(&image(), true, Connections::Forget)?;
    judge.expect(&[denied.clone(), asks, answers.clone()])?;
    judge.install(&image(), false, Connections::Keep)?;
    judge.expect(&[denied])?;
    judge.install(&image(), true, Connections::Keep)?;
    judge.expect(&[answers])
}

/// Far fewer than the map has room for: it gives entries to processors by the
/// hundred, and may forget before it is full.
pub(super) fn many(judge: &mut Judge) -> Result<(), Failed> {
    const CONNECTIONS: u16 = 4096;
    judge.start()?;
    judge.track()?;
    let before = judge.filter.counters()?;
    for (hook, flip) in [(Ingress, false), (Egress, true)] {
        for port in 0..CONNECTIONS {
            let spec = match flip {
                false => between(OTHER, POD, tcp_packet(port, 80, TcpFlags::SYN)),
                true => between(POD, OTHER, tcp_packet(80, port, ACK)),
            };
            let frame = build(&spec, ProbeId(0), [2, 0, 0, 0, 0, 1])?;
            judge.filter.test_run(hook, &frame)?;
            judge.filter.drain(|_| {});
        }
    }
    let after = judge.filter.counters()?;
    for (hook, reason) in [(Ingress, PolicyAllow), (Egress, Reply)] {
        let [before, after] = [before, after].map(|all| all[hook as usize][reason as usize]);
        assert_eq!(after - before, u64::from(CONNECTIONS), "{reason:?}");
    }
    Ok(())
}
