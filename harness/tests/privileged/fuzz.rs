//! `netverdict fuzz` with the kernel among the parties.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::program::{command, privileged};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        privileged("fuzz: the filter holds what is said of it", clean),
        privileged("fuzz: what is interrupted says what it found", interrupted),
        privileged("fuzz: a saved finding is a scenario like others", saved),
    ]
}

/// Given drawn cases of every property, some of them of a filter loaded anew,
fn clean() -> Result<(), Failed> {
    let output = command(["fuzz", "--cases", "400", "--seed", "1", "-o", "json"]).output()?;
    // when they are tried, then all of them hold.
    let said = String::from_utf8(output.stdout)?;
    let summary: Value = serde_json::from_str(said.lines().last().unwrap_or_default())?;
    let expected = (Some(0), Some(400), Some(0));
    let found = (
        output.status.code(),
        summary["cases"].as_u64(),
        summary["failing"].as_u64(),
    );
    if found != expected {
        return Err(format!("{found:?}: {said}").into());
    }
    Ok(())
}

/// Given a hunt without end,
fn interrupted() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let mut child = command([
        "fuzz", "--time", "1h", "--seed", "1", "-o", "json", "--save",
    ])
    .arg(folder.path())
    .process_group(0)
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()?;
    // when it has begun and a terminal tells all of it to stop,
    let stderr = child.stderr.take().ok_or("no standard error")?;
    let mut line = String::new();
    BufReader::new(stderr).read_line(&mut line)?;
    let group = format!("-{}", child.id());
    let told = Command::new("kill").args(["-INT", "--", &group]).status()?;
    if !told.success() {
        child.kill()?;
        return Err("nobody could be told".into());
    }
    // then it ends in order, with what it came to.
    let output = child.wait_with_output()?;
    let said = String::from_utf8(output.stdout)?;
    let summary: Value = serde_json::from_str(said.lines().last().unwrap_or_default())?;
    if output.status.code() != Some(0) || summary["ended"] != "interrupted" || line != "seed: 1\n" {
        return Err(format!("{:?} {line}: {said}", output.status).into());
    }
    Ok(())
}

/// Given an interpreter that reads denies as allows,
fn saved() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let output = command(["fuzz", "--cases", "60", "--seed", "1", "-o", "json"])
        .args(["--sabotage", "deny-as-allow", "--property", "agreement"])
        .arg("--save")
        .arg(folder.path())
        .output()?;
    let said = String::from_utf8(output.stdout)?;
    if output.status.code() != Some(1) {
        return Err(format!("{:?}: {said}", output.status).into());
    }
    // when what was saved is run with the filter, which is right,
    let report = folder.path().join("report");
    let run = command([
        "run",
        "--lane",
        "model,testrun,wire",
        "--mode",
        "native",
        "--report-dir",
    ])
    .arg(&report)
    .arg(folder.path())
    .output()?;
    // then it is green.
    if run.status.code() != Some(0) {
        let said = String::from_utf8(run.stdout)?;
        return Err(format!("{:?}: {said}", run.status).into());
    }
    Ok(())
}
