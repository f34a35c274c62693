//! Runs the selected scenarios through the lanes and tells what happens as
//! events.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use netverdict_policy::frame::ProbeId;
use netverdict_policy::image::ImageSizes;
use netverdict_policy::oracle::{Decision, Memory, travel};
use netverdict_policy::scenario::{Probe, Scenario};

use crate::event::{
    Event, ProbeOutcome, Problem, SkipReason, StepVerdict, SuiteFinished, SuiteStarted, Verdict,
};
use crate::lane::{Lane, Mode};
use crate::lanes::kernel::{Kernel, Sabotage};
use crate::lanes::swap::Swaps;
use crate::lanes::{Work, model};
use crate::live::{self, Live, Stage, Under};
use crate::select::Selected;
use crate::suite::{Finding, NoFinding, Suite};

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

/// Judges scenarios, one after the other.
struct Worker<'a> {
    settings: &'a Settings<'a>,
    sizes: ImageSizes,
    failed: &'a AtomicBool,
    kernel: Option<Kernel>,
}

impl Worker<'_> {
    fn scenario(&mut self, selected: &Selected, first_id: u32) -> Vec<Event> {
        let mut events = Vec::new();
        let probes: Vec<&Probe> = selected.probes().collect();
        let cases: usize = probes.iter().map(|probe| probe.cases.len()).sum();
        let stages = match selected.steps {
            true => Stage::all(&selected.scenario, &selected.image),
            false => Vec::new(),
        };
        let first_of_live = first_id.wrapping_add(u32::try_from(cases).unwrap_or(u32::MAX));
        let live = match Live::of(&stages, ProbeId(first_of_live)) {
            Ok(live) => Some(live).filter(|_| selected.steps),
            Err(error) => {
                events.push(problem(selected, format!("cannot build a frame: {error}")));
                return events;
            }
        };
        let live = live.as_ref();
        if let Some(reason) = self.stopped() {
            for lane in &self.settings.lanes {
                self.skip(*lane, selected, &probes, live, reason, &mut events);
            }
            return events;
        }
        let decisions = decisions(&selected.scenario, &probes);
        let work = Work::of(
            &selected.scenario.topology,
            &selected.image,
            &probes,
            ProbeId(first_id),
            self.settings.seed,
        );
        let work = match work {
            Ok(work) => work,
            Err(error) => {
                events.push(problem(selected, format!("cannot build a frame: {error}")));
                return events;
            }
        };
        for lane in &self.settings.lanes {
            match self.stopped() {
                None if lacks_room(*lane, &work) => {
                    let reason = SkipReason::TooManyWorkloads;
                    self.skip(*lane, selected, &probes, live, reason, &mut events);
                }
                None => {
                    let plain = Plain {
                        probes: &probes,
                        work: &work,
                        decisions: &decisions,
                    };
                    self.suite(*lane, selected, plain, live, &mut events);
                }
                Some(reason) => self.skip(*lane, selected, &probes, live, reason, &mut events),
            }
        }
        events
    }

    fn stopped(&self) -> Option<SkipReason> {
        if (self.settings.stop)() {
            Some(SkipReason::Interrupted)
        } else if self.settings.fail_fast && self.failed.load(Ordering::Relaxed) {
            Some(SkipReason::FailFast)
        } else {
            None
        }
    }

    /// The scenario in a lane, which it is to be judged in.
    fn named<'a>(&self, lane: Lane, selected: &'a Selected) -> Suite<'a> {
        Suite {
            scenario: &selected.scenario,
            image: &selected.image,
            lane,
            honour_xfail: self.settings.honour_xfail,
        }
    }

    fn skip(
        &self,
        lane: Lane,
        selected: &Selected,
        probes: &[&Probe],
        live: Option<&Live<'_>>,
        reason: SkipReason,
        events: &mut Vec<Event>,
    ) {
        let suite = self.named(lane, selected);
        events.push(begun(&suite, probes.len() + selected.live_probes().count()));
        let all = probes.iter().copied().chain(selected.live_probes());
        events.extend(all.map(|probe| Event::Verdict(suite.skip(probe, reason))));
        if let (Some(live), Lane::Wire(_)) = (live, lane) {
            let steps = self.under(&suite, live);
            events.extend(steps.map(|under| Event::Step(under.skip(reason))));
        }
        events.push(Event::SuiteFinished(SuiteFinished {
            suite: suite.id(),
            reproduced: None,
            micros: 0,
        }));
    }

    fn suite(
        &mut self,
        lane: Lane,
        selected: &Selected,
        plain: Plain<'_>,
        live: Option<&Live<'_>>,
        events: &mut Vec<Event>,
    ) {
        let suite = self.named(lane, selected);
        let started = Instant::now();
        let Plain {
            probes,
            work,
            decisions,
        } = plain;
        events.push(begun(&suite, probes.len() + selected.live_probes().count()));
        let findings = match work.is_empty() {
            true => Vec::new(),
            false => self.findings(lane, work),
        };
        let elapsed = started.elapsed();
        let mut verdicts = verdicts(&suite, probes, decisions, &findings, elapsed);
        let mut steps = Vec::new();
        if let Some(live) = live {
            verdicts.extend(self.stages(&suite, live));
            if let Lane::Wire(mode) = lane {
                for under in self.under(&suite, live) {
                    steps.push(self.step(mode, under));
                }
            }
        }
        let elapsed = started.elapsed();
        let outcomes = (verdicts.iter().map(|verdict| verdict.outcome))
            .chain(steps.iter().map(|step| step.outcome));
        if !outcomes.into_iter().all(is_as_expected) {
            self.failed.store(true, Ordering::Relaxed);
        }
        let reproduced = reproduced(&suite, &verdicts);
        events.extend(verdicts.into_iter().map(Event::Verdict));
        events.extend(steps.into_iter().map(Event::Step));
        events.push(Event::SuiteFinished(SuiteFinished {
            suite: suite.id(),
            reproduced,
            micros: u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        }));
    }

    /// What is judged before the first step, and after each.
    fn stages(&mut self, suite: &Suite<'_>, live: &Live<'_>) -> Vec<Verdict> {
        let started = Instant::now();
        let staged = live.staged.as_slice();
        let topology = &suite.scenario.topology;
        let judged = self.guarded(|worker| match suite.lane {
            Lane::Model => Ok(model::in_stages(staged)),
            Lane::TestRun => worker.kernel()?.test_run_stages(staged).map_err(failed_to),
            Lane::Wire(mode) => (worker.kernel()?)
                .wire_stages(mode, topology, staged)
                .map_err(failed_to),
        });
        let findings = for_each(live.frames(), judged);
        let elapsed = started.elapsed();
        let mut from = 0;
        let mut all = Vec::new();
        for (stage, decisions) in live.stages.iter().zip(&live.decisions) {
            let suite = Suite {
                scenario: &stage.scenario,
                image: &stage.image,
                ..*suite
            };
            let probes: Vec<&Probe> = stage.scenario.probes.iter().collect();
            let findings = &findings[from..from + decisions.len()];
            from += decisions.len();
            all.extend(verdicts(&suite, &probes, decisions, findings, elapsed));
        }
        all
    }

    /// A change of the policy under traffic.
    fn step(&mut self, mode: Mode, under: Under<'_>) -> StepVerdict {
        let started = Instant::now();
        let Under {
            suite,
            live,
            number,
            swaps,
        } = under;
        let (before, after) = (&live.stages[number], &live.stages[number + 1]);
        let policies = [&before.scenario.policy, &after.scenario.policy];
        let expected = live.traffic.expected(policies);
        let swaps = Swaps {
            images: [&before.image, &after.image],
            connections: after.connections,
            count: swaps,
            stop: self.settings.stop,
        };
        let judged = match live.traffic.frames.is_empty() {
            true => Err("none of the scenario's probes can be sent over and over".to_owned()),
            false => self.guarded(|worker| {
                (worker.kernel()?)
                    .swap(
                        mode,
                        &suite.scenario.topology,
                        &swaps,
                        &live.traffic,
                        &expected,
                    )
                    .map_err(failed_to)
            }),
        };
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        under.verdict(&judged, &expected, micros)
    }

    /// The steps of a scenario.
    fn under<'a>(
        &self,
        suite: &'a Suite<'a>,
        live: &'a Live<'a>,
    ) -> impl Iterator<Item = Under<'a>> + use<'a> {
        let swaps = self.settings.swaps;
        (0..live.stages.len() - 1).map(move |number| Under {
            suite,
            live,
            number,
            swaps,
        })
    }

    /// A lane that fails, or panics, leaves a finding for each frame that says
    /// so: the run goes on, and the report is whole.
    fn findings(&mut self, lane: Lane, work: &Work<'_>) -> Vec<Finding> {
        let judged = self.guarded(|worker| match lane {
            Lane::Model => Ok(model::run(work)),
            Lane::TestRun => worker.kernel()?.test_run(work).map_err(failed_to),
            Lane::Wire(mode) => worker.kernel()?.wire(mode, work).map_err(failed_to),
        });
        for_each(work.len(), judged)
    }

    /// Does it, and says so if it panics.
    fn guarded<T>(
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

    fn kernel(&mut self) -> Result<&mut Kernel, String> {
        let kernel = match self.kernel.take() {
            Some(kernel) => kernel,
            None => Kernel::load(self.settings.object, self.sizes, self.settings.sabotage)
                .map_err(failed_to)?,
        };
        Ok(self.kernel.insert(kernel))
    }
}

