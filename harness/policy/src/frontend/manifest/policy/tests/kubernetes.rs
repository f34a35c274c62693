//! `networking.k8s.io/v1 NetworkPolicy`.

use super::{codes, kubernetes, linked, shown};

#[test]
fn specs_mean_what_the_api_says() {
    for (spec, expected) in [
        // The types: ingress always, egress if it has a rule.
        ("{podSelector: {}}", "shop/{} isolates-ingress"),
        ("{podSelector: {}, ingress: []}", "shop/{} isolates-ingress"),
        ("{podSelector: {}, egress: []}", "shop/{} isolates-ingress"),
        (
            "{podSelector: {}, egress: [{}]}",
            "shop/{} isolates-ingress isolates-egress; allow egress anybody : *",
        ),
        (
            "{podSelector: {}, policyTypes: []}",
            "shop/{} isolates-ingress",
        ),
        (
            "{podSelector: {}, policyTypes: [Egress]}",
            "shop/{} isolates-egress",
        ),
        (
            "{podSelector: {}, policyTypes: [Egress, Ingress]}",
            "shop/{} isolates-ingress isolates-egress",
        ),
        // Everybody: an empty rule, and an empty list.
        (
            "{podSelector: {}, ingress: [{}]}",
            "shop/{} isolates-ingress; allow ingress anybody : *",
        ),
        (
            "{podSelector: {}, ingress: [{from: [], ports: []}]}",
            "shop/{} isolates-ingress; allow ingress anybody : *",
        ),
        (
            "{podSelector: {}, ingress: [{from: , ports: }]}",
            "shop/{} isolates-ingress; allow ingress anybody : *",
        ),
        // Selectors.
        (
            "{podSelector: {matchLabels: {app: web}, matchExpressions: [\
             {key: a, operator: In, values: [x, w]}, {key: b, operator: NotIn, values: [z]}, \
             {key: example.com/c, operator: Exists}, {key: d, operator: DoesNotExist}]}}",
            "shop/{app=web a=w|x b!=z example.com/c !d} isolates-ingress",
        ),
        // Both selectors in one peer are one condition, in two peers two.
        (
            "{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {a: b}}, \
             namespaceSelector: {matchLabels: {c: d}}}]}]}",
            "shop/{} isolates-ingress; allow ingress {c=d}/{a=b} : *",
        ),
        (
            "{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {a: b}}}, \
             {namespaceSelector: {matchLabels: {c: d}}}]}]}",
            "shop/{} isolates-ingress; allow ingress shop/{a=b} | {c=d}/{} : *",
        ),
        (
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}, {podSelector: {}}]}]}",
            "shop/{} isolates-ingress; allow ingress */{} | shop/{} : *",
        ),
        // A null selector is as one left out.
        (
            "{podSelector: {}, ingress: [{from: [{podSelector: , namespaceSelector: {}}]}]}",
            "shop/{} isolates-ingress; allow ingress */{} : *",
        ),
        (
            "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}\
             ]}]}",
            "shop/{} isolates-ingress isolates-egress; allow egress 10.0.0.0/8-10.1.0.0/16 : *",
        ),
        // Ports: TCP unless said; every port of a protocol; names; ranges.
        (
            "{podSelector: {}, ingress: [{ports: [{port: 80}, {protocol: UDP}, {}, \
             {port: web, protocol: SCTP}, {port: 1, endPort: 65535}]}]}",
            "shop/{} isolates-ingress; allow ingress anybody : \
             tcp/80,udp/*,tcp/*,sctp/web,tcp/1-65535",
        ),
    ] {
        assert_eq!(shown(&kubernetes(spec)).join("; "), expected, "{spec}");
    }
}

#[test]
fn what_upstream_takes_and_hardly_anybody_means_is_warned_of() {
    for (text, expected, shown) in [
        (
            kubernetes("{}"),
            "missing-selector at {",
            "shop/{} isolates-ingress",
        ),
        (
            kubernetes("{podSelector: {}, policyTypes: [Egress], ingress: [{}]}"),
            "rules-without-type at {",
            "shop/{} isolates-egress",
        ),
        (
            kubernetes("{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.1.2.3/8}}]}]}"),
            "prefix-host-bits at 10.1.2.3/8",
            "shop/{} isolates-ingress; allow ingress 10.0.0.0/8 : *",
        ),
        (
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\n".into(),
            "missing-selector at apiVersion: networking.k8s.io/v1",
            "default/{} isolates-ingress",
        ),
    ] {
        let (resolved, found) = linked(&text);
        assert_eq!(codes(&found), [expected], "{text}");
        let lines: Vec<String> = resolved.policies.iter().flat_map(super::show).collect();
        assert_eq!(lines.join("; "), shown, "{text}");
    }
}

#[test]
fn what_the_api_server_refuses_is_an_error() {
    for (spec, expected) in [
        (
            "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}]}",
            "ip-block-with-selectors at {ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}",
        ),
        (
            "{podSelector: {}, ingress: [{from: [{}]}]}",
            "peer-empty at {",
        ),
        (
            "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]\
             }}]}]}",
            "except-outside at 10.0.0.0/8",
        ),
        (
            "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/8]\
             }}]}]}",
            "except-outside at 11.0.0.0/8",
        ),
        (
            "{podSelector: {}, ingress: [{ports: [{port: web, endPort: 90}]}]}",
            "port-range at 90",
        ),
        (
            "{podSelector: {}, ingress: [{ports: [{endPort: 90}]}]}",
            "port-range at 90",
        ),
        (
            "{podSelector: {}, ingress: [{ports: [{port: 90, endPort: 80}]}]}",
            "port-range at 80",
        ),
        (
            "{podSelector: {}, ingress: [{ports: [{port: '80'}]}]}",
            "port-malformed at '80'",
        ),
        (
            "{podSelector: {}, ingress: [{ports: [{port: 0}]}]}",
            "out-of-range at 0",
        ),
        (
            "{podSelector: {}, ingress: [{ports: [{port: 80, protocol: tcp}]}]}",
            "unknown-value at tcp",
        ),
        (
            "{podSelector: {}, policyTypes: [ingress]}",
            "unknown-value at ingress",
        ),
        ("{podSelector: {matchLabels: {app: 5}}}", "wrong-type at 5"),
        (
            "{podSelector: {matchLabels: {app: -x}}}",
            "label-malformed at -x",
        ),
        (
            "{podSelector: {matchLabels: {'k8s:app': x}}}",
            "label-malformed at 'k8s:app'",
        ),
        (
            "{podSelector: {matchExpressions: [{key: a, operator: In}]}}",
            "selector-values at {key: a, operator: In}",
        ),
        (
            "{podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}",
            "selector-values at [b]",
        ),
        (
            "{podSelector: {matchExpressions: [{key: a, operator: in, values: [b]}]}}",
            "unknown-value at in",
        ),
        (
            "{podSelector: {}, ingress: [{fromEndpoints: []}]}",
            "unsupported-field at fromEndpoints",
        ),
    ] {
        let text = kubernetes(spec);
        let (resolved, found) = linked(&text);
        assert_eq!(codes(&found), [expected], "{spec}\n{found:#?}");
        assert!(resolved.policies.is_empty(), "{spec}");
    }
}
