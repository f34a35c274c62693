//! What of a rule is not enforced, and how that is said.

use super::{cilium, clusterwide, linked, show};
use crate::coverage::Enforced;

/// How much of the one rule is enforced, what is allowed, and its gaps.
fn covered(text: &str) -> (Enforced, String, Vec<String>) {
    let (resolved, found) = linked(text);
    assert!(found.is_empty(), "{text}\n{found:#?}");
    let [rule] = resolved.coverage.rules.as_slice() else {
        panic!("{text}: {:#?}", resolved.coverage);
    };
    let gaps = (rule.gaps.iter())
        .map(|gap| format!("{} at {}", gap.field, gap.location.text()))
        .collect();
    (rule.enforced, show(&resolved.policies[0])[1].clone(), gaps)
}

#[test]
fn what_a_proxy_adds_is_a_gap_of_a_rule_that_holds() {
    for (port_rule, expected) in [
        ("rules: {http: [{method: GET}]}", "rules.http at http"),
        ("rules: {kafka: [{topic: a}]}", "rules.kafka at kafka"),
        (
            "rules: {l7proto: r2d2, l7: [{cmd: HALT}]}",
            "rules.l7proto at l7proto",
        ),
        ("serverNames: [a.example]", "serverNames at serverNames"),
        (
            "terminatingTLS: {secret: {name: a}}",
            "terminatingTLS at terminatingTLS",
        ),
        (
            "originatingTLS: {secret: {name: a}}",
            "originatingTLS at originatingTLS",
        ),
        (
            "listener: {envoyConfig: {name: a}, name: b}",
            "listener at listener",
        ),
    ] {
        let spec = format!(
            "{{endpointSelector: {{}}, egress: [{{toEndpoints: [{{}}], \
             toPorts: [{{ports: [{{port: '80', protocol: TCP}}], {port_rule}}}]}}]}}"
        );
        let (enforced, shown, gaps) = covered(&cilium(&spec));
        assert_eq!(enforced, Enforced::InPart, "{port_rule}");
        assert_eq!(shown, "allow egress shop/{} : tcp/80", "{port_rule}");
        assert_eq!(gaps, [format!("spec.egress[0].toPorts[0].{expected}")]);
    }
    let dns = "{endpointSelector: {}, egress: [{toPorts: [{ports: [{port: '53', protocol: ANY}], \
               rules: {dns: [{matchPattern: '*'}]}}]}]}";
    let (enforced, shown, gaps) = covered(&cilium(dns));
    assert_eq!(enforced, Enforced::InPart);
    assert_eq!(shown, "allow egress anybody : any/53");
    assert_eq!(gaps.len(), 1);
    let authentication = "{endpointSelector: {}, ingress: [{fromEndpoints: [{}], \
                          authentication: {mode: required}}]}";
    let (enforced, shown, gaps) = covered(&cilium(authentication));
    assert_eq!(enforced, Enforced::InPart);
    assert_eq!(shown, "allow ingress shop/{} : *");
    assert_eq!(gaps, ["spec.ingress[0].authentication at authentication"]);
}

#[test]
fn empty_rules_of_a_proxy_ask_for_nothing() {
    let spec = "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: '80'}], rules: {}, \
                serverNames: []}]}]}";
    let (enforced, _, gaps) = covered(&cilium(spec));
    assert_eq!((enforced, gaps), (Enforced::Whole, Vec::new()));
}

#[test]
fn peers_that_no_packet_tells_are_nobody() {
    for (rule, enforced, shown, gap) in [
        (
            "toFQDNs: [{matchName: a.example}], toPorts: [{ports: [{port: '80', protocol: TCP}], \
             rules: {http: [{}]}}]",
            Enforced::Not,
            "nobody : tcp/80",
            "spec.egress[0].toFQDNs at toFQDNs",
        ),
        (
            "toGroups: [{aws: {securityGroupsIds: [sg-1]}}]",
            Enforced::Not,
            "nobody : *",
            "spec.egress[0].toGroups at toGroups",
        ),
        (
            "toEndpoints: [{matchLabels: {'reserved:host': '', a: b}}]",
            Enforced::Not,
            "nobody : *",
            "spec.egress[0].toEndpoints[0] at {matchLabels: {'reserved:host': '', a: b}}",
        ),
        (
            "toEndpoints: [{matchExpressions: [{key: 'reserved:world', operator: DoesNotExist}]}]",
            Enforced::Not,
            "nobody : *",
            "spec.egress[0].toEndpoints[0] at {matchExpressions: [{key: 'reserved:world', \
             operator: DoesNotExist}]}",
        ),
        (
            "toEndpoints: [{}, {matchLabels: {'reserved:host': x}}]",
            Enforced::InPart,
            "shop/{} : *",
            "spec.egress[0].toEndpoints[1] at {matchLabels: {'reserved:host': x}}",
        ),
        (
            "toPorts: [{ports: [{port: '0', protocol: VRRP}]}]",
            Enforced::Not,
            "anybody : no port",
            "spec.egress[0].toPorts[0].ports[0].protocol at protocol",
        ),
        (
            "toPorts: [{ports: [{port: '80'}, {port: '0', protocol: IGMP}]}]",
            Enforced::InPart,
            "anybody : any/80",
            "spec.egress[0].toPorts[0].ports[1].protocol at protocol",
        ),
    ] {
        let spec = format!("{{endpointSelector: {{}}, egress: [{{{rule}}}]}}");
        let (found, line, gaps) = covered(&cilium(&spec));
        assert_eq!(found, enforced, "{rule}");
        assert_eq!(line, format!("allow egress {shown}"), "{rule}");
        assert_eq!(gaps[0], gap, "{rule}");
    }
}

#[test]
fn what_passes_no_hook_of_a_workload_is_not_enforced() {
    for (spec, gap) in [
        (
            "{nodeSelector: {matchLabels: {a: b}}, ingress: [{fromEntities: [world]}]}",
            "spec.nodeSelector at nodeSelector",
        ),
        (
            "{endpointSelector: {matchExpressions: [{key: 'reserved:ingress', operator: Exists}]}, \
             ingress: [{fromEntities: [world]}]}",
            "spec.endpointSelector at endpointSelector",
        ),
    ] {
        let (enforced, _, gaps) = covered(&clusterwide(spec));
        assert_eq!(enforced, Enforced::Not, "{spec}");
        assert_eq!(gaps, [gap], "{spec}");
    }
}

#[test]
fn the_summary_counts_rules() {
    let (resolved, _) = linked(&cilium(
        "{endpointSelector: {}, ingress: [{fromEndpoints: [{}]}, {fromEntities: [world]}], egress: \
         [{toFQDNs: [{matchName: a.example}]}, {toPorts: [{ports: [{port: '53'}], rules: {dns: \
         [{matchPattern: '*'}]}}]}]}",
    ));
    let coverage = resolved.coverage;
    assert_eq!(
        coverage.to_string(),
        "enforced 2 of 4 rules; 1 in part, 1 not at all"
    );
    assert!(!coverage.is_complete());
    let json = serde_json::to_value(&coverage).expect("plain data");
    assert_eq!(json["enforced"]["in_part"], 1);
    assert_eq!(json["rules"][2]["policy"], "shop/test");
    assert_eq!(json["rules"][2]["enforced"], "not");
    assert_eq!(json["rules"][2]["gaps"][0]["line"], 4);
    assert_eq!(json["rules"][0]["file"], "test.yaml");
}