/// The probes of a scenario that do not depend on its steps.
#[derive(Clone, Copy)]
struct Plain<'a> {
    probes: &'a [&'a Probe],
    work: &'a Work<'a>,
    decisions: &'a [Vec<Decision>],
}

/// As many findings as frames, whatever came of it.
fn for_each(frames: usize, judged: Result<Vec<Finding>, String>) -> Vec<Finding> {
    let why = match judged {
        Ok(findings) if findings.len() == frames => return findings,
        Ok(findings) => format!("{} findings for {frames} frames", findings.len()),
        Err(why) => why,
    };
    let each = || Err(NoFinding::Inconclusive(why.clone()));
    (0..frames).map(|_| each()).collect()
}

/// Workloads that one lab holds at most: each has a namespace and a link.
pub const MOST_WORKLOADS: usize = 128;

/// Whether the lane would have to build a network larger than it can.
fn lacks_room(lane: Lane, work: &Work<'_>) -> bool {
    matches!(lane, Lane::Wire(_)) && work.topology.workloads.len() > MOST_WORKLOADS
}

/// What the oracle decides about each frame, hook by hook: those of a sequence in
/// one memory, every other as if nothing had been before it.
pub fn decisions(scenario: &Scenario, probes: &[&Probe]) -> Vec<Vec<Decision>> {
    let mut decisions = Vec::new();
    let mut memory: Option<(usize, Memory)> = None;
    for probe in probes {
        for case in &probe.cases {
            let policy = &scenario.policy;
            decisions.push(match (probe.sequence, &mut memory) {
                (None, _) => travel(policy, &case.journey, &mut Memory::untracked()),
                (Some(number), Some((same, memory))) if *same == number => {
                    travel(policy, &case.journey, memory)
                }
                (Some(number), other) => {
                    let (_, memory) = other.insert((number, Memory::tracking()));
                    travel(policy, &case.journey, memory)
                }
            });
        }
    }
    decisions
}

