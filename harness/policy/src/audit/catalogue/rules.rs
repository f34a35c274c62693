//! Rules and policies that do not do what they say.

use crate::diagnostic::Severity;
use crate::finding::Kind;
use crate::finding::reference::{
    AUDIT, FILTERING, LATERAL, POLICY_MAPPING, SEGMENTATION, TRAFFIC_FILTERING, technique,
};

/// A policy about nobody.
pub static POLICY_SELECTS_NOTHING: Kind = Kind {
    id: "policy-selects-nothing",
    severity: Severity::Warning,
    summary: "a policy selects no workload",
    explanation: "\
Its selector matches none of the workloads among the manifests: a label is misspelt, or the
workload is gone. Whoever it was to guard is open. Where there are no workloads at all, nothing is
said.",
    fix: "Correct the selector, or remove the policy. Workloads in the node's network are never \
          selected.",
    references: &[LATERAL, SEGMENTATION, AUDIT, POLICY_MAPPING],
};

/// A policy that neither allows, denies nor isolates.
pub static POLICY_WITHOUT_EFFECT: Kind = Kind {
    id: "policy-without-effect",
    severity: Severity::Warning,
    summary: "a policy enforces nothing",
    explanation: "\
It has no rules at all, which Cilium rejects; or it only allows, without default deny
(`enableDefaultDeny`), what nothing else denies. `netverdict check` refuses the former.",
    fix: "\
To deny everything write `ingress: [{}]`; to allow only what the rules name leave \
`enableDefaultDeny` out; otherwise remove the policy.",
    references: &[LATERAL, SEGMENTATION, AUDIT, POLICY_MAPPING],
};

/// The same is allowed and denied.
pub static POLICIES_CONTRADICT: Kind = Kind {
    id: "policies-contradict",
    severity: Severity::Warning,
    summary: "a rule allows everybody whom another denies, at some of its ports",
    explanation: "\
At some of the ports that a rule allows, rules of other sections or policies deny everybody whom it
names; at others they do not. Deny wins in Cilium, whatever the order, so the allowing rule does
less than it says, and nobody can tell which of the two was meant. Exceptions, where a deny takes
some of the addresses out, are not reported; a rule of which nothing is left is a `rule-void`.",
    fix: "Take the ports that are denied out of the allowing rule, or remove the denying one.",
    references: &[AUDIT, FILTERING, POLICY_MAPPING],
};

/// A rule that another makes superfluous.
pub static RULE_SHADOWED: Kind = Kind {
    id: "rule-shadowed",
    severity: Severity::Warning,
    summary: "everything that a rule says, others say as well",
    explanation: "\
Removing it changes nothing: whomever it allows or denies, others allow or deny already, at every
port and at every workload that it is about. A narrow rule beside a wide one is mostly the one that
was meant, and the wide one a mistake. The same holds for entries of a list inside others. Rules
that are enforced in part only (L7, FQDN) shadow no others.",
    fix: "Remove it, or the wider one if that was a mistake.",
    references: &[AUDIT, FILTERING, POLICY_MAPPING],
};

/// A rule of which denying ones leave nothing.
pub static RULE_VOID: Kind = Kind {
    id: "rule-void",
    severity: Severity::Warning,
    summary: "everything that a rule allows, others deny",
    explanation: "\
It can never decide anything: all addresses that it allows, at all of its ports, are denied, and
deny wins whatever the order. This is exact, over every address and port.",
    fix: "Remove it, or narrow the denying rules.",
    references: &[AUDIT, FILTERING, POLICY_MAPPING],
};

/// A rule that needs a proxy.
pub static L7_NOT_ENFORCED: Kind = Kind {
    id: "l7-not-enforced",
    severity: Severity::Warning,
    summary: "a rule asks for L7, and a packet filter enforces its L4 part",
    explanation: "\
HTTP paths, Kafka topics, DNS names, TLS and server names are a proxy's business. In the XDP path,
where no proxy is, everything at that port passes whoever the L4 part lets through. What bypasses
the policy bypasses the proxy as well.",
    fix: "\
Do not rely on the L7 part where XDP decides: narrow the peers of the rule, and test the proxy by \
itself.",
    references: &[
        technique("T1071", "Application Layer Protocol"),
        FILTERING,
        TRAFFIC_FILTERING,
    ],
};

/// A rule that is enforced in part, or not at all.
pub static RULE_NOT_ENFORCED: Kind = Kind {
    id: "rule-not-enforced",
    severity: Severity::Note,
    summary: "a rule is enforced in part, or not at all",
    explanation: "\
DNS names, groups of cloud providers, authentication, policies for nodes: what a packet filter at a
workload's hook cannot decide. `netverdict check` lists the same.",
    fix: "Test it where it is enforced; do not count on it in the XDP path.",
    references: &[AUDIT, TRAFFIC_FILTERING],
};
