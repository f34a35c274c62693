//! Several runs at once on one machine.

use std::process::Stdio;

use libtest_mimic::{Failed, Trial};

use crate::program::{command, privileged};
use crate::run::junit;

pub(crate) fn trials() -> Vec<Trial> {
    vec![privileged(
        "side by side: four runs do not disturb each other",
        four,
    )]
}

fn four() -> Result<(), Failed> {
    let mut runs = Vec::new();
    for _ in 0..4 {
        let folder = tempfile::tempdir()?;
        let report = folder.path().to_str().ok_or("UTF-8")?;
        let child = command(["run", "scenarios/incident", "--report-dir", report])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        runs.push((folder, child));
    }
    for (folder, child) in runs {
        let output = child.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        if output.status.code() != Some(0) {
            return Err(format!("{}\n{text}", output.status).into());
        }
        if junit(folder.path())?.matches("<testcase ").count() == 0 {
            return Err("a run without test cases".into());
        }
    }
    Ok(())
}
