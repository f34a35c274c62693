//! Every policy that lies in the repository, or beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use netverdict_policy::diagnostic::SourceFile;
use netverdict_policy::frontend::{self, ClusterOptions, HostNetwork};
use netverdict_policy::lower::lower;
use netverdict_policy::meaning::PolicyReading;
use netverdict_policy::model::Policy;
use netverdict_policy::prove::overrides;
use netverdict_policy::scenario::Scenario;

use crate::given::{mismatches, scenarios};

/// The policies of a scenario, with what they are called: its own, and that of every
/// step.
fn policies(scenario: &Scenario) -> Vec<(String, &Policy)> {
    let steps = (scenario.steps.iter()).map(|step| (format!(" after {}", step.name), &step.policy));
    [(String::new(), &scenario.policy)]
        .into_iter()
        .chain(steps)
        .collect()
}

#[test]
fn every_image_means_its_policy() {
    let mut wrong = Vec::new();
    for (path, scenario) in scenarios() {
        for (step, policy) in policies(&scenario) {
            let image = lower(policy).expect("checked scenarios compile");
            for mismatch in mismatches(policy, &image) {
                wrong.push(format!("{path}{step}: {mismatch:?}\n"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

/// Scenarios, and what follows a step of theirs, in which a prefilter lets past a
/// policy what that denies: the port, whose policy, why it denies, and sources as the
/// number of prefixes that make them up.
const OVERRIDING: [(&str, &str); 12] = [
    (
        "incident/as-deployed.yaml",
        "30007/tcp to default/inventory: policy-no-match 2",
    ),
    (
        "incident/bypass-only.yaml",
        "30007/tcp to default/inventory: policy-no-match 174",
    ),
    (
        "live/allow-list.yaml",
        "30007/tcp to default/inventory: policy-no-match 2",
    ),
    (
        "live/allow-list.yaml after a partner is let in",
        "30007/tcp to default/inventory: policy-no-match 3",
    ),
    (
        "live/allow-list.yaml after and shut out again",
        "30007/tcp to default/inventory: policy-no-match 2",
    ),
    (
        "prefilter/bypass-by-default.yaml",
        "30007/tcp to default/inventory: policy-no-match 174",
    ),
    (
        "prefilter/bypass.yaml",
        "30007/tcp to default/inventory: policy-no-match 2",
    ),
    (
        "prefilter/deny-beats-allow.yaml",
        "30081/tcp to default/api: policy-default-deny 2",
    ),
    (
        "prefilter/deny-list-for-every-port.yaml",
        "30081/tcp to default/api: policy-default-deny 2",
    ),
    (
        "sequences/bypass.yaml",
        "30007/tcp to default/inventory: policy-no-match 2",
    ),
    (
        "traps/bypass-behind-default-deny.yaml",
        "30070/tcp to default/gateway: policy-default-deny 2",
    ),
    (
        "workloads/node-port-from-inside.yaml",
        "30080/tcp to default/backend: policy-no-match 2",
    ),
];

#[test]
fn only_these_prefilters_override_policies() {
    let mut found = Vec::new();
    for (path, scenario) in scenarios() {
        for (step, policy) in policies(&scenario) {
            for it in overrides(&PolicyReading::new(policy)) {
                let service = &policy.node_ports[it.node_port];
                let denied: Vec<String> = (it.denied.iter())
                    .map(|(reason, region)| {
                        format!("{} {}", reason.slug(), region.prefixes().len())
                    })
                    .collect();
                let line = format!(
                    "{} to {}: {}",
                    service.node_port,
                    policy.workloads[it.backend.workload].name,
                    denied.join(", ")
                );
                found.push((format!("{path}{step}"), line));
                assert!(!it.rules.is_empty() && (it.by_allow_list || it.by_default));
            }
        }
    }
    let expected = OVERRIDING.map(|(path, line)| (path.to_owned(), line.to_owned()));
    assert_eq!(found, expected);
}

fn manifests(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("a readable folder");
        let mut paths: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
        paths.sort();
        paths.iter().for_each(|path| manifests(path, found));
    } else if (path.extension())
        .is_some_and(|end| ["yaml", "yml", "json"].iter().any(|e| end == *e))
    {
        found.push(path.to_owned());
    }
}

/// `../shared/corpus` beside the repository is no part of the project.
#[test]
fn every_image_of_the_corpus_means_its_policy() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/np-guard");
    if !corpus.is_dir() {
        println!("not tried: {} is not there", corpus.display());
        return;
    }
    let mut wrong = Vec::new();
    let mut tried = 0;
    for entry in fs::read_dir(corpus).expect("a readable folder") {
        let topology = entry.expect("an entry").path();
        let mut paths = Vec::new();
        manifests(&topology.join("manifests"), &mut paths);
        let files: Vec<Arc<SourceFile>> = (paths.iter())
            .map(|path| {
                Arc::new(SourceFile {
                    path: path.display().to_string(),
                    text: fs::read_to_string(path).expect("a readable file"),
                })
            })
            .collect();
        let options = ClusterOptions {
            host_network: HostNetwork::AsWorkloads,
            ..ClusterOptions::default()
        };
        let Ok(cluster) = frontend::cluster(&files, &options) else {
            continue;
        };
        let image = lower(&cluster.policy).expect("the corpus compiles");
        for mismatch in mismatches(&cluster.policy, &image) {
            wrong.push(format!("{}: {mismatch:?}\n", topology.display()));
        }
        tried += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
    assert!(tried > 10, "{tried} topologies");
}
