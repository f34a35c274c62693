//! The incident: reproduced, red when asked for, and explained.

use libtest_mimic::{Failed, Trial};

use crate::program::privileged;
use crate::run::{junit, run_into};

/// Probes from outside, which the deployments as they were let in.
const EXTERNAL: [&str; 2] = ["scanner-to-inventory", "outside-to-inventory"];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        privileged("incident: exposures are reproduced", reproduced),
        privileged(
            "incident: --no-xfail names service, port, address and line",
            red,
        ),
    ]
}

fn reproduced() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let run = run_into(folder.path(), &["scenarios/incident"]).expect(0)?;
    demand(
        &run.stdout,
        "exposures reproduced (xfail) in 3 of 4 scenarios",
    )?;
    let report = junit(folder.path())?;
    demand(&report, r#"failures="0""#)?;
    demand(&report, r#"<property name="xfail" value="reproduced"/>"#)
}

fn red() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    run_into(folder.path(), &["scenarios/incident", "--no-xfail"]).expect(1)?;
    let report = junit(folder.path())?;
    for suite in report.split("<testsuite ").skip(1) {
        let fixed = suite.contains("scenarios/incident/fixed.yaml");
        let failures: Vec<&str> = suite
            .split("<testcase ")
            .filter(|case| case.contains("<failure"))
            .collect();
        let failing = |name: &str| failures.iter().find(|case| case.contains(name));
        if fixed {
            if !failures.is_empty() {
                return Err(format!("the fixed deployment has failures:\n{suite}").into());
            }
            continue;
        }
        if failures.len() != EXTERNAL.len() {
            return Err(format!("{} failures in\n{suite}", failures.len()).into());
        }
        for name in EXTERNAL {
            let case = failing(name).ok_or_else(|| format!("{name} did not fail in\n{suite}"))?;
            demand(case, "default/inventory")?;
            demand(case, "30007/tcp")?;
            if name == "scanner-to-inventory" {
                demand(case, "198.51.100.7")?;
            }
            if !case.contains(".yaml:") {
                return Err(format!("no place in a YAML file in\n{case}").into());
            }
        }
    }
    // In the deployment as it was, each fault masks the other.
    let folder = tempfile::tempdir()?;
    let both = [
        "scenarios/incident/as-deployed.yaml",
        "--no-xfail",
        "--lane",
        "testrun",
    ];
    let run = run_into(folder.path(), &both).expect(1)?;
    demand(&run.stdout, "each of these faults suffices by itself")?;
    demand(
        &run.stdout,
        "with the bypass off, this would still admit 198.51.100.7",
    )?;
    demand(&run.stdout, "inventory-policy-open.yaml:")
}

fn demand(text: &str, part: &str) -> Result<(), Failed> {
    if text.contains(part) {
        Ok(())
    } else {
        Err(format!("'{part}' is not in\n{text}").into())
    }
}
