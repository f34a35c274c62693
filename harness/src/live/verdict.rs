//! From what flowed past a change of the policy to a verdict on the step.

use std::fmt::Write;

use netverdict_abi::Reason;
use netverdict_lab::wire::Judged;
use netverdict_policy::frame::describe;
use netverdict_policy::image::RuleId;
use netverdict_policy::journey::Leg;
use netverdict_policy::oracle::Decision;
use netverdict_policy::scenario::Step;

use super::exact::Expected;
use super::{LeftOut, Live, Traffic};
use crate::event::{LeftOutFrame, Place, ProbeOutcome, SkipReason, StepVerdict, WrongFrame};
use crate::explain;
use crate::lanes::swap::{Swapped, Wrong};
use crate::suite::Suite;
use crate::words::{counted, hook_name, verdict_name};

/// A step under traffic in a lane.
#[derive(Clone, Copy, Debug)]
pub struct Under<'a> {
    /// The scenario in its lane.
    pub suite: &'a Suite<'a>,
    /// Everything that flows.
    pub live: &'a Live<'a>,
    /// Which step, from 0.
    pub number: usize,
    /// How often the policy was to change.
    pub swaps: u32,
}

impl Under<'_> {
    fn step(&self) -> &Step {
        &self.suite.scenario.steps[self.number]
    }

    /// The verdict on what was seen, or on why nothing was.
    pub fn verdict(
        &self,
        swapped: &Result<Swapped, String>,
        expected: &[Expected],
        micros: u64,
    ) -> StepVerdict {
        let nothing = Swapped::default();
        let (swapped, unsound) = match swapped {
            Ok(swapped) => (swapped, swapped.unsound.clone()),
            Err(why) => (&nothing, Some(why.clone())),
        };
        let outcome = match (&unsound, swapped.wrong) {
            (Some(_), _) => ProbeOutcome::Error,
            (None, 0) => ProbeOutcome::Match,
            (None, _) => ProbeOutcome::FilterMismatch,
        };
        let traffic = &self.live.traffic;
        let shown: Vec<WrongFrame> = (swapped.shown.iter())
            .map(|wrong| self.wrong(wrong, traffic, expected))
            .collect();
        let (window, longest) = swapped.windows();
        let mut verdict = StepVerdict {
            outcome,
            swaps: swapped.swaps,
            frames: swapped.frames,
            flips: expected.iter().filter(|expected| expected.flips()).count(),
            between: swapped.between,
            mixed: swapped.mixed,
            wrong: swapped.wrong,
            window_micros: window.as_secs_f64() * 1e6,
            longest_window_micros: longest.as_secs_f64() * 1e6,
            shown,
            micros,
            ..self.blank()
        };
        verdict.explanation = self.explanation(&verdict, unsound.as_deref());
        if outcome != ProbeOutcome::Match {
            let step = self.step();
            let remark = format!("step {}", step.name);
            verdict.places.push(Place::new(&step.location, remark));
        }
        verdict
    }

    /// The verdict where the step was not tried.
    pub fn skip(&self, reason: SkipReason) -> StepVerdict {
        StepVerdict {
            outcome: ProbeOutcome::Skipped,
            skipped: Some(reason),
            ..self.blank()
        }
    }

    fn blank(&self) -> StepVerdict {
        let step = self.step();
        let left_out = self.live.traffic.left_out.iter().map(left_out);
        StepVerdict {
            suite: self.suite.id(),
            step: step.name.clone(),
            location: step.location.to_string(),
            outcome: ProbeOutcome::Error,
            skipped: None,
            swaps: 0,
            frames: 0,
            flips: 0,
            between: 0,
            mixed: 0,
            wrong: 0,
            window_micros: 0.0,
            longest_window_micros: 0.0,
            left_out: left_out.collect(),
            shown: Vec::new(),
            places: Vec::new(),
            explanation: String::new(),
            rerun: explain::rerun_step(self.suite, step, self.swaps),
            micros: 0,
        }
    }

    fn wrong(&self, wrong: &Wrong, traffic: &Traffic<'_>, expected: &[Expected]) -> WrongFrame {
        let frame = &traffic.frames[wrong.frame];
        let expected = &expected[frame.number];
        let says = |turn: usize| -> Vec<String> {
            (expected.under(turn))
                .map(|decision| self.decision(turn, decision))
                .collect()
        };
        let (from, to) = wrong.turns;
        WrongFrame {
            probe: frame.probe.name.clone(),
            sent: describe(frame.case.journey.frame()),
            before: says(0),
            after: says(1),
            may_see: match (from == to, from % 2) {
                (true, 0) => "before",
                (true, _) => "after",
                (false, _) => "either",
            },
            seen: (wrong.said.iter().enumerate())
                .map(|(at, (turn, said))| self.said(frame.case.journey.legs.get(at), *turn, said))
                .collect(),
        }
    }

    /// One word of the oracle.
    fn decision(&self, turn: usize, decision: &Decision) -> String {
        let stage = &self.live.stages[self.number + turn % 2];
        let rules: Vec<String> = (decision.rules.iter())
            .filter_map(|rule| stage.scenario.policy.location(*rule))
            .map(ToString::to_string)
            .collect();
        let hook = hook_name(&self.suite.scenario.topology, decision.point);
        sentence(&hook, decision.reason, &rules.join(", "))
    }

    /// One word of the filter, under the policy that it took to be in force.
    fn said(&self, leg: Option<&Leg>, turn: usize, said: &Judged) -> String {
        let topology = &self.suite.scenario.topology;
        let hook = match leg.filter(|leg| leg.point.hook() == said.hook) {
            Some(leg) => hook_name(topology, leg.point),
            None => format!("at the {} hook", said.hook.slug()),
        };
        let stage = &self.live.stages[self.number + turn];
        let place = (stage.image.rule(RuleId(said.rule)))
            .and_then(|rule| stage.scenario.policy.location(rule))
            .map_or_else(String::new, ToString::to_string);
        let words = sentence(&hook, said.reason, &place);
        let policy = if turn == 0 { "before" } else { "after" };
        format!("{words}, under the policy {policy}")
    }

    fn explanation(&self, verdict: &StepVerdict, unsound: Option<&str>) -> String {
        let mut text = String::new();
        if verdict.outcome == ProbeOutcome::Match {
            return text;
        }
        let step = self.step();
        let _ = writeln!(text, "step      {} ({})", step.name, step.location);
        if let Some(why) = unsound {
            let _ = writeln!(text, "nothing can be said: {why}");
        }
        if verdict.wrong > 0 {
            let _ = writeln!(
                text,
                "{} of {} were judged as neither policy says",
                verdict.wrong,
                counted(
                    usize::try_from(verdict.frames).unwrap_or(usize::MAX),
                    "frame"
                ),
            );
        }
        for wrong in &verdict.shown {
            let _ = writeln!(text, "\nsent      {} ({})", wrong.sent, wrong.probe);
            let when = match wrong.may_see {
                "before" => "before the change began",
                "after" => "after the change had ended",
                _ => "during the change: each hook may judge by either policy",
            };
            let _ = writeln!(text, "when      {when}");
            for (what, words) in [
                ("before   ", &wrong.before),
                ("after    ", &wrong.after),
                ("seen     ", &wrong.seen),
            ] {
                let _ = writeln!(text, "{what} {}", words.join("; "));
            }
        }
        let _ = writeln!(text, "\nrerun     {}", verdict.rerun);
        text
    }
}

fn sentence(hook: &str, reason: Reason, rules: &str) -> String {
    let verdict = verdict_name(reason.verdict());
    let reason = reason.slug();
    match rules {
        "" => format!("{hook} {verdict} ({reason})"),
        rules => format!("{hook} {verdict} ({reason}, {rules})"),
    }
}

fn left_out(left_out: &LeftOut<'_>) -> LeftOutFrame {
    LeftOutFrame {
        probe: left_out.probe.name.clone(),
        case: left_out.case.label.clone(),
        why: left_out.why.to_string(),
    }
}
