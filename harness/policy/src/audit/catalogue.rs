//! Every kind of finding that an audit may have.

mod exposure;
mod lists;
mod rules;
mod upkeep;

use crate::finding::{Catalogue, Kind, Reference};

pub use exposure::{
    FORGEABLE_SOURCE, NAMESPACE_WITHOUT_DEFAULT_DENY, NODE_PORT_TO_WORLD, SERVICE_WITHOUT_POLICY,
    WILDCARD_CIDR,
};
pub use lists::{
    CIDR_HOST_BITS, EXCEPT_OUTSIDE, PREFILTER_BYPASS, PREFILTER_DEFAULT_PASS,
    PREFILTER_EMPTY_ALLOW_LIST, PRIVATE_RANGE_TYPO,
};
pub use rules::{
    L7_NOT_ENFORCED, POLICIES_CONTRADICT, POLICY_SELECTS_NOTHING, POLICY_WITHOUT_EFFECT,
    RULE_NOT_ENFORCED, RULE_SHADOWED, RULE_VOID,
};
pub use upkeep::{DRY_RUN_LEFT_ON, SUPPRESSION_INVALID, SUPPRESSION_UNUSED, UNVALIDATED_POLICY};

/// Every kind, what is most dangerous first.
pub static CATALOGUE: &[&Kind] = &[
    &WILDCARD_CIDR,
    &NODE_PORT_TO_WORLD,
    &SERVICE_WITHOUT_POLICY,
    &PREFILTER_EMPTY_ALLOW_LIST,
    &PREFILTER_DEFAULT_PASS,
    &PREFILTER_BYPASS,
    &FORGEABLE_SOURCE,
    &PRIVATE_RANGE_TYPO,
    &CIDR_HOST_BITS,
    &EXCEPT_OUTSIDE,
    &POLICY_SELECTS_NOTHING,
    &POLICY_WITHOUT_EFFECT,
    &POLICIES_CONTRADICT,
    &RULE_SHADOWED,
    &RULE_VOID,
    &L7_NOT_ENFORCED,
    &RULE_NOT_ENFORCED,
    &DRY_RUN_LEFT_ON,
    &UNVALIDATED_POLICY,
    &NAMESPACE_WITHOUT_DEFAULT_DENY,
    &SUPPRESSION_INVALID,
    &SUPPRESSION_UNUSED,
];

/// The kind with this id.
pub fn kind(id: &str) -> Option<&'static Kind> {
    CATALOGUE.iter().copied().find(|kind| kind.id == id)
}

const fn technique(id: &'static str, name: &'static str) -> Reference {
    Reference {
        catalogue: Catalogue::AttackTechnique,
        id,
        name,
    }
}

const fn mitigation(id: &'static str, name: &'static str) -> Reference {
    Reference {
        catalogue: Catalogue::AttackMitigation,
        id,
        name,
    }
}

const fn defence(id: &'static str, name: &'static str) -> Reference {
    Reference {
        catalogue: Catalogue::Defend,
        id,
        name,
    }
}

const PUBLIC_FACING: Reference = technique("T1190", "Exploit Public-Facing Application");
const REMOTE_SERVICES: Reference = technique("T1133", "External Remote Services");
const LATERAL: Reference = technique("T1210", "Exploitation of Remote Services");
const FIREWALL_CHANGED: Reference = technique("T1562.007", "Disable or Modify Cloud Firewall");
const SEGMENTATION: Reference = mitigation("M1030", "Network Segmentation");
const FILTERING: Reference = mitigation("M1037", "Filter Network Traffic");
const AUDIT: Reference = mitigation("M1047", "Audit");
const TRAFFIC_FILTERING: Reference = defence("D3-NTF", "Network Traffic Filtering");
const INBOUND_FILTERING: Reference = defence("D3-ITF", "Inbound Traffic Filtering");
const POLICY_MAPPING: Reference = defence("D3-NTPM", "Network Traffic Policy Mapping");
