//! A validated scenario: a policy, a network, and probes with what their author
//! expects of them.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use netverdict_abi::{Reason, Verdict};

use crate::diagnostic::{Location, SourceFile};
use crate::image::MapImage;
use crate::journey::Journey;
use crate::model::Policy;
use crate::topology::TopologyPlan;

/// One scenario file, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// The file.
    pub file: Arc<SourceFile>,
    /// Its one-line name.
    pub name: String,
    /// Why it exists.
    pub why: String,
    /// For `--tag`.
    pub tags: BTreeSet<String>,
    /// Which probes must mismatch, if any.
    pub xfail: Option<Xfail>,
    /// The network.
    pub topology: TopologyPlan,
    /// The policy.
    pub policy: Policy,
    /// Probes, in the file's order, at least one; those of sequences among them.
    /// Their names are unique, those of steps included.
    pub probes: Vec<Probe>,
    /// What is judged before the first step, in order; its connections are
    /// remembered in the steps. Empty without steps.
    pub before_steps: Vec<Probe>,
    /// Changes that are made while traffic flows, in order. The traffic is that of
    /// the probes which are part of no sequence.
    pub steps: Vec<Step>,
}

/// A change of the policy under traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name, unique within the scenario.
    pub name: String,
    /// What the change is for.
    pub why: String,
    /// The policy from then on. Its workloads are those of the scenario, in the
    /// same order.
    pub policy: Policy,
    /// That policy, compiled.
    pub image: MapImage,
    /// What becomes of connections made under the policy before.
    pub connections: Connections,
    /// What is judged once the change is made, in order, in one memory with the
    /// probes of the steps before; may be empty.
    pub probes: Vec<Probe>,
    /// The whole entry.
    pub location: Location,
}

/// What becomes of established connections when the policy changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Connections {
    /// Their replies go on passing, as upstream's do.
    Keep,
    /// They are forgotten: replies are judged as new packets.
    Forget,
}

/// Known disagreement between the policy and the author's intent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Xfail {
    /// What is wrong with the deployment.
    pub reason: String,
    /// Names of the entries of [`Scenario::probes`] all of whose cases must
    /// mismatch.
    pub probes: BTreeSet<String>,
    /// Where it stands.
    pub location: Location,
}

/// One entry of `probes`, with the frames it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Its name: given, or made from `from` and `to`, and unique.
    pub name: String,
    /// The verdict the author expects.
    pub expect: Expect,
    /// The reason the author expects, if they care.
    pub reason: Option<Reason>,
    /// Which policy it is that the author has expectations of.
    pub of_policy: OfPolicy,
    /// The verdict that the author expects of the proposed policy, if they care.
    pub proposed: Option<Expect>,
    /// One case per frame, at least one.
    pub cases: Vec<Case>,
    /// The sequence it is part of, by number from 0: the probes of one sequence
    /// are sent in order, each alone, and connections and fragments are
    /// remembered from one to the next. A probe that is part of none is judged
    /// as if nothing had been before it.
    pub sequence: Option<usize>,
    /// The whole entry.
    pub location: Location,
    /// The value of `expect`.
    pub expect_location: Location,
}

impl Scenario {
    /// Puts every network policy in dry run, also those of steps, and holds what probes
    /// expect against what would be. Prefilters stay in force. Images are to be compiled
    /// anew.
    pub fn put_in_dry_run(&mut self) {
        self.policy.put_in_dry_run();
        let of_steps = self.steps.iter_mut().map(|step| {
            step.policy.put_in_dry_run();
            &mut step.probes
        });
        let of_itself = [&mut self.probes, &mut self.before_steps];
        for probe in of_steps.chain(of_itself).flatten() {
            probe.of_policy = OfPolicy::Proposed;
            // Of what was proposed before the author said so.
            if let Some(expected) = probe.proposed {
                probe.expect = expected;
                probe.reason = None;
            }
        }
    }
}

impl Probe {
    /// Whether a frame for which a hook gives this reason, the last that judges it, is
    /// as the author expects.
    pub fn accepts(&self, reason: Reason) -> bool {
        self.expect.is(reason) && self.reason.is_none_or(|expected| expected == reason)
    }
}

/// What expectations are held against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OfPolicy {
    /// What is in force.
    #[default]
    InForce,
    /// What would be if policies in dry run were in force: all of them are, because
    /// whoever runs the scenario wants it so.
    Proposed,
}

/// What the author of a probe expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expect {
    /// Seen behind the filter, and arrived at the workload unless a host stack
    /// cannot deliver a frame of that shape.
    Pass,
    /// Dropped by the filter.
    Drop,
}

impl Expect {
    /// Whether a reason has this verdict.
    pub fn is(self, reason: Reason) -> bool {
        match self {
            Expect::Pass => reason.verdict() == Verdict::Pass,
            Expect::Drop => reason.verdict() == Verdict::Drop,
        }
    }
}

/// One frame of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// What tells it from the probe's other cases, such as the source address;
    /// empty if the probe has one case.
    pub label: String,
    /// The frame, and its way.
    pub journey: Journey,
}

/// Why a host stack does not deliver a frame that reached it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Undeliverable {
    /// Not an IP packet: no workload is meant.
    NotIp,
    /// The source can have sent nothing: 0.0.0.0, 127.0.0.0/8, 224.0.0.0/4,
    /// 255.255.255.255, ::1, ff00::/8, and beyond the link also :: and fe80::/10
    /// (RFC 1122 §3.2.1.3, RFC 4291 §2.5 and §2.7).
    MartianSource,
    /// The source is the node's own IPv4 address.
    OwnSource,
    /// An IP header that lies, or a frame shorter than it says, or bytes among
    /// the IPv4 options that are none.
    Malformed,
    /// One fragment of several: nothing is reassembled. A first fragment is
    /// forwarded all the same.
    LoneFragment,
    /// A loose or strict source route, which Linux refuses by default.
    SourceRoute,
    /// Tagged with a VLAN id other than 0: no interface has it.
    UnknownVlan,
    /// It would have to be forwarded, and has no hops left for it.
    NoHopsLeft,
    /// An IPv6 extension header that ends the packet for a host.
    ExtensionHeader,
    /// A destination that is neither the node's nor a workload's.
    ForeignDestination,
    /// A service has no workload with an address of this family.
    NoBackend,
}

impl Scenario {
    /// The node's address of the same family as `source`.
    pub fn node_address(&self, source: IpAddr) -> Option<IpAddr> {
        self.topology
            .node
            .iter()
            .copied()
            .find(|node| node.is_ipv4() == source.is_ipv4())
    }
}

/// A clause that follows "a host cannot deliver it:".
impl fmt::Display for Undeliverable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Undeliverable::NotIp => "it is no IP packet",
            Undeliverable::MartianSource => "its source address cannot send",
            Undeliverable::OwnSource => "its source is the node's own address",
            Undeliverable::Malformed => "it is malformed or cut short",
            Undeliverable::LoneFragment => "it is one fragment of several",
            Undeliverable::SourceRoute => "it asks for a source route",
            Undeliverable::UnknownVlan => "no interface has its VLAN id",
            Undeliverable::NoHopsLeft => "it has no hops left",
            Undeliverable::ExtensionHeader => "one of its extension headers ends it",
            Undeliverable::ForeignDestination => "its destination is not the node",
            Undeliverable::NoBackend => "no workload of its family stands behind the port",
        })
    }
}
