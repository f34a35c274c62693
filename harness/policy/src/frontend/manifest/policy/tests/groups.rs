//! CIDR groups, and Services.

use super::{cilium, codes, linked, show, shown};

const GROUP: &str = "apiVersion: cilium.io/v2alpha1
kind: CiliumCIDRGroup
metadata: {name: partners, labels: {trust: some}}
spec: {externalCIDRs: [10.0.0.0/8, 192.0.2.0/24]}
---
apiVersion: cilium.io/v2
kind: CiliumCIDRGroup
metadata: {name: office, labels: {trust: full}}
spec: {externalCIDRs: ['fd00::/8']}
---
";

fn ingress(rule: &str) -> String {
    cilium(&format!(
        "{{endpointSelector: {{}}, ingress: [{{{rule}}}]}}"
    ))
}

#[test]
fn groups_stand_for_their_prefixes() {
    for (set, expected) in [
        ("{cidrGroupRef: partners}", "10.0.0.0/8 | 192.0.2.0/24"),
        (
            "{cidrGroupRef: partners, except: [10.1.0.0/16]}",
            "10.0.0.0/8-10.1.0.0/16 | 192.0.2.0/24",
        ),
        // An exception may take a whole prefix of the group away.
        (
            "{cidrGroupRef: partners, except: [192.0.0.0/16]}",
            "10.0.0.0/8",
        ),
        (
            "{cidr: 203.0.113.0/24}, {cidrGroupRef: office}, {cidr: 198.51.100.0/24}",
            "203.0.113.0/24 | fd00::/8 | 198.51.100.0/24",
        ),
        (
            "{cidrGroupSelector: {matchLabels: {trust: full}}}",
            "fd00::/8",
        ),
        // Groups come in the order of their names.
        (
            "{cidrGroupSelector: {}}",
            "fd00::/8 | 10.0.0.0/8 | 192.0.2.0/24",
        ),
    ] {
        let policy = ingress(&format!("fromCIDRSet: [{set}]"));
        // Wherever the group stands.
        for text in [format!("{GROUP}{policy}"), format!("{policy}---\n{GROUP}")] {
            let text = text.trim_end().trim_end_matches("---");
            assert_eq!(
                shown(text)[1],
                format!("allow ingress {expected} : *"),
                "{set}"
            );
        }
    }
}

#[test]
fn references_to_no_group_are_problems() {
    for (set, expected, help) in [
        (
            "{cidrGroupRef: partner}",
            "cidr-group-unknown at {cidrGroupRef: partner}",
            "did you mean 'partners'?",
        ),
        (
            "{cidrGroupSelector: {matchLabels: {trust: none}}}",
            "cidr-group-unknown at {cidrGroupSelector: {matchLabels: {trust: none}}}",
            "give the labels to a CiliumCIDRGroup, or name one by cidrGroupRef",
        ),
    ] {
        let text = format!("{GROUP}{}", ingress(&format!("fromCIDRSet: [{set}]")));
        let (resolved, found) = linked(&text);
        assert_eq!(codes(&found), [expected], "{set}");
        assert_eq!(found[0].help, help);
        assert_eq!(show(&resolved.policies[0])[1], "allow ingress nobody : *");
    }
}

#[test]
fn groups_hold_prefixes_only() {
    for (spec, expected) in [
        ("{externalCIDRs: [office]}", "cidr-group-nested at office"),
        (
            "{externalCIDRs: [{cidrGroupRef: office}]}",
            "cidr-group-nested at {cidrGroupRef: office}",
        ),
        (
            "{externalCIDRs: [], cidrGroupRef: office}",
            "cidr-group-nested at cidrGroupRef",
        ),
        (
            "{externalCIDRs: [10.0.0.1]}",
            "prefix-without-length at 10.0.0.1",
        ),
        (
            "{externalCIDRs: [10.0.0.1/33]}",
            "prefix-length at 10.0.0.1/33",
        ),
        ("{cidrs: []}", "unsupported-field at cidrs"),
    ] {
        let text = format!(
            "apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {{name: a}}\nspec: {spec}\n"
        );
        assert_eq!(codes(&linked(&text).1), [expected], "{spec}");
    }
}

const SERVICE: &str = "apiVersion: v1
kind: Service
metadata: {name: web, namespace: front}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, nodePort: 30080}]}
---
";

#[test]
fn services_stand_for_their_backends() {
    for (service, expected) in [
        (
            "{k8sService: {serviceName: web, namespace: front}}",
            "front/{app=web}",
        ),
        // Without namespace, the Services of that name in every one.
        ("{k8sService: {serviceName: web}}", "front/{app=web}"),
        (
            "{k8sServiceSelector: {selector: {matchLabels: {app: web}}}}",
            "front/{app=web}",
        ),
        (
            "{k8sServiceSelector: {selector: {matchLabels: {'k8s:app': web}}, namespace: front}}",
            "front/{app=web}",
        ),
    ] {
        let spec = format!(
            "{{endpointSelector: {{}}, egress: [{{toServices: [{service}], \
             toPorts: [{{ports: [{{port: '80'}}]}}]}}]}}"
        );
        let lines = shown(&format!("{SERVICE}{}", cilium(&spec)));
        assert_eq!(
            lines[1],
            format!("allow egress {expected} : any/80"),
            "{service}"
        );
    }
}

#[test]
fn services_that_nobody_knows_are_gaps() {
    let spec = "{endpointSelector: {}, egress: [{toServices: [{k8sService: {serviceName: wbe}}]}]}";
    let (resolved, found) = linked(&format!("{SERVICE}{}", cilium(spec)));
    assert_eq!(
        codes(&found),
        ["service-unknown at {k8sService: {serviceName: wbe}}"]
    );
    assert_eq!(found[0].help, "did you mean 'web'?");
    assert_eq!(
        resolved.coverage.to_string(),
        "enforced 0 of 1 rule; 1 not at all"
    );
    assert_eq!(
        resolved.coverage.rules[0].gaps[0].field,
        "spec.egress[0].toServices[0]"
    );
}
