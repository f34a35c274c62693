//! Who can find a mistake in the filter, and what each finds.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};

use crate::{privileges, process, workspace};

/// Whoever looks for mistakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Finder {
    /// The scenarios, in test runs.
    TestRun,
    /// The scenarios, on the wire.
    Wire,
    /// Matrices of manifests, in both lanes.
    Matrix,
    /// Proofs of the scenarios' policies.
    Prove,
    /// Policies and packets drawn at random.
    Fuzz,
}

impl Finder {
    pub(super) const ALL: [Finder; 5] = [
        Finder::TestRun,
        Finder::Wire,
        Finder::Matrix,
        Finder::Prove,
        Finder::Fuzz,
    ];

    /// As a heading.
    pub(super) fn title(self) -> &'static str {
        match self {
            Finder::TestRun => "run, by test run",
            Finder::Wire => "run, on the wire",
            Finder::Matrix => "matrix",
            Finder::Prove => "prove",
            Finder::Fuzz => "fuzz",
        }
    }
}

/// What a finder said of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// All is well.
    Green,
    /// So many probes are not as they should be.
    Red(u64),
    /// Something is wrong.
    Wrong,
    /// It gave up with this exit code.
    GaveUp(i32),
}

impl Word {
    /// Of what ends with exit code 1 for a wrong filter and for nothing else.
    pub(super) fn by_exit_code(code: i32) -> Word {
        match code {
            0 => Word::Green,
            1 => Word::Wrong,
            code => Word::GaveUp(code),
        }
    }
}

/// What proofs say of the filter, by their last line: `N subjects: A fails for N, B
/// for N, C for N`. The exit code may come of the third alone, which is about
/// scenarios.
pub(super) fn proven(said: &Said) -> Word {
    let count = |before: &str| {
        let behind = said.text.trim_end().lines().rev();
        let mut behind = behind.filter_map(|line| Some(line.split_once(before)?.1));
        let digits = behind.next()?.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse::<u64>().ok()
    };
    match (count("subjects: A fails for "), count(", B for ")) {
        (Some(0), Some(0)) => Word::Green,
        (Some(maps), Some(programs)) => Word::Red(maps + programs),
        (None, _) | (_, None) => Word::GaveUp(said.exit_code),
    }
}

/// What a command of netverdict said of a filter.
pub(super) struct Said {
    pub(super) exit_code: i32,
    /// What it printed.
    pub(super) text: String,
}

/// Runs `netverdict ARGUMENTS --filter OBJECT` as root, and keeps what it prints.
pub(super) fn ask(
    netverdict: &Path,
    arguments: &[&str],
    object: &Path,
    log: &Path,
) -> Result<Said> {
    let mut command = privileges::as_root(netverdict, [])?;
    command
        .current_dir(workspace::root())
        .args(arguments)
        .args([OsStr::new("--filter"), object.as_os_str()])
        .stdin(Stdio::null());
    let line = process::line(&command);
    eprintln!("+ {line}");
    let output = command.output().with_context(|| format!("run {line}"))?;
    let said = [output.stdout, output.stderr].concat();
    std::fs::write(log, &said).with_context(|| format!("write {}", log.display()))?;
    Ok(Said {
        exit_code: output.status.code().unwrap_or(-1),
        text: String::from_utf8_lossy(&said).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proofs_speak_of_the_filter_in_their_last_line() {
        let said = |exit_code, text: &str| {
            proven(&Said {
                exit_code,
                text: text.to_owned(),
            })
        };
        for (exit_code, text, word) in [
            (
                0,
                "x\n2 subjects: A fails for 0, B for 0, C for 0\n",
                Word::Green,
            ),
            (
                1,
                "x\n2 subjects: A fails for 0, B for 0, C for 12\n",
                Word::Green,
            ),
            (
                1,
                "2 subjects: A fails for 1, B for 85, C for 12\n",
                Word::Red(86),
            ),
            (4, "this machine lacks\n", Word::GaveUp(4)),
            (3, "", Word::GaveUp(3)),
        ] {
            assert_eq!(said(exit_code, text), word, "{text}");
        }
    }
}
