//! Rules that cannot decide, one reason at a time.

use std::net::IpAddr;
use std::sync::Arc;

use crate::diagnostic::{Location, SourceFile};
use crate::frontend::{self, ClusterOptions};
use crate::model::{DefaultAction, ListedSource, Policy, Prefilter, RuleRef};
use crate::shadowed::shadowed;

fn file(text: &str) -> Arc<SourceFile> {
    Arc::new(SourceFile {
        path: "c.yaml".to_owned(),
        text: text.to_owned(),
    })
}

/// Entries are written as `every 10.0.0.0/8`, `deny …` or `allow …`.
fn listing(entries: &str, default: DefaultAction) -> Policy {
    let place = Location::new(&file(""), 0, 0);
    let of = |list: &str| -> Vec<ListedSource> {
        let words = entries
            .split(", ")
            .filter_map(|entry| entry.strip_prefix(list));
        words
            .map(|prefix| ListedSource {
                prefix: prefix.trim().parse().expect(prefix),
                location: place.clone(),
            })
            .collect()
    };
    Policy {
        deny_list: of("every"),
        prefilters: vec![Prefilter {
            node_port: "30007/tcp".parse().expect("a port"),
            deny: of("deny"),
            allow: of("allow"),
            default,
            bypass_policy: false,
            location: place.clone(),
            allow_location: place.clone(),
            default_location: place.clone(),
            bypass_location: place.clone(),
        }],
        ..Policy::default()
    }
}

fn said(rule: RuleRef) -> String {
    match rule {
        RuleRef::DenyList { entry } => format!("every {entry}"),
        RuleRef::PrefilterDeny { entry, .. } => format!("deny {entry}"),
        RuleRef::PrefilterAllow { entry, .. } => format!("allow {entry}"),
        RuleRef::PrefilterDefault { .. } => "default".to_owned(),
        RuleRef::Policy { policy, rule, peer } => {
            format!("policy {policy} rule {rule} peer {peer}")
        }
        RuleRef::DefaultDeny { policy } => format!("policy {policy} default deny"),
        RuleRef::NodeReachesWorkloads => "node".to_owned(),
    }
}

/// `RULE: REASON (RULES)` of each.
fn lines(policy: &Policy) -> Vec<String> {
    (shadowed(policy).iter())
        .map(|shadowed| {
            let by: Vec<String> = shadowed.why.by().iter().copied().map(said).collect();
            let line = format!("{}: {}", said(shadowed.rule), shadowed.why);
            match by.is_empty() {
                true => line,
                false => format!("{line} ({})", by.join(", ")),
            }
        })
        .collect()
}

#[test]
fn entries_of_lists_under_others() {
    const DENIED: &str = "everything that it allows is denied";
    const BEFORE: &str = "everything that it denies is denied at every port";
    for (entries, expected) in [
        (
            "every 10.0.0.0/8, every 10.0.0.0/8, every 10.1.0.0/16",
            vec![],
        ),
        // A duplicate decides with its double, a narrower entry with the wider.
        (
            "deny 10.0.0.0/8, deny 10.0.0.0/8, deny 10.1.0.0/16, allow fd00::/8, allow fd00::/8",
            vec![],
        ),
        ("allow 10.0.0.0/8, deny 10.1.0.0/16", vec![]),
        (
            "deny 10.0.0.0/8, allow 10.1.0.0/16",
            vec![format!("allow 0: {DENIED} (deny 0)")],
        ),
        (
            "every 10.0.0.0/8, allow 10.0.0.0/8",
            vec![format!("allow 0: {DENIED} (every 0)")],
        ),
        (
            "every 10.0.0.0/8, deny 10.1.0.0/16, allow 10.1.1.0/24",
            vec![
                format!("deny 0: {BEFORE} (every 0)"),
                format!("allow 0: {DENIED} (every 0)"),
            ],
        ),
        // Only together, in one list or in two.
        (
            "deny 10.128.0.0/9, deny 10.0.0.0/9, deny 11.0.0.0/8, allow 10.0.0.0/8",
            vec![format!("allow 0: {DENIED} (deny 0, deny 1)")],
        ),
        (
            "every 10.0.0.0/9, deny 10.128.0.0/9, deny 10.1.0.0/16, allow 10.0.0.0/8",
            vec![
                format!("deny 1: {BEFORE} (every 0)"),
                format!("allow 0: {DENIED} (every 0, deny 0)"),
            ],
        ),
        ("allow 0.0.0.0/0", vec![]),
        (
            "allow 0.0.0.0/0, deny ::/1, every 8000::/1",
            vec!["default: something else decides about everybody".to_owned()],
        ),
    ] {
        for default in [DefaultAction::Drop, DefaultAction::Pass] {
            assert_eq!(lines(&listing(entries, default)), expected, "{entries}");
        }
    }
}

