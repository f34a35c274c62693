//! A filter that is not there, or not as asked, is never green.

use libtest_mimic::{Failed, Trial};

use crate::program::privileged;
use crate::run::{junit, run_into};

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for sabotage in ["detached", "other-mode"] {
        for mode in ["native", "generic"] {
            trials.push(privileged(
                format!("sabotage: {sabotage} in {mode} mode is inconclusive"),
                move || inconclusive(sabotage, mode),
            ));
        }
    }
    trials
}

fn inconclusive(sabotage: &str, mode: &str) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let args = [
        "scenarios/incident",
        "--lane",
        "wire",
        "--mode",
        mode,
        "--sabotage",
        sabotage,
    ];
    run_into(folder.path(), &args).expect(3)?;
    let report = junit(folder.path())?;
    for case in report.split("<testcase ").skip(1) {
        if !case.contains("<error") {
            return Err(format!("a probe has a verdict:\n{case}").into());
        }
    }
    Ok(())
}
