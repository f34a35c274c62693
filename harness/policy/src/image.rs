//! The exact contents of the policy maps, as data.

mod entries;

use std::collections::BTreeMap;

use crate::model::RuleRef;
use crate::port::ProtoPort;
use crate::prefix::{Family, Prefix};

/// A rule as the maps name it. 0 is no rule; the rule with number `n` is
/// `rules[n - 1]` of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub u32);

impl RuleId {
    /// No rule decided.
    pub const NONE: RuleId = RuleId(0);
}

/// A compiled policy: what the lab writes into one generation of the maps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MapImage {
    /// Protected ports.
    pub services: BTreeMap<ProtoPort, ServiceImage>,
    /// What each rule number stands for, from number 1.
    pub rules: Vec<RuleRef>,
    /// Pass every frame: the witness image.
    pub pass_all: bool,
}

/// A protected port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceImage {
    /// The prefilter stage, if there is one.
    pub prefilter: Option<PrefilterImage>,
    /// The policy stage, if a rule selects the service.
    pub policy: Option<PolicyImage>,
}

/// The prefilter stage of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrefilterImage {
    /// Whether a source that is not listed passes.
    pub default_pass: bool,
    /// Whether what passes skips the policy stage.
    pub bypass_policy: bool,
    /// What the default is reported under.
    pub default_rule: RuleId,
    /// The allow list.
    pub allow: BTreeMap<Prefix, RuleId>,
}

/// The policy stage of a service: the longest prefix that holds the source
/// decides; where none does, default deny.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyImage {
    /// What default deny is reported under.
    pub default_rule: RuleId,
    /// Verdicts by source prefix.
    pub sources: BTreeMap<Prefix, SourceVerdict>,
}

/// What a source prefix means in the policy stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceVerdict {
    /// Allowed by this rule.
    Allow(RuleId),
    /// Denied by this rule.
    Deny(RuleId),
    /// No rule matches: default deny, as an `except` leaves it.
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

    /// Entries that each map has to hold for this image.
    pub fn sizes(&self) -> ImageSizes {
        (self.services.values()).fold(ImageSizes::default(), |sizes, service| {
            sizes.plus(service.sizes())
        })
    }
}

impl ServiceImage {
    /// Entries that each map has to hold for this service.
    pub fn sizes(&self) -> ImageSizes {
        let mut sizes = ImageSizes {
            services: 1,
            ..ImageSizes::default()
        };
        for prefix in self.prefilter.iter().flat_map(|stage| stage.allow.keys()) {
            match prefix.family() {
                Family::V4 => sizes.prefilter_v4 += 1,
                Family::V6 => sizes.prefilter_v6 += 1,
            }
        }
        for prefix in self.policy.iter().flat_map(|stage| stage.sources.keys()) {
            match prefix.family() {
                Family::V4 => sizes.policy_v4 += 1,
                Family::V6 => sizes.policy_v6 += 1,
            }
        }
        sizes
    }
}

/// Entries per map, of one generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageSizes {
    /// Protected ports.
    pub services: usize,
    /// IPv4 prefixes on allow lists.
    pub prefilter_v4: usize,
    /// IPv6 prefixes on allow lists.
    pub prefilter_v6: usize,
    /// IPv4 prefixes of the policy stage.
    pub policy_v4: usize,
    /// IPv6 prefixes of the policy stage.
    pub policy_v6: usize,
}

impl ImageSizes {
    /// Prefixes that one map can hold of one image.
    pub const MAX_PREFIXES: usize = 1 << 20;

    /// For each map, the sum of the two.
    #[must_use]
    pub fn plus(self, other: ImageSizes) -> ImageSizes {
        ImageSizes {
            services: self.services + other.services,
            prefilter_v4: self.prefilter_v4 + other.prefilter_v4,
            prefilter_v6: self.prefilter_v6 + other.prefilter_v6,
            policy_v4: self.policy_v4 + other.policy_v4,
            policy_v6: self.policy_v6 + other.policy_v6,
        }
    }

    /// For each map, the larger of the two.
    #[must_use]
    pub fn max(self, other: ImageSizes) -> ImageSizes {
        ImageSizes {
            services: self.services.max(other.services),
            prefilter_v4: self.prefilter_v4.max(other.prefilter_v4),
            prefilter_v6: self.prefilter_v6.max(other.prefilter_v6),
            policy_v4: self.policy_v4.max(other.policy_v4),
            policy_v6: self.policy_v6.max(other.policy_v6),
        }
    }
}
