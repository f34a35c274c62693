//! Builds, tests and measures netverdict: `cargo xtask COMMAND`.

mod bench;
mod build_ebpf;
mod ci;
mod compare;
mod connlist;
mod dist;
mod explore;
mod faults;
mod libtest;
mod mutants;
mod packages;
mod privileges;
mod process;
mod rooms;
mod run;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

/// Builds, tests and measures netverdict.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    /// Measure how fast the lanes are, each beside a bare loop.
    Bench(bench::Options),
    /// Build the XDP program, or see whether the committed build is fresh.
    BuildEbpf(build_ebpf::Options),
    /// Everything that continuous integration checks.
    Ci(ci::Options),
    /// Compare matrices with the connections that np-guard's test-suite lists.
    Connlist(connlist::Options),
    /// Build a tarball with a program that needs nothing of the system.
    Dist(dist::Options),
    /// Look for bytes that parsers do not come back from.
    Explore(explore::Options),
    /// See that the scenarios notice every mistake that can be built into the filter.
    Faults(faults::Options),
    /// See that the tests notice every change to the code that decides verdicts.
    Mutants(mutants::Options),
    /// See that every part of the project keeps to its room.
    Rooms(rooms::Options),
    /// Build netverdict and run the scenarios.
    Run(run::Options),
    /// Run every test there is.
    Test(test::Options),
}

fn main() -> ExitCode {
    let result = match Command::parse() {
        Command::Bench(options) => bench::run(&options),
        Command::BuildEbpf(options) => build_ebpf::run(&options),
        Command::Ci(options) => ci::run(&options),
        Command::Connlist(options) => connlist::run(&options),
        Command::Dist(options) => dist::run(&options),
        Command::Explore(options) => explore::run(&options),
        Command::Faults(options) => faults::run(&options),
        Command::Mutants(options) => mutants::run(&options),
        Command::Rooms(options) => rooms::run(&options),
        Command::Run(options) => run::run(&options),
        Command::Test(options) => test::run(&options),
    };
    result.unwrap_or_else(|error| {
        eprintln!("cargo xtask: {error:#}");
        ExitCode::FAILURE
    })
}
