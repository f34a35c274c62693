//! `netverdict audit`

use super::print::Stream;
use crate::cli::AuditArgs;
use crate::exit::Exit;

/// Not built yet.
pub fn run(args: &AuditArgs) -> Exit {
    Stream::Err.line(&format!(
        "audit: not built yet ({} paths)",
        args.paths.len()
    ));
    Exit::BadInput
}
