//! Matrices must notice a wrong filter as well: somebody who has manifests and no
//! scenario has nothing else.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};

use crate::{privileges, process, workspace};

/// Mistakes about workloads that any policy of them shows.
const NOTICED: [&str; 3] = [
    "ingress-not-judged",
    "identity-lookup-skipped",
    "identity-wildcard-ignored",
];

/// What the matrices are of: policies for labels, for anybody, and for addresses.
const WORLDS: &str = "scenarios/recipes";

const LANES: [&str; 2] = ["testrun", "wire"];

/// A matrix that was made with a filter.
pub(super) struct Seen {
    /// The mistake in the filter, if any, and the lane.
    pub(super) name: String,
    pub(super) exit_code: i32,
    /// What is wrong with that.
    pub(super) problem: Option<&'static str>,
}

/// Makes the matrices that have to notice `fault`, or, with none, to be right.
pub(super) fn observe(
    netverdict: &Path,
    object: &Path,
    stem: &Path,
    fault: Option<&str>,
) -> Result<Vec<Seen>> {
    if fault.is_some_and(|fault| !NOTICED.contains(&fault)) {
        return Ok(Vec::new());
    }
    let one = |lane: &&str| {
        let mut command = privileges::as_root(netverdict, [])?;
        command
            .current_dir(workspace::root())
            .args(["matrix", WORLDS, "--family", "any", "--lane", lane])
            .args([OsStr::new("--filter"), object.as_os_str()])
            .stdin(Stdio::null());
        let line = process::line(&command);
        eprintln!("+ {line}");
        let output = command.output().with_context(|| format!("run {line}"))?;
        let log = stem.with_extension(format!("matrix-{lane}.log"));
        let said = [output.stdout, output.stderr].concat();
        std::fs::write(&log, &said).with_context(|| format!("write {}", log.display()))?;
        let exit_code = output.status.code().unwrap_or(-1);
        Ok(Seen {
            name: format!("{} (matrix, {lane})", fault.unwrap_or("(none)")),
            exit_code,
            problem: problem(fault, exit_code, &String::from_utf8_lossy(&said)),
        })
    };
    LANES.iter().map(one).collect()
}

fn problem(fault: Option<&str>, exit_code: i32, said: &str) -> Option<&'static str> {
    let names_the_filter = said.contains("FILTER OR COMPILER WRONG");
    match (fault, exit_code, names_the_filter) {
        (None, 0, false) | (Some(_), 1, true) => None,
        (None, ..) => Some("the filter itself is not right"),
        (Some(_), 0, _) => Some("no matrix noticed"),
        (Some(_), 1, false) => Some("the matrix does not say that the filter is wrong"),
        (Some(_), ..) => Some("the exit code should be 1"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_has_to_say_that_the_filter_is_wrong() {
        let wrong = "note: …\nFILTER OR COMPILER WRONG: …\n";
        for (fault, exit_code, said, expected) in [
            (None, 0, "a => b : TCP 80", None),
            (None, 1, wrong, Some("the filter itself is not right")),
            (Some("f"), 1, wrong, None),
            (Some("f"), 0, "a => b : TCP 80", Some("no matrix noticed")),
            (
                Some("f"),
                1,
                "failed",
                Some("the matrix does not say that the filter is wrong"),
            ),
            (Some("f"), 3, wrong, Some("the exit code should be 1")),
        ] {
            assert_eq!(
                problem(fault, exit_code, said),
                expected,
                "{fault:?} {exit_code}"
            );
        }
    }

    #[test]
    fn mistakes_that_matrices_notice_can_be_built_in() {
        for fault in NOTICED {
            assert!(super::super::witness::of(fault).is_some(), "{fault}");
        }
    }
}
