//! `cargo xtask test`: every test there is.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use cargo_metadata::Message;

use crate::build_ebpf::{self, Toolchain};
use crate::libtest::{self, Tally};
use crate::{compare, connlist, packages, privileges, process, rooms, workspace};

/// Which tests, and how.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// A test that lacks a privilege fails instead of being skipped [env:
    /// NETVERDICT_REQUIRE_PRIVILEGES=1]
    #[arg(long)]
    pub(crate) require_privileges: bool,
    /// Build the filter from its sources (installing what that takes), test that
    /// build, and compare its verdicts with those of the committed one
    #[arg(long)]
    pub(crate) fresh_ebpf: bool,
    /// Passed on to each test binary, such as a test's name
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) args: Vec<OsString>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let tally = all(options)?;
    println!("{tally}");
    Ok(if tally.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs them all, also behind one that fails.
pub(crate) fn all(options: &Options) -> Result<Tally> {
    let require_privileges = options.require_privileges
        || std::env::var_os(REQUIRE_PRIVILEGES).is_some_and(|value| value == "1");
    packages::ensure(&[packages::NFT, packages::IPTABLES, packages::CURL])?;

    let mut tally = Tally::default();
    tally += Tally::of_step("the committed filter", build_ebpf::check());
    tally += Tally::of_step("the rooms", rooms::check());

    // Root, as whom some tests run, may not have cargo to ask.
    let mut environment: Vec<(&str, OsString)> =
        vec![(SARIF_SCHEMA, workspace::sarif_schema()?.into())];
    if require_privileges {
        environment.push((REQUIRE_PRIVILEGES, "1".into()));
    }
    let fresh = match options.fresh_ebpf {
        true => Some(build_fresh()?),
        false => None,
    };
    if let Some(fresh) = &fresh {
        environment.push((FILTER, fresh.into()));
    }

    for binary in test_binaries()? {
        let mut suite = libtest::run(
            binary
                .command(require_privileges, &environment)?
                .args(&options.args),
        )?;
        if require_privileges && suite.skipped > 0 {
            eprintln!(
                "{} tests were skipped, which may not be here",
                suite.skipped
            );
            suite.failed += std::mem::take(&mut suite.skipped);
        }
        tally += suite;
    }
    if options.args.is_empty() {
        tally += libtest::run(workspace::cargo().args(["test", "--doc"]).args(PACKAGES))?;
    }
    if options.args.is_empty() {
        let can_be_root = privileges::is_root()? || workspace::find_program("sudo").is_some();
        let lane = match can_be_root || require_privileges {
            true => "testrun",
            false => "model",
        };
        tally += connlist::all_if_there(lane)
            .unwrap_or_else(|error| Tally::of_step("np-guard's connection lists", Err(error)));
    }
    if let Some(fresh) = &fresh {
        let same = compare::verdicts(fresh, &workspace::prebuilt());
        tally += Tally::of_step("the comparison of the fresh and the committed filter", same);
    }
    Ok(tally)
}

const REQUIRE_PRIVILEGES: &str = "NETVERDICT_REQUIRE_PRIVILEGES";
/// Read by the tests of SARIF logs.
const SARIF_SCHEMA: &str = "NETVERDICT_SARIF_SCHEMA";
/// Read by `netverdict` in place of `--filter`.
const FILTER: &str = "NETVERDICT_FILTER";
/// All that the host builds.
const PACKAGES: [&str; 3] = ["--workspace", "--exclude", "netverdict-filter"];
/// Packages with tests that need root.
const PRIVILEGED: [&str; 2] = ["netverdict", "netverdict-lab"];

fn build_fresh() -> Result<PathBuf> {
    let toolchain = Toolchain::find(true)?;
    let object = workspace::target()?.join("fresh/netverdict-filter.o");
    build_ebpf::build(&toolchain, None, &object)?;
    Ok(object)
}

/// A built test binary.
struct TestBinary {
    path: PathBuf,
    /// The folder of its package.
    folder: PathBuf,
    privileged: bool,
}

impl TestBinary {
    /// Runs it as cargo would, but as root where its package needs that.
    fn command(
        &self,
        require_privileges: bool,
        environment: &[(&str, OsString)],
    ) -> Result<Command> {
        let own: [(&str, &OsStr); 2] = [
            ("CARGO_MANIFEST_DIR", self.folder.as_os_str()),
            // Snapshots are found without asking cargo, which root may not have.
            ("INSTA_WORKSPACE_ROOT", workspace::root().as_os_str()),
        ];
        let given = environment
            .iter()
            .map(|(name, value)| (*name, value.as_os_str()));
        let environment = own.into_iter().chain(given);
        let can_be_root = privileges::is_root()? || workspace::find_program("sudo").is_some();
        let mut command = if self.privileged && (can_be_root || require_privileges) {
            privileges::as_root(&self.path, environment)?
        } else {
            let mut command = Command::new(&self.path);
            command.envs(environment);
            command
        };
        command.current_dir(&self.folder);
        Ok(command)
    }
}

/// Builds all test binaries, as the user.
fn test_binaries() -> Result<Vec<TestBinary>> {
    let mut cargo = workspace::cargo();
    cargo
        .args(["test", "--no-run", "--tests", "--bins", "--lib"])
        .args(PACKAGES)
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped());
    eprintln!("+ {}", process::line(&cargo));
    let mut child = cargo.spawn().context("run cargo")?;
    let stdout = child.stdout.take().context("its output is piped")?;
    let packages = workspace::packages()?;
    let mut binaries = Vec::new();
    for message in Message::parse_stream(std::io::BufReader::new(stdout)) {
        let Message::CompilerArtifact(artifact) = message? else {
            continue;
        };
        let Some(path) = artifact.executable.filter(|_| artifact.profile.test) else {
            continue;
        };
        let folder = artifact
            .manifest_path
            .parent()
            .context("a manifest has a folder")?;
        let package = packages
            .iter()
            .find(|package| package.id == artifact.package_id)
            .with_context(|| format!("{} is no package of ours", artifact.package_id))?;
        binaries.push(TestBinary {
            path: path.into_std_path_buf(),
            folder: folder.as_std_path().to_owned(),
            privileged: PRIVILEGED.contains(&package.name.as_str()),
        });
    }
    if !child.wait()?.success() {
        bail!("the tests do not build");
    }
    if binaries.is_empty() {
        bail!("cargo built no tests");
    }
    binaries.sort_by(|a, b| (a.privileged, &a.path).cmp(&(b.privileged, &b.path)));
    Ok(binaries)
}
