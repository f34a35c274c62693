//! Who has to notice which mistake.

use super::kind::Kind;

/// What it takes to notice a mistake.
#[derive(Clone, Copy, Debug)]
pub(super) struct Witness {
    /// The mistake, as `ebpf/src/faults.rs` names it.
    pub(super) fault: &'static str,
    /// What it gets wrong.
    pub(super) kind: Kind,
    /// Where it can be seen at all.
    pub(super) lanes: Lanes,
    /// The exit code that netverdict must end with: 1 where the filter is found to
    /// be wrong, 3 where it contradicts itself and nothing can be concluded.
    pub(super) exit_code: i32,
    /// What a scenario must hold to see it, for whoever has to write one.
    pub(super) needs: &'static str,
    /// Suites, by the beginning of their names, each of which must see it by
    /// itself.
    pub(super) each_of: Option<&'static str>,
    /// What the run is told besides: which scenarios, and how often to do it.
    pub(super) arguments: &'static [&'static str],
}

/// Lanes of netverdict.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lanes {
    /// By test run as well as on the wire.
    Both,
    /// By test run only; no mistake is for them alone.
    TestRun,
    /// On the wire only: it takes links, witnesses, or traffic.
    Wire,
}

impl Lanes {
    /// As `--lane` takes them.
    pub(super) fn argument(self) -> &'static str {
        match self {
            Lanes::Both => "testrun,wire",
            Lanes::TestRun => "testrun",
            Lanes::Wire => "wire",
        }
    }
}

/// The witness of a mistake.
pub(super) fn of(fault: &str) -> Option<&'static Witness> {
    WITNESSES.iter().find(|witness| witness.fault == fault)
}

const WITNESSES: &[Witness] = &[
    Witness {
        fault: "vlan-not-skipped",
        kind: Kind::Vlan,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a denied source behind a VLAN tag",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "port-byte-order",
        kind: Kind::ByteOrder,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a port that reads differently backwards",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "address-byte-order",
        kind: Kind::ByteOrder,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "an allowed prefix that is no palindrome",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "options-not-skipped",
        kind: Kind::Parse,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "IPv4 options in front of a port that is denied, or allowed",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "extensions-not-walked",
        kind: Kind::Parse,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a denied source behind an extension header",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "icmp-type-ignored",
        kind: Kind::Parse,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "an `icmps` rule, and a message of another type",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "later-fragment-ports",
        kind: Kind::Fragments,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a later fragment whose payload looks like allowed ports",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "untracked-fragment-passes",
        kind: Kind::Fragments,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a later fragment whose first was never sent",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "fragment-identification-ignored",
        kind: Kind::Fragments,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a sequence: the first fragment of one packet, a later one of another between the same two",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "prefix-lookup-skipped",
        kind: Kind::Lookup,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a prefilter with an allow list",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "default-flipped",
        kind: Kind::Defaults,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a prefilter, and a source on none of its lists",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "except-ignored",
        kind: Kind::Lookup,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a prefilter whose default drops, and a source that its lists except or leave out",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "deny-list-ignored",
        kind: Kind::Lookup,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a deny list for every port",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "bypass-ignored",
        kind: Kind::Precedence,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a prefilter that bypasses a policy which would drop",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "bypass-not-remembered",
        kind: Kind::Memory,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "the same, at the backend",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "bypass-at-any-backend",
        kind: Kind::Memory,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a sequence: a flow that bypasses, then from the same port to a workload that is no backend of it",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "egress-not-judged",
        kind: Kind::Enforcement,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a workload with an egress policy that drops something",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "ingress-not-judged",
        kind: Kind::Enforcement,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a workload with an ingress policy that drops something",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "foreign-source-passes",
        kind: Kind::Lookup,
        lanes: Lanes::Wire,
        exit_code: 1,
        needs: "a workload that sends under another workload's address",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "identity-lookup-skipped",
        kind: Kind::Lookup,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a rule that allows workloads by label",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "identity-wildcard-ignored",
        kind: Kind::Lookup,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a rule about ports alone, for anybody",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "deny-allow-swapped",
        kind: Kind::Precedence,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a deny rule that decides",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "deny-shadowed-by-longer-port",
        kind: Kind::Precedence,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a deny for every port or a range, of which an allow for one peer or for anybody opens a port",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "generation-read-twice",
        kind: Kind::Update,
        lanes: Lanes::Wire,
        exit_code: 1,
        needs: "steps under traffic that give the same rules and guards other numbers, and enough changes",
        each_of: None,
        // The filter mixes policies only if one changes within some 50 ns of a run.
        arguments: &["--tag", "numbers", "--mode", "native", "--swaps", "2000"],
    },
    Witness {
        fault: "dry-run-enforced",
        kind: Kind::DryRun,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a frame that passes and that a policy in dry run would drop",
        each_of: Some("scenarios/dry-run/"),
        arguments: &[],
    },
    Witness {
        fault: "dry-run-not-judged",
        kind: Kind::DryRun,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a frame that a policy in dry run is about",
        each_of: Some("scenarios/dry-run/"),
        arguments: &[],
    },
    Witness {
        fault: "dry-run-of-other-direction",
        kind: Kind::DryRun,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a policy in dry run about one direction only",
        each_of: Some("scenarios/dry-run/"),
        arguments: &[],
    },
    Witness {
        fault: "reply-without-connection",
        kind: Kind::Memory,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a sequence: an acknowledgement (`flags: [ack]`) out of a workload that may send nothing, with no connection before",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "connection-either-way",
        kind: Kind::Memory,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a sequence: a connection to a workload that may send nothing, then a new one of its own to the same host",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "connection-of-any-hook",
        kind: Kind::Memory,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "a sequence: egress lets a packet out, ingress does not let it in, then its reverse comes out of the receiver",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "related-without-connection",
        kind: Kind::Memory,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "an ICMP error about no connection, to or from a workload that may not have it",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "epoch-ignored",
        kind: Kind::Memory,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "two sequences with the same ports, the second of which answers what only the first asked",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "pass-all-ignored",
        kind: Kind::Defaults,
        lanes: Lanes::Wire,
        exit_code: 3,
        needs: "any scenario with a drop: its witness does not arrive",
        each_of: None,
        arguments: &[],
    },
    Witness {
        fault: "passes-everything",
        kind: Kind::Enforcement,
        lanes: Lanes::Both,
        exit_code: 1,
        needs: "any drop; every incident by itself",
        each_of: Some("scenarios/incident/"),
        arguments: &[],
    },
    Witness {
        fault: "drop-not-enforced",
        kind: Kind::Enforcement,
        lanes: Lanes::Both,
        exit_code: 3,
        needs: "any drop: what the filter says is not what it did, and nothing it says is evidence",
        each_of: None,
        arguments: &[],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build_ebpf;

    #[test]
    fn every_mistake_has_a_witness_and_every_witness_a_mistake() {
        let declared = build_ebpf::faults().expect("the program's own");
        let witnessed: Vec<&str> = WITNESSES.iter().map(|witness| witness.fault).collect();
        assert_eq!(witnessed, build_ebpf::names(&declared));
    }

    #[test]
    fn no_witness_asks_for_success() {
        for witness in WITNESSES {
            assert!(matches!(witness.exit_code, 1 | 3), "{}", witness.fault);
            assert!(!witness.needs.is_empty(), "{}", witness.fault);
        }
    }
}
