//! What the frames of captures come to.

use std::collections::BTreeMap;
use std::net::IpAddr;

use netverdict_abi::{Hook, Reason, Verdict};
use netverdict_policy::frame::{Body, FrameSpec, IcmpKind, Transport};
use netverdict_policy::image::MapImage;
use netverdict_policy::interpret::Proposal;
use netverdict_policy::journey::Point;
use netverdict_policy::model::RuleRef;

use super::link::NoFrame;
use super::parties::{At, Judged, Word};

/// Flows that are counted each by itself; what belongs to others is counted together.
pub const MOST_FLOWS: usize = 65_536;

/// Who talks to whom about what; whatever the client's port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flow {
    /// Who sends.
    pub source: IpAddr,
    /// To whom.
    pub destination: IpAddr,
    /// What.
    pub what: What,
}

/// What is in a packet, as far as flows are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// TCP to this port.
    Tcp(u16),
    /// UDP to this port.
    Udp(u16),
    /// SCTP to this port.
    Sctp(u16),
    /// ICMP or ICMPv6, by the family, of this type.
    Icmp(u8),
    /// Any other protocol.
    Protocol(u8),
    /// The middle of a packet of this protocol.
    Fragment(u8),
}

/// How many frames, and how long they were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Frames.
    pub frames: u64,
    /// Their bytes, with Ethernet headers.
    pub bytes: u64,
}

/// What became of a flow's frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowTally {
    /// Those that passed every hook.
    pub passed: Amount,
    /// Those that a hook dropped.
    pub dropped: Amount,
}

/// Where and why frames of a flow were dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause {
    /// The hook.
    pub point: (Hook, Option<usize>),
    /// The reason.
    pub reason: Reason,
    /// The rule that decided, if one did.
    pub rule: Option<RuleRef>,
}

/// Which frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The number of the capture, from 0.
    pub capture: usize,
    /// The number of the frame in it, from 1.
    pub frame: u64,
}

/// How often something was, and where first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// How often.
    pub frames: u64,
    /// The first such frame.
    pub first: Place,
}

/// Why a frame was not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotJudged {
    /// There is no frame.
    NoFrame(NoFrame),
    /// What it would be judged by was not captured.
    CutShort,
}

/// Sums over all frames.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Frames in the captures.
    pub frames: u64,
    /// Frames that passed every hook.
    pub passed: Amount,
    /// Frames that a hook dropped.
    pub dropped: Amount,
    /// Blocks of captures that hold no frame, and that no frame needs.
    pub passed_over: u64,
    /// Frames that the node itself sent: they meet no hook.
    pub of_node: Amount,
    /// Frames about which the parties differ.
    pub differing: u64,
    /// Frames without a description, judged at the uplink, and by the compiled maps
    /// alone.
    pub undescribed: u64,
    /// Frames that were judged though not all of them was captured.
    pub completed: u64,
    /// Frames that got an Ethernet header, by the link type they came by.
    pub made: BTreeMap<u16, u64>,
    /// Frames that were not judged.
    pub not_judged: BTreeMap<NotJudged, Seen>,
    /// How often each hook gave each reason.
    pub reasons: BTreeMap<(Hook, Reason), u64>,
    /// Flows.
    pub flows: BTreeMap<Flow, FlowTally>,
    /// Frames of flows beyond [`MOST_FLOWS`].
    pub other_flows: FlowTally,
    /// What was dropped; flows beyond [`MOST_FLOWS`] are left out.
    pub drops: BTreeMap<(Option<Flow>, Cause), Seen>,
    /// What policies in dry run would change, by whether frames would newly pass, and by
    /// the rule that would decide.
    pub proposed: BTreeMap<(bool, Option<RuleRef>), Seen>,
    /// How often everything that was remembered was forgotten.
    pub forgotten: u64,
}

impl Tally {
    /// Counts a frame that was not judged.
    pub fn not_judged(&mut self, place: Place, why: NotJudged) {
        self.frames += 1;
        see(&mut self.not_judged, why, place);
    }

