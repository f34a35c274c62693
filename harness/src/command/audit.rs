//! `netverdict audit`

use super::audit_live;
use super::print::Stream;
use crate::cli::AuditArgs;
use crate::exit::Exit;

/// Not built yet.
pub fn run(args: &AuditArgs) -> Exit {
    if args.live.live {
        return audit_live::run(args);
    }
    Stream::Err.line(&format!(
        "audit: not built yet ({} paths)",
        args.paths.len()
    ));
    Exit::BadInput
}
