//! The parties whose word on a frame is compared.

use std::net::IpAddr;

use netverdict_abi::Reason;
use netverdict_policy::frame::{
    Body, FrameSpec, IpPacket, Lengths, ProbeId, TcpFlags, Transport, build, describe,
};
use netverdict_policy::image::MapImage;
use netverdict_policy::interpret::judge;
use netverdict_policy::model::{Policy, RuleRef};
use netverdict_policy::oracle::{Decision, decide};
use netverdict_policy::port::{ProtoPort, Protocol};

/// Asks both parties, holds them against each other, and returns the oracle's
/// word.
pub(crate) fn agreed(policy: &Policy, image: &MapImage, frame: &FrameSpec) -> Decision {
    let decision = decide(policy, frame);
    let bytes = build(frame, ProbeId(7), [2, 0, 0, 0, 0, 1]).expect("the frame has bytes");
    let judgement = judge(image, &bytes);
    let named: Option<RuleRef> = image.rule(judgement.rule);
    let context = || {
        format!(
            "{}\n{frame:?}\noracle {decision:?}\nimage {judgement:?} = {named:?}\n{image:#?}",
            describe(frame)
        )
    };
    assert_eq!(judgement.reason, decision.reason, "reason of {}", context());
    match named {
        Some(rule) => assert!(decision.rules.contains(&rule), "rule of {}", context()),
        None => {
            assert_eq!(judgement.rule.0, 0, "no such rule: {}", context());
            assert!(decision.rules.is_empty(), "no rule named: {}", context());
        }
    }
    decision
}

/// The reason alone.
pub(crate) fn agreed_reason(policy: &Policy, image: &MapImage, frame: &FrameSpec) -> Reason {
    agreed(policy, image, frame).reason
}

/// A plain packet from `source` to a node's port.
pub(crate) fn packet(source: IpAddr, to: ProtoPort) -> IpPacket {
    let (source_port, destination_port) = (40000, to.port);
    let destination = match source {
        IpAddr::V4(_) => IpAddr::from([192, 0, 2, 10]),
        IpAddr::V6(_) => IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x10]),
    };
    let transport = match to.protocol {
        Protocol::Tcp => Transport::Tcp {
            source: source_port,
            destination: destination_port,
            flags: TcpFlags::SYN,
        },
        Protocol::Udp => Transport::Udp {
            source: source_port,
            destination: destination_port,
        },
        Protocol::Sctp => Transport::Sctp {
            source: source_port,
            destination: destination_port,
        },
    };
    IpPacket {
        source,
        destination,
        options: Vec::new(),
        extension_headers: Vec::new(),
        fragment: None,
        lengths: Lengths::default(),
        transport,
        payload: 8,
    }
}

pub(crate) fn frame(packet: IpPacket) -> FrameSpec {
    FrameSpec {
        tags: Vec::new(),
        body: Body::Ip(packet),
        truncate: None,
    }
}
