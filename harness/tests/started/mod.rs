//! Runs the built program as a user would, without privileges.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The workspace, where `scenarios/` is.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .expect("the workspace")
}

/// The program in the workspace, with nothing in its environment that changes what it
/// does.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netverdict"));
    command
        .current_dir(workspace())
        .args(args)
        .env_remove("GITHUB_STEP_SUMMARY")
        .env_remove("NETVERDICT_SHARD");
    command
}

/// Its exit code, and what it printed.
pub(crate) fn netverdict(args: &[&str]) -> (i32, String, String) {
    let output = command(args).output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (
        output.status.code().expect("not ended by a signal"),
        text(output.stdout),
        text(output.stderr),
    )
}
