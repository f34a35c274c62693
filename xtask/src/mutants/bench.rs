//! Where mutants are tested: a copy of the checkout, its builds, and what is known.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::known::{self, Known, Outcome, Tests};
use super::module::SOURCES;
use super::mutant::{self, Mutant};
use super::{read, tree};
use crate::{process, workspace};

/// Nobody else uses it meanwhile.
pub(super) struct Bench {
    cargo_mutants: PathBuf,
    /// The copy.
    tree: PathBuf,
    /// A copy of what decides verdicts alone, which builds in a tenth of the time.
    core: PathBuf,
    /// The copies' target folders, kept so that one mutant costs one crate.
    builds: PathBuf,
    results: PathBuf,
    /// Digest of all that the tests see.
    code: String,
    /// By the names of the stages.
    patience: RefCell<BTreeMap<&'static str, Duration>>,
    _lock: File,
}

impl Bench {
    /// With a fresh copy of the checkout.
    pub(super) fn set_up(cargo_mutants: PathBuf) -> Result<Bench> {
        let folder = workspace::target()?.join("mutants");
        std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        let lock = folder.join("lock");
        let lock = File::create(&lock).with_context(|| format!("make {}", lock.display()))?;
        if lock.try_lock().is_err() {
            bail!("another run tests mutants in {}", folder.display());
        }
        let (tree, core) = (folder.join("tree"), folder.join("core"));
        tree::copy(workspace::root(), &tree, &[])?;
        tree::copy(workspace::root(), &core, &BESIDE)?;
        Ok(Bench {
            cargo_mutants,
            code: tree::digest(&tree, &SEEN)?,
            tree,
            core,
            builds: folder.join("builds"),
            results: folder.join("results"),
            patience: RefCell::default(),
            _lock: lock,
        })
    }

    /// The mutants of a file, in its order.
    pub(super) fn mutants(&self, file: &str) -> Result<Vec<Mutant>> {
        let mut list = self.cargo_mutants(file, Copy::Whole);
        list.args(["--list", "--json"]);
        let json = process::output(&mut list)
            .with_context(|| format!("{} failed", process::line(&list)))?;
        mutant::read(&json, &read(&self.tree.join(file))?)
            .with_context(|| format!("understand {}", process::line(&list)))
    }

    /// What is known of a file's mutants, and still holds.
    pub(super) fn known(&self, file: &str) -> Result<Known> {
        let folder = self.folder(file);
        let digest = tree::digest(&self.tree, &[file])?;
        let mut known = Known::load(&folder.join(KNOWN))?;
        if known.is_of(&digest) {
            // Of a run that was ended from outside, it is not known with which tests.
            known.learn(told(&folder)?, Tests::Some);
        }
        Ok(known.still(digest, self.code.clone()))
    }

    /// Tests what is not known yet of a file's mutants, and returns what is known of
    /// all.
    pub(super) fn test(&self, file: &str) -> Result<Vec<(Mutant, Outcome)>> {
        let folder = self.folder(file);
        let mutants = self.mutants(file)?;
        let mut known = self.known(file)?;
        // cargo-mutants must not leave out what it saw caught in another text.
        if known.is_empty() && folder.is_dir() {
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("remove {}", folder.display()))?;
        }
        std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        known.save(&folder.join(KNOWN))?;
        for stage in &STAGES {
            let unknown = |mutant: &&Mutant| known.get(&mutant.name).is_none();
            let count = mutants.iter().filter(unknown).count();
            if count == 0 {
                break;
            }
            eprintln!("{count} mutants meet {}", stage.name);
            self.meet(file, stage, &known)?;
            known.learn(told(&folder)?, stage.tests);
            known.save(&folder.join(KNOWN))?;
        }
        let with_outcome = |mutant: Mutant| {
            let outcome = known.get(&mutant.name).copied();
            let outcome = outcome.with_context(|| format!("{} was not tested", mutant.name))?;
            Ok((mutant, outcome))
        };
        mutants.into_iter().map(with_outcome).collect()
    }

    /// Has cargo-mutants test what it has not seen caught in this file before.
    fn meet(&self, file: &str, stage: &Stage, known: &Known) -> Result<()> {
        let patience = self.patience(stage)?.as_secs().to_string();
        let mut command = self.cargo_mutants(file, stage.copy);
        stage.prepare(&mut command);
        command
            .args(["--in-place", "--iterate", "--baseline", "skip"])
            .args(["--timeout", &patience, "--build-timeout", BUILD_SECONDS])
            .arg("--output")
            .arg(self.folder(file));
        for argument in stage.arguments {
            // Behind `--` it would not reach the build, which would be of all tests.
            command.args(["--cargo-arg", argument]);
        }
        for name in known.timed_out() {
            // Nothing of it is iterated on, but it would be waited for again.
            command.args(["--exclude-re", &exactly(name)]);
        }
        match process::status(&mut command)? {
            // All caught; some not; some without end.
            0 | 2 | 3 => Ok(()),
            code => bail!("cargo-mutants ended with exit code {code}"),
        }
    }

    /// How long the tests of a stage may take with a mutant, by how long they take
    /// without.
    fn patience(&self, stage: &Stage) -> Result<Duration> {
        if let Some(patience) = self.patience.borrow().get(stage.name) {
            return Ok(*patience);
        }
        let test = |last: &[&str]| {
            let mut cargo = workspace::cargo();
            cargo
                .current_dir(self.of(stage.copy))
                .args(["test", "--quiet", "--profile", PROFILE])
                .args(["--package", PACKAGE])
                .args(stage.arguments)
                .args(last);
            self.prepare(&mut cargo, stage.copy);
            stage.prepare(&mut cargo);
            process::succeed(&mut cargo).context("without any mutant")
        };
        test(&["--no-run"])?;
        let start = Instant::now();
        test(&[])?;
        // Other work may come to this machine; it takes more than that to be slow.
        let patience = Duration::from_secs(30).max(start.elapsed() * 5);
        self.patience.borrow_mut().insert(stage.name, patience);
        Ok(patience)
    }

    fn of(&self, copy: Copy) -> &Path {
        match copy {
            Copy::Whole => &self.tree,
            Copy::Core => &self.core,
        }
    }

    fn cargo_mutants(&self, file: &str, copy: Copy) -> Command {
        let mut command = Command::new(&self.cargo_mutants);
        command
            .current_dir(self.of(copy))
            .args(["mutants", "--no-config", "--package", PACKAGE])
            .args(["--profile", PROFILE, "--file", file]);
        self.prepare(&mut command, copy);
        command
    }

    fn prepare(&self, command: &mut Command, copy: Copy) {
        let builds = match copy {
            Copy::Whole => self.builds.join("whole"),
            Copy::Core => self.builds.join("core"),
        };
        command
            .env("CARGO_TARGET_DIR", builds)
            .env("CARGO_INCREMENTAL", "1")
            // What a mutant renders is no snapshot to keep.
            .env("INSTA_UPDATE", "no");
    }

    /// Where what is known of a file is kept.
    fn folder(&self, file: &str) -> PathBuf {
        let name = file.strip_prefix(SOURCES).unwrap_or(file);
        let name = name.trim_matches('/').trim_end_matches(".rs");
        self.results.join(name.replace('/', "-"))
    }
}

