use std::sync::Arc;

use crate::diagnostic::{Diagnostic, SourceFile};
use crate::frontend::{ClusterOptions, cluster};
use crate::model::Choices;

/// Two shops: one with an address of its own, and one in the node's network.
const PODS: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: red}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web, tier: front}}
spec: {containers: [{ports: [{name: http, containerPort: 8080}]}]}
status: {podIP: 10.1.2.3}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
---
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: shop, labels: {app: agent}}
spec: {hostNetwork: true}
---
";

/// Warnings about the manifests, as code, text and help.
fn warnings(policies: &str, choices: Choices) -> Vec<(String, String)> {
    let file = Arc::new(SourceFile {
        path: "test.yaml".to_owned(),
        text: format!("{PODS}{policies}"),
    });
    let options = ClusterOptions {
        choices,
        ..ClusterOptions::default()
    };
    let cluster = cluster(&[file], &options).unwrap_or_else(|found| panic!("{found:#?}"));
    (cluster.notes.iter())
        .filter(|one| one.code != "host-network")
        .map(|one| (format!("{} at {}", one.code, text(one)), one.help.clone()))
        .collect()
}

fn text(diagnostic: &Diagnostic) -> &str {
    diagnostic.labels[0].location.text()
}

fn cilium(spec: &str) -> String {
    format!(
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n\
         metadata: {{name: test, namespace: shop}}\nspec: {spec}\n"
    )
}

fn one(spec: &str, expected: &str, help: &str) {
    let found = warnings(&cilium(spec), Choices::default());
    let [(code, told)] = found.as_slice() else {
        panic!("{spec}: {found:#?}");
    };
    assert!(code.starts_with(expected), "{spec}: {code}");
    assert!(told.contains(help), "{spec}: {told}");
}

fn none(spec: &str) {
    let found = warnings(&cilium(spec), Choices::default());
    assert!(found.is_empty(), "{spec}: {found:#?}");
}

#[test]
fn selectors_that_select_nothing_name_what_is_near() {
    for (labels, help) in [
        ("app: wbe", "did you mean 'app: web'?"),
        ("ap: web", "did you mean 'app: web'?"),
        (
            "app: db, tier: front",
            "each label is there, but no workload has all of them",
        ),
        ("role: queue", "no workload there has 'role: queue'"),
        // Pods in the node's network are the node.
        ("app: agent", "no workload there has 'app: agent'"),
    ] {
        one(
            &format!("{{endpointSelector: {{matchLabels: {{{labels}}}}}, ingress: [{{}}]}}"),
            "policy-selects-nothing at {matchLabels",
            help,
        );
        one(
            &format!(
                "{{endpointSelector: {{}}, egress: [{{toEndpoints: [{{}}, {{matchLabels: \
                 {{{labels}}}}}]}}]}}"
            ),
            "peer-selects-nothing at {matchLabels",
            help,
        );
    }
    one(
        "{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: \
         {'k8s:io.kubernetes.pod.namespace': shpo}}]}]}",
        "peer-selects-nothing",
        "the namespace 'shpo' has no workload; did you mean 'shop'?",
    );
    one(
        "{endpointSelector: {}, ingress: [{fromEndpoints: [{matchExpressions: \
         [{key: ap, operator: Exists}]}]}]}",
        "peer-selects-nothing",
        "no workload has the label 'ap'; did you mean 'app'?",
    );
    for fine in [
        "{endpointSelector: {matchLabels: {app: web}}, ingress: [{}]}",
        "{endpointSelector: {}, ingress: [{fromEndpoints: [{matchExpressions: [{key: app, \
         operator: In, values: [nobody, db]}]}]}]}",
        "{endpointSelector: {}, ingress: [{fromEndpoints: [{matchExpressions: [{key: tier, \
         operator: DoesNotExist}]}]}]}",
        "{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: \
         {'k8s:io.cilium.k8s.namespace.labels.team': red}}]}]}",
    ] {
        none(fine);
    }
}

#[test]
fn names_of_ports_are_looked_for_at_the_receiver() {
    for (spec, expected) in [
        (
            "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: htpp}]}]}]}",
            "did you mean 'http'?",
        ),
        (
            "{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: http, protocol: UDP}]}]}]}",
            "name the port in the container's 'ports', or write its number",
        ),
        (
            "{endpointSelector: {matchLabels: {app: db}}, ingress: [{toPorts: [{ports: \
             [{port: http}]}]}]}",
            "name the port in the container's 'ports', or write its number",
        ),
        // What is sent arrives at the peer's port.
        (
            "{endpointSelector: {matchLabels: {app: web}}, egress: [{toEndpoints: \
             [{matchLabels: {app: db}}], toPorts: [{ports: [{port: http}]}]}]}",
            "name the port in the container's 'ports', or write its number",
        ),
    ] {
        one(spec, "named-port-unknown", expected);
    }
    none("{endpointSelector: {}, ingress: [{toPorts: [{ports: [{port: http}]}]}]}");
    none(
        "{endpointSelector: {matchLabels: {app: db}}, egress: [{toEndpoints: [{}], \
         toPorts: [{ports: [{port: http, protocol: TCP}]}]}]}",
    );
}

