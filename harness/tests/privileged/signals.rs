//! A run that is stopped writes what it found.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};

use crate::program::{command, privileged, workspace};
use crate::run::junit;

/// Bit of SIGTERM (15) in the masks of proc_pid_status(5).
const SIGTERM_BIT: u64 = 1 << 14;

pub(crate) fn trials() -> Vec<Trial> {
    [
        ("before it is isolated", Listener::Outside),
        ("once it is isolated", Listener::Inside),
    ]
    .map(|(when, listener)| {
        let name = format!("signals: a run that is stopped {when} writes its reports");
        privileged(name, move || stopped(listener))
    })
    .into_iter()
    .chain([privileged(
        "signals: a proof that is stopped prints what it found",
        proof_stopped,
    )])
    .collect()
}

/// Who has to listen before the signal is sent, always to the process outside.
#[derive(Clone, Copy, Debug)]
enum Listener {
    /// The process that was started.
    Outside,
    /// A child of it.
    Inside,
}

/// More scenarios than are done in a moment.
fn many(folder: &Path) -> Result<PathBuf, Failed> {
    let incident = workspace().join("scenarios/incident");
    let many = folder.join("many");
    fs::create_dir(&many)?;
    symlink(incident.join("manifests"), many.join("manifests"))?;
    for copy in 0..100 {
        symlink(
            incident.join("fixed.yaml"),
            many.join(format!("{copy}.yaml")),
        )?;
    }
    Ok(many)
}

/// A proof that is told to stop is inconclusive, prints what there is, and says that
/// it is not all.
fn proof_stopped() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let mut child = command(["prove", "--report-dir"])
        .arg(folder.path())
        .arg(many(folder.path())?)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    wait_until_it_listens(&mut child, Listener::Inside)?;
    Command::new("kill").arg(child.id().to_string()).status()?;
    let output = child.wait_with_output()?;
    let stdout = String::from_utf8(output.stdout)?;
    let stderr = String::from_utf8(output.stderr)?;
    let said = stderr.contains("ended early") || stdout.contains("interrupted");
    match (output.status.code(), said, stdout.contains("A fails for 0")) {
        (Some(3), true, true) => Ok(()),
        other => Err(format!("{other:?}\n{stdout}\n{stderr}").into()),
    }
}

fn stopped(listener: Listener) -> Result<(), Failed> {
    // Given a run of more scenarios than are done in a moment,
    let folder = tempfile::tempdir()?;
    let report = folder.path().to_str().ok_or("UTF-8")?;
    let many = many(folder.path())?;
    let mut child = command(["run", "--report-dir", report])
        .arg(&many)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    // when it is told to stop, as early as can be,
    wait_until_it_listens(&mut child, listener)?;
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

/// Far more than a busy machine takes to read the scenarios: a run that never
/// listens is to fail, not to hang.
const PATIENCE: Duration = Duration::from_secs(300);

/// Until one of them has a handler for SIGTERM.
fn wait_until_it_listens(run: &mut Child, listener: Listener) -> Result<(), Failed> {
    let (_silent, never) = mpsc::channel::<()>();
    let started = Instant::now();
    let outside = run.id().to_string();
    let children = format!("/proc/{outside}/task/{outside}/children");
    while started.elapsed() < PATIENCE {
        let candidates = match listener {
            Listener::Outside => outside.clone(),
            Listener::Inside => fs::read_to_string(&children).unwrap_or_default(),
        };
        if candidates.split_whitespace().any(listens) {
            return Ok(());
        }
        if let Some(status) = run.try_wait()? {
            return Err(format!("the run ended before it listened: {status}").into());
        }
        let _ = never.recv_timeout(Duration::from_millis(1));
    }
    run.kill()?;
    run.wait()?;
    Err("the run never listened to SIGTERM".into())
}

fn listens(process: &str) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let caught = (status.lines())
        .find_map(|line| line.strip_prefix("SigCgt:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    caught.is_some_and(|mask| mask & SIGTERM_BIT != 0)
}
