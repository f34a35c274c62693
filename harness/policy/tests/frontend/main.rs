//! What valid scenarios mean.

mod probes;
mod workloads;

#[path = "../memory/mod.rs"]
mod memory;

use std::net::IpAddr;

use memory::{Memory, file};
use netverdict_policy::diagnostic::{Diagnostic, Severity};
use netverdict_policy::frame::{Body, Transport, describe};
use netverdict_policy::frontend::{self, Checked, FileKind};
use netverdict_policy::journey::{Point, Target};
use netverdict_policy::model::{Choices, Entity, ListedSource};
use netverdict_policy::scenario::{Scenario, Undeliverable};

const SERVICE: &str = "
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: NodePort
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080, nodePort: 30080}]
";

/// A scenario with everything that the tests below refer to.
fn scenario(probes: &str) -> Scenario {
    let text = format!(
        "
name: test
topology:
  node: {{addresses: [192.0.2.10, '2001:db8::10']}}
  hosts:
    both: {{zone: internal, addresses: [10.1.0.1, 10.1.0.2, 'fd00::1']}}
    four: {{zone: external, addresses: [198.51.100.7]}}
  workloads:
    web: {{labels: {{app: web}}}}
    web-two: {{labels: {{app: web}}}}
address_sets:
  nets: [10.0.0.0/8, 192.168.0.0/16, 'fd00::/8', 203.0.113.9]
manifests: [service.yaml]
probes:
{probes}
"
    );
    let checked = Memory::default()
        .with("service.yaml", SERVICE)
        .read(&text)
        .unwrap_or_else(|problems| panic!("{problems:#?}"));
    checked.scenario
}

#[test]
fn workloads_get_addresses_that_nobody_has() {
    let checked = Memory::default()
        .read(
            "
name: test
topology:
  node: {addresses: ['fd00:10:244::2', 192.0.2.10]}
  hosts: {taken: {zone: internal, addresses: [10.244.0.3, 'fd00:10:244::4']}}
  workloads: {one: {labels: {}}, two: {labels: {}}}
probes: [{from: taken, to: node/icmp, expect: pass}]
",
        )
        .unwrap_or_else(|problems| panic!("{problems:#?}"));
    let addresses = |index: usize| {
        let plan = &checked.scenario.topology.workloads[index];
        plan.addresses
            .iter()
            .map(IpAddr::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(addresses(0), ["10.244.0.2", "fd00:10:244::3"]);
    assert_eq!(addresses(1), ["10.244.0.4", "fd00:10:244::5"]);
}

#[test]
fn an_empty_allow_list_is_a_warning_where_failure_is_expected() {
    let text = "
name: test
xfail: {reason: empty, probes: [p]}
topology: {node: {addresses: [192.0.2.10]}}
prefilter: [{node_port: 1/tcp, bypass_policy: true, allow: [], default: pass}]
probes: [{name: p, from: 10.0.0.1, to: 'node:1/tcp', expect: drop}]
";
    let checked = Memory::default().read(text).expect("a warning only");
    let found: Vec<_> = (checked.warnings.iter())
        .map(|warning| (warning.code, warning.severity))
        .collect();
    assert_eq!(found, [("prefilter-empty-allow-list", Severity::Warning)]);
}

#[test]
fn manifests_are_told_from_scenarios() {
    for (text, expected) in [
        (SERVICE, FileKind::Manifest),
        (
            "{\"apiVersion\": \"v1\", \"kind\": \"List\"}",
            FileKind::Manifest,
        ),
        ("name: a scenario\nprobes: []\n", FileKind::Scenario),
        (
            "apiVersion: v1\nkind: Service\n---\nname: not one\n",
            FileKind::Scenario,
        ),
        ("", FileKind::Scenario),
        // Not YAML, but one sees what it was meant to be.
        (
            "apiVersion: v1\nkind: Service\nspec: [\n",
            FileKind::Manifest,
        ),
        ("name: [\n", FileKind::Scenario),
    ] {
        assert_eq!(frontend::kind(&file("f.yaml", text)), expected, "{text}");
    }
}
