//! Whatever the input, the front end answers, and with places that exist.

mod memory;

use std::collections::BTreeSet;

use memory::{Memory, file};
use netverdict_policy::diagnostic::Diagnostic;
use netverdict_policy::frontend::{self, ClusterOptions};
use proptest::prelude::*;

const SCENARIO: &str = include_str!("../../../scenarios/incident/as-deployed.yaml");
const SERVICE: &str = include_str!("../../../scenarios/incident/manifests/inventory-service.yaml");
const POLICY: &str = include_str!("../../../scenarios/cidr/manifests/nested-except-policy.yaml");
const SHAPES: &str = include_str!("../../../scenarios/shapes/fragments.yaml");

/// Workloads of several kinds, a node and a namespace, in lists.
const OBJECTS: &str = "apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: x}}}
- apiVersion: v1
  kind: Node
  metadata: {name: one, labels: {zone: a}}
  status: {addresses: [{type: InternalIP, address: 172.18.0.2}]}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: inventory}
  spec:
    template:
      metadata: {labels: {app: inventory}}
      spec: {containers: [{ports: [{containerPort: 50051, name: grpc}]}]}
---
apiVersion: v1
kind: PodList
items:
- metadata:
    name: inventory-5d-a
    labels: {app: inventory}
    ownerReferences: [{kind: ReplicaSet, name: inventory-5d, controller: true}]
  spec: {hostNetwork: false}
  status: {podIP: 10.244.0.2, podIPs: [{ip: 10.244.0.2}, {ip: 'fd00:10:244::2'}]}
- metadata: {name: proxy}
  spec: {hostNetwork: true}
  status: {podIP: 172.18.0.2}
";

/// An edit of a text: cut `length` characters at a place and put others there.
fn edit() -> impl Strategy<Value = (prop::sample::Index, usize, String)> {
    let inserted = prop_oneof![
        Just(String::new()),
        "[\\[\\]{}:,\\-#&*!|>'\"%@` \n]{1,3}",
        "[0-9a-f./:]{1,6}",
        any::<char>().prop_map(String::from),
        Just("null".to_owned()),
        Just("- {}\n".to_owned()),
        Just("é\u{feff}".to_owned()),
        Just("99999999999999999999".to_owned()),
    ];
    (any::<prop::sample::Index>(), 0..12_usize, inserted)
}

fn edited(text: &str, edits: &[(prop::sample::Index, usize, String)]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for (at, length, inserted) in edits {
        let start = at.index(characters.len() + 1);
        let end = (start + length).min(characters.len());
        characters.splice(start..end, inserted.chars());
    }
    characters.into_iter().collect()
}

fn check(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        assert!(!diagnostic.message.is_empty(), "{diagnostic:?}");
        for label in &diagnostic.labels {
            let location = &label.location;
            let text = &location.file.text;
            let end = location.offset + location.length;
            assert!(text.is_char_boundary(location.offset), "{diagnostic:?}");
            assert!(text.is_char_boundary(end), "{diagnostic:?}");
            // YAML 1.2 §5.4: a lone carriage return breaks the line as well.
            let before = text[..location.offset]
                .replace("\r\n", " \n")
                .replace('\r', "\n");
            let line = before.matches('\n').count() + 1;
            let column = before
                .rsplit('\n')
                .next()
                .map_or(0, |rest| rest.chars().count())
                + 1;
            assert_eq!(
                (location.line as usize, location.column as usize),
                (line, column),
                "{diagnostic:?}"
            );
        }
    }
}

proptest! {
    #[test]
    fn edited_files_are_read_or_refused(
        scenario in prop_oneof![Just(SCENARIO), Just(SHAPES)],
        scenario_edits in prop::collection::vec(edit(), 0..4),
        service_edits in prop::collection::vec(edit(), 0..3),
        policy_edits in prop::collection::vec(edit(), 0..3),
    ) {
        let service = edited(SERVICE, &service_edits);
        let policy = edited(POLICY, &policy_edits);
        let text = edited(scenario, &scenario_edits);
        let memory = Memory::default()
            .with("manifests/inventory-service.yaml", &service)
            .with("manifests/inventory-policy-open.yaml", &policy)
            .with("../manifests/inventory-service.yaml", &service)
            .with("../manifests/inventory-policy-internal.yaml", &policy);
        match memory.read(&text) {
            Ok(checked) => check(&checked.warnings),
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                check(&problems);
            }
        }
        frontend::kind(&file("f", &text));
    }

    #[test]
    fn edited_clusters_are_read_or_refused(
        objects_edits in prop::collection::vec(edit(), 0..4),
        service_edits in prop::collection::vec(edit(), 0..3),
        policy_edits in prop::collection::vec(edit(), 0..3),
    ) {
        let files = [
            file("objects.yaml", &edited(OBJECTS, &objects_edits)),
            file("service.yaml", &edited(SERVICE, &service_edits)),
            file("policy.yaml", &edited(POLICY, &policy_edits)),
        ];
        match frontend::cluster(&files, &ClusterOptions::default()) {
            Ok(cluster) => {
                check(&cluster.notes);
                let addresses: Vec<_> = (cluster.policy.workloads.iter())
                    .filter(|workload| !workload.host_network)
                    .flat_map(|workload| &workload.addresses)
                    .chain(&cluster.policy.node.addresses)
                    .collect();
                let distinct: BTreeSet<_> = addresses.iter().collect();
                prop_assert_eq!(addresses.len(), distinct.len());
            }
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                check(&problems);
            }
        }
    }

    #[test]
    fn anything_is_read_or_refused(text in "\\PC*") {
        if let Err(problems) = Memory::default().read(&text) {
            check(&problems);
        }
        if let Err(problems) = frontend::cluster(&[file("f", &text)], &ClusterOptions::default()) {
            check(&problems);
        }
    }
}
