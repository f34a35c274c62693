//! One scenario after the other, each through every lane.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use netverdict_policy::frame::ProbeId;
use netverdict_policy::image::ImageSizes;
use netverdict_policy::oracle::Decision;
use netverdict_policy::scenario::Probe;

use super::Settings;
use super::in_dry_run::{in_force, tellable};
use super::judge_suite::{begun, decisions, is_as_expected, reproduced, verdicts};
use super::lane::lacks_room;
use super::steps::verdicts_of_stages;
use crate::counts;
use crate::event::{Counts, Event, Problem, SkipReason, SuiteFinished};
use crate::hits::{self, Heard};
use crate::lane::Lane;
use crate::lanes::Work;
use crate::lanes::kernel::Kernel;
use crate::live::{Live, Stage};
use crate::select::Selected;
use crate::suite::{Finding, Suite};

/// Judges scenarios, one after the other.
pub(super) struct Worker<'a> {
    pub(super) settings: &'a Settings<'a>,
    pub(super) sizes: ImageSizes,
    pub(super) failed: &'a AtomicBool,
    pub(super) kernel: Option<Kernel>,
}

/// The probes of a scenario that do not depend on its steps.
#[derive(Clone, Copy)]
struct Plain<'a> {
    probes: &'a [&'a Probe],
    work: &'a Work<'a>,
    decisions: &'a [Vec<Decision>],
}

impl Worker<'_> {
    /// Judges the scenario in every lane: what happens, in order.
    pub(super) fn scenario(&mut self, selected: &Selected, first_id: u32) -> Vec<Event> {
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
        let mut heard = Heard::default();
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
                    self.suite(*lane, selected, plain, live, &mut heard, &mut events);
                }
                Some(reason) => self.skip(*lane, selected, &probes, live, reason, &mut events),
            }
        }
        let plain = hits::Plain {
            probes: &probes,
            work: &work,
            decisions: &decisions,
        };
        match self.guarded(|_| Ok(heard.event(selected, plain, live))) {
            Ok(hits) => events.extend(hits.map(Event::RuleHits)),
            Err(why) => events.push(problem(selected, why)),
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
        heard: &mut Heard,
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
        let told = in_force(&selected.scenario, probes)
            .map(|in_force| tellable(&suite, probes, decisions, &in_force, &findings));
        let told = told.as_deref().unwrap_or(&findings);
        let mut verdicts = verdicts(&suite, probes, decisions, told, elapsed);
        let mut steps = Vec::new();
        let mut staged = Vec::new();
        if let Some(live) = live {
            let (findings, elapsed) = self.stages(&suite, live);
            verdicts.extend(verdicts_of_stages(&suite, live, &findings, elapsed));
            staged = findings;
            if let Lane::Wire(mode) = lane {
                for under in self.under(&suite, live) {
                    steps.push(self.step(mode, under));
                }
            }
        }
        let counts = counted(&suite, probes, &findings, live, &staged);
        heard.take(lane, findings, staged);
        let elapsed = started.elapsed();
        let outcomes = (verdicts.iter().map(|verdict| verdict.outcome))
            .chain(steps.iter().map(|step| step.outcome));
        if !outcomes.into_iter().all(is_as_expected) {
            self.failed.store(true, Ordering::Relaxed);
        }
        let reproduced = reproduced(&suite, &verdicts);
        events.extend(verdicts.into_iter().map(Event::Verdict));
        events.extend(steps.into_iter().map(Event::Step));
        events.extend(counts.map(Event::Counts));
        events.push(Event::SuiteFinished(SuiteFinished {
            suite: suite.id(),
            reproduced,
            micros: u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        }));
    }
}

/// What was decided about the frames of a suite, those between steps included.
fn counted(
    suite: &Suite<'_>,
    probes: &[&Probe],
    findings: &[Finding],
    live: Option<&Live<'_>>,
    mut staged: &[Finding],
) -> Option<Counts> {
    let mut frames = vec![counts::Frames {
        scenario: suite.scenario,
        image: suite.image,
        probes: probes.to_vec(),
        findings,
    }];
    for stage in live.map_or(&[][..], |live| live.stages) {
        let probes: Vec<&Probe> = stage.scenario.probes.iter().collect();
        let cases = probes.iter().map(|probe| probe.cases.len()).sum();
        let (findings, rest) = staged.split_at(cases);
        staged = rest;
        frames.push(counts::Frames {
            scenario: &stage.scenario,
            image: &stage.image,
            probes,
            findings,
        });
    }
    counts::count(suite.id(), suite.lane.needs_privileges(), &frames)
}

fn problem(selected: &Selected, text: String) -> Event {
    let path = selected.scenario.file.path.clone();
    Event::Problem(Problem {
        code: "harness-fault".to_owned(),
        text: format!("{path}: {text}"),
        file: Some(path),
    })
}
