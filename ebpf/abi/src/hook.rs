//! Where a program of the filter is attached.

/// A place where frames are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Hook {
    /// The node's uplink, where frames from outside enter: the prefilter.
    Uplink = 0,
    /// The node's end of a workload's link, where what the workload sends enters
    /// the node: the workload's egress policy.
    Egress = 1,
    /// The workload's end of its link, before frames enter the workload: its
    /// ingress policy.
    Ingress = 2,
}

impl Hook {
    /// Every hook, by code.
    pub const ALL: [Hook; 3] = [Hook::Uplink, Hook::Egress, Hook::Ingress];

    /// Name of the program in the object.
    pub const fn program(self) -> &'static str {
        match self {
            Hook::Uplink => "netverdict_uplink",
            Hook::Egress => "netverdict_egress",
            Hook::Ingress => "netverdict_ingress",
        }
    }

    /// The name used in reports.
    pub const fn slug(self) -> &'static str {
        match self {
            Hook::Uplink => "uplink",
            Hook::Egress => "egress",
            Hook::Ingress => "ingress",
        }
    }

    /// The hook with this code.
    pub const fn from_code(code: u8) -> Option<Hook> {
        match code {
            0 => Some(Hook::Uplink),
            1 => Some(Hook::Egress),
            2 => Some(Hook::Ingress),
            _ => None,
        }
    }
}