fn begun(suite: &Suite<'_>, probes: usize) -> Event {
    Event::SuiteStarted(SuiteStarted {
        suite: suite.id(),
        name: suite.scenario.name.clone(),
        probes,
    })
}

fn failed_to(error: impl std::fmt::Display) -> String {
    format!("failed to {error}")
}

fn verdicts(
    suite: &Suite<'_>,
    probes: &[&Probe],
    decisions: &[Vec<Decision>],
    findings: &[Finding],
    elapsed: Duration,
) -> Vec<Verdict> {
    let per_frame = elapsed / u32::try_from(findings.len().max(1)).unwrap_or(u32::MAX);
    let mut from = 0;
    (probes.iter())
        .map(|probe| {
            let cases = from..from + probe.cases.len();
            from = cases.end;
            let share = per_frame * u32::try_from(cases.len()).unwrap_or(u32::MAX);
            suite.verdict(probe, &decisions[cases.clone()], &findings[cases], share)
        })
        .collect()
}

fn reproduced(suite: &Suite<'_>, verdicts: &[Verdict]) -> Option<String> {
    let xfail = suite
        .scenario
        .xfail
        .as_ref()
        .filter(|_| suite.honour_xfail)?;
    let any = verdicts
        .iter()
        .any(|verdict| verdict.outcome == ProbeOutcome::Reproduced);
    let all = verdicts
        .iter()
        .all(|verdict| is_as_expected(verdict.outcome));
    (any && all).then(|| xfail.reason.clone())
}

/// Whether an outcome leaves the run green.
pub const fn is_as_expected(outcome: ProbeOutcome) -> bool {
    match outcome {
        ProbeOutcome::Match | ProbeOutcome::Reproduced | ProbeOutcome::Skipped => true,
        ProbeOutcome::PolicyMismatch
        | ProbeOutcome::DeliveryMismatch
        | ProbeOutcome::FilterMismatch
        | ProbeOutcome::UnexpectedPass
        | ProbeOutcome::Error => false,
    }
}

fn problem(selected: &Selected, text: String) -> Event {
    let path = selected.scenario.file.path.clone();
    Event::Problem(Problem {
        code: "harness-fault".to_owned(),
        text: format!("{path}: {text}"),
        file: Some(path),
    })
}
