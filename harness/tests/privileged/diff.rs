//! Witnesses of `netverdict diff`, tried on the kernel under both policies.

use std::path::Path;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::program::{command, privileged, workspace};
use crate::unprivileged::nobodys;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        privileged("diff: witnesses are judged by the kernel", witnesses),
        privileged("diff: without privileges it says by whom", unprivileged),
    ]
}

/// Given the policy as it was meant and as it was deployed,
fn sides(folder: &Path) -> Result<(), Failed> {
    let incident = workspace().join("scenarios/incident/manifests");
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: inventory, labels: {app: inventory}}, \
               spec: {containers: [{name: main, image: example/main}]}}\n";
    for (side, policy) in [("old", "internal"), ("new", "open")] {
        let side = folder.join(side);
        std::fs::create_dir(&side)?;
        std::fs::write(side.join("pod.yaml"), pod)?;
        let service = "inventory-service.yaml";
        std::fs::copy(incident.join(service), side.join(service))?;
        let policy = format!("inventory-policy-{policy}.yaml");
        std::fs::copy(incident.join(policy), side.join("policy.yaml"))?;
    }
    Ok(())
}

/// a packet for each change is dropped in the kernel under the one and passes under the
/// other.
fn witnesses() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    sides(folder.path())?;
    let output = command(["diff", "old", "new", "--lane", "testrun", "-o", "json"])
        .current_dir(folder.path())
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    if output.status.code() != Some(1) {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}\n{text}{stderr}", output.status).into());
    }
    let whole: Value = serde_json::from_str(&text)?;
    let changes = whole["changes"].as_array().ok_or("changes")?;
    if changes.is_empty() {
        return Err("no change was found".into());
    }
    for change in changes {
        let witness = &change["witness"];
        let verdict = |side: &str| witness[side]["verdict"].as_str().map(str::to_owned);
        let verdicts = (verdict("old"), verdict("new"));
        let expected = (Some("drop".to_owned()), Some("pass".to_owned()));
        if witness["lane"] != "testrun" || verdicts != expected {
            return Err(format!("{change:#}").into());
        }
    }
    Ok(())
}

/// the model judges where nobody may ask the kernel, which is said; and who demands the
/// kernel is told what is lacking.
fn unprivileged() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    sides(folder.path())?;
    let by_model = nobodys(folder.path())?
        .args(["diff", "old", "new"])
        .output()?;
    let text = String::from_utf8(by_model.stdout)?;
    let said = String::from_utf8(by_model.stderr)?;
    let is_said = said.contains("not tried on the kernel") && text.contains("by the model");
    if by_model.status.code() != Some(1) || !is_said || text.contains("by the kernel") {
        return Err(format!("{}\n{text}{said}", by_model.status).into());
    }
    let demanding = nobodys(folder.path())?
        .args(["diff", "old", "new", "--lane", "testrun"])
        .output()?;
    let said = String::from_utf8(demanding.stderr)?;
    if demanding.status.code() != Some(4) || !said.contains("CAP_") {
        return Err(format!("{}\n{said}", demanding.status).into());
    }
    Ok(())
}