/// Which copy of the checkout.
#[derive(Clone, Copy)]
enum Copy {
    /// Everything.
    Whole,
    /// Without the modules [`BESIDE`].
    Core,
}

/// Tests that mutants meet together.
struct Stage {
    name: &'static str,
    copy: Copy,
    tests: Tests,
    /// For cargo.
    arguments: &'static [&'static str],
    /// How many policies are drawn, unless as many as always.
    draws: Option<&'static str>,
}

impl Stage {
    fn prepare(&self, command: &mut Command) {
        match self.draws {
            // Nobody reads what a mutant's simplest failure is.
            Some(draws) => command.env(DRAWS, draws).env(SHRINKS, "0"),
            None => command.env_remove(DRAWS).env_remove(SHRINKS),
        };
    }
}

/// What catches most for the least comes first: nine of ten in three seconds each.
/// All tests together take minutes.
const STAGES: [Stage; 3] = [
    Stage {
        name: "the tests of what is decided",
        copy: Copy::Core,
        tests: Tests::Some,
        arguments: &["--test=decide"],
        draws: Some("100"),
    },
    Stage {
        name: "the unit tests",
        copy: Copy::Whole,
        tests: Tests::Some,
        arguments: &["--lib"],
        draws: None,
    },
    Stage {
        name: "every test of the package",
        copy: Copy::Whole,
        tests: Tests::All,
        arguments: &["--tests"],
        draws: None,
    },
];

/// Modules of the package that neither what is mutated nor the tests of what is
/// decided need.
const BESIDE: [&str; 15] = [
    "audit",
    "chart",
    "diff",
    "finding",
    "frontend",
    "hits",
    "live",
    "matrix",
    "meaning",
    "mutate",
    "prove",
    "reference",
    "region",
    "shadowed",
    "write",
];

const PACKAGE: &str = "netverdict-policy";
/// What the tests see of the checkout.
const SEEN: [&str; 5] = [
    "harness/policy",
    "ebpf/abi",
    "scenarios",
    "Cargo.toml",
    "Cargo.lock",
];
/// Builds fast; see Cargo.toml.
const PROFILE: &str = "mutants";
const DRAWS: &str = "NETVERDICT_DRAWS";
const SHRINKS: &str = "NETVERDICT_SHRINKS";
/// A mutant does not hold up a compiler; only other work can.
const BUILD_SECONDS: &str = "600";
const KNOWN: &str = "known.json";

/// A regular expression for one name.
fn exactly(name: &str) -> String {
    let mut expression = "^".to_owned();
    for c in name.chars() {
        // Not every sign: some mean something only behind a backslash.
        if r".+*?()|[]{}^$\".contains(c) {
            expression.push('\\');
        }
        expression.push(c);
    }
    expression + "$"
}

/// What cargo-mutants wrote into a file's folder, if it ever ran.
fn told(folder: &Path) -> Result<BTreeMap<String, Outcome>> {
    let path = folder.join("mutants.out/outcomes.json");
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    known::told(&read(&path)?).with_context(|| format!("understand {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_expression() {
        assert_eq!(
            exactly("src/a.rs:1:2: replace a -> Vec<u8> with Vec::from([1])"),
            r"^src/a\.rs:1:2: replace a -> Vec<u8> with Vec::from\(\[1\]\)$"
        );
    }
}
