//! Runs the built program as a user would.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::{Completion, Failed, Trial};
use netverdict_lab::capability::{Needs, missing_for};

/// The program under test.
pub(crate) const NETVERDICT: &str = env!("CARGO_BIN_EXE_netverdict");

/// The workspace, where `scenarios/` is.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .expect("the workspace")
}

/// The program, ready to run in the workspace with these arguments. Filters of
/// the environment are honoured: that is how a fresh build is tested.
pub(crate) fn command(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(NETVERDICT);
    command
        .current_dir(workspace())
        .args(args)
        .env_remove("NO_COLOR");
    command
}

/// A trial that needs privileges: without them it is skipped, and says why, or
/// fails where `NETVERDICT_REQUIRE_PRIVILEGES` is set.
pub(crate) fn privileged(
    name: impl Into<String>,
    test: impl FnOnce() -> Result<(), Failed> + Send + 'static,
) -> Trial {
    Trial::ignorable_test(name, move || {
        let missing = missing_for(Needs {
            test_run: true,
            wire: true,
        });
        if missing.is_empty() {
            return test().map(|()| Completion::Completed);
        }
        let lacks: Vec<String> = missing
            .iter()
            .map(|missing| format!("{}: {}", missing.what, missing.fix))
            .collect();
        let lacks = format!("lacks {}", lacks.join("; "));
        match std::env::var_os("NETVERDICT_REQUIRE_PRIVILEGES") {
            Some(required) if required == "1" => Err(Failed::from(lacks)),
            _ => Ok(Completion::ignored_with(lacks)),
        }
    })
}