/// Two workloads: `web`, with a named port, and `old`, which loses its IPv6 address.
const WORKLOADS: &str = "
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec: { containers: [{ name: c, ports: [{ name: http, containerPort: 80 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: old, labels: { app: old } }
spec: { containers: [{ name: c }] }
";

/// A Cilium policy about the workloads with this label, in one line each.
fn policy(app: &str, sections: &str) -> String {
    format!(
        "---\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{ name: \
         p{} }}\nspec: {{ endpointSelector: {{ matchLabels: {{ app: {app} }} }}, {sections} }}\n",
        sections.len(),
    )
}

#[test]
fn rules_of_policies() {
    const OPEN: &str = "ingress: [{ fromCIDR: [20.0.0.0/8] }]";
    let deny_then = |denies: &str, allows: &str| {
        policy(
            "web",
            &format!("ingressDeny: [{denies}], ingress: [{allows}]"),
        )
    };
    for (manifests, expected) in [
        (policy("web", OPEN), vec![]),
        (
            policy("nobody", OPEN),
            vec![
                "policy 0 rule 0 peer 0: its policy selects no workload with a network of its own",
                "policy 0 default deny: its policy selects no workload with a network of its own",
            ],
        ),
        (
            policy(
                "web",
                "ingress: [{ fromEndpoints: [{ matchLabels: { app: gone } }, { matchLabels: { \
                 app: old } }] }]",
            ),
            vec!["policy 0 rule 0 peer 0: nobody is there whom it names"],
        ),
        (
            policy("old", "egress: [{ toCIDR: ['2001:db8::/32', 20.0.0.0/8] }]"),
            vec![
                "policy 0 rule 0 peer 0: whom it names and whom its policy selects have no \
                 address family in common",
            ],
        ),
        (
            policy(
                "old",
                "ingress: [{ fromEntities: [world], toPorts: [{ ports: [{ port: http, protocol: \
                 TCP }] }] }]",
            ),
            vec![
                "policy 0 rule 0 peer 0: no packet between them carries a port or type that it \
                 names",
            ],
        ),
        (
            policy("old", "ingress: [{ fromEntities: [world], icmps: [{ fields: [{ family: IPv6, type: 128 }] }] }]"),
            vec![
                "policy 0 rule 0 peer 0: no packet between them carries a port or type that it \
                 names",
            ],
        ),
        (
            deny_then("{ fromCIDR: [20.0.0.0/8] }", "{ fromCIDR: [20.1.0.0/16, 30.0.0.0/8] }"),
            vec![
                "policy 0 rule 0 peer 0: everything that it allows is denied (policy 0 rule 1 \
                 peer 0)",
            ],
        ),
        (
            deny_then(
                "{ fromCIDR: [20.128.0.0/9, 40.0.0.0/8, 20.0.0.0/9] }",
                "{ fromCIDR: [20.0.0.0/8] }",
            ),
            vec![
                "policy 0 rule 0 peer 0: everything that it allows is denied (policy 0 rule 1 \
                 peer 0, policy 0 rule 1 peer 2)",
            ],
        ),
        // Denied at its port; or at another.
        (
            deny_then(
                "{ fromEntities: [all], toPorts: [{ ports: [{ port: '80' }] }] }",
                "{ fromCIDR: [20.1.0.0/16], toPorts: [{ ports: [{ port: http, protocol: TCP }] }] }",
            ),
            vec![
                "policy 0 rule 0 peer 0: everything that it allows is denied (policy 0 rule 1 \
                 peer 0)",
            ],
        ),
        (
            deny_then(
                "{ fromEntities: [all], toPorts: [{ ports: [{ port: '81' }] }] }",
                "{ fromCIDR: [20.1.0.0/16], toPorts: [{ ports: [{ port: http, protocol: TCP }] }] }",
            ),
            vec![],
        ),
        (
            policy("web", "ingress: [{ fromEntities: [all] }]"),
            vec!["policy 0 default deny: something else decides about everybody"],
        ),
        (
            "---\napiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: { name: \
             nodes }\nspec: { nodeSelector: {}, ingress: [{ fromEntities: [world] }] }\n"
                .to_owned(),
            vec![
                "policy 0 rule 0 peer 0: its policy is about nodes, which pass no hook",
                "policy 0 default deny: its policy is about nodes, which pass no hook",
            ],
        ),
    ] {
        let text = format!("{WORKLOADS}{manifests}");
        let cluster = frontend::cluster(&[file(&text)], &ClusterOptions::default())
            .unwrap_or_else(|found| panic!("{manifests}\n{found:#?}"));
        let mut policy = cluster.policy;
        for old in (policy.workloads.iter_mut()).filter(|it| it.name.name == "old") {
            old.addresses.retain(IpAddr::is_ipv4);
        }
        assert_eq!(lines(&policy), expected, "{manifests}");
    }
}
