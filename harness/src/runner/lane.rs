//! What a lane finds out, whatever becomes of the lane.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::worker::Worker;
use crate::lane::Lane;
use crate::lanes::kernel::Kernel;
use crate::lanes::{Work, model};
use crate::suite::{Finding, NoFinding};

/// Workloads that one lab holds at most: each has a namespace and a link.
pub const MOST_WORKLOADS: usize = 128;

impl Worker<'_> {
    /// A lane that fails, or panics, leaves a finding for each frame that says
    /// so: the run goes on, and the report is whole.
    pub(super) fn findings(&mut self, lane: Lane, work: &Work<'_>) -> Vec<Finding> {
        let judged = self.guarded(|worker| match lane {
            Lane::Model => Ok(model::run(work)),
            Lane::TestRun => worker.kernel()?.test_run(work).map_err(failed_to),
            Lane::Wire(mode) => worker.kernel()?.wire(mode, work).map_err(failed_to),
        });
        for_each(work.len(), judged)
    }

    /// Does it, and says so if it panics.
    pub(super) fn guarded<T>(
        &mut self,
        judge: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, String> {
        catch_unwind(AssertUnwindSafe(|| judge(self))).unwrap_or_else(|panic| {
            // What it left half done is not used again.
            self.kernel = None;
            let message = (panic.downcast_ref::<String>().map(String::as_str))
                .or_else(|| panic.downcast_ref::<&str>().copied());
            Err(format!(
                "the lane panicked: {}",
                message.unwrap_or("without a message")
            ))
        })
    }

    pub(super) fn kernel(&mut self) -> Result<&mut Kernel, String> {
        let kernel = match self.kernel.take() {
            Some(kernel) => kernel,
            None => Kernel::load(self.settings.object, self.sizes, self.settings.sabotage)
                .map_err(failed_to)?,
        };
        Ok(self.kernel.insert(kernel))
    }
}

/// As many findings as frames, whatever came of it.
pub(super) fn for_each(frames: usize, judged: Result<Vec<Finding>, String>) -> Vec<Finding> {
    let why = match judged {
        Ok(findings) if findings.len() == frames => return findings,
        Ok(findings) => format!("{} findings for {frames} frames", findings.len()),
        Err(why) => why,
    };
    let each = || Err(NoFinding::Inconclusive(why.clone()));
    (0..frames).map(|_| each()).collect()
}

/// Whether the lane would have to build a network larger than it can.
pub(super) fn lacks_room(lane: Lane, work: &Work<'_>) -> bool {
    matches!(lane, Lane::Wire(_)) && work.topology.workloads.len() > MOST_WORKLOADS
}

pub(super) fn failed_to(error: impl std::fmt::Display) -> String {
    format!("failed to {error}")
}
