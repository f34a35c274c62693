//! Exit codes, the same for every command.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything was as expected.
    AsExpected = 0,
    /// A mismatch or a finding.
    Mismatch = 1,
    /// Bad usage or bad input; nothing ran.
    BadInput = 2,
    /// Inconclusive, a fault of the harness, or a report that cannot be written.
    Inconclusive = 3,
    /// This machine lacks what the run needs.
    Lacking = 4,
    /// Nothing was selected.
    NothingSelected = 5,
}

impl Exit {
    /// Every exit, by code.
    pub const ALL: [Exit; 6] = [
        Exit::AsExpected,
        Exit::Mismatch,
        Exit::BadInput,
        Exit::Inconclusive,
        Exit::Lacking,
        Exit::NothingSelected,
    ];

    /// The code given to the system.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The exit with this code.
    pub fn from_code(code: u8) -> Option<Exit> {
        Exit::ALL.into_iter().find(|exit| exit.code() == code)
    }

    /// After a report could not be written: a verdict nobody can read is
    /// inconclusive, but no other code is hidden.
    #[must_use]
    pub const fn with_unwritable_report(self) -> Exit {
        match self {
            Exit::AsExpected | Exit::Mismatch => Exit::Inconclusive,
            Exit::BadInput | Exit::Inconclusive | Exit::Lacking | Exit::NothingSelected => self,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
