//! Matrices by the program in the kernel.

use libtest_mimic::{Failed, Trial};

use crate::program::{command, privileged};

pub(crate) fn trials() -> Vec<Trial> {
    let scenarios = ["as-deployed", "fixed"].map(|name| {
        let path = format!("scenarios/incident/{name}.yaml");
        privileged(format!("matrix: {path} is the interpreter's"), move || {
            same_in_both_lanes(&["matrix", &path, "--family", "any"])
        })
    });
    let explained = privileged("explain: a NodePort is the interpreter's", || {
        let path = "scenarios/incident/as-deployed.yaml";
        same_in_both_lanes(&["explain", path, "scanner", "node", "30007/tcp"])
    });
    scenarios.into_iter().chain([explained]).collect()
}

/// Given the same question in both lanes, the answers are the same, and right.
fn same_in_both_lanes(args: &[&str]) -> Result<(), Failed> {
    let answer = |lane: &str| -> Result<String, Failed> {
        let output = command(args).args(["--lane", lane]).output()?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(format!("{lane}: {}\n{stderr}", output.status).into());
        }
        let text = String::from_utf8(output.stdout)?;
        // The lane's own name is all that may differ.
        Ok(text.replace(&format!("Checked: {lane} "), "Checked: "))
    };
    let (kernel, model) = (answer("testrun")?, answer("model")?);
    match kernel == model && kernel.contains("=>") {
        true => Ok(()),
        false => Err(format!("testrun:\n{kernel}\nmodel:\n{model}").into()),
    }
}
