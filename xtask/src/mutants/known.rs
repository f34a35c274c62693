//! What is known of the mutants of one file, kept between runs.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

/// How the tests took a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Outcome {
    /// A test failed.
    Caught,
    /// The tests did not end.
    TimedOut,
    /// It does not compile, and says nothing.
    DoesNotBuild,
    /// Nobody noticed.
    Survived,
}

impl Outcome {
    /// As people read it.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Outcome::Caught => "caught",
            Outcome::TimedOut => "timed out",
            Outcome::DoesNotBuild => "does not build",
            Outcome::Survived => "survived",
        }
    }

    /// Whether it says something about the tests.
    pub(super) fn says_something(self) -> bool {
        self != Outcome::DoesNotBuild
    }

    /// Whether it holds as long as the file stays as it is: tests are added, and
    /// what is caught stays caught.
    fn lasts(self) -> bool {
        match self {
            Outcome::Caught | Outcome::DoesNotBuild => true,
            Outcome::TimedOut | Outcome::Survived => false,
        }
    }
}

/// What is known of a file's mutants, by their names.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    /// Digest of the file: its mutants are others when it changes.
    file: String,
    /// Digest of the code and the tests: what survived may be caught when they
    /// change.
    code: String,
    outcomes: BTreeMap<String, Outcome>,
}

impl Known {
    /// What still holds of what was known, in the present state of file and code.
    pub(super) fn still(self, file: String, code: String) -> Known {
        let mut outcomes = self.outcomes;
        if self.file != file {
            outcomes.clear();
        } else if self.code != code {
            outcomes.retain(|_, outcome| outcome.lasts());
        }
        Known {
            file,
            code,
            outcomes,
        }
    }

    /// Those that the tests did not end with.
    pub(super) fn timed_out(&self) -> impl Iterator<Item = &str> {
        let outcomes = self.outcomes.iter();
        outcomes
            .filter(|(_, outcome)| **outcome == Outcome::TimedOut)
            .map(|(name, _)| name.as_str())
    }

    pub(super) fn is_of(&self, file: &str) -> bool {
        self.file == file
    }

    pub(super) fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
    }

    pub(super) fn get(&self, mutant: &str) -> Option<&Outcome> {
        self.outcomes.get(mutant)
    }

    /// Adds what cargo-mutants found out. What survives only some of the tests
    /// remains unknown.
    pub(super) fn learn(&mut self, outcomes: BTreeMap<String, Outcome>, tests: Tests) {
        let told = outcomes
            .into_iter()
            .filter(|(_, outcome)| tests == Tests::All || *outcome != Outcome::Survived);
        self.outcomes.extend(told);
    }

    /// As a file keeps it; nothing is known if there is none.
    pub(super) fn load(path: &Path) -> Result<Known> {
        if !path.exists() {
            return Ok(Known::default());
        }
        serde_json::from_str(&super::read(path)?)
            .with_context(|| format!("understand {}", path.display()))
    }

    pub(super) fn save(&self, path: &Path) -> Result<()> {
        // Whoever ends this between two mutants must not end it within a file.
        let draft = path.with_extension("draft");
        std::fs::write(&draft, serde_json::to_string_pretty(self)?)
            .and_then(|()| std::fs::rename(&draft, path))
            .with_context(|| format!("write {}", path.display()))
    }
}

/// Which tests a mutant has met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tests {
    /// Some of them.
    Some,
    /// All that there are.
    All,
}

/// What cargo-mutants wrote to its `outcomes.json`, also if it was interrupted.
pub(super) fn told(json: &str) -> Result<BTreeMap<String, Outcome>> {
    let told: Told = serde_json::from_str(json)?;
    let mut outcomes = BTreeMap::new();
    for one in told.outcomes {
        let Scenario::Mutant { name } = one.scenario else {
            continue;
        };
        let outcome = match one.summary.as_str() {
            "CaughtMutant" => Outcome::Caught,
            "MissedMutant" => Outcome::Survived,
            "Unviable" => Outcome::DoesNotBuild,
            "Timeout" => Outcome::TimedOut,
            other => bail!("{name} came to {other}, which is no outcome of a mutant"),
        };
        outcomes.insert(name, outcome);
    }
    Ok(outcomes)
}

#[derive(Deserialize)]
struct Told {
    outcomes: Vec<One>,
}

#[derive(Deserialize)]
struct One {
    scenario: Scenario,
    summary: String,
}

#[derive(Deserialize)]
enum Scenario {
    Baseline,
    Mutant { name: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(of: &[(&str, Outcome)]) -> BTreeMap<String, Outcome> {
        of.iter()
            .map(|(name, outcome)| ((*name).to_owned(), *outcome))
            .collect()
    }

    const EACH: [(&str, Outcome); 4] = [
        ("a", Outcome::Caught),
        ("b", Outcome::Survived),
        ("c", Outcome::DoesNotBuild),
        ("d", Outcome::TimedOut),
    ];

    #[test]
    fn what_cargo_mutants_wrote_is_read() {
        let json = r#"{"total_mutants": 4, "outcomes": [
            {"scenario": "Baseline", "summary": "Success"},
            {"scenario": {"Mutant": {"name": "a", "genre": "FnValue"}}, "summary": "CaughtMutant"},
            {"scenario": {"Mutant": {"name": "b"}}, "summary": "MissedMutant"},
            {"scenario": {"Mutant": {"name": "c"}}, "summary": "Unviable"},
            {"scenario": {"Mutant": {"name": "d"}}, "summary": "Timeout"}]}"#;
        assert_eq!(told(json).expect("outcomes"), outcomes(&EACH));
        let failure =
            r#"{"outcomes": [{"scenario": {"Mutant": {"name": "a"}}, "summary": "Failure"}]}"#;
        assert!(told(failure).is_err());
    }

    #[test]
    fn what_survived_some_tests_is_not_known_yet() {
        for (tests, left) in [
            (Tests::Some, vec!["a", "c", "d"]),
            (Tests::All, vec!["a", "b", "c", "d"]),
        ] {
            let mut known = Known::default();
            known.learn(outcomes(&EACH), tests);
            let names: Vec<&str> = known.outcomes.keys().map(String::as_str).collect();
            assert_eq!(names, left, "{tests:?}");
        }
    }

    #[test]
    fn those_without_end_are_not_waited_for_again() {
        let mut known = Known::default();
        known.learn(outcomes(&EACH), Tests::Some);
        assert_eq!(known.timed_out().collect::<Vec<_>>(), ["d"]);
    }

    #[test]
    fn what_changes_is_asked_again() {
        for (file, code, left) in [
            ("file", "code", vec!["a", "b", "c", "d"]),
            ("file", "other", vec!["a", "c"]),
            ("other", "code", vec![]),
        ] {
            let known = Known {
                file: "file".to_owned(),
                code: "code".to_owned(),
                outcomes: outcomes(&EACH),
            };
            let known = known.still(file.to_owned(), code.to_owned());
            let names: Vec<&str> = known.outcomes.keys().map(String::as_str).collect();
            assert_eq!(names, left, "{file} {code}");
            assert!(known.is_of(file));
        }
    }
}
