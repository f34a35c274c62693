//! The `netverdict` program.

use std::process::ExitCode;

use clap::Parser;
use netverdict::cli::{Cli, Command};
use netverdict::command;

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Run(args) => command::run::run(&args).into(),
        Command::Check(args) => command::check::run(&args).into(),
        Command::Lab(args) => command::lab::run(&args),
        Command::Matrix(args) => command::matrix::run(&args).into(),
        Command::Explain(args) => command::explain::run(&args).into(),
        Command::Fuzz(args) => command::fuzz::run(&args).into(),
        Command::Replay(args) => command::replay::run(&args).into(),
        Command::Prove(args) => command::prove::run(&args).into(),
        Command::Mutate(args) => command::mutate::run(&args).into(),
        Command::Audit(args) => command::audit::run(&args).into(),
        Command::Diff(args) => command::diff::run(&args).into(),
        Command::Crosscheck(args) => command::crosscheck::run(&args).into(),
        Command::Merge(args) => command::merge::run(&args).into(),
        Command::Doctor(args) => command::doctor::run(&args).into(),
        Command::Schema => command::schema::run().into(),
        Command::Completions(args) => command::completions::run(&args).into(),
        Command::Man(args) => command::man::run(&args).into(),
    }
}
