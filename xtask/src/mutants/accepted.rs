//! Survivors that somebody explained: the committed list, and how it compares.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::known::Outcome;
use super::mutant::Mutant;
use super::read;

/// The list, relative to the checkout.
pub(super) const FILE: &str = "xtask/mutants.toml";

/// A survivor that may be. It is told by what it changes and not by where, so that
/// it is found again when the lines around it have moved.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Accepted {
    /// Relative to the checkout.
    pub(super) file: String,
    /// What is changed to what, in which function.
    pub(super) mutant: String,
    /// The line after the change.
    line: String,
    /// Why no test can notice it, or none has to; a sentence.
    why: String,
}

/// The list in the file at `path`.
pub(super) fn read_list(path: &Path) -> Result<Vec<Accepted>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct List {
        #[serde(default)]
        accepted: Vec<Accepted>,
    }
    let list: List =
        toml::from_str(&read(path)?).with_context(|| format!("understand {}", path.display()))?;
    Ok(list.accepted)
}

/// An entry of the list for a mutant, to be completed.
pub(super) fn entry(mutant: &Mutant) -> String {
    let fields = [
        ("file", mutant.file.as_str()),
        ("mutant", mutant.change()),
        ("line", &mutant.line),
        ("why", ""),
    ];
    let mut entry = "[[accepted]]\n".to_owned();
    for (name, value) in fields {
        // Literal strings need no escapes, and code seldom holds their quote.
        let quoted = match value.contains('\'') {
            false => format!("'{value}'"),
            true => format!("'''{value}'''"),
        };
        entry += &format!("{name} = {quoted}\n");
    }
    entry
}

/// Where the list and the mutants of a file differ.
#[derive(Debug, Default)]
pub(super) struct Difference<'a> {
    /// Survivors that the list does not hold.
    pub(super) unexplained: Vec<&'a Mutant>,
    /// Entries that explain no survivor, and why.
    pub(super) idle: Vec<(&'a Accepted, &'static str)>,
}

pub(super) fn difference<'a>(
    file: &str,
    tested: &'a [(Mutant, Outcome)],
    accepted: &'a [Accepted],
) -> Difference<'a> {
    let mut difference = Difference::default();
    for (mutant, outcome) in tested {
        let is_explained = accepted.iter().any(|entry| entry.is_of(mutant));
        if *outcome == Outcome::Survived && !is_explained {
            difference.unexplained.push(mutant);
        }
    }
    for entry in accepted.iter().filter(|entry| entry.file == file) {
        let mut of_entry = tested.iter().filter(|(mutant, _)| entry.is_of(mutant));
        if of_entry.clone().next().is_none() {
            difference.idle.push((entry, "is no mutant any more"));
        } else if of_entry.all(|(_, outcome)| *outcome != Outcome::Survived) {
            difference.idle.push((entry, "does not survive any more"));
        }
    }
    difference
}

impl Accepted {
    fn is_of(&self, mutant: &Mutant) -> bool {
        self.file == mutant.file && self.mutant == mutant.change() && self.line == mutant.line
    }
}

#[cfg(test)]
mod tests {
    use super::super::mutant::tests::two;
    use super::*;
    use crate::mutants::module::Module;
    use crate::workspace;

    #[test]
    fn what_is_printed_for_a_survivor_explains_it() {
        for mutant in two() {
            let text = entry(&mutant);
            let entry: toml::Table = text.parse().expect("TOML");
            let entry = entry["accepted"][0].clone();
            let entry: Accepted = entry.try_into().expect("an entry");
            assert!(entry.is_of(&mutant), "{text}");
        }
    }

    #[test]
    fn survivors_and_explanations_have_to_match() {
        let accepted = |mutant: &str, line: &str| Accepted {
            file: "src/a.rs".to_owned(),
            mutant: mutant.to_owned(),
            line: line.to_owned(),
            why: String::new(),
        };
        let first = accepted("replace < with > in a", "x > 1 // é");
        let elsewhere = accepted("replace < with > in a", "x > 2");
        let (survived, caught) = (Outcome::Survived, Outcome::Caught);
        for (outcome, list, unexplained, idle) in [
            (survived, vec![], vec!["replace < with > in a"], vec![]),
            (survived, vec![first.clone()], vec![], vec![]),
            (caught, vec![], vec![], vec![]),
            (Outcome::TimedOut, vec![], vec![], vec![]),
            (
                caught,
                vec![first.clone()],
                vec![],
                vec!["does not survive any more"],
            ),
            (
                survived,
                vec![elsewhere],
                vec!["replace < with > in a"],
                vec!["is no mutant any more"],
            ),
        ] {
            let [one, other] = <[Mutant; 2]>::try_from(two()).expect("two");
            let tested = [(one, outcome), (other, caught)];
            let difference = difference("src/a.rs", &tested, &list);
            let names: Vec<&str> = (difference.unexplained.iter())
                .map(|mutant| mutant.change())
                .collect();
            let whys: Vec<&str> = difference.idle.iter().map(|(_, why)| *why).collect();
            assert_eq!((names, whys), (unexplained, idle), "{outcome:?} {list:?}");
        }
        let tested = two().into_iter().map(|mutant| (mutant, caught));
        let (tested, list) = (tested.collect::<Vec<_>>(), [first]);
        assert!(difference("src/b.rs", &tested, &list).idle.is_empty());
    }

    #[test]
    fn every_accepted_survivor_is_explained() {
        let root = workspace::root();
        let list = read_list(&root.join(FILE)).expect("the list");
        let files: Vec<String> = Module::ALL
            .iter()
            .flat_map(|module| module.files(root).expect("the sources"))
            .collect();
        for Accepted {
            file, mutant, why, ..
        } in list
        {
            assert!(files.contains(&file), "{file} is not mutated");
            assert!(
                why.ends_with('.') && why.len() > 20,
                "{file} {mutant}: {why}"
            );
        }
    }
}
