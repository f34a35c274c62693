//! One case: policies, packets, and what is held against them.

use netverdict_abi::Hook;
use netverdict_policy::frame::{FrameSpec, ProbeId, build};
use netverdict_policy::generate::{self, Change, Draw};
use netverdict_policy::journey::{Journey, Point, Sender, route};
use netverdict_policy::model::Policy;
use netverdict_policy::scenario::Connections;
use netverdict_policy::topology::TopologyPlan;

use super::Property;

/// Packets of a case.
const PACKETS: usize = 20;

/// Policies that follow each other, at most.
const MOST_UPDATES: usize = 4;

/// A policy, packets, and a property to hold against them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// What is said to hold.
    pub property: Property,
    /// The policy; of several, the first.
    pub policy: Policy,
    /// Whether packets are remembered from one to the next; else each is by itself.
    pub tracked: bool,
    /// What is sent under the policy, in order; of several policies, under the last,
    /// once everything was forgotten.
    pub packets: Vec<Packet>,
    /// What else there is to it.
    pub twist: Twist,
}

/// What a case has beside a policy and packets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Twist {
    /// Nothing.
    None,
    /// The packets are sent under the policy, and under the changed one.
    Changed(Change),
    /// Other policies follow the first, with packets in between.
    Updated {
        /// In order, under the first policy and those behind it.
        updates: Vec<Update>,
        /// Whether the last is compared with a kernel that has loaded nothing before,
        /// and not with the interpreter alone: loading takes long.
        reload: bool,
    },
    /// Bytes instead of packets.
    Damaged(Vec<(Point, Vec<u8>)>),
}

/// What happens under one policy, and what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// What is sent under the policy before.
    pub packets: Vec<Packet>,
    /// What becomes of what was remembered.
    pub connections: Connections,
    /// The policy from then on; workloads and services are those of the first.
    pub policy: Policy,
}

/// A packet and who sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Who.
    pub sender: Sender,
    /// What; a frame that has bytes.
    pub frame: FrameSpec,
}

impl Packet {
    /// Its way through the network.
    pub fn journey(&self, topology: &TopologyPlan) -> Journey {
        route(topology, self.sender, self.frame.clone())
    }
}

impl From<Journey> for Packet {
    fn from(journey: Journey) -> Packet {
        let first = journey.first();
        Packet {
            sender: match first.point {
                Point::Egress(workload) => Sender::Workload(workload),
                Point::Uplink | Point::Ingress(_) => Sender::Outside,
            },
            frame: first.frame.clone(),
        }
    }
}

impl Case {
    /// A case for the property.
    pub fn draw(property: Property, draw: &mut Draw) -> Case {
        let policy = generate::policy(draw);
        let mut case = Case {
            property,
            tracked: false,
            packets: Vec::new(),
            twist: Twist::None,
            policy,
        };
        match property {
            Property::Agreement => case.tracked = !draw.once_in(2),
            Property::DenyNeverWidens => {
                case.twist = Twist::Changed(Change::deny(draw, &case.policy));
            }
            Property::AllowNeverNarrows => {
                case.twist = Twist::Changed(Change::allow(draw, &case.policy));
            }
            Property::OrderDoesNotMatter => {
                case.tracked = draw.once_in(2);
                case.twist = Twist::Changed(Change::reorder(draw));
            }
            Property::HalvesAreTheWhole => {
                case.tracked = draw.once_in(2);
                case.twist = Twist::Changed(Change::halve(draw));
            }
            Property::AggregationChangesNothing => {
                case.tracked = draw.once_in(2);
                case.twist = Twist::Changed(Change::Aggregate);
            }
            Property::UpdateEqualsFreshLoad => {
                case.tracked = true;
                let updates = updates(draw, &case.policy);
                let last = updates.last().map_or(&case.policy, |update| &update.policy);
                case.packets = packets(draw, last, true, PACKETS / 2);
                case.twist = Twist::Updated {
                    updates,
                    reload: draw.once_in(256),
                };
                return case;
            }
            Property::DamagedFrames => {
                case.tracked = draw.once_in(2);
                case.twist = Twist::Damaged(damaged(draw, &case.policy));
                return case;
            }
        }
        // Under the changed policy other packets may be at its edges.
        let changed = match &case.twist {
            Twist::Changed(change) => change.of(&case.policy),
            Twist::None | Twist::Updated { .. } | Twist::Damaged(_) => None,
        };
        case.packets = packets(
            draw,
            changed.as_ref().unwrap_or(&case.policy),
            case.tracked,
            PACKETS,
        );
        case
    }

