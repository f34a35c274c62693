//! Whole runs of the program, and the reports they leave.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Output;

use libtest_mimic::Failed;

use crate::program::command;

/// A finished run.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs it to its end.
pub(crate) fn run(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
    let Output {
        status,
        stdout,
        stderr,
    } = command(args).output().expect("the program starts");
    Run {
        code: status.code(),
        stdout: String::from_utf8(stdout).expect("UTF-8"),
        stderr: String::from_utf8(stderr).expect("UTF-8"),
    }
}

/// `netverdict run` with reports into `folder`.
pub(crate) fn run_into(folder: &Path, args: &[&str]) -> Run {
    let folder = folder.to_str().expect("UTF-8");
    run(["run", "--report-dir", folder].iter().chain(args))
}

impl Run {
    /// Demands an exit code, and shows everything where it is another.
    pub(crate) fn expect(self, code: i32) -> Result<Run, Failed> {
        if self.code == Some(code) {
            return Ok(self);
        }
        Err(Failed::from(format!(
            "exit code {:?}, expected {code}\n--- stdout\n{}\n--- stderr\n{}",
            self.code, self.stdout, self.stderr
        )))
    }
}

/// The report a run wrote.
pub(crate) fn junit(folder: &Path) -> Result<String, Failed> {
    let path = folder.join("junit.xml");
    std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()).into())
}
