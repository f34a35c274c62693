//! The committed table: which mistakes whom strikes.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::finder::{Finder, Word};
use super::kind::Kind;
use super::witness;
use crate::build_ebpf::Fault;
use crate::workspace;

/// What each finder said of each mistake.
pub(super) type Words = BTreeMap<String, BTreeMap<Finder, Word>>;

const HEAD: &str = "\
# Faults and who finds them

Each line is a mistake that is built into the filter on purpose (`ebpf/src/faults.rs`),
each column somebody who is given that filter and not told. A number is how many probes
turned red, or how many subjects a proof failed for; “found” is a finding; “gave up” is
exit code 3, no result where a filter contradicts itself; “–” is nothing. Scenarios must
find every one, as `cargo xtask faults` sees to; the other columns say what they are
worth by themselves.

`run` and `prove` are of `scenarios`, `matrix` of `scenarios/recipes`, and `fuzz` tries
2000 cases of seed 1. Written by `cargo xtask faults --table`; numbers of the wire vary
a little from run to run.
";

/// The table as Markdown.
pub(super) fn render(faults: &[Fault], words: &Words) -> Result<String> {
    let mut text = HEAD.to_owned();
    for kind in Kind::ALL {
        let mut of_kind = Vec::new();
        for fault in faults {
            let witness = witness::of(&fault.name)
                .with_context(|| format!("nobody is to see {}", fault.name))?;
            if witness.kind == kind {
                of_kind.push(fault);
            }
        }
        ensure!(!of_kind.is_empty(), "no fault is of kind {}", kind.title());
        write!(text, "\n## {}\n\n| fault | what is wrong |", kind.title())?;
        for finder in Finder::ALL {
            write!(text, " {} |", finder.title())?;
        }
        writeln!(text, "\n|---|---|{}", "---|".repeat(Finder::ALL.len()))?;
        for fault in of_kind {
            write!(text, "| {} | {} |", fault.name, fault.what)?;
            let words = words.get(&fault.name);
            for finder in Finder::ALL {
                let word = words.and_then(|words| words.get(&finder));
                let word = word.with_context(|| format!("{} met not all", fault.name))?;
                write!(text, " {} |", cell(*word))?;
            }
            writeln!(text)?;
        }
    }
    Ok(text)
}

/// Writes the table where it is committed, and returns where that is.
pub(super) fn write(text: &str) -> Result<PathBuf> {
    let path = path();
    std::fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
    Ok(path)
}

/// The committed table.
pub(super) struct Committed {
    /// Mistakes, and by whom each is found.
    found: BTreeMap<String, Vec<Finder>>,
}

impl Committed {
    pub(super) fn read() -> Result<Committed> {
        let path = path();
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        Ok(Committed {
            found: found(&text),
        })
    }

    /// # Errors
    /// It is of other mistakes than `faults`, or one is found by neither scenarios
    /// nor proofs.
    pub(super) fn check(&self, faults: &[Fault]) -> Result<()> {
        let known: Vec<&String> = self.found.keys().collect();
        let mut declared: Vec<&String> = faults.iter().map(|fault| &fault.name).collect();
        declared.sort();
        ensure!(
            known == declared,
            "ebpf/FAULTS.md is stale, it is of other faults: run cargo xtask faults --table"
        );
        let enough = [Finder::TestRun, Finder::Wire, Finder::Prove];
        for (fault, finders) in &self.found {
            // A filter that contradicts itself is found by the run that gives up.
            let gives_up = witness::of(fault).is_some_and(|witness| witness.exit_code == 3);
            ensure!(
                gives_up || finders.iter().any(|finder| enough.contains(finder)),
                "ebpf/FAULTS.md says that nobody finds {fault}"
            );
        }
        Ok(())
    }

    /// Whether it says that `finder` finds `fault`.
    pub(super) fn says(&self, fault: &str, finder: Finder) -> bool {
        let finders = self.found.get(fault);
        finders.is_some_and(|finders| finders.contains(&finder))
    }
}

fn path() -> PathBuf {
    workspace::root().join("ebpf/FAULTS.md")
}

fn cell(word: Word) -> String {
    match word {
        Word::Green => "–".to_owned(),
        Word::Red(count) => count.to_string(),
        Word::Wrong => "found".to_owned(),
        Word::GaveUp(3) => "gave up".to_owned(),
        Word::GaveUp(code) => format!("exit code {code}"),
    }
}

fn found(text: &str) -> BTreeMap<String, Vec<Finder>> {
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| ")?.split('|').map(str::trim).collect();
        let [fault, _, words @ .., ""] = cells.as_slice() else {
            return None;
        };
        let is_found = |word: &str| word == "found" || word.parse::<u64>().is_ok();
        let finders = Finder::ALL.into_iter().zip(words);
        let finders = finders.filter(|(_, word)| is_found(word));
        Some((
            (*fault).to_owned(),
            finders.map(|(finder, _)| finder).collect(),
        ))
    });
    // Each part has a head of its own.
    rows.filter(|(fault, _)| fault != "fault").collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build_ebpf;

    #[test]
    fn the_committed_table_is_of_the_present_faults() {
        let faults = build_ebpf::faults().expect("the program's own");
        let committed = Committed::read().expect("the table");
        committed.check(&faults).expect("a fresh table");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let faults = build_ebpf::faults().expect("the program's own");
        let words = |at: usize| {
            let words = [
                Word::Green,
                Word::Red(3),
                Word::Wrong,
                Word::GaveUp(3),
                Word::GaveUp(4),
            ];
            let turned = words.into_iter().cycle().skip(at);
            Finder::ALL
                .into_iter()
                .zip(turned)
                .collect::<BTreeMap<_, _>>()
        };
        let all: Words = (faults.iter().enumerate())
            .map(|(at, fault)| (fault.name.clone(), words(at)))
            .collect();
        let read = found(&render(&faults, &all).expect("a table"));
        assert_eq!(read.len(), faults.len());
        for (fault, words) in all {
            let expected = Finder::ALL
                .into_iter()
                .filter(|finder| matches!(words[finder], Word::Red(_) | Word::Wrong));
            assert_eq!(read[&fault], expected.collect::<Vec<_>>(), "{fault}");
        }
    }

    #[test]
    fn a_table_with_a_gap_is_not_written() {
        let faults = build_ebpf::faults().expect("the program's own");
        assert!(render(&faults, &Words::new()).is_err());
    }
}
