//! Matrices must notice a wrong filter as well: somebody who has manifests and no
//! scenario has nothing else.

use std::path::Path;

use anyhow::Result;

use super::finder::{self, Word};

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
    pub(super) lane: &'static str,
    pub(super) exit_code: i32,
    /// What is wrong with that, if it had to notice.
    pub(super) problem: Option<&'static str>,
}

/// Whether the matrices have to notice `fault`, or, with none, to be right.
pub(super) fn must_notice(fault: Option<&str>) -> bool {
    fault.is_none_or(|fault| NOTICED.contains(&fault))
}

/// Makes the matrices.
pub(super) fn observe(
    netverdict: &Path,
    object: &Path,
    stem: &Path,
    fault: Option<&str>,
) -> Result<Vec<Seen>> {
    let one = |lane: &&'static str| {
        let arguments = ["matrix", WORLDS, "--family", "any", "--lane", lane];
        let log = stem.with_extension(format!("matrix-{lane}.log"));
        let said = finder::ask(netverdict, &arguments, object, &log)?;
        let problem = problem(fault, said.exit_code, &said.text);
        Ok(Seen {
            lane,
            exit_code: said.exit_code,
            problem: problem.filter(|_| must_notice(fault)),
        })
    };
    LANES.iter().map(one).collect()
}

/// What the matrices said together: one that notices is enough.
pub(super) fn word(seen: &[Seen]) -> Word {
    let code = seen.iter().map(|seen| seen.exit_code);
    let worst = code.clone().find(|code| *code == 1).or(code.max());
    Word::by_exit_code(worst.unwrap_or(0))
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
