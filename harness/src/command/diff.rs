//! `netverdict diff`

use super::print::Stream;
use crate::cli::DiffArgs;
use crate::exit::Exit;

/// Not built yet.
pub fn run(args: &DiffArgs) -> Exit {
    Stream::Err.line(&format!("diff: not built yet ({} paths)", args.paths.len()));
    Exit::BadInput
}
