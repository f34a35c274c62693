//! Why a probe is not as expected, in words: what was sent, what each party
//! said, who is wrong, every fault that suffices, and how to run it again.

mod places;

use std::fmt::Write;

use netverdict_abi::{Reason, Verdict};
use netverdict_policy::diagnostic::Location;
use netverdict_policy::frame;
use netverdict_policy::journey::{Point, Target};
use netverdict_policy::model::RuleRef;
use netverdict_policy::oracle::Proposed;
use netverdict_policy::scenario::{Expect, OfPolicy, Probe, Step};

use crate::event::ProbeOutcome;
use crate::fault::{self, Passage};
use crate::observation::{self, Witness};
use crate::outcome::{Blame, Inconclusive, Outcome, proposes_as_meant, would_be};
use crate::suite::{Judged, NoFinding, Suite};
use crate::words::{expect_name, hook_name, seen_name, verdict_name};

pub(crate) use places::to_look_at;

/// Frames of a probe that are explained in full; the others are counted.
const EXPLAINED_CASES: usize = 2;

/// The command that runs `probe` alone, in this lane.
pub fn rerun(suite: &Suite<'_>, probe: &Probe) -> String {
    // A hyphen means itself outside a class; names read better without the
    // backslash.
    let test = format!("^{}$", regex::escape(&probe.name).replace("\\-", "-"));
    let no_xfail = if suite.honour_xfail {
        ""
    } else {
        " --no-xfail"
    };
    let dry_run = match probe.of_policy {
        OfPolicy::InForce => "",
        OfPolicy::Proposed => " --dry-run-policy",
    };
    format!(
        "netverdict run {} --test {} {}{no_xfail}{dry_run}",
        quoted(&suite.scenario.file.path),
        quoted(&test),
        suite.lane.flags(),
    )
}

/// The command that runs a step alone, in this lane.
pub fn rerun_step(suite: &Suite<'_>, step: &Step, swaps: u32) -> String {
    let test = format!("^step {}$", regex::escape(&step.name).replace("\\-", "-"));
    format!(
        "netverdict run {} --test {} {} --swaps {swaps}",
        quoted(&suite.scenario.file.path),
        quoted(&test),
        suite.lane.flags(),
    )
}

