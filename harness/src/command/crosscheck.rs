//! `netverdict crosscheck`

use super::print::Stream;
use crate::cli::CrosscheckArgs;
use crate::exit::Exit;

/// Not built yet.
pub fn run(args: &CrosscheckArgs) -> Exit {
    Stream::Err.line(&format!(
        "crosscheck: not built yet ({} paths)",
        args.paths.len()
    ));
    Exit::BadInput
}
