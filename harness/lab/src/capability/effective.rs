//! The effective capabilities of this process.

use std::fs;

/// A capability that something here needs (include/uapi/linux/capability.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Capability {
    NetAdmin = 12,
    NetRaw = 13,
    SysAdmin = 21,
    Perfmon = 38,
    Bpf = 39,
}

impl Capability {
    pub(super) const ALL: [Capability; 5] = [
        Capability::SysAdmin,
        Capability::NetAdmin,
        Capability::NetRaw,
        Capability::Bpf,
        Capability::Perfmon,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Capability::NetAdmin => "CAP_NET_ADMIN",
            Capability::NetRaw => "CAP_NET_RAW",
            Capability::SysAdmin => "CAP_SYS_ADMIN",
            Capability::Perfmon => "CAP_PERFMON",
            Capability::Bpf => "CAP_BPF",
        }
    }
}

/// A set of capabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Effective(u64);

impl Effective {
    /// Those of this process; none where `/proc` does not say.
    pub(super) fn of_this_process() -> Effective {
        (fs::read_to_string("/proc/self/status").ok())
            .and_then(|status| Effective::parse(&status))
            .unwrap_or_default()
    }

    /// Those that a `/proc/PID/status` file names.
    pub(super) fn parse(status: &str) -> Option<Effective> {
        let line = (status.lines()).find_map(|line| line.strip_prefix("CapEff:"))?;
        u64::from_str_radix(line.trim(), 16).ok().map(Effective)
    }

    pub(super) const fn has(self, capability: Capability) -> bool {
        self.0 & (1 << capability as u64) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_file_is_read() {
        let status = "Name:\tcat\nCapPrm:\t000001ffffffffff\nCapEff:\t0000008000001000\n";
        let effective = Effective::parse(status).expect("it has the line");
        let has: Vec<_> = (Capability::ALL.into_iter())
            .filter(|capability| effective.has(*capability))
            .collect();
        assert_eq!(has, [Capability::NetAdmin, Capability::Bpf]);
        assert_eq!(Effective::parse("Name:\tcat\n"), None);
    }
}