#[test]
fn prefixes_that_hold_pods_do_not_match_them() {
    let spec =
        |set: &str| format!("{{endpointSelector: {{}}, ingress: [{{fromCIDRSet: [{set}]}}]}}");
    one(
        &spec("{cidr: 10.0.0.0/8}"),
        "cidr-covers-workloads",
        "name workloads by fromEndpoints or toEndpoints",
    );
    // Everything is the world; the hole holds the pod; nobody is there. The
    // address of the other pod is one that nobody wrote.
    none(&spec("{cidr: 0.0.0.0/0}"));
    none(&spec("{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}"));
    none(&spec("{cidr: 10.2.0.0/16}"));
    none(&spec("{cidr: 10.244.0.0/16}"));
    let matching = Choices {
        cidrs_match_workloads: true,
        ..Choices::default()
    };
    assert!(warnings(&cilium(&spec("{cidr: 10.0.0.0/8}")), matching).is_empty());
}

#[test]
fn rules_that_add_nothing_or_contradict_are_found() {
    let both = |allow: &str, deny: &str| {
        format!("{{endpointSelector: {{}}, ingress: [{{{allow}}}], ingressDeny: [{{{deny}}}]}}")
    };
    for (allow, deny) in [
        ("fromEntities: [world]", "fromEntities: [world]"),
        ("fromCIDR: [192.0.2.0/24]", "fromCIDR: [192.0.2.0/24]"),
        (
            "fromEndpoints: [{}], toPorts: [{ports: [{port: '80'}]}]",
            "fromEndpoints: [{}], toPorts: [{ports: [{port: '8', endPort: 90, protocol: TCP}]}]",
        ),
    ] {
        one(
            &both(allow, deny),
            "rules-contradict",
            "deny wins in Cilium",
        );
    }
    for (allow, deny) in [
        ("fromEntities: [world]", "fromEntities: [host]"),
        (
            "fromEndpoints: [{}], toPorts: [{ports: [{port: '80', protocol: TCP}]}]",
            "fromEndpoints: [{}], toPorts: [{ports: [{port: '80', protocol: UDP}]}]",
        ),
        (
            "fromEndpoints: [{}], icmps: [{fields: [{type: 8}]}]",
            "fromEndpoints: [{}], toPorts: [{ports: [{port: '8'}]}]",
        ),
    ] {
        none(&both(allow, deny));
    }
    let covered =
        |set: &str| format!("{{endpointSelector: {{}}, egress: [{{toCIDRSet: [{set}]}}]}}");
    for set in [
        "{cidr: 192.0.2.0/24}, {cidr: 192.0.2.0/25}",
        "{cidr: 192.0.2.0/24}, {cidr: 192.0.2.0/24}",
        "{cidr: 192.0.2.0/24, except: [192.0.2.0/28]}, {cidr: 192.0.2.128/25}",
        "{cidr: 192.0.2.0/24, except: [192.0.2.0/28]}, {cidr: 192.0.2.0/25, except: [192.0.2.0/28]}",
    ] {
        one(&covered(set), "prefix-covered", "it changes nothing");
    }
    for set in [
        "{cidr: 192.0.2.0/25}, {cidr: 192.0.2.128/25}",
        "{cidr: 192.0.2.0/24, except: [192.0.2.0/28]}, {cidr: 192.0.2.0/28}",
        "{cidr: 192.0.2.0/24, except: [192.0.2.0/28]}, {cidr: 192.0.2.0/30}",
        "{cidr: 192.0.2.0/24, except: [192.0.2.0/28]}, {cidr: 192.0.2.0/25}",
    ] {
        none(&covered(set));
    }
}

#[test]
fn a_mistake_in_a_template_is_listed_so_many_times_and_counted() {
    let policies: Vec<String> = (0..super::LISTED + 7)
        .map(|number| {
            cilium("{endpointSelector: {matchLabels: {app: wbe}}, ingress: [{}]}")
                .replace("name: test", &format!("name: test-{number}"))
        })
        .collect();
    let file = Arc::new(SourceFile {
        path: "test.yaml".to_owned(),
        text: format!("{PODS}{}", policies.join("---\n")),
    });
    let cluster = cluster(&[file], &ClusterOptions::default()).expect("valid");
    let found: Vec<&Diagnostic> = (cluster.notes.iter())
        .filter(|one| one.code == "policy-selects-nothing")
        .collect();
    assert_eq!(found.len(), super::LISTED + 1);
    let last = found.last().expect("one more than listed");
    assert!(
        last.message.ends_with("(and 6 more places like this one)"),
        "{last:?}"
    );
}

#[test]
fn what_is_not_enforced_is_noted_once_for_each_place() {
    let found = warnings(
        "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: a}\n\
         spec: {nodeSelector: {}, ingress: [{}, {}]}\n",
        Choices::default(),
    );
    let [(code, _)] = found.as_slice() else {
        panic!("{found:#?}");
    };
    assert_eq!(code, "rule-not-enforced at nodeSelector");
}
