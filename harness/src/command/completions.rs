//! `netverdict completions`

use clap::CommandFactory;

use super::print::Stream;
use crate::cli::{Cli, CompletionsArgs};
use crate::exit::Exit;

/// Prints the script that a shell sources.
pub fn run(args: &CompletionsArgs) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "netverdict", &mut script);
    Stream::Out.line(&String::from_utf8_lossy(&script));
    Exit::AsExpected
}
