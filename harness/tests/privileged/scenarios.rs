//! Every scenario, in every lane and mode, by itself.

use std::path::Path;

use libtest_mimic::{Failed, Trial};

use crate::program::{privileged, workspace};
use crate::run::{junit, run_into};

const LANES: [&[&str]; 4] = [
    &["--lane", "model"],
    &["--lane", "testrun"],
    &["--lane", "wire", "--mode", "native"],
    &["--lane", "wire", "--mode", "generic"],
];

pub(crate) fn trials() -> Vec<Trial> {
    let root = workspace();
    let found = netverdict::sources::find(&[root.join("scenarios")]).expect("scenarios are there");
    let mut trials = Vec::new();
    for path in found {
        let scenario = path
            .strip_prefix(&root)
            .expect("inside")
            .display()
            .to_string();
        for lane in LANES {
            let name = format!(
                "{scenario} {}",
                lane.iter()
                    .skip(1)
                    .step_by(2)
                    .copied()
                    .collect::<Vec<_>>()
                    .join("/")
            );
            let scenario = scenario.clone();
            trials.push(match lane {
                ["--lane", "model"] => Trial::test(name, move || as_expected(&scenario, lane)),
                _ => privileged(name, move || as_expected(&scenario, lane)),
            });
        }
    }
    assert!(trials.len() > LANES.len(), "there are scenarios");
    trials
}

fn as_expected(scenario: &str, lane: &[&str]) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    run_into(folder.path(), &[&[scenario], lane].concat()).expect(0)?;
    let report = junit(folder.path())?;
    count_is_positive(&report, folder.path())
}

fn count_is_positive(report: &str, folder: &Path) -> Result<(), Failed> {
    if report.contains("<testcase ") {
        Ok(())
    } else {
        Err(format!("{}: no test case in\n{report}", folder.display()).into())
    }
}
