//! The exact contents of the policy maps, as data.

mod entries;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::model::RuleRef;
use crate::port::ProtoPort;
use crate::prefix::{Family, Prefix};

pub use entries::Key;

/// A rule as the maps name it. 0 is no rule; the rule with number `n` is
/// `rules[n - 1]` of the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub u32);

impl RuleId {
    /// No rule decided.
    pub const NONE: RuleId = RuleId(0);
}

/// A compiled policy: what the lab writes into one generation of the maps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MapImage {
    /// Sources that are dropped at the uplink whatever the port.
    pub deny_list: BTreeMap<Prefix, RuleId>,
    /// Ports with a prefilter.
    pub prefilters: BTreeMap<ProtoPort, PrefilterImage>,
    /// Workloads by address.
    pub endpoints: BTreeMap<IpAddr, EndpointImage>,
    /// What guards them, by the number in [`EndpointImage`].
    pub guards: Vec<GuardImage>,
    /// Who an address is: the longest prefix that holds it decides; where none
    /// does, it is of the world.
    pub identities: BTreeMap<Prefix, IdentityId>,
    /// What each rule number stands for, from number 1.
    pub rules: Vec<RuleRef>,
    /// Pass every frame: the witness image.
    pub pass_all: bool,
}

/// Number of an identity, at least [`netverdict_abi::Identity::FIRST_FREE`] but for
/// those of [`netverdict_abi::Identity`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityId(pub u32);

/// The prefilter of a port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrefilterImage {
    /// Whether a source that is not listed passes.
    pub default_pass: bool,
    /// Whether what passes skips the policy of the backends.
    pub bypass_policy: bool,
    /// What the default is reported under.
    pub default_rule: RuleId,
    /// What is said of sources: the longest prefix that holds one decides; where
    /// none does, the default.
    pub sources: BTreeMap<Prefix, Verdict>,
    /// Who may be bypassed to: workload numbers and their ports. Empty where
    /// the policy is not bypassed.
    pub backends: BTreeSet<(u32, u16)>,
}

/// A workload, at one of its addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndpointImage {
    /// Index into [`crate::model::Policy::workloads`].
    pub number: u32,
    /// Index into [`MapImage::guards`] of what guards what it sends; `None` if no
    /// policy selects it for that.
    pub egress: Option<u32>,
    /// Likewise what it receives.
    pub ingress: Option<u32>,
    /// Likewise what would guard what it sends if the proposed policy were in force;
    /// `None` if no policy in dry run selects it for that.
    pub proposed_egress: Option<u32>,
    /// Likewise what it receives.
    pub proposed_ingress: Option<u32>,
}

/// What guards one direction of one or more workloads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuardImage {
    /// What default deny is reported under; `None` if no policy asks for it.
    pub default_deny: Option<RuleId>,
    /// Whether any rule allows anybody anything.
    pub allows: bool,
    /// What is said of whom, as [`netverdict_abi::Reason`] lays down. Denies hold
    /// for all that is inside: the lowering leaves nothing below a deny.
    pub entries: BTreeMap<PolicyEntry, Verdict>,
}

/// Key of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyEntry {
    /// Who; `None` is anybody.
    pub identity: Option<IdentityId>,
    /// Which protocol and ports.
    pub l4: L4Prefix,
}

/// A prefix of protocol and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum L4Prefix {
    /// Every protocol.
    All,
    /// Ports of a protocol that share their first bits; message types of ICMP.
    Ports {
        /// IANA protocol number.
        protocol: u8,
        /// The first port.
        port: u16,
        /// Bits of it that count, 0 to 16.
        bits: u8,
    },
}

impl L4Prefix {
    /// Bits of protocol and port that count: 0, or 8 to 24.
    pub const fn bits(self) -> u8 {
        match self {
            L4Prefix::All => 0,
            L4Prefix::Ports { bits, .. } => 8 + bits,
        }
    }
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Allowed by this rule.
    Allow(RuleId),
    /// Denied by this rule.
    Deny(RuleId),
    /// Nothing, though something is said around it. In prefilters only.
    NoMatch,
}

impl MapImage {
    /// The image under which every frame passes.
    pub fn pass_all() -> MapImage {
        MapImage {
            pass_all: true,
            ..MapImage::default()
        }
    }

    /// The rule that a number stands for.
    pub fn rule(&self, id: RuleId) -> Option<RuleRef> {
        let index = usize::try_from(id.0.checked_sub(1)?).ok()?;
        self.rules.get(index).copied()
    }

    /// The image as if the proposed policy were in force; what is in force now takes
    /// its place.
    #[must_use]
    pub fn proposed(&self) -> MapImage {
        let mut image = self.clone();
        for endpoint in image.endpoints.values_mut() {
            let EndpointImage {
                number: _,
                egress,
                ingress,
                proposed_egress,
                proposed_ingress,
            } = endpoint;
            for (enforced, proposed) in [(egress, proposed_egress), (ingress, proposed_ingress)] {
                if proposed.is_some() {
                    std::mem::swap(enforced, proposed);
                }
            }
        }
        image
    }

    /// Entries that each map has to hold for this image.
    pub fn sizes(&self) -> ImageSizes {
        let mut sizes = ImageSizes {
            prefilters: self.prefilters.len(),
            endpoints: self.endpoints.len(),
            ..ImageSizes::default()
        };
        let listed = (self.prefilters.values()).flat_map(|stage| stage.sources.keys());
        for prefix in self.deny_list.keys().chain(listed) {
            match prefix.family() {
                Family::V4 => sizes.prefilter_v4 += 1,
                Family::V6 => sizes.prefilter_v6 += 1,
            }
        }
        for prefix in self.identities.keys() {
            match prefix.family() {
                Family::V4 => sizes.identities_v4 += 1,
                Family::V6 => sizes.identities_v6 += 1,
            }
        }
        for stage in self.prefilters.values() {
            sizes.backends += stage.backends.len();
        }
        sizes.policy = self.guards.iter().map(|guard| guard.entries.len()).sum();
        sizes
    }
}

/// Entries per map, of one generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageSizes {
    /// Ports with a prefilter.
    pub prefilters: usize,
    /// IPv4 prefixes of prefilters.
    pub prefilter_v4: usize,
    /// IPv6 prefixes of prefilters.
    pub prefilter_v6: usize,
    /// Backends of prefilters that bypass the policy.
    pub backends: usize,
    /// Addresses of workloads.
    pub endpoints: usize,
    /// IPv4 prefixes of identities.
    pub identities_v4: usize,
    /// IPv6 prefixes of identities.
    pub identities_v6: usize,
    /// Entries of policies.
    pub policy: usize,
}

impl ImageSizes {
    /// Prefixes that one map can hold of one image.
    pub const MAX_PREFIXES: usize = 1 << 20;

    /// Entries of policies that the map can hold of one image.
    pub const MAX_POLICY_ENTRIES: usize = 1 << 20;

    /// For each map, the larger of the two.
    #[must_use]
    pub fn max(self, other: ImageSizes) -> ImageSizes {
        ImageSizes {
            prefilters: self.prefilters.max(other.prefilters),
            prefilter_v4: self.prefilter_v4.max(other.prefilter_v4),
            prefilter_v6: self.prefilter_v6.max(other.prefilter_v6),
            backends: self.backends.max(other.backends),
            endpoints: self.endpoints.max(other.endpoints),
            identities_v4: self.identities_v4.max(other.identities_v4),
            identities_v6: self.identities_v6.max(other.identities_v6),
            policy: self.policy.max(other.policy),
        }
    }
}
