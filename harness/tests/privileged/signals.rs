//! A run that is stopped writes what it found.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};

use crate::program::{command, privileged, workspace};
use crate::run::junit;

/// Bit of SIGTERM (15) in the masks of proc_pid_status(5).
const SIGTERM_BIT: u64 = 1 << 14;

pub(crate) fn trials() -> Vec<Trial> {
    vec![privileged(
        "signals: a run that is stopped writes its reports",
        stopped,
    )]
}

fn stopped() -> Result<(), Failed> {
    // Given a run of more scenarios than are done in a moment,
    let folder = tempfile::tempdir()?;
    let report = folder.path().to_str().ok_or("UTF-8")?;
    let incident = workspace().join("scenarios/incident");
    let many = folder.path().join("many");
    fs::create_dir(&many)?;
    symlink(incident.join("manifests"), many.join("manifests"))?;
    for copy in 0..400 {
        symlink(
            incident.join("fixed.yaml"),
            many.join(format!("{copy}.yaml")),
        )?;
    }
    let mut child = command(["run", "--report-dir", report])
        .arg(&many)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // when it is told to stop,
    wait_until_it_listens(child.id())?;
    Command::new("kill").arg(child.id().to_string()).status()?;
    // then it is inconclusive, and its report holds what was found until then.
    let status = child.wait()?;
    if status.code() != Some(3) {
        return Err(format!("{status}, expected exit code 3").into());
    }
    let report = junit(folder.path())?;
    if !report.contains("the run was stopped before it") {
        return Err("nothing was left out of the report as skipped".into());
    }
    let events = fs::read_to_string(folder.path().join("events.jsonl"))?;
    if events.contains(r#""interrupted":true"#) {
        Ok(())
    } else {
        Err(format!("not interrupted:\n{events}").into())
    }
}

/// Until the process inside, a child of the one that was started, has a handler
/// for SIGTERM.
fn wait_until_it_listens(parent: u32) -> Result<(), Failed> {
    let (_silent, never) = mpsc::channel::<()>();
    let started = Instant::now();
    let children = format!("/proc/{parent}/task/{parent}/children");
    while started.elapsed() < Duration::from_secs(20) {
        let children = fs::read_to_string(&children).unwrap_or_default();
        for child in children.split_whitespace() {
            let status = fs::read_to_string(format!("/proc/{child}/status")).unwrap_or_default();
            let caught = (status.lines())
                .find_map(|line| line.strip_prefix("SigCgt:"))
                .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
            if caught.is_some_and(|mask| mask & SIGTERM_BIT != 0) {
                return Ok(());
            }
        }
        let _ = never.recv_timeout(Duration::from_millis(1));
    }
    Err("the run never listened to SIGTERM".into())
}
