//! Manifests of a scenario: their workloads stand beside those of its topology.

use std::sync::Arc;

use super::given::{addresses, file, lines};
use netverdict_policy::diagnostic::{Diagnostic, SourceFile};
use netverdict_policy::frontend::{self, Checked, Files};

/// One manifest, by whatever name.
struct One(Arc<SourceFile>);

impl Files for One {
    fn read(&mut self, _: &SourceFile, _: &str) -> Result<Arc<SourceFile>, String> {
        Ok(Arc::clone(&self.0))
    }
}

fn scenario(node: &str, manifest: &str) -> Result<Checked, Vec<Diagnostic>> {
    let text = format!(
        "name: test
topology:
  node: {{addresses: [{node}]}}
  workloads: {{web: {{labels: {{app: web}}}}}}
manifests: [m.yaml]
probes: [{{from: 10.0.0.1, to: node/icmp, expect: pass}}]
"
    );
    let mut files = One(file("m.yaml", manifest));
    frontend::scenario(&file("s.yaml", &text), &mut files)
}

#[test]
fn workloads_of_manifests_come_behind_those_of_the_topology() {
    let checked = scenario(
        "192.0.2.10",
        "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: x}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop}, status: {podIPs: [{ip: 'fd00::1'}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: b, namespace: shop}, status: {podIP: 10.244.0.2}}
---
{apiVersion: v1, kind: Pod, metadata: {name: b}}
",
    )
    .unwrap_or_else(|found| panic!("{found:#?}"));
    let scenario = checked.scenario;
    let shown: Vec<String> = (scenario.policy.workloads.iter())
        .zip(&scenario.topology.workloads)
        .map(|(workload, plan)| format!("{} {}", plan.name, addresses(workload).join(" ")))
        .collect();
    let expected = [
        "web 10.244.0.3",
        "a 10.244.0.4",
        "shop/b 10.244.0.2",
        "default/b 10.244.0.5",
    ];
    assert_eq!(shown, expected);
    assert_eq!(scenario.policy.namespaces["shop"]["team"], "x");
    let labels = &scenario.policy.workloads[0].labels;
    assert_eq!(labels["io.kubernetes.pod.namespace"], "default");
}

#[test]
fn one_name_is_one_workload() {
    let found = scenario(
        "192.0.2.10",
        "{apiVersion: v1, kind: Pod, metadata: {name: web}}",
    )
    .expect_err("twice");
    assert_eq!(lines(&found), ["duplicate-object at 1:46"]);
}

#[test]
fn the_node_has_the_labels_of_the_object_with_its_address() {
    let manifest = "apiVersion: v1
kind: NodeList
items:
- {metadata: {name: one, labels: {zone: a}}, status: {addresses: [{type: InternalIP, address: 192.0.2.11}]}}
- {metadata: {name: two, labels: {zone: b}}, status: {addresses: [{type: InternalIP, address: 192.0.2.10}]}}
";
    let checked = scenario("192.0.2.10", manifest).expect("a scenario");
    let policy = checked.scenario.policy;
    assert_eq!(policy.node.labels["zone"], "b");
    assert_eq!(policy.known_hosts[0].labels["zone"], "a");
}

#[test]
fn a_scenario_does_without_no_backend_of_a_node_port() {
    let manifest = "apiVersion: v1
kind: Service
metadata: {name: s}
spec: {type: NodePort, selector: {app: wbe}, ports: [{port: 80, nodePort: 30080}]}
";
    let found = scenario("192.0.2.10", manifest).expect_err("nobody is there");
    assert_eq!(lines(&found), ["service-without-backend at 4:34"]);
    assert_eq!(found[0].help, "did you mean 'app: web'?");
}
