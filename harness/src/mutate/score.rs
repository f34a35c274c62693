//! Judges every mutant of a scenario, on all processors.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use netverdict_policy::diagnostic::Location;
use netverdict_policy::mutate::{Fate, Judge, Killer, Mutation, Plan};
use netverdict_policy::scenario::Scenario;

/// Suggested probes that are tried on a survivor before it gets one of its own.
const MOST_SHARED: usize = 64;

/// What becomes of a scenario.
#[derive(Clone, Debug)]
pub enum Scored<'s> {
    /// It reproduces a faulty deployment: its probes are meant to be wrong.
    Xfail(&'s Scenario),
    /// This probe is wrong without any change.
    NotGreen(&'s Scenario, String),
    /// Its mutants were judged.
    Score(Score<'s>),
}

/// The mutants of a scenario, and what became of them.
#[derive(Clone, Debug)]
pub struct Score<'s> {
    /// The scenario.
    pub scenario: &'s Scenario,
    /// How many changes there are, tried or not, valid or not.
    pub possible: usize,
    /// How many of them were chosen.
    pub chosen: usize,
    /// Every mutant that was judged, in the order of the policy.
    pub mutants: Vec<Judged>,
    /// Probes that would have noticed what survived, each once.
    pub suggestions: Vec<Suggestion>,
    /// Whether it was stopped before all were judged.
    pub interrupted: bool,
}

/// A mutant, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// How somebody erred.
    pub mutation: Mutation,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a mutant: see [`Fate`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The name of the probe that noticed.
    Killed(String),
    /// There is nothing to notice.
    Equivalent,
    /// What it changes is hidden by the bypass at this place.
    Masked(Location),
    /// What it changes cannot be sent by a probe.
    OutOfReach,
    /// An index into [`Score::suggestions`].
    Survived(usize),
}

/// A probe that is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// An entry of the list, on one line.
    pub line: String,
    /// The step to whose probes it belongs; the scenario's own if `None`.
    pub step: Option<String>,
}

impl<'s> Scored<'s> {
    /// What was judged, if anything was.
    pub fn score(&self) -> Option<&Score<'s>> {
        match self {
            Scored::Score(score) => Some(score),
            Scored::Xfail(_) | Scored::NotGreen(..) => None,
        }
    }
}

/// Judges the mutants of a scenario, until `stop` says so.
pub fn score(scenario: &Scenario, limit: usize, stop: fn() -> bool) -> Scored<'_> {
    if scenario.xfail.is_some() {
        return Scored::Xfail(scenario);
    }
    if let Some(probe) = Judge::new(scenario).unmet() {
        return Scored::NotGreen(scenario, probe.name.clone());
    }
    let plan = Plan::of(scenario, limit);
    let fates = fates(scenario, &plan, stop);
    let interrupted = fates.len() < plan.len();
    let mut mutants = Vec::new();
    let mut killers: Vec<Killer> = Vec::new();
    for (number, found) in fates {
        let Some((mutation, fate)) = found else {
            continue;
        };
        let outcome = match fate {
            Fate::Killed(probe) => Outcome::Killed(probe.name.clone()),
            Fate::Equivalent => Outcome::Equivalent,
            Fate::Masked(bypass) => Outcome::Masked(bypass),
            Fate::OutOfReach => Outcome::OutOfReach,
            Fate::Survived(killer) => {
                Outcome::Survived(shared(scenario, &plan, number, &mut killers, killer))
            }
        };
        mutants.push(Judged { mutation, outcome });
    }
    let step = |stage: usize| (stage > 0).then(|| scenario.steps[stage - 1].name.clone());
    let suggestions = killers.into_iter().map(|killer| Suggestion {
        line: killer.line,
        step: step(killer.stage),
    });
    Scored::Score(Score {
        scenario,
        possible: plan.possible(),
        chosen: plan.len(),
        mutants,
        suggestions: suggestions.collect(),
        interrupted,
    })
}

/// A mutant by its number in the plan, if a valid policy comes of it.
type Found<'s> = (usize, Option<(Mutation, Fate<'s>)>);

/// What becomes of each change of the plan, in its order.
fn fates<'s>(scenario: &'s Scenario, plan: &Plan<'_>, stop: fn() -> bool) -> Vec<Found<'s>> {
    let next = AtomicUsize::new(0);
    let all = Mutex::new(Vec::new());
    let judge_some = || {
        let mut judge = Judge::new(scenario);
        let mut own = Vec::new();
        while !stop() {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= plan.len() {
                break;
            }
            let found = plan.mutant(number).map(|mutant| {
                let fate = judge.fate(&mutant);
                (mutant.mutation, fate)
            });
            own.push((number, found));
        }
        all.lock().expect("no thread panics").append(&mut own);
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 1..processors.min(plan.len()) {
            scope.spawn(judge_some);
        }
        judge_some();
    });
    let mut all = all.into_inner().expect("no thread panics");
    all.sort_by_key(|(number, _)| *number);
    all
}

/// The index of a probe that notices the mutant: one of those that others need, or its
/// own.
fn shared(
    scenario: &Scenario,
    plan: &Plan<'_>,
    number: usize,
    killers: &mut Vec<Killer>,
    own: Killer,
) -> usize {
    let mutant = plan.mutant(number).expect("it was made before");
    let known = (killers.iter().take(MOST_SHARED)).position(|it| it.notices(scenario, &mutant));
    known.unwrap_or_else(|| {
        killers.push(own);
        killers.len() - 1
    })
}
