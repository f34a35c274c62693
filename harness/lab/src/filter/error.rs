//! What can be wrong with an object, or with what the kernel says to it.

use std::io;

use aya::EbpfError;
use aya::maps::MapError;
use aya::programs::ProgramError;
use netverdict_abi::LAYOUT_VERSION;
use thiserror::Error;

use crate::object::ObjectError;

/// Lines of the verifier's log that are kept: the last ones say what is wrong.
const LOG_LINES: usize = 30;

/// Why the filter could not be loaded or used. The texts fit behind "failed to".
#[derive(Debug, Error)]
pub enum FilterError {
    /// Not an object that can be loaded, or the kernel refused a map.
    #[error("load the filter: {0}")]
    Object(String),
    /// The verifier refused the program.
    #[error("load the filter: the kernel's verifier refused it ({source}):\n{log}")]
    Verifier {
        /// The kernel's error.
        #[source]
        source: io::Error,
        /// The last lines of the verifier's log.
        log: String,
    },
    /// The object lacks a program.
    #[error("load the filter: the object has no XDP program {name}")]
    NoProgram {
        /// Its name.
        name: &'static str,
    },
    /// A policy that the maps cannot hold.
    #[error("put the policy in force: it needs {needed} entries in map {name}, which has {room}")]
    TooLarge {
        /// The map's name.
        name: &'static str,
        /// Entries that the policy needs.
        needed: usize,
        /// Entries that there are for one policy.
        room: usize,
    },
    /// The object lacks maps.
    #[error("load the filter: the object has no map {}", names.join(", "))]
    MissingMaps {
        /// Their names.
        names: Vec<&'static str>,
    },
    /// The object does not say which layout it has.
    #[error("load the filter: {0}")]
    Identity(#[from] ObjectError),
    /// The object was built against another layout.
    #[error("load the filter: its maps have layout {found}, not {LAYOUT_VERSION}: build it anew")]
    Layout {
        /// Its layout.
        found: u32,
    },
    /// A map of the object is not of the kind that the layout says, or refused
    /// an entry.
    #[error("use map {name}: {problem}")]
    Map {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The kernel refused a call.
    #[error("{doing}: {source}{}", match source.kind() {
        io::ErrorKind::PermissionDenied => " (needs CAP_BPF and CAP_NET_ADMIN: run as root)",
        _ => "",
    })]
    System {
        /// What was being done.
        doing: &'static str,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
}

impl From<EbpfError> for FilterError {
    fn from(error: EbpfError) -> FilterError {
        match error {
            EbpfError::ProgramError(error) => error.into(),
            EbpfError::MapError(MapError::CreateError { name, io_error })
                if io_error.kind() == io::ErrorKind::PermissionDenied =>
            {
                FilterError::Object(format!(
                    "create map {name}: {io_error} (needs CAP_BPF: run as root)"
                ))
            }
            other => FilterError::Object(chain(&other)),
        }
    }
}

impl From<ProgramError> for FilterError {
    fn from(error: ProgramError) -> FilterError {
        match error {
            // The verifier itself refuses with EACCES, EINVAL and others.
            ProgramError::LoadError { io_error, .. }
                if io_error.raw_os_error() == Some(libc::EPERM) =>
            {
                FilterError::System {
                    doing: "load the filter",
                    source: io_error,
                }
            }
            ProgramError::LoadError {
                io_error,
                verifier_log,
            } => FilterError::Verifier {
                source: io_error,
                log: tail(&verifier_log.to_string()),
            },
            other => FilterError::Object(chain(&other)),
        }
    }
}

/// An error of a map operation.
pub(super) fn map_error(name: &'static str) -> impl Fn(MapError) -> FilterError {
    move |error| FilterError::Map {
        name,
        problem: match &error {
            MapError::SyscallError(call)
                if call.io_error.raw_os_error() == Some(libc::E2BIG)
                    || call.io_error.raw_os_error() == Some(libc::ENOSPC) =>
            {
                "it is full: the filter was loaded for a smaller policy".to_owned()
            }
            _ => chain(&error),
        },
    }
}

/// A batch of entries of this map was refused.
pub(super) fn refused(name: &'static str) -> impl Fn(io::Error) -> FilterError {
    move |error| FilterError::Map {
        name,
        problem: match error.raw_os_error() {
            Some(libc::E2BIG | libc::ENOSPC) => {
                "it is full: the filter was loaded for a smaller policy".to_owned()
            }
            _ => error.to_string(),
        },
    }
}

/// The messages of an error and of everything that caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let said = next.to_string();
        if !text.ends_with(&said) {
            text = format!("{text}: {said}");
        }
        cause = next.source();
    }
    text
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.trim_end().lines().collect();
    lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_verifier_log_is_kept() {
        let log: String = (1..=100).map(|line| format!("line {line}\n")).collect();
        let kept = tail(&log);
        assert!(kept.starts_with("line 71\n") && kept.ends_with("line 100"));
        assert_eq!(tail("R0 !read_ok\n\0"), "R0 !read_ok\n\0".trim_end());
    }
}
