//! One build of the filter before those who have to find its mistake.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::finder::{self, Finder, Said, Word};
use super::table::Committed;
use super::witness::{self, Lanes};
use super::{matrices, scenarios};
use crate::build_ebpf::{self, Toolchain};

/// What trials take.
pub(super) struct Bench {
    pub(super) netverdict: PathBuf,
    pub(super) toolchain: Toolchain,
    /// Where builds, logs and reports go.
    pub(super) folder: PathBuf,
    pub(super) depth: Depth,
}

/// Who is asked.
pub(super) enum Depth {
    /// Those who have to find it; besides scenarios and matrices, proofs as far as
    /// the table says that they find it.
    Known(Committed),
    /// Everybody, about everything.
    All,
}

/// What came of one build.
pub(super) struct Trial {
    fault: Option<String>,
    lines: Vec<Line>,
    words: BTreeMap<Finder, Word>,
}

/// Something that was asked, and what it had to say.
pub(super) struct Line {
    pub(super) name: String,
    /// Probes, where they are counted.
    pub(super) red: Option<u64>,
    pub(super) exit_code: i32,
    pub(super) problem: Option<String>,
    /// Those that had to notice by themselves, and did not.
    pub(super) green: Vec<String>,
}

impl Trial {
    pub(super) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// What everybody said of a mistake.
    pub(super) fn words(self) -> Option<(String, BTreeMap<Finder, Word>)> {
        Some((self.fault?, self.words))
    }
}

impl Bench {
    /// Builds the filter with a mistake, or without, and asks.
    pub(super) fn hold(&self, fault: Option<&str>) -> Result<Trial> {
        let stem = self.folder.join(fault.unwrap_or("none"));
        let object = stem.with_extension("o");
        build_ebpf::build(&self.toolchain, fault, &object)?;
        let held = Held {
            bench: self,
            fault,
            stem,
            object,
        };
        let mut trial = Trial {
            fault: fault.map(str::to_owned),
            lines: Vec::new(),
            words: BTreeMap::new(),
        };
        held.scenarios(&mut trial)?;
        held.matrices(&mut trial)?;
        held.command(Finder::Prove, &PROVE, finder::proven, &mut trial)?;
        let by_exit_code = |said: &Said| Word::by_exit_code(said.exit_code);
        held.command(Finder::Fuzz, &FUZZ, by_exit_code, &mut trial)?;
        Ok(trial)
    }
}

/// A build of the filter.
struct Held<'a> {
    bench: &'a Bench,
    fault: Option<&'a str>,
    /// Its files are this with an extension.
    stem: PathBuf,
    object: PathBuf,
}

impl Held<'_> {
    fn scenarios(&self, trial: &mut Trial) -> Result<()> {
        let Bench { netverdict, .. } = self.bench;
        let witness = self
            .fault
            .map(|fault| {
                witness::of(fault).with_context(|| {
                    format!("xtask/src/faults/witness.rs has nobody to see {fault}")
                })
            })
            .transpose()?;
        let lanes = witness.map_or(Lanes::Both, |witness| witness.lanes);
        let arguments = witness.map_or(&[][..], |witness| witness.arguments);
        let observe = |lanes, arguments| {
            scenarios::observe(netverdict, &self.object, &self.stem, lanes, arguments)
        };
        if let (Depth::All, Lanes::Wire) = (&self.bench.depth, lanes) {
            // Where nothing has to be seen, the table says what is.
            let word = observe(Lanes::TestRun, &[])?.word("testrun");
            trial.words.insert(Finder::TestRun, word);
        }
        let seen = observe(lanes, arguments)?;
        if let Lanes::Both = lanes {
            trial.words.insert(Finder::TestRun, seen.word("testrun"));
        }
        trial.words.insert(Finder::Wire, seen.word("wire"));
        let blind = witness.map_or(Vec::new(), |witness| seen.blind(witness));
        trial.lines.push(Line {
            name: self.name(""),
            red: Some(seen.red()),
            exit_code: seen.exit_code,
            problem: seen.problem(witness),
            green: blind.into_iter().map(str::to_owned).collect(),
        });
        Ok(())
    }

    fn matrices(&self, trial: &mut Trial) -> Result<()> {
        let must_notice = matrices::must_notice(self.fault);
        if let (Depth::Known(_), false) = (&self.bench.depth, must_notice) {
            return Ok(());
        }
        let seen = matrices::observe(&self.bench.netverdict, &self.object, &self.stem, self.fault)?;
        trial.words.insert(Finder::Matrix, matrices::word(&seen));
        if must_notice {
            trial.lines.extend(seen.into_iter().map(|seen| Line {
                name: self.name(&format!(" (matrix, {})", seen.lane)),
                red: None,
                exit_code: seen.exit_code,
                problem: seen.problem.map(str::to_owned),
                green: Vec::new(),
            }));
        }
        Ok(())
    }

    fn command(
        &self,
        finder: Finder,
        arguments: &[&str],
        word: impl Fn(&Said) -> Word,
        trial: &mut Trial,
    ) -> Result<()> {
        let must_find = match (&self.bench.depth, self.fault) {
            (Depth::All, _) => false,
            (Depth::Known(_), _) if finder != Finder::Prove => return Ok(()),
            (Depth::Known(_), None) => false,
            (Depth::Known(committed), Some(fault)) if committed.says(fault, finder) => true,
            (Depth::Known(_), Some(_)) => return Ok(()),
        };
        let log = self.stem.with_extension(format!("{}.log", finder.title()));
        let folder = self
            .stem
            .to_str()
            .context("the target folder is in UTF-8")?;
        let arguments = [arguments, &[folder]].concat();
        let said = finder::ask(&self.bench.netverdict, &arguments, &self.object, &log)?;
        let word = word(&said);
        trial.words.insert(finder, word);
        let problem = match (self.fault, word) {
            (None, Word::Green) | (Some(_), Word::Red(_) | Word::Wrong) => None,
            (None, _) => Some("the filter itself is not right"),
            (Some(_), _) if must_find => Some("it was found once, says ebpf/FAULTS.md"),
            (Some(_), _) => None,
        };
        if must_find || self.fault.is_none() {
            trial.lines.push(Line {
                name: self.name(&format!(" ({})", finder.title())),
                red: None,
                exit_code: said.exit_code,
                problem: problem.map(str::to_owned),
                green: Vec::new(),
            });
        }
        Ok(())
    }

    fn name(&self, of: &str) -> String {
        format!("{}{of}", self.fault.unwrap_or("(none)"))
    }
}

// Behind each belongs the folder that it writes to.
const PROVE: [&str; 3] = ["prove", "scenarios", "--report-dir"];
const FUZZ: [&str; 6] = ["fuzz", "--cases", "2000", "--seed", "1", "--save"];
