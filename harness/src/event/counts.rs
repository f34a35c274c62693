//! What policies decided about the frames of a scenario, counted.

use serde::{Deserialize, Serialize};

use super::SuiteId;
use super::word::{self, Word};

/// What the policies and prefilters of a scenario decided in a lane, frame by frame, as
/// the filter named it; what is sent over and over while a policy changes is not counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Where.
    pub suite: SuiteId,
    /// Who named the rules: `kernel` or `interpreter`.
    #[serde(deserialize_with = "word::word")]
    pub named_by: Word,
    /// What became of the frames.
    pub current: Totals,
    /// What would become of them under the proposed policy; none where nothing is in dry
    /// run.
    pub proposed: Option<Totals>,
    /// How often each rule of a network policy decided, those that never did included.
    pub rules: Vec<RuleCount>,
    /// What was sent from outside to each node port.
    pub node_ports: Vec<NodePortCount>,
    /// What each policy in dry run would change.
    pub in_dry_run: Vec<WouldChange>,
}

/// Frames by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Passed by every hook that judged them.
    pub passed: u64,
    /// Dropped.
    pub dropped: u64,
}

/// How often a rule decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCount {
    /// Which.
    pub rule: CountedRule,
    /// Frames that it was named for.
    pub frames: u64,
}

/// A rule whose frames are counted. Rules of a policy that stand in one line are one, and
/// so are those of a long list from one file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CountedRule {
    /// `current` or `proposed`: which policy it decides in.
    #[serde(deserialize_with = "word::word")]
    pub policy: Word,
    /// The kind of the network policy that it is part of.
    #[serde(deserialize_with = "word::word")]
    pub kind: Word,
    /// That policy's namespace, empty where it has none.
    pub namespace: String,
    /// That policy's name.
    pub name: String,
    /// `ingress` or `egress`.
    #[serde(deserialize_with = "word::word")]
    pub direction: Word,
    /// `file:line`; of default deny, that of the policy's selector.
    pub rule: String,
    /// `allow` or `deny`.
    #[serde(deserialize_with = "word::word")]
    pub verdict: Word,
}

/// Frames from outside to a node port, but for those that a host loses whatever the filter
/// says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodePortCount {
    /// Which, and what became of them.
    pub node_port: CountedNodePort,
    /// How many.
    pub frames: u64,
}

/// A node port, who sent, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CountedNodePort {
    /// The Service, `namespace/name`.
    pub service: String,
    /// The port.
    pub node_port: u16,
    /// `tcp`, `udp` or `sctp`.
    #[serde(deserialize_with = "word::word")]
    pub protocol: Word,
    /// `declared`, where the source is on the allow list of the port's prefilter, in a CIDR
    /// that a policy of a backend lets in, the node's own, which reaches its workloads, or
    /// anybody's because the Service is marked as public; or else `outside`. What holds
    /// every address declares nobody.
    #[serde(deserialize_with = "word::word")]
    pub source: Word,
    /// `pass` or `drop`.
    #[serde(deserialize_with = "word::word")]
    pub verdict: Word,
}

/// What a policy in dry run would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WouldChange {
    /// Its kind.
    #[serde(deserialize_with = "word::word")]
    pub kind: Word,
    /// Its name, `namespace/name`.
    pub name: String,
    /// `file:line:column` of its selector.
    pub location: String,
    /// Frames that pass now and would be dropped.
    pub newly_drops: Changed,
    /// Frames that are dropped now and would pass the same hook.
    pub newly_passes: Changed,
}

/// Frames of which a policy in dry run would decide otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// How many.
    pub frames: u64,
    /// The first of them.
    pub example: Option<ChangedFrame>,
}

/// A frame of which a policy in dry run would decide otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedFrame {
    /// Its probe.
    pub probe: String,
    /// The frame, decoded.
    pub sent: String,
    /// `file:line:column` of the rule that would decide.
    pub rule: String,
}
