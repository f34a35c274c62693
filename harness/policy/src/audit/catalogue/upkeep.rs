//! What was to be done, and was not; and what is wrong with suppressions.

use crate::diagnostic::Severity;
use crate::finding::Kind;
use crate::finding::reference::{AUDIT, FILTERING, FIREWALL_CHANGED, POLICY_MAPPING};

/// A policy that counts and drops nothing.
pub static DRY_RUN_LEFT_ON: Kind = Kind {
    id: "dry-run-left-on",
    severity: Severity::Warning,
    summary: "a policy is in dry run: it drops nothing",
    explanation: "\
`policy.cilium.io/dry-run: \"true\"` makes a policy count what it would drop, and pass it. That is
for trying a policy out, and is easily forgotten: the manifest reads as if it held.",
    fix: "Remove the annotation, or write \"false\", once the counts are as expected.",
    references: &[FIREWALL_CHANGED, FILTERING, AUDIT],
};

/// A policy that nobody has said to have seen hold in the XDP path.
pub static UNVALIDATED_POLICY: Kind = Kind {
    id: "unvalidated-policy",
    severity: Severity::Note,
    summary: "a Cilium policy is not marked as validated in the XDP path",
    explanation: "\
`policy.cilium.io/ebpf-xdp-validated: \"true\"` says that somebody has run this policy against the
real XDP program, prefilters included. Without it the policy may be right, and the path around it
wrong: that was the incident. Kubernetes' own NetworkPolicies are not asked for it.",
    fix: "Write a scenario, let `netverdict run` pass, and annotate the policy.",
    references: &[AUDIT, POLICY_MAPPING],
};

/// A suppression that says no reason, or names no rule.
pub static SUPPRESSION_INVALID: Kind = Kind {
    id: "suppression-invalid",
    severity: Severity::Warning,
    summary: "a suppression has no reason, or names no rule",
    explanation: "\
A finding may stay if somebody says why, in place: `# netverdict: allow ID because REASON` at the
end of its line or in a line of its own above it, or the annotation `netverdict.io/allow.ID: REASON`
on the object it is about. What has no reason, or names no rule, suppresses nothing. This finding
cannot be suppressed.",
    fix: "Give the reason, and an id that `netverdict audit --list-rules` has.",
    references: &[AUDIT],
};

/// A suppression that nothing needs.
pub static SUPPRESSION_UNUSED: Kind = Kind {
    id: "suppression-unused",
    severity: Severity::Warning,
    summary: "a suppression suppresses nothing",
    explanation: "\
What it was written for has gone, or stands elsewhere. Left in place it would hide the next mistake
of its kind. This finding cannot be suppressed.",
    fix: "Remove it.",
    references: &[AUDIT],
};
