//! Policies to make claims about.

use netverdict_policy::frontend;
use netverdict_policy::image::MapImage;
use netverdict_policy::model::Policy;
use netverdict_policy::prove::{Comparison, Mismatch, Proposed};
use netverdict_policy::scenario::Scenario;

use crate::disk;

/// Every scenario of the repository, by its path below `scenarios/`.
pub(crate) fn scenarios() -> Vec<(String, Scenario)> {
    let files = disk::yaml_files(&disk::scenarios(), &["invalid", "manifests"]);
    assert!(files.len() > 20, "{} scenarios", files.len());
    (files.iter())
        .map(|path| {
            let file = disk::read(path);
            let checked = frontend::scenario(&file, &mut disk::Disk)
                .unwrap_or_else(|problems| panic!("{}: {problems:#?}", file.path));
            (file.path.clone(), checked.scenario)
        })
        .collect()
}

/// The policy of the scenario at this path below `scenarios/`.
pub(crate) fn policy_of(path: &str) -> Policy {
    let file = disk::read(&disk::scenarios().join(path));
    let checked = frontend::scenario(&file, &mut disk::Disk);
    (checked.unwrap_or_else(|problems| panic!("{path}: {problems:#?}")))
        .scenario
        .policy
}

/// What is wrong with the image.
pub(crate) fn mismatches(policy: &Policy, image: &MapImage) -> Vec<Mismatch> {
    let mut mismatches = Comparison::new(policy, image).mismatches();
    if let Some(proposed) = Proposed::of(policy, image) {
        mismatches.extend(proposed.mismatches());
    }
    mismatches
}
