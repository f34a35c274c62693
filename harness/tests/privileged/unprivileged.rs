//! A machine, or a user, that lacks what a run needs.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use libtest_mimic::{Failed, Trial};

use crate::program::{NETVERDICT, command, privileged, workspace};
use crate::run::junit;

/// `nobody` on Debian; any user without privileges does.
const NOBODY: u32 = 65534;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        privileged(
            "unprivileged: what is lacking is named, and reported",
            lacking,
        ),
        privileged("unprivileged: the model lane needs nothing", model),
        privileged(
            "unprivileged: what can be proven all the same is said",
            proof,
        ),
        privileged(
            "unprivileged: under sudo the reports are the user's",
            ownership,
        ),
    ]
}

/// The program, as a user without privileges starts it in this folder.
pub(crate) fn nobodys(folder: &Path) -> Result<Command, Failed> {
    let open = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    open(folder, 0o777)?;
    let program = folder.join("netverdict");
    // Copied by another process: a child that a trial beside this one starts
    // meanwhile would inherit the descriptor it is written by, and a file open for
    // writing cannot be executed (ETXTBSY).
    let copied = Command::new("cp").arg(NETVERDICT).arg(&program).status()?;
    if !copied.success() {
        return Err(format!("cp ended with {copied}").into());
    }
    open(&program, 0o755)?;
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env_remove("NETVERDICT_FILTER")
        .uid(NOBODY)
        .gid(NOBODY);
    Ok(command)
}

/// Given a user without privileges, who can read the program and a scenario,
fn as_nobody(folder: &Path, args: &[&str]) -> Result<Output, Failed> {
    let mut command = nobodys(folder)?;
    let incident = workspace().join("scenarios/incident");
    let manifests = folder.join("manifests");
    fs::create_dir(&manifests)?;
    for file in ["inventory-service.yaml", "inventory-policy-internal.yaml"] {
        fs::copy(incident.join("manifests").join(file), manifests.join(file))?;
    }
    fs::copy(incident.join("fixed.yaml"), folder.join("fixed.yaml"))?;
    Ok(command
        .args(args)
        .args(["fixed.yaml", "--report-dir", "reports"])
        // As after `sudo -u`: to whom the reports cannot be given.
        .env("SUDO_UID", "1000")
        .env("SUDO_GID", "1000")
        .output()?)
}

/// the default lanes end with 4 and say what to do, in the report as well,
fn lacking() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let output = as_nobody(folder.path(), &["run"])?;
    let text = String::from_utf8_lossy(&output.stderr);
    if output.status.code() != Some(4) {
        return Err(format!("{}\n{text}", output.status).into());
    }
    for part in ["CAP_NET_ADMIN", "CAP_SYS_ADMIN", "--lane model"] {
        if !text.contains(part) {
            return Err(format!("'{part}' is not in\n{text}").into());
        }
    }
    let report = junit(&folder.path().join("reports"))?;
    if report.contains("CAP_NET_ADMIN") {
        Ok(())
    } else {
        Err(report.into())
    }
}

/// and the model lane works.
fn model() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let output = as_nobody(folder.path(), &["run", "--lane", "model"])?;
    match output.status.code() {
        Some(0) => Ok(()),
        _ => Err(format!(
            "{}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        )
        .into()),
    }
}

/// A proof says what it lacks, and what can be had without; and that can be had.
fn proof() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let lacking = as_nobody(folder.path(), &["prove"])?;
    let text = String::from_utf8_lossy(&lacking.stderr);
    for part in ["CAP_BPF", "--lane model", "claim A"] {
        if !text.contains(part) {
            return Err(format!("'{part}' is not in\n{text}").into());
        }
    }
    let model = as_nobody(tempfile::tempdir()?.path(), &["prove", "--lane", "model"])?;
    match (lacking.status.code(), model.status.code()) {
        (Some(4), Some(0)) => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

/// Given root on behalf of a user, the reports and their folder are the user's.
fn ownership() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let reports = folder.path().join("reports");
    let status = command(["run", "scenarios/incident/fixed.yaml", "--lane", "model"])
        .arg("--report-dir")
        .arg(&reports)
        .env("SUDO_UID", "1234")
        .env("SUDO_GID", "4321")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    if status.code() != Some(0) {
        return Err(status.to_string().into());
    }
    for path in [
        reports.clone(),
        reports.join("junit.xml"),
        reports.join("events.jsonl"),
    ] {
        let metadata = fs::metadata(&path)?;
        if (metadata.uid(), metadata.gid()) != (1234, 4321) {
            return Err(format!("{} is not the user's", path.display()).into());
        }
    }
    Ok(())
}
