//! cargo-mutants, which makes the mutants and runs the tests on each.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::{process, workspace};

/// A cargo-mutants of the version whose answers are understood here; installed
/// into `target/tools` if there is none.
pub(super) fn ready() -> Result<PathBuf> {
    let serves = |program: &PathBuf| {
        let version = process::output(Command::new(program).args(["mutants", "--version"]));
        version.is_some_and(|text| text.trim() == format!("{NAME} {VERSION}"))
    };
    if let Some(program) = workspace::programs(NAME).into_iter().find(serves) {
        return Ok(program);
    }
    eprintln!("installing {NAME} into target/tools");
    // Unoptimised it is built in a fraction of the time, and its own work is little.
    process::succeed(
        workspace::cargo()
            .args(["install", NAME, "--version", VERSION, "--locked", "--debug"])
            .arg("--root")
            .arg(workspace::tools()?),
    )?;
    Ok(workspace::tools()?.join("bin").join(NAME))
}

const NAME: &str = "cargo-mutants";
const VERSION: &str = "27.1.0";
