//! Building is the user's business; only what needs root gets it.

use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace;

/// A command for `program` that runs as root: by sudo unless we are root.
///
/// `environment` reaches the program either way; sudo passes nothing else on.
pub(crate) fn as_root<'a>(
    program: impl AsRef<OsStr>,
    environment: impl IntoIterator<Item = (&'a str, &'a OsStr)>,
) -> Result<Command> {
    if is_root()? {
        let mut command = Command::new(program);
        command.envs(environment);
        return Ok(command);
    }
    let sudo = workspace::find_program("sudo")
        .context("this needs root, and there is no sudo: run it as root")?;
    let mut command = Command::new(sudo);
    command.arg("--");
    let mut environment = environment.into_iter().peekable();
    if environment.peek().is_some() {
        command.arg("env");
    }
    for (name, value) in environment {
        let mut assignment = std::ffi::OsString::from(name);
        assignment.push("=");
        assignment.push(value);
        command.arg(assignment);
    }
    command.arg(program);
    Ok(command)
}

/// Whether we are root already.
pub(crate) fn is_root() -> Result<bool> {
    let process = std::fs::metadata("/proc/self").context("look at /proc/self")?;
    Ok(process.uid() == 0)
}
