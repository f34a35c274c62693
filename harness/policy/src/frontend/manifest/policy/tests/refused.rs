//! What Cilium refuses.

use super::{cilium, clusterwide, codes, linked};

fn one_error(text: &str, expected: &str) {
    let (resolved, found) = linked(text);
    let codes: Vec<String> = (codes(&found).iter())
        .map(|code| code.split(' ').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(codes, [expected], "{text}\n{found:#?}");
    assert!(resolved.policies.is_empty(), "{text}");
}

#[test]
fn rules_that_cilium_rejects_are_errors() {
    let forty_one = vec!["{port: '80'}"; 41].join(", ");
    let ports = format!("toPorts: [{{ports: [{forty_one}]}}]");
    let messages = format!(
        "icmps: [{{fields: [{}]}}]",
        vec!["{type: 8}"; 41].join(", ")
    );
    for (rule, expected) in [
        (
            "fromCIDR: [10.0.0.0/8], fromEndpoints: [{}]",
            "peers-combined",
        ),
        // Upstream rejects these two together as well.
        (
            "fromCIDR: [10.0.0.0/8], fromCIDRSet: [{cidr: 10.0.0.0/8}]",
            "peers-combined",
        ),
        ("fromEntities: [word]", "unknown-entity"),
        (
            "fromEndpoints: [{matchLabels: {'reserved:hots': ''}}]",
            "unknown-entity",
        ),
        (
            "fromEndpoints: [{matchLabels: {'container:app': x}}]",
            "unsupported-field",
        ),
        ("fromEndpoints: [{matchLabels: {app: 7}}]", "wrong-type"),
        ("fromRequires: [{}]", "requires-removed"),
        ("toEndpoints: [{}]", "wrong-section"),
        ("toFQDNs: [{matchName: a.example}]", "wrong-section"),
        ("fromCIDR: [10.0.0.1]", "prefix-without-length"),
        (
            "fromCIDRSet: [{cidr: 10.0.0.0/8, except: [11.0.0.0/8]}]",
            "except-outside",
        ),
        (
            "fromCIDRSet: [{cidr: 10.0.0.0/8, cidrGroupRef: a}]",
            "cidr-set-ambiguous",
        ),
        ("fromCIDRSet: [{}]", "missing-key"),
        (
            "toPorts: [{ports: [{port: '80'}]}], icmps: [{fields: [{type: 8}]}]",
            "icmps-with-ports",
        ),
        ("icmps: [{fields: [{type: 256}]}]", "out-of-range"),
        ("icmps: [{fields: [{type: PacketTooBig}]}]", "unknown-value"),
        (
            "icmps: [{fields: [{type: 8, family: IPv5}]}]",
            "unknown-value",
        ),
        (&messages, "too-many-ports"),
        (&ports, "too-many-ports"),
        ("toPorts: [{ports: [{port: 80}]}]", "wrong-type"),
        ("toPorts: [{ports: [{port: '080'}]}]", "port-malformed"),
        ("toPorts: [{ports: [{port: '65536'}]}]", "port-malformed"),
        ("toPorts: [{ports: [{port: a--b}]}]", "port-malformed"),
        ("toPorts: [{ports: [{protocol: TCP}]}]", "missing-key"),
        (
            "toPorts: [{ports: [{port: '9', endPort: 8}]}]",
            "port-range",
        ),
        (
            "toPorts: [{ports: [{port: '0', endPort: 8}]}]",
            "port-range",
        ),
        (
            "toPorts: [{ports: [{port: '80', protocol: ICMP}]}]",
            "unsupported-field",
        ),
        (
            "toPorts: [{ports: [{port: '80', protocol: tcp}]}]",
            "unsupported-field",
        ),
        (
            "toPorts: [{ports: [{port: '80'}], rules: {http: [{}]}}]",
            "l7-rules",
        ),
        (
            "toPorts: [{ports: [{port: '0', protocol: TCP}], rules: {http: [{}]}}]",
            "l7-rules",
        ),
        (
            "toPorts: [{ports: [{port: '53'}], rules: {dns: [{matchPattern: '*'}]}}]",
            "l7-rules",
        ),
        (
            "toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{}], kafka: [{}]}}]",
            "l7-rules",
        ),
        (
            "toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {l7: [{}]}}]",
            "l7-rules",
        ),
        (
            "toPorts: [{ports: [{port: '80', protocol: TCP}], listener: {name: a}}]",
            "l7-rules",
        ),
        (
            "toPorts: [{ports: [{port: '80', protocol: TCP}], serverNames: [a], \
             rules: {http: [{}]}}]",
            "l7-rules",
        ),
        ("authentication: {mode: always}", "unknown-value"),
        ("fromEndpiont: [{}]", "unsupported-field"),
    ] {
        let spec = format!("{{endpointSelector: {{}}, ingress: [{{{rule}}}]}}");
        one_error(&cilium(&spec), expected);
    }
}

#[test]
fn denying_rules_are_about_whole_ports() {
    for (rule, expected) in [
        (
            "toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{}]}}]",
            "l7-in-deny",
        ),
        ("toFQDNs: [{matchName: a.example}]", "wrong-section"),
        ("authentication: {mode: required}", "wrong-section"),
    ] {
        let spec = format!("{{endpointSelector: {{}}, egressDeny: [{{{rule}}}]}}");
        one_error(&cilium(&spec), expected);
    }
}

#[test]
fn specs_that_cilium_rejects_are_errors() {
    for (text, expected) in [
        (cilium("{endpointSelector: {}}"), "policy-without-rules"),
        (
            cilium("{endpointSelector: {}, ingress: [], egress: []}"),
            "policy-without-rules",
        ),
        (
            cilium("{endpointSelector: {}, enableDefaultDeny: {ingress: true}}"),
            "policy-without-rules",
        ),
        (cilium("{ingress: [{}]}"), "missing-key"),
        (
            cilium("{nodeSelector: {}, ingress: [{}]}"),
            "node-selector-namespaced",
        ),
        (
            clusterwide("{nodeSelector: {}, endpointSelector: {}, ingress: [{}]}"),
            "selectors-combined",
        ),
        (
            clusterwide(
                "{nodeSelector: {}, ingress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], \
                 rules: {http: [{}]}}]}]}",
            ),
            "l7-rules",
        ),
        (
            "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: a}\n".into(),
            "missing-key",
        ),
        (
            "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: a}\nspecs: []\n"
                .into(),
            "missing-key",
        ),
    ] {
        one_error(&text, expected);
    }
}

#[test]
fn all_problems_are_found_at_once() {
    let (_, found) = linked(&cilium(
        "{endpointSelector: {matchLabels: {a: 1}}, ingress: [{fromEntities: [wrld, wold]}, \
         {fromCIDR: [x]}], egress: [{toPorts: [{ports: [{port: '-'}]}]}]}",
    ));
    assert_eq!(
        codes(&found),
        [
            "wrong-type at 1",
            "unknown-entity at wrld",
            "unknown-entity at wold",
            "prefix-malformed at x",
            "port-malformed at '-'",
        ]
    );
}
