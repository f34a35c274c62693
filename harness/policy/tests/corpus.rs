//! Policies that nobody on this project wrote: each file beside the repository
//! is enforced, reported field by field, or refused with a reason.
//!
//! Runs where `../shared/corpus` is; elsewhere it says that it did not.

mod disk;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use netverdict_policy::coverage::{Coverage, Enforced};
use netverdict_policy::diagnostic::{Diagnostic, Severity, SourceFile};
use netverdict_policy::frontend::{self, Cluster, ClusterOptions};

/// The corpus, if this machine has one.
fn corpus(part: &str) -> Option<PathBuf> {
    let beside = disk::scenarios().join("../../shared/corpus").join(part);
    let given = std::env::var_os("NETVERDICT_CORPUS").map(|root| Path::new(&root).join(part));
    let found = given.into_iter().chain([beside]).find(|path| path.is_dir());
    if found.is_none() {
        println!("skipped: there is no corpus of {part} beside the repository");
    }
    found
}

fn cluster(files: &[Arc<SourceFile>]) -> Result<Cluster, Vec<Diagnostic>> {
    frontend::cluster(files, &ClusterOptions::default())
}

/// How often a word stands in the text that a packet filter cannot decide.
fn beyond_packets(text: &str) -> usize {
    let words = [
        "http:",
        "kafka:",
        "dns:",
        "l7proto:",
        "toFQDNs:",
        "toGroups:",
        "fromGroups:",
        "serverNames:",
        "terminatingTLS:",
        "originatingTLS:",
        "listener:",
        "authentication:",
    ];
    // A list of one entry begins on the same line as the word before it.
    (text.lines())
        .map(|line| line.trim_start_matches(['-', ' ']))
        .filter(|line| words.iter().any(|word| line.starts_with(word)))
        .count()
}

fn gaps(coverage: &Coverage) -> usize {
    coverage.rules.iter().map(|rule| rule.gaps.len()).sum()
}

#[test]
fn every_policy_of_cilium_is_enforced_or_reported() {
    let Some(folder) = corpus("cilium-policies") else {
        return;
    };
    let mut lines = Vec::new();
    for path in disk::yaml_files(&folder, &[]) {
        let file = disk::read(&path);
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if !file.text.contains("kind: Cilium") {
            continue;
        }
        match cluster(&[Arc::clone(&file)]) {
            Ok(Cluster {
                coverage, policy, ..
            }) => {
                assert!(!policy.network_policies.is_empty(), "{name}");
                assert!(!coverage.rules.is_empty(), "{name}");
                assert_eq!(
                    coverage.rules.len(),
                    (policy.network_policies.iter())
                        .map(|policy| policy.rules.len())
                        .sum::<usize>(),
                    "{name}"
                );
                let nodes = file.text.contains("nodeSelector:");
                let unreachable = file.text.contains("key: reserved:");
                let expected = match nodes || unreachable {
                    true => coverage.rules.len(),
                    false => beyond_packets(&file.text),
                };
                assert_eq!(gaps(&coverage), expected, "{name}: {coverage:#?}");
                lines.push(format!("{name}: {coverage}"));
                for rule in coverage.incomplete() {
                    assert_ne!(rule.enforced, Enforced::Whole);
                    for gap in &rule.gaps {
                        assert!(gap.location.line > 1, "{name}");
                        lines.push(format!("    {} {gap}", gap.location.line));
                    }
                }
            }
            Err(found) => {
                let errors: Vec<String> = (found.iter())
                    .filter(|one| one.severity == Severity::Error)
                    .map(|one| {
                        let place = &one.labels[0].location;
                        format!("    {} {}: {}", place.line, one.code, one.message)
                    })
                    .collect();
                assert!(!errors.is_empty(), "{name}");
                lines.push(format!("{name}: refused"));
                lines.extend(errors);
            }
        }
    }
    println!("{}", lines.join("\n"));
    // What Cilium's own API server would not take: an operator in lower case.
    let refused: BTreeSet<&str> = (lines.iter())
        .filter_map(|line| line.strip_suffix(": refused"))
        .collect();
    assert!(
        refused.iter().all(|name| name.contains("and-statement")),
        "{refused:?}"
    );
}

#[test]
fn every_topology_of_np_guard_is_read_whole() {
    let Some(folder) = corpus("np-guard") else {
        return;
    };
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("a readable folder")
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    for folder in folders {
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let files: Vec<Arc<SourceFile>> = (disk::yaml_files(&folder, &[]).iter())
            .map(|path| disk::read(path))
            .collect();
        let Cluster {
            policy, coverage, ..
        } = cluster(&files).unwrap_or_else(|found| panic!("{name}: {found:#?}"));
        let text: usize = (files.iter())
            .flat_map(|file| file.text.lines())
            .filter(|line| line.trim_end() == "kind: NetworkPolicy")
            .count();
        assert_eq!(policy.network_policies.len(), text, "{name}");
        assert!(coverage.is_complete(), "{name}: {coverage}");
        println!("{name}: {text} policies, {coverage}");
    }
}
