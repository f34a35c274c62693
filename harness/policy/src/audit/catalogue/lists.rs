//! Prefilters and prefixes that do not say what they seem to.

use crate::diagnostic::Severity;
use crate::finding::Kind;
use crate::finding::reference::{
    AUDIT, FILTERING, FIREWALL_CHANGED, INBOUND_FILTERING, PUBLIC_FACING, SEGMENTATION,
    TRAFFIC_FILTERING,
};

/// A prefilter that allows nobody in particular.
pub static PREFILTER_EMPTY_ALLOW_LIST: Kind = Kind {
    id: "prefilter-empty-allow-list",
    severity: Severity::Error,
    summary: "the allow list of a prefilter is empty",
    explanation: "\
A prefilter with an empty allow list treats every source alike: by its default. With `pass` it
guards nothing, with `drop` nobody gets through. Mostly the list was to be filled by something that
did not run. `netverdict check` refuses it, unless the scenario reproduces a faulty deployment
(`xfail`).",
    fix: "List the sources that may pass, or leave the prefilter out.",
    references: &[PUBLIC_FACING, FILTERING, AUDIT, INBOUND_FILTERING],
};

/// A prefilter that passes whom it does not know.
pub static PREFILTER_DEFAULT_PASS: Kind = Kind {
    id: "prefilter-default-pass",
    severity: Severity::Warning,
    summary: "a prefilter passes sources that it does not list",
    explanation: "\
With `default: pass` an allow list decides nothing: whom it does not hold passes as well. All that
keeps anybody out is a deny list, if there is one, and the policy behind, if there is one and it is
not bypassed. It is an error where neither is there.",
    fix: "\
Write `default: drop`. If the policy behind is meant to decide alone, leave the prefilter out, or \
say so in place: `# netverdict: allow prefilter-default-pass because …`.",
    references: &[PUBLIC_FACING, FILTERING, INBOUND_FILTERING],
};

/// A prefilter that keeps the policy from being asked.
pub static PREFILTER_BYPASS: Kind = Kind {
    id: "prefilter-bypass",
    severity: Severity::Error,
    summary: "a prefilter skips the policy of the workloads behind it",
    explanation: "\
With `bypass_policy: true` what the prefilter passes never meets the policy of the workload behind
the node port, though there is one, and whoever reads it believes it holds. The message says how
many addresses get past it that it would deny. If there are none, the two agree today: the next
change of either will not be noticed.",
    fix: "Write `bypass_policy: false`: the prefilter then only takes load off the policy.",
    references: &[
        PUBLIC_FACING,
        FIREWALL_CHANGED,
        FILTERING,
        SEGMENTATION,
        INBOUND_FILTERING,
    ],
};

/// A prefix that begins like a private range, and is wider.
pub static PRIVATE_RANGE_TYPO: Kind = Kind {
    id: "private-range-typo",
    severity: Severity::Error,
    summary: "a prefix begins like a private range, and is wider",
    explanation: "\
`10.0.0.0/0` is every address there is, `172.16.0.0/8` and `192.168.0.0/8` hold the addresses of
others, `100.64.0.0/8` is mostly somebody else's, and `fc00::/6` is twice the private range.
Kubernetes and Cilium take such a prefix without a word, host bits or not.

Ranges: 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16,
fc00::/7 (and fd00::/8, which is most often meant), fe80::/10.",
    fix: "Write the length of the private range, or a longer one.",
    references: &[PUBLIC_FACING, FILTERING, TRAFFIC_FILTERING],
};

/// A prefix whose address is not its first.
pub static CIDR_HOST_BITS: Kind = Kind {
    id: "cidr-host-bits",
    severity: Severity::Warning,
    summary: "a prefix has host bits set",
    explanation: "\
`10.1.2.3/8` counts as `10.0.0.0/8`: bits behind the length are dropped in silence. Whoever wrote
it may have meant the one address, or a longer prefix.",
    fix: "Write the prefix that is meant: the whole one, or `/32` and `/128` for one address.",
    references: &[AUDIT, TRAFFIC_FILTERING],
};

/// An exception that takes nothing out.
pub static EXCEPT_OUTSIDE: Kind = Kind {
    id: "except-outside",
    severity: Severity::Warning,
    summary: "an exception is not inside the prefix that it is an exception of",
    explanation: "\
What `except` names and the prefix does not hold takes nothing out; the API server refuses it, and
Cilium as well. Whoever was to be kept out may come in by another entry. An exception that is the
whole prefix leaves nothing of it.",
    fix: "Name a prefix inside the entry, or deny the exception by a rule of its own.",
    references: &[FILTERING, AUDIT, TRAFFIC_FILTERING],
};
