//! `netverdict merge`

use super::print::Stream;
use crate::cli::MergeArgs;
use crate::exit::Exit;

/// Not built yet.
pub fn run(args: &MergeArgs) -> Exit {
    Stream::Err.line(&format!(
        "merge: not built yet ({} paths)",
        args.paths.len()
    ));
    Exit::BadInput
}
