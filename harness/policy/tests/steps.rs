//! What the steps of a scenario make of its policy.

mod memory;

use memory::Memory;
use netverdict_policy::frontend::Checked;
use netverdict_policy::lower::lower;
use netverdict_policy::model::Policy;
use netverdict_policy::oracle::{Memory as Remembered, travel};
use netverdict_policy::scenario::{Connections, Step};

/// Who is there: pods of a manifest and a workload of the topology.
const BEFORE: &str = "
apiVersion: v1
kind: Pod
metadata: {name: db, labels: {app: db, tier: back}}
---
apiVersion: v1
kind: Pod
metadata: {name: cache, labels: {app: cache}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: first}
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: 1}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: second}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 2}]}]}
";

/// One policy anew, one more, and one that is enforced in part.
const AFTER: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: first}
spec: {podSelector: {matchLabels: {app: db}}, ingress: [{ports: [{port: 3}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: third}
spec: {podSelector: {matchLabels: {app: web}}, ingress: []}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: fourth}
spec:
  endpointSelector: {matchLabels: {app: db}}
  egress: [{toFQDNs: [{matchName: example.org}]}]
";

fn read(steps: &str) -> Checked {
    let text = format!(
        "
name: test
topology:
  node: {{addresses: [192.0.2.10]}}
  hosts: {{outside: {{zone: external, addresses: [203.0.113.7]}}}}
  workloads: {{web: {{labels: {{app: web}}}}}}
manifests: [before.yaml]
prefilter: [{{node_port: 30080/tcp, bypass_policy: false, allow: [10.0.0.0/8], default: drop}}]
probes: [{{from: outside, to: 'web:2/tcp', expect: pass}}]
before_steps:
  - {{from: web, to: 'cache:6379/tcp', expect: pass}}
steps:
{steps}
"
    );
    Memory::default()
        .with("before.yaml", BEFORE)
        .with("after.yaml", AFTER)
        .read(&text)
        .unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn policies(policy: &Policy) -> Vec<String> {
    (policy.network_policies.iter())
        .map(|policy| {
            let file = &policy.location.file.path;
            format!("{} in {file}", policy.name)
        })
        .collect()
}

fn label<'p>(policy: &'p Policy, workload: &str, key: &str) -> Option<&'p str> {
    let workload = (policy.workloads.iter()).find(|known| known.name.name == workload);
    (workload.expect("a workload").labels.get(key)).map(String::as_str)
}

fn steps<const N: usize>(checked: &Checked) -> [&Step; N] {
    let steps: Vec<&Step> = checked.scenario.steps.iter().collect();
    steps.try_into().expect("as many steps")
}

#[test]
fn what_is_applied_replaces_its_like_and_stays() {
    let checked = read(
        "  - {name: a, connections: keep, apply: [after.yaml]}
  - {name: b, connections: forget, remove: [NetworkPolicy default/second, NetworkPolicy third]}",
    );
    assert_eq!(
        policies(&checked.scenario.policy),
        [
            "default/first in before.yaml",
            "default/second in before.yaml"
        ]
    );
    let [a, b] = steps(&checked);
    assert_eq!(
        policies(&a.policy),
        [
            "default/first in after.yaml",
            "default/second in before.yaml",
            "default/third in after.yaml",
            "default/fourth in after.yaml",
        ]
    );
    assert_eq!(
        policies(&b.policy),
        [
            "default/first in after.yaml",
            "default/fourth in after.yaml"
        ]
    );
    assert_eq!(
        (a.connections, b.connections),
        (Connections::Keep, Connections::Forget)
    );
    for step in [a, b] {
        assert_eq!(
            step.image,
            lower(&step.policy).expect("it fits"),
            "{}",
            step.name
        );
        assert_eq!(step.policy.workloads.len(), 3);
    }
}

#[test]
fn labels_are_set_and_taken_away_wherever_the_workload_comes_from() {
    let checked = read(
        "  - {name: a, connections: keep, labels: {web: {quarantine: 'true'}, db: {tier: null, app: web}}}
  - {name: b, connections: keep, labels: {web: {quarantine: null}}}",
    );
    let [a, b] = steps(&checked);
    let seen = |policy: &Policy| {
        [
            ("web", "quarantine"),
            ("web", "app"),
            ("db", "tier"),
            ("db", "app"),
        ]
        .map(|(workload, key)| label(policy, workload, key).unwrap_or("-").to_owned())
    };
    assert_eq!(seen(&checked.scenario.policy), ["-", "web", "back", "db"]);
    assert_eq!(seen(&a.policy), ["true", "web", "-", "web"]);
    assert_eq!(seen(&b.policy), ["-", "web", "-", "web"]);
}

#[test]
fn prefilters_are_replaced_as_a_whole_or_stay() {
    let checked = read(
        "  - {name: a, connections: keep, prefilter: [{deny: [203.0.113.0/24]}]}
  - {name: b, connections: keep, remove: [NetworkPolicy first]}
  - {name: c, connections: keep, prefilter: []}",
    );
    let seen = |policy: &Policy| (policy.prefilters.len(), policy.deny_list.len());
    assert_eq!(seen(&checked.scenario.policy), (1, 0));
    let found = steps::<3>(&checked).map(|step| seen(&step.policy));
    assert_eq!(found, [(0, 1), (0, 1), (0, 0)]);
}

#[test]
fn probes_of_steps_are_packets_of_one_connection() {
    let checked = read(
        "  - name: a
    connections: keep
    apply: [after.yaml]
    probes:
      - {from: cache, to: 'web:40000/tcp', expect: pass, reason: reply, frame: {source_port: 6379, tcp_flags: [ack]}}
      - {name: mine, from: cache, to: 'web:2/tcp', expect: pass}",
    );
    let scenario = &checked.scenario;
    let [a] = steps(&checked);
    let names: Vec<&str> = (scenario.before_steps.iter().chain(&a.probes))
        .map(|probe| probe.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "before: web -> cache:6379/tcp",
            "a: cache -> web:40000/tcp",
            "mine"
        ]
    );
    let mut memory = Remembered::tracking();
    let first = &scenario.before_steps[0].cases[0].journey;
    assert_eq!(travel(&scenario.policy, first, &mut memory).len(), 2);
    for (connections, reason) in [
        (Connections::Keep, "reply"),
        (Connections::Forget, "policy-no-match"),
    ] {
        let mut memory = memory.clone();
        memory.policy_replaced(connections);
        let said = travel(&a.policy, &a.probes[0].cases[0].journey, &mut memory);
        let last = said.last().expect("a decision");
        assert_eq!(last.reason.slug(), reason);
    }
}