/// A word for a POSIX shell.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The whole explanation of a probe that is not as expected.
pub(crate) fn probe(
    suite: &Suite<'_>,
    probe: &Probe,
    outcome: ProbeOutcome,
    judged: &[Judged<'_>],
    rerun: &str,
) -> String {
    let mut text = String::new();
    line(
        &mut text,
        "probe",
        &format!("{} ({})", probe.name, probe.location),
    );
    let wrong: Vec<&Judged<'_>> = (judged.iter())
        .filter(|judged| match outcome {
            ProbeOutcome::UnexpectedPass => {
                judged.outcome != Some(Outcome::Mismatch(Blame::Policy))
            }
            _ => !matches!(judged.outcome, Some(Outcome::Match { .. })),
        })
        .collect();
    if outcome == ProbeOutcome::UnexpectedPass {
        let not_so = match (wrong.len(), judged.len()) {
            (_, 1) => "it did not mismatch".to_owned(),
            (some, all) => format!("{some} of its {all} frames did not mismatch"),
        };
        line(
            &mut text,
            "xfail",
            &format!(
                "the scenario's xfail names this probe, but {not_so}: \
                 if the fault is mended, take the probe out of xfail"
            ),
        );
    }
    for judged in wrong.iter().take(EXPLAINED_CASES) {
        text.push('\n');
        case(&mut text, suite, probe, judged);
    }
    if let Some(more @ 1..) = wrong.len().checked_sub(EXPLAINED_CASES) {
        let labels: Vec<&str> = wrong
            .iter()
            .skip(EXPLAINED_CASES)
            .take(12)
            .map(|w| w.case.label.as_str())
            .collect();
        let rest = if more > labels.len() { ", …" } else { "" };
        text.push('\n');
        line(
            &mut text,
            "also",
            &format!("{more} more: {}{rest}", labels.join(", ")),
        );
    }
    text.push('\n');
    line(&mut text, "rerun", rerun);
    text
}

fn case(text: &mut String, suite: &Suite<'_>, probe: &Probe, judged: &Judged<'_>) {
    let journey = &judged.case.journey;
    line(text, "sent", &frame::describe(journey.frame()));
    line(text, "to", &target(suite, &journey.target));
    let asserted = probe
        .reason
        .map_or(String::new(), |reason| format!(", {}", reason.slug()));
    let of_policy = match probe.of_policy {
        OfPolicy::InForce => "",
        OfPolicy::Proposed => ", of the proposed policy (--dry-run-policy)",
    };
    line(
        text,
        "expect",
        &format!(
            "{}{asserted}{of_policy} ({})",
            expect_name(probe.expect),
            probe.expect_location
        ),
    );
    if let Some(proposed) = probe.proposed {
        let expected = format!("{} by the proposed policy", expect_name(proposed));
        line(text, "", &expected);
    }
    let said: Vec<String> = (judged.decisions.iter())
        .map(|decision| {
            let mut words = said(suite, decision.point, decision.reason, &decision.rules);
            if let Some(Proposed { reason, rules }) = &decision.proposed {
                words += &proposing(suite, *reason, rules);
            }
            words
        })
        .collect();
    lines(text, "policy", &said);
    let kernel = match suite.lane.needs_privileges() {
        true => "kernel",
        false => "model",
    };
    match judged.finding {
        Err(NoFinding::Inconclusive(why)) => line(text, kernel, &format!("inconclusive: {why}")),
        Err(NoFinding::Skipped(why)) => line(text, kernel, &format!("not asked: {why}")),
        Ok(observation) => {
            let mut said: Vec<String> = (observation.judged.iter())
                .map(|filter| {
                    let rule = suite.image.rule(filter.rule);
                    let mut words = self::said(suite, filter.point, filter.reason, rule.as_slice());
                    if let Some(proposed) = filter.proposed {
                        let rule = suite.image.rule(proposed.rule);
                        words += &proposing(suite, proposed.reason, rule.as_slice());
                    }
                    words
                })
                .collect();
            if said.is_empty() {
                said.push("the filter said nothing of it".to_owned());
            }
            if let Some(last) = said.last_mut() {
                let _ = write!(last, "; {}", seen_name(observation.seen));
            }
            lines(text, kernel, &said);
            if let Some(witness) = observation.witness {
                line(text, "witness", witness_text(witness));
            }
        }
    }
    if let Some(outcome) = &judged.outcome {
        line(text, "wrong", &who_is_wrong(suite, probe, judged, outcome));
        // What is proposed, and by which line, stands above.
        if matches!(outcome, Outcome::Mismatch(Blame::Policy)) && !is_of_proposed(probe, judged) {
            let faults = fault::sufficient(&Passage {
                topology: &suite.scenario.topology,
                policy: &suite.scenario.policy,
                journey,
                decisions: judged.decisions,
            });
            let why = match faults.len() {
                0 => "no line of the policy says so",
                1 => "one fault suffices:",
                _ if fault::of_several_hooks(&faults) => {
                    "no hook stops it, though one would be enough:"
                }
                _ => "each of these faults suffices by itself:",
            };
            line(text, "why", why);
            for (number, fault) in faults.iter().enumerate() {
                let place = fault
                    .location
                    .as_ref()
                    .map_or(String::new(), place_and_text);
                let _ = writeln!(text, "         {}. {}{place}", number + 1, fault.text);
            }
        }
    }
}

fn line(text: &mut String, label: &str, rest: &str) {
    let _ = writeln!(text, "{label:<8} {rest}");
}

/// The first text behind the label, the others below it.
fn lines(text: &mut String, label: &str, texts: &[String]) {
    for (number, rest) in texts.iter().enumerate() {
        line(text, if number == 0 { label } else { "" }, rest);
    }
}

/// What a party says at a hook.
fn said(suite: &Suite<'_>, point: Point, reason: Reason, rules: &[RuleRef]) -> String {
    format!(
        "{} {}: {}{}",
        hook_name(&suite.scenario.topology, point),
        verdict_name(reason.verdict()),
        reason.slug(),
        places(suite, rules),
    )
}

/// What a party says would be, behind what it says is.
fn proposing(suite: &Suite<'_>, reason: Reason, rules: &[RuleRef]) -> String {
    format!(
        "; as proposed {}: {}{}",
        verdict_name(reason.verdict()),
        reason.slug(),
        places(suite, rules),
    )
}

fn target(suite: &Suite<'_>, target: &Target) -> String {
    let scenario = suite.scenario;
    match target {
        Target::Workload {
            workload,
            node_port,
        } => {
            let name = &scenario.topology.workloads[*workload].name;
            let Some(port) = node_port else {
                return format!("workload {name}");
            };
            let service = (scenario.policy.node_ports.iter())
                .find(|known| known.node_port == *port)
                .map_or(String::new(), |known| {
                    format!("service {}, ", known.service)
                });
            format!("workload {name} ({service}NodePort {port})")
        }
        Target::Outside(address) => format!("{address}, out of the uplink"),
        Target::Node => "the node itself".to_owned(),
        Target::Undeliverable(why) => format!("nobody: a host cannot deliver it ({why})"),
    }
}

fn places(suite: &Suite<'_>, rules: &[RuleRef]) -> String {
    let policy = &suite.scenario.policy;
    let known: Vec<&Location> = (rules.iter())
        .filter_map(|rule| policy.location(*rule))
        .collect();
    let places: Vec<String> = known.iter().take(3).map(ToString::to_string).collect();
    match (places.as_slice(), known.len()) {
        ([], _) => String::new(),
        (places, count) if count > places.len() => {
            format!(
                " at {} and {} more",
                places.join(", "),
                count - places.len()
            )
        }
        (places, _) => format!(" at {}", places.join(", ")),
    }
}

/// ` (path:line:column: the text there)`, the text cut to its first line.
fn place_and_text(location: &Location) -> String {
    let text = location.text().lines().next().unwrap_or("").trim();
    if text.is_empty() {
        format!(" ({location})")
    } else {
        format!(" ({location}: {text})")
    }
}

const fn witness_text(witness: Witness) -> &'static str {
    match witness {
        Witness::Arrives => "under a policy that passes everything the same frame arrives",
        Witness::LostBehind => {
            "under a policy that passes everything the same frame passes every hook, and the \
             stack drops it"
        }
        Witness::Vacuous => {
            "under a policy that passes everything the same frame does not get behind every \
             hook either"
        }
    }
}

