//! Real inputs, if they lie beside the repository.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use netverdict_policy::diagnostic::{Severity, SourceFile};
use netverdict_policy::frontend::{self, ClusterOptions, HostNetwork};
use netverdict_policy::model::Workload;

/// `../shared/corpus/FOLDER` beside the repository, if it is there. It is no part
/// of the project.
fn corpus(folder: &str) -> Option<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let found = repository.join("../shared/corpus").join(folder);
    if !found.is_dir() {
        println!("not tried: {} is not there", found.display());
        return None;
    }
    Some(found)
}

/// Every manifest below `path`, sorted.
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

fn read(path: &Path) -> Vec<Arc<SourceFile>> {
    let mut paths = Vec::new();
    manifests(path, &mut paths);
    (paths.iter())
        .map(|path| {
            Arc::new(SourceFile {
                path: path.display().to_string(),
                text: fs::read_to_string(path).expect("a readable file"),
            })
        })
        .collect()
}

/// Names of workloads in lines `SOURCE => DESTINATION : PORTS`.
fn named(list: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in list.lines() {
        if let Some((source, rest)) = line.split_once(" => ")
            && let Some((destination, _)) = rest.split_once(" : ")
        {
            let ends = [source, destination].map(str::to_owned);
            names.extend(ends.into_iter().filter(|end| !end.ends_with("[External]")));
        }
    }
    names
}

#[test]
fn every_topology_has_the_workloads_that_its_list_names() {
    let Some(folder) = corpus("np-guard") else {
        return;
    };
    let mut tried = 0;
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let topology = entry.expect("an entry").path();
        let Ok(list) = fs::read_to_string(topology.join("connlist.txt")) else {
            continue;
        };
        let options = ClusterOptions {
            host_network: HostNetwork::AsWorkloads,
            ..ClusterOptions::default()
        };
        let cluster = frontend::cluster(&read(&topology.join("manifests")), &options)
            .unwrap_or_else(|found| panic!("{}: {found:#?}", topology.display()));
        let workloads = cluster.policy.workloads.iter();
        let names: BTreeSet<String> = workloads.map(Workload::to_string).collect();
        let missing: Vec<String> = named(&list).difference(&names).cloned().collect();
        assert!(
            missing.is_empty(),
            "{}: {missing:?} of {names:?}",
            topology.display()
        );
        tried += 1;
    }
    assert!(tried > 0, "no topology has a list");
}

#[test]
fn every_file_of_policies_is_read_or_says_where_it_cannot_be() {
    let Some(folder) = corpus("cilium-policies") else {
        return;
    };
    let files = read(&folder);
    assert!(!files.is_empty());
    for file in files {
        let path = file.path.clone();
        match frontend::cluster(&[file], &ClusterOptions::default()) {
            Ok(cluster) => {
                let policies = cluster.policy.network_policies.len();
                let rules: usize = (cluster.policy.network_policies.iter())
                    .map(|policy| policy.rules.len())
                    .sum();
                assert!(
                    policies > 0 || cluster.policy.workloads.is_empty(),
                    "{path}"
                );
                assert_eq!(cluster.coverage.rules.len(), rules, "{path}");
            }
            Err(found) => {
                let mut errors = found.iter().filter(|one| one.severity == Severity::Error);
                assert!(errors.all(|one| one.labels[0].location.line > 0), "{path}");
            }
        }
    }
}
