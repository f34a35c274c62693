//! Whom a change of policies lets in, and whom it shuts out: two policies of clusters
//! that need not be the same, compared as sets over all the hooks of each way.
//!
//! Workloads are matched by name and node ports by number. A sender that is a workload
//! is itself and not its address, for addresses that were only assigned shift when
//! somebody is added. What stands on one side alone is compared with nothing.

mod cause;
mod counterpart;
mod merge;
mod pair;
mod passes;
mod rank;
mod strangers;
mod units;
mod verdict;

use std::net::IpAddr;

use crate::meaning::{L4, L4Class};
use crate::model::{ObjectName, Policy};
use crate::port::ProtoPort;
use crate::prefix::Family;
use crate::region::Region;
use crate::topology::TopologyPlan;

pub use cause::{Cause, Causes};
pub use counterpart::{changed_ports, counterpart};
pub use pair::Pairs;
pub use rank::Danger;
pub use verdict::{Legs, Word, legs, word};

/// What one side of a comparison is: a policy, and the network it is in force in.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The network, for its hosts.
    pub topology: &'a TopologyPlan,
}

/// A side of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Before the change.
    Old,
    /// After it.
    New,
}

impl Side {
    /// Both, in order.
    pub const BOTH: [Side; 2] = [Side::Old, Side::New];

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Side {
        match self {
            Side::Old => Side::New,
            Side::New => Side::Old,
        }
    }
}

/// What became of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// They pass, and did not before.
    Passes,
    /// They are dropped, and were not before.
    Drops,
}

impl Effect {
    /// The side on which the packets pass.
    pub const fn passing(self) -> Side {
        match self {
            Effect::Passes => Side::New,
            Effect::Drops => Side::Old,
        }
    }
}

/// Why a change of what a policy says changes no verdict at a node port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mask {
    /// A prefilter lets these sources past the policy.
    Bypass,
    /// A prefilter, or the deny list, drops these sources before the policy is asked.
    Prefilter,
}

/// Who sends or receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// A port of the node, by index into [`Pairs::gates`].
    Gate(usize),
    /// A workload, by index into [`Pairs::members`].
    Member(usize),
    /// The node itself.
    Node,
    /// Addresses beyond the uplink that are nobody's.
    Strangers,
    /// Addresses beyond the uplink of hosts that policies know.
    KnownHosts,
}

/// A workload of either side, or of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: ObjectName,
    /// Its kind, on the later side that has it.
    pub kind: String,
    /// Index into the workloads of each side.
    pub index: [Option<usize>; 2],
}

/// A node port of either side, or of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// The port on the node.
    pub port: ProtoPort,
    /// The service, on the later side that has it.
    pub service: ObjectName,
    /// Index into the node ports of each side.
    pub index: [Option<usize>; 2],
}

/// The way of a packet, but for addresses and ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Way {
    /// Who sends.
    pub from: End,
    /// Who receives.
    pub to: End,
    /// Of a node port, the workload behind it.
    pub behind: Option<usize>,
    /// Whether the policy of the workload is asked alone, as if no prefilter stood
    /// before it.
    pub policy_alone: bool,
}

/// Packets that are treated differently, all for the same causes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whether they pass now.
    pub effect: Effect,
    /// Why no verdict changes, where only what the policy says does.
    pub masked: Option<Mask>,
    /// How bad that is.
    pub danger: Danger,
    /// Who sends, ascending, at least one; either workloads, or one of any sort.
    pub from: Vec<End>,
    /// Who receives, likewise.
    pub to: Vec<End>,
    /// Workloads behind the node port that it is about.
    pub behind: Vec<usize>,
    /// To which ports, or with which messages, neighbours put together; of a node port
    /// that port.
    pub ports: Vec<L4Class>,
    /// Addresses of [`End::Strangers`] or [`End::KnownHosts`], empty where neither is
    /// an end. Addresses of the node, of workloads and of known hosts, and those
    /// that nobody can send from, are among strangers' where they lie in their midst:
    /// nobody there is meant.
    pub addresses: Region,
    /// The family, where the ends have both, and only one is treated differently.
    pub family: Option<Family>,
    /// What brings it about.
    pub causes: Causes,
    /// A packet that shows it.
    pub witness: Witness,
}

/// A packet, as far as both sides send the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its way.
    pub way: Way,
    /// What it carries, as it is sent.
    pub l4: L4,
    /// Its family.
    pub family: Family,
    /// The address of the stranger or known host.
    pub peer: Option<IpAddr>,
}

/// What two worlds differ in.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Who is who on either side.
    pub pairs: Pairs,
    /// The most dangerous first.
    pub changes: Vec<Change>,
}

/// Compares two worlds; one that is not there lets nobody do anything.
///
/// It tells verdicts apart, not reasons: of whole ways, of plain first packets. Beside
/// that, what the policies behind node ports say of strangers is compared by itself.
pub fn compare(old: Option<World<'_>>, new: Option<World<'_>>) -> Difference {
    let worlds = [old, new];
    let pairs = Pairs::new(&worlds);
    let found = units::all(&worlds, &pairs);
    let mut changes = merge::changes(&worlds, &pairs, found);
    rank::sort(&mut changes);
    Difference { pairs, changes }
}

impl Change {
    /// Whether anybody from beyond the uplink newly gets in, or would if a prefilter
    /// did not decide before the policy.
    pub fn exposes(&self) -> bool {
        let outside = [End::Strangers, End::KnownHosts];
        self.effect == Effect::Passes && outside.contains(&self.from[0])
    }
}

#[cfg(test)]
mod tests;
