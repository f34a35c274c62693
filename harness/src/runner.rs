//! Runs the selected scenarios through the lanes and tells what happens as
//! events.

mod in_dry_run;
mod judge_suite;
mod lane;
mod steps;
mod worker;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use netverdict_policy::image::ImageSizes;

use crate::event::Event;
use crate::lane::Lane;
use crate::lanes::kernel::{Kernel, Sabotage};
use crate::live;
use crate::select::Selected;
use worker::Worker;

pub use judge_suite::{decisions, is_as_expected};
pub use lane::MOST_WORKLOADS;

/// How to run.
#[derive(Debug)]
pub struct Settings<'a> {
    /// The lanes, cheapest first.
    pub lanes: Vec<Lane>,
    /// The filter object.
    pub object: &'a [u8],
    /// Whether `xfail` counts.
    pub honour_xfail: bool,
    /// Stop at the first probe that is not as expected.
    pub fail_fast: bool,
    /// Scenarios judged at the same time, at least 1.
    pub jobs: usize,
    /// Order in which frames are sent; 0 is the order of the file.
    pub seed: u64,
    /// How often the policy changes to and fro in each step under traffic.
    pub swaps: u32,
    /// Proof that the wire lane notices.
    pub sabotage: Option<Sabotage>,
    /// Whether the run is to end early.
    pub stop: fn() -> bool,
}

/// Entries that the maps need for any of the scenarios.
pub fn sizes(scenarios: &[Selected]) -> ImageSizes {
    (scenarios.iter()).fold(ImageSizes::default(), |sizes, selected| {
        let steps = selected.scenario.steps.iter();
        steps.fold(sizes.max(selected.image.sizes()), |sizes, step| {
            sizes.max(step.image.sizes())
        })
    })
}

/// Runs everything and hands over events, in the order of the scenarios. The
/// filter loaded already, if any, is used first; more are loaded as needed.
pub fn run(
    settings: &Settings<'_>,
    scenarios: &[Selected],
    mut loaded: Option<Kernel>,
    mut each: impl FnMut(Event),
) {
    let first_ids: Vec<u32> = first_ids(scenarios);
    let sizes = sizes(scenarios);
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let (sender, receiver) = mpsc::channel::<(usize, Vec<Event>)>();
    std::thread::scope(|scope| {
        for _ in 0..settings.jobs.clamp(1, scenarios.len().max(1)) {
            let sender = sender.clone();
            let kernel = loaded.take();
            let (next, failed, first_ids) = (&next, &failed, &first_ids);
            scope.spawn(move || {
                let mut worker = Worker {
                    settings,
                    sizes,
                    failed,
                    kernel,
                };
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(selected) = scenarios.get(index) else {
                        return;
                    };
                    let events = worker.scenario(selected, first_ids[index]);
                    if sender.send((index, events)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        // Events leave in the order of the scenarios, whoever is done first.
        let mut waiting = BTreeMap::new();
        let mut due = 0;
        for (index, events) in receiver {
            waiting.insert(index, events);
            while let Some(events) = waiting.remove(&due) {
                events.into_iter().for_each(&mut each);
                due += 1;
            }
        }
    });
}

/// Probe ids are unique within a run.
fn first_ids(scenarios: &[Selected]) -> Vec<u32> {
    let mut next = 1_u32;
    (scenarios.iter())
        .map(|selected| {
            let first = next;
            let cases: usize = selected.probes().map(|probe| probe.cases.len()).sum();
            let ids = cases + live::ids(selected);
            next = next.wrapping_add(u32::try_from(ids).unwrap_or(u32::MAX));
            first
        })
        .collect()
}