    /// Counts a frame that was judged, of `bytes` bytes.
    pub fn judged(&mut self, place: Place, bytes: u64, judged: &Judged, image: &MapImage) {
        self.frames += 1;
        self.forgotten += u64::from(judged.forgotten);
        self.differing += u64::from(!judged.agree());
        self.undescribed += u64::from(judged.description.is_err());
        for at in &judged.hooks {
            *self
                .reasons
                .entry((at.point.hook(), at.word().reason))
                .or_default() += 1;
        }
        let Some(deciding) = judged.deciding() else {
            self.of_node.add(bytes);
            return;
        };
        let passed = deciding.word().reason.verdict() == Verdict::Pass;
        match passed {
            true => self.passed.add(bytes),
            false => self.dropped.add(bytes),
        }
        if let Some((passes, proposed)) = judged.would_change() {
            see(
                &mut self.proposed,
                (passes, image.rule(proposed.rule)),
                place,
            );
        }
        let flow = judged.description.as_ref().ok().and_then(Flow::of);
        let is_counted = match flow {
            None => true,
            Some(flow) => {
                let room = self.flows.len() < MOST_FLOWS || self.flows.contains_key(&flow);
                let tally = match room {
                    true => self.flows.entry(flow).or_default(),
                    false => &mut self.other_flows,
                };
                match passed {
                    true => tally.passed.add(bytes),
                    false => tally.dropped.add(bytes),
                }
                room
            }
        };
        if !passed && is_counted {
            see(&mut self.drops, (flow, Cause::of(deciding, image)), place);
        }
    }
}

impl Judged {
    /// Whether the frame would newly pass or newly be dropped, if it is otherwise under the
    /// proposed policy, at the hooks that it comes by now; and what is proposed where that
    /// differs first.
    fn would_change(&self) -> Option<(bool, Proposal)> {
        let is_pass = |reason: Reason| reason.verdict() == Verdict::Pass;
        let mut differs = None;
        let (mut passes, mut would_pass) = (true, true);
        for word in self.hooks.iter().map(At::word) {
            passes &= is_pass(word.reason);
            would_pass &= is_pass(word.proposed.map_or(word.reason, |it| it.reason));
            if let Some(proposed) = word.proposed
                && is_pass(proposed.reason) != is_pass(word.reason)
            {
                differs.get_or_insert(proposed);
            }
        }
        Some((would_pass, differs.filter(|_| passes != would_pass)?))
    }
}

fn see<K: Ord>(seen: &mut BTreeMap<K, Seen>, key: K, place: Place) {
    let seen = seen.entry(key).or_insert(Seen {
        frames: 0,
        first: place,
    });
    seen.frames += 1;
}

impl Amount {
    fn add(&mut self, bytes: u64) {
        self.frames += 1;
        self.bytes += bytes;
    }
}

impl FlowTally {
    /// All of its frames.
    pub fn all(&self) -> Amount {
        Amount {
            frames: self.passed.frames + self.dropped.frames,
            bytes: self.passed.bytes + self.dropped.bytes,
        }
    }
}

impl Cause {
    /// What a hook did, and by which rule.
    pub fn of(at: &At, image: &MapImage) -> Cause {
        let Word { reason, rule, .. } = at.word();
        Cause {
            point: match at.point {
                Point::Uplink => (Hook::Uplink, None),
                Point::Egress(workload) => (Hook::Egress, Some(workload)),
                Point::Ingress(workload) => (Hook::Ingress, Some(workload)),
            },
            reason,
            rule: image.rule(rule),
        }
    }
}

impl Flow {
    /// The flow of a packet.
    pub fn of(spec: &FrameSpec) -> Option<Flow> {
        let Body::Ip(packet) = &spec.body else {
            return None;
        };
        let is_later = packet.fragment.is_some_and(|fragment| fragment.offset > 0);
        let what = match packet.transport {
            Transport::Tcp { .. } if is_later => What::Fragment(6),
            Transport::Udp { .. } if is_later => What::Fragment(17),
            Transport::Sctp { .. } if is_later => What::Fragment(132),
            Transport::Icmp(_) if is_later => What::Fragment(match packet.source {
                IpAddr::V4(_) => 1,
                IpAddr::V6(_) => 58,
            }),
            Transport::Other { protocol } if is_later => What::Fragment(protocol),
            Transport::Tcp { destination, .. } => What::Tcp(destination),
            Transport::Udp { destination, .. } => What::Udp(destination),
            Transport::Sctp { destination, .. } => What::Sctp(destination),
            Transport::Icmp(kind) => What::Icmp(icmp_type(kind, packet.source.is_ipv4())),
            Transport::Other { protocol } => What::Protocol(protocol),
        };
        Some(Flow {
            source: packet.source,
            destination: packet.destination,
            what,
        })
    }
}

fn icmp_type(kind: IcmpKind, is_v4: bool) -> u8 {
    match kind {
        IcmpKind::EchoRequest { .. } => {
            if is_v4 {
                8
            } else {
                128
            }
        }
        IcmpKind::EchoReply { .. } => {
            if is_v4 {
                0
            } else {
                129
            }
        }
        IcmpKind::Error { kind, .. } | IcmpKind::Other { kind, .. } => kind,
        IcmpKind::NeighbourSolicitation => 135,
    }
}