/// Nothing is said twice, and nothing that a step adds is left unsaid.
#[test]
fn each_rule_is_covered_once_and_each_warning_given_once() {
    let checked = read(
        "  - {name: a, connections: keep, apply: [after.yaml]}
  - {name: b, connections: keep, labels: {web: {app: other}}}
  - {name: c, connections: keep, labels: {web: {app: web}}}",
    );
    let rules: Vec<String> = (checked.coverage.rules.iter())
        .map(|rule| {
            format!(
                "{} {} {:?}",
                rule.location.file.path, rule.policy, rule.enforced
            )
        })
        .collect();
    assert_eq!(
        rules,
        [
            "before.yaml default/first Whole",
            "before.yaml default/second Whole",
            "after.yaml default/first Whole",
            "after.yaml default/fourth Not",
        ]
    );
    let mut warnings: Vec<String> = (checked.warnings.iter())
        .map(|warning| format!("{} {}", warning.code, warning.labels[0].location))
        .collect();
    let all = warnings.len();
    warnings.sort();
    warnings.dedup();
    assert_eq!(warnings.len(), all, "{warnings:#?}");
    let selects_nothing = (warnings.iter())
        .filter(|warning| warning.starts_with("policy-selects-nothing"))
        .count();
    assert_eq!(selects_nothing, 2, "while web is no web: {warnings:#?}");
}
