//! The XDP program and its maps, in the kernel.

use std::io;

use netverdict_abi::{Event, REASON_COUNT};
use netverdict_policy::image::{ImageSizes, MapImage};
use thiserror::Error;

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
        source: io::Error,
        /// The last lines of the verifier's log.
        log: String,
    },
    /// The object does not hold exactly one XDP program.
    #[error("load the filter: the object holds {found} XDP programs, not one")]
    Programs {
        /// How many it holds.
        found: usize,
    },
    /// The object lacks maps.
    #[error("load the filter: the object has no map {}", names.join(", "))]
    MissingMaps {
        /// Their names.
        names: Vec<&'static str>,
    },
    /// A map of the object is not of the kind that the layout says.
    #[error("use map {name}: {problem}")]
    Map {
        /// Its name.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The kernel refused a call.
    #[error("{doing}: {source}")]
    System {
        /// What was being done.
        doing: &'static str,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
}

/// Which frames the program reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Events {
    /// None; counters only.
    None,
    /// Those it does not pass.
    Drops,
    /// All.
    All,
}

/// A loaded filter.
#[derive(Debug)]
pub struct Filter {}

impl Filter {
    /// Loads an object, with room for two generations of images of these sizes.
    ///
    /// # Errors
    /// Says what is wrong with the object, or what the kernel refused.
    pub fn load(_object: &[u8], _sizes: ImageSizes) -> Result<Filter, FilterError> {
        Err(FilterError::Programs { found: 0 })
    }

    /// Puts a policy in force, in place of the one before, at once.
    ///
    /// # Errors
    /// Where the kernel refuses an entry; the policy before then stays in force.
    pub fn install(&mut self, _image: &MapImage, _events: Events) -> Result<(), FilterError> {
        Err(FilterError::Programs { found: 0 })
    }

    /// Frames judged since loading, by reason, summed over the processors.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn counters(&self) -> Result<[u64; REASON_COUNT], FilterError> {
        Err(FilterError::Programs { found: 0 })
    }

    /// Events since loading that found the ring buffer full.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn lost_events(&self) -> Result<u64, FilterError> {
        Err(FilterError::Programs { found: 0 })
    }

    /// Hands over the events that are there; no system call.
    pub fn drain(&mut self, _each: impl FnMut(Event)) {}

    /// Runs the program once on these bytes, at least 14, and returns its
    /// action (`XDP_ABORTED` 0, `XDP_DROP` 1, `XDP_PASS` 2, …). Nothing is
    /// allocated.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn test_run(&self, _frame: &[u8]) -> Result<u32, FilterError> {
        Err(FilterError::Programs { found: 0 })
    }

    /// The kernel's number of the program.
    pub fn program_id(&self) -> u32 {
        0
    }

    /// Instructions that the verifier walked, where the kernel says.
    pub fn verified_instructions(&self) -> Option<u32> {
        None
    }

    /// Keeps the program attached to a throw-away link until the filter is
    /// dropped, so that further attaching and detaching is cheap. Inside
    /// [`crate::isolate::isolated`] only.
    ///
    /// # Errors
    /// Where the link cannot be made.
    pub fn anchor(&mut self) -> Result<(), crate::LabError> {
        Ok(())
    }
}