/// Whether the filter proposes for another reason than the policy, at any hook.
fn proposes_otherwise(judged: &Judged<'_>, said: &[observation::Judged]) -> bool {
    (judged.decisions.iter().zip(said)).any(|(decision, said)| {
        let by_policy = decision.proposed.as_ref().map(|proposed| proposed.reason);
        by_policy != said.proposed.map(|proposed| proposed.reason)
    })
}

/// Whether it is only the proposed policy that is not as meant.
fn is_of_proposed(probe: &Probe, judged: &Judged<'_>) -> bool {
    let would_be = would_be(judged.decisions);
    match probe.of_policy {
        OfPolicy::Proposed => !probe.expect.is(would_be),
        OfPolicy::InForce => {
            probe.accepts(judged.deciding().reason) && !proposes_as_meant(probe, judged.decisions)
        }
    }
}

fn who_is_wrong(
    suite: &Suite<'_>,
    probe: &Probe,
    judged: &Judged<'_>,
    outcome: &Outcome,
) -> String {
    let observed = judged.finding.as_ref().ok();
    match outcome {
        Outcome::Match { .. } => "nobody".to_owned(),
        Outcome::Mismatch(Blame::Policy) if is_of_proposed(probe, judged) => {
            match would_be(judged.decisions).verdict() {
                Verdict::Pass => {
                    "the proposed policy: it would let in what its author means to keep out"
                }
                Verdict::Drop | Verdict::Abort => {
                    "the proposed policy: it would keep out what its author means to let in"
                }
            }
            .to_owned()
        }
        Outcome::Mismatch(Blame::Policy) => match (probe.expect, judged.deciding().verdict()) {
            (Expect::Drop, Verdict::Pass) => {
                "the policy: it lets in what its author means to keep out".to_owned()
            }
            (Expect::Pass, Verdict::Drop | Verdict::Abort) => {
                "the policy: it keeps out what its author means to let in".to_owned()
            }
            (Expect::Pass, Verdict::Pass) | (Expect::Drop, Verdict::Drop | Verdict::Abort) => {
                format!(
                    "the policy: the verdict is as meant, but for another reason than {}",
                    probe.reason.map_or("expected", |reason| reason.slug()),
                )
            }
        },
        Outcome::Mismatch(Blame::Filter) => {
            let who = if suite.lane.needs_privileges() {
                "the filter or the compiler of its maps"
            } else {
                "the compiler of the maps, or the interpreter"
            };
            let judged_by_filter = observed.map_or(&[][..], |seen| &seen.judged);
            // The first hook where the two part.
            let parting = (judged.decisions.iter().enumerate()).find(|(at, decision)| {
                let said = judged_by_filter.get(*at);
                said.is_none_or(|said| said.reason != decision.reason)
            });
            match parting {
                None if proposes_otherwise(judged, judged_by_filter) => {
                    format!("{who}: it does what the policy says, and proposes something else")
                }
                None => {
                    format!("{who}: the reason is right, but not the rule that is named for it")
                }
                Some((at, decision)) => {
                    let said = (judged_by_filter.get(at)).map_or("nothing", |f| f.reason.slug());
                    let hook = hook_name(&suite.scenario.topology, decision.point);
                    let reason = decision.reason.slug();
                    format!("{who}: {hook} the policy says {reason}, it did {said}")
                }
            }
        }
        Outcome::Mismatch(Blame::Delivery) => {
            "the way behind the filter: the frame passed as meant, and did not arrive".to_owned()
        }
        Outcome::Error(Inconclusive::NotSeen) => {
            "unknown: the frame left no trace, neither at the filter nor behind it".to_owned()
        }
        Outcome::Error(Inconclusive::Unjudged) => {
            "unknown: the frame was seen behind the filter, but the filter did not judge it: is \
             it attached?"
                .to_owned()
        }
        Outcome::Error(Inconclusive::Lost) => {
            "unknown: the frame was lost on its way to the hook that decides".to_owned()
        }
        Outcome::Error(Inconclusive::Vacuous) => {
            "unknown: the drop proves nothing, as the frame could not have arrived".to_owned()
        }
        Outcome::Error(Inconclusive::Rejected) => {
            "unknown: something answered the frame during probing".to_owned()
        }
    }
}
