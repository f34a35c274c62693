//! `netverdict man`

use std::io;
use std::path::Path;

use clap::CommandFactory;

use super::print::Stream;
use crate::cli::{Cli, ManArgs};
use crate::exit::Exit;
use crate::report::write_file;

/// Prints or writes manual pages.
pub fn run(args: &ManArgs) -> Exit {
    let pages = match pages() {
        Ok(pages) => pages,
        Err(error) => {
            Stream::Err.line(&format!("failed to make the manual pages: {error}"));
            return Exit::Inconclusive;
        }
    };
    match &args.folder {
        None => {
            if let Some((_, first)) = pages.first() {
                Stream::Out.line(&String::from_utf8_lossy(first));
            }
            Exit::AsExpected
        }
        Some(folder) => write(folder, &pages),
    }
}

fn write(folder: &Path, pages: &[(String, Vec<u8>)]) -> Exit {
    for (name, page) in pages {
        if let Err(error) = write_file(&folder.join(name), page) {
            Stream::Err.line(&error.to_string());
            return Exit::Inconclusive;
        }
    }
    Exit::AsExpected
}

/// The page of the program, then those of its commands, by name.
fn pages() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut program = Cli::command().disable_help_subcommand(true);
    // Commands get their full names, as in `netverdict-run`.
    program.build();
    let commands = program.get_subcommands().filter(|it| !it.is_hide_set());
    std::iter::once(&program)
        .chain(commands)
        .map(|command| {
            let name = (command.get_display_name()).unwrap_or_else(|| command.get_name());
            let man = clap_mangen::Man::new(command.clone().version(env!("CARGO_PKG_VERSION")));
            let mut page = Vec::new();
            man.render(&mut page)?;
            Ok((format!("{name}.1"), page))
        })
        .collect()
}
