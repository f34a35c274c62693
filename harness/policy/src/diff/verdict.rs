//! One packet, as each side sees it.

use std::net::IpAddr;

use netverdict_abi::Verdict;

use super::{End, Pairs, Side, Witness};
use crate::frame::FrameSpec;
use crate::journey::{Leg, Point};
use crate::meaning::{L4, Question};
use crate::model::{Backend, Policy};
use crate::oracle::{self, Decision, Memory};
use crate::prefix::Family;

/// The hooks that a packet comes by, with the packet as it looks there; at least one.
pub type Legs = Vec<Leg>;

/// What the policy of a side says of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// A decision for each leg; those behind one that drops are as if it had passed.
    pub decisions: Vec<Decision>,
}

impl Word {
    /// Whether it gets through.
    pub fn passes(&self) -> bool {
        (self.decisions.iter()).all(|decision| decision.verdict() == Verdict::Pass)
    }

    /// The decision that counts: the first that drops, or the last.
    pub fn deciding(&self) -> Option<&Decision> {
        let mut all = self.decisions.iter();
        let drops = all.find(|decision| decision.verdict() != Verdict::Pass);
        drops.or(self.decisions.last())
    }
}

/// The way of a witness on a side; `None` where that side has no such workload, node
/// port or address.
pub fn legs(policy: &Policy, pairs: &Pairs, side: Side, witness: &Witness) -> Option<Legs> {
    let Witness {
        way, l4, family, ..
    } = *witness;
    let of_family = |all: &[IpAddr]| all.iter().copied().find(|it| Family::of(*it) == family);
    let own = |member: usize| {
        let index = pairs.members[member].index[side as usize]?;
        let workload = &policy.workloads[index];
        let address = of_family(&workload.addresses)?;
        Some((index, address, workload.host_network))
    };
    let node = of_family(&policy.node.addresses);
    let mut legs = Vec::with_capacity(2);
    let source = match way.from {
        End::Member(member) => {
            let (index, address, _) = own(member)?;
            legs.push((Point::Egress(index), None));
            address
        }
        End::Node => node?,
        End::Strangers | End::KnownHosts | End::Gate(_) => {
            legs.push((Point::Uplink, None));
            witness.peer?
        }
    };
    let destination = match way.to {
        End::Strangers | End::KnownHosts => witness.peer?,
        End::Node => node?,
        End::Member(member) => {
            let (index, address, _) = own(member)?;
            legs.push((Point::Ingress(index), Some((address, l4))));
            address
        }
        End::Gate(gate) => {
            let gate = &pairs.gates[gate];
            let node_port = gate.of(side, policy)?;
            let backend = behind(&node_port.backends, way.behind, |it| {
                pairs.member(side, it.workload)
            })?;
            let workload = &policy.workloads[backend.workload];
            if !workload.host_network {
                let address = of_family(&workload.addresses)?;
                let there = Some((address, gate.before(backend)));
                legs.push((Point::Ingress(backend.workload), there));
            }
            node?
        }
    };
    if way.policy_alone {
        legs.retain(|(point, _)| matches!(point, Point::Ingress(_)));
    }
    let made = legs.into_iter().map(|(point, there)| {
        let (destination, l4) = there.unwrap_or((destination, l4));
        leg(point, source, destination, l4)
    });
    let made: Legs = made.collect();
    (!made.is_empty()).then_some(made)
}

/// The backend that is this member, or else the one that is asked first.
fn behind(
    backends: &[Backend],
    wanted: Option<usize>,
    member: impl Fn(&Backend) -> usize,
) -> Option<Backend> {
    let same = backends.iter().find(|it| Some(member(it)) == wanted);
    same.or(backends.first()).copied()
}

fn leg(point: Point, source: IpAddr, destination: IpAddr, l4: L4) -> Leg {
    let question = Question { point, l4 };
    let packet = match point {
        Point::Egress(_) => question.packet(destination, source),
        Point::Uplink | Point::Ingress(_) => question.packet(source, destination),
    };
    Leg {
        point,
        frame: FrameSpec::from(packet),
    }
}

/// What the policy says of each leg.
pub fn word(policy: &Policy, legs: &[Leg]) -> Word {
    let mut memory = Memory::untracked();
    let judged = legs
        .iter()
        .map(|leg| oracle::judge(policy, leg.point, &leg.frame, &mut memory));
    Word {
        decisions: judged.collect(),
    }
}