    /// The network that it plays in.
    pub fn topology(&self) -> TopologyPlan {
        generate::topology(&self.policy)
    }

    /// The policies that are in force one after the other or beside each other, the
    /// last of them last.
    pub fn policies(&self) -> Vec<Policy> {
        let mut policies = vec![self.policy.clone()];
        match &self.twist {
            Twist::None | Twist::Damaged(_) => {}
            Twist::Changed(change) => policies.extend(change.of(&self.policy)),
            Twist::Updated { updates, .. } => {
                policies.extend(updates.iter().map(|update| update.policy.clone()));
            }
        }
        policies
    }

    /// Rules of its largest policy: entries of lists, prefilters without any, and rules of
    /// network policies.
    pub fn rules(&self) -> usize {
        self.policies().iter().map(rules).max().unwrap_or(0)
    }

    /// Packets of all kinds.
    pub fn frames(&self) -> usize {
        let more = match &self.twist {
            Twist::None | Twist::Changed(_) => 0,
            Twist::Updated { updates, .. } => {
                updates.iter().map(|update| update.packets.len()).sum()
            }
            Twist::Damaged(frames) => frames.len(),
        };
        self.packets.len() + more
    }
}

fn rules(policy: &Policy) -> usize {
    let listed = (policy.prefilters.iter())
        .map(|stage| (stage.allow.len() + stage.deny.len()).max(1))
        .sum::<usize>();
    let rules = policy.network_policies.iter().map(|each| each.rules.len());
    policy.deny_list.len() + listed + rules.sum::<usize>()
}

/// So many packets, or, rarely, one; which is what is left where one shows it.
fn packets(draw: &mut Draw, policy: &Policy, tracked: bool, most: usize) -> Vec<Packet> {
    let count = if draw.below(64) == 0 { 1 } else { most };
    if tracked {
        let topology = generate::topology(policy);
        let sequence = generate::sequence(draw, policy, &topology, count);
        return sequence.into_iter().map(Packet::from).collect();
    }
    let mut packet = || {
        let (sender, frame) = generate::packet(draw, policy);
        Packet { sender, frame }
    };
    (0..count).map(|_| packet()).collect()
}

fn updates(draw: &mut Draw, policy: &Policy) -> Vec<Update> {
    let count = 1 + draw.below(MOST_UPDATES);
    let mut updates: Vec<Update> = Vec::with_capacity(count);
    for _ in 0..count {
        let before = updates.last().map_or(policy, |update| &update.policy);
        let packets = packets(draw, before, true, PACKETS / 2 / count);
        let connections = *draw.one(&[Connections::Keep, Connections::Forget]);
        let policy = generate::another(draw, before);
        updates.push(Update {
            packets,
            connections,
            policy,
        });
    }
    updates
}

/// Frames that were damaged on their way to a hook.
fn damaged(draw: &mut Draw, policy: &Policy) -> Vec<(Point, Vec<u8>)> {
    let topology = generate::topology(policy);
    let mut frames = Vec::with_capacity(PACKETS);
    for number in 0..PACKETS {
        let (sender, frame) = generate::packet(draw, policy);
        let journey = route(&topology, sender, frame);
        let leg = draw.one(&journey.legs);
        let id = ProbeId(u32::try_from(number).unwrap_or(0));
        let bytes = build(&leg.frame, id, [2, 0, 0, 0, 0, 1]).unwrap_or_else(|_| vec![0; 14]);
        let mut bytes = generate::damaged(draw, bytes);
        // What routing would not send to a workload is judged there all the same.
        let point = match draw.below(6) {
            4 => Point::Uplink,
            5 => Point::Ingress(0),
            _ => leg.point,
        };
        if point.hook() == Hook::Uplink && draw.once_in(8) {
            bytes = generate::damaged(draw, bytes);
        }
        frames.push((point, bytes));
    }
    frames
}
