//! Entries of public catalogues that several kinds refer to.

use super::{Catalogue, Reference};

pub(crate) const fn technique(id: &'static str, name: &'static str) -> Reference {
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

/// What is reached from outside is attacked from there.
pub const PUBLIC_FACING: Reference = technique("T1190", "Exploit Public-Facing Application");
/// What is meant for inside is used from outside.
pub const REMOTE_SERVICES: Reference = technique("T1133", "External Remote Services");
/// Who is inside goes on from there.
pub const LATERAL: Reference = technique("T1210", "Exploitation of Remote Services");
/// Rules of a firewall are changed or taken away.
pub const FIREWALL_CHANGED: Reference = technique("T1562.007", "Disable or Modify Cloud Firewall");
/// Who need not talk cannot.
pub const SEGMENTATION: Reference = mitigation("M1030", "Network Segmentation");
/// What need not get through does not.
pub const FILTERING: Reference = mitigation("M1037", "Filter Network Traffic");
/// Somebody looks.
pub const AUDIT: Reference = mitigation("M1047", "Audit");
/// Packets are let through or not.
pub const TRAFFIC_FILTERING: Reference = defence("D3-NTF", "Network Traffic Filtering");
/// What comes in is let through or not.
pub const INBOUND_FILTERING: Reference = defence("D3-ITF", "Inbound Traffic Filtering");
/// What policies allow is worked out.
pub const POLICY_MAPPING: Reference = defence("D3-NTPM", "Network Traffic Policy Mapping");
/// A firewall of a machine is switched off or changed.
pub const FIREWALL_DISABLED: Reference = technique(
    "T1562.004",
    "Impair Defenses: Disable or Modify System Firewall",
);
