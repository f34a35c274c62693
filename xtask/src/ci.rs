//! `cargo xtask ci`: everything that continuous integration checks, behind one
//! that fails too. The last line counts.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::libtest::Tally;
use crate::{faults, process, test, workspace};

/// Nothing to choose.
#[derive(clap::Args)]
pub(crate) struct Options {}

pub(crate) fn run(Options {}: &Options) -> Result<ExitCode> {
    let mut tally = Tally::default();
    for (name, step) in STEPS {
        eprintln!("== {name}");
        tally += Tally::of_step(name, step());
    }
    for (name, tests) in TESTS {
        eprintln!("== {name}");
        tally += tests().unwrap_or_else(|error| Tally::of_step(name, Err(error)));
    }
    println!("{} passed, {} failed", tally.passed, tally.failed);
    Ok(if tally.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

type Step = fn() -> Result<()>;
type Tests = fn() -> Result<Tally>;

/// Steps that succeed or fail as a whole.
const STEPS: [(&str, Step); 5] = [
    ("format", format),
    ("clippy", clippy),
    ("clippy of the XDP program", clippy_of_the_filter),
    ("documentation", documentation),
    ("dependencies and licences", dependencies),
];

/// Steps that count their own.
const TESTS: [(&str, Tests); 2] = [("tests", tests), ("seeded faults", seeded)];

fn format() -> Result<()> {
    process::succeed(workspace::cargo().args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    process::succeed(
        workspace::cargo()
            .args(["clippy", "--workspace", "--exclude", "netverdict-filter"])
            .args(["--all-targets", "--", "-D", "warnings"]),
    )
}

/// As if it were for the host: clippy comes with the host's compiler, and needs
/// no library built for BPF. What it reads is the same.
fn clippy_of_the_filter() -> Result<()> {
    process::succeed(
        workspace::cargo()
            .env("RUSTC_BOOTSTRAP", "1")
            // A program without a standard library cannot unwind.
            .env("CARGO_PROFILE_DEV_PANIC", "abort")
            .args(["clippy", "--package", "netverdict-filter"])
            .arg("--target-dir")
            .arg(workspace::target()?.join("clippy-ebpf"))
            .args(["--", "-D", "warnings"]),
    )
}

fn documentation() -> Result<()> {
    process::succeed(workspace::cargo().env("RUSTDOCFLAGS", "-Dwarnings").args([
        "doc",
        "--no-deps",
        "--workspace",
        "--exclude",
        "netverdict-filter",
    ]))
}

/// The parts of cargo-deny that need no network; advisories do.
fn dependencies() -> Result<()> {
    let cargo_deny = match workspace::find_program("cargo-deny") {
        Some(program) => program,
        None => {
            eprintln!("installing cargo-deny into target/tools");
            // Unoptimised it is built in a fraction of the time, and its work
            // here takes a second.
            process::succeed(
                workspace::cargo()
                    .args(["install", "cargo-deny", "--locked", "--debug", "--root"])
                    .arg(workspace::tools()?),
            )?;
            workspace::tools()?.join("bin/cargo-deny")
        }
    };
    process::succeed(workspace::cargo().args(["fetch", "--locked"]))?;
    process::succeed(
        Command::new(cargo_deny)
            .current_dir(workspace::root())
            .args(["--offline", "check", "bans", "licenses", "sources"]),
    )
}

fn tests() -> Result<Tally> {
    test::all(&test::Options {
        require_privileges: true,
        fresh_ebpf: true,
        args: Vec::new(),
    })
}

fn seeded() -> Result<Tally> {
    faults::all(true)
}
