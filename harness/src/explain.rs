//! Why a probe is not as expected, in words: what was sent, what each party
//! said, who is wrong, every fault that suffices, and how to run it again.

use std::fmt::Write;
use std::net::IpAddr;

use netverdict_abi::Verdict;
use netverdict_policy::diagnostic::Location;
use netverdict_policy::frame::{self, Body, FrameSpec};
use netverdict_policy::model::RuleRef;
use netverdict_policy::scenario::{Expect, Probe, Target};

use crate::event::ProbeOutcome;
use crate::fault;
use crate::observation::Witness;
use crate::outcome::{Blame, Inconclusive, Outcome};
use crate::suite::{Judged, Suite};
use crate::words::{expect_name, seen_name, verdict_name};

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
    format!(
        "netverdict run {} --test {} {}{no_xfail}",
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
    let scenario = suite.scenario;
    let policy = &scenario.policy;
    let decision = judged.decision;
    line(text, "sent", &frame::describe(&judged.case.frame));
    line(text, "to", &target(suite, &judged.case.target));
    let asserted = probe
        .reason
        .map_or(String::new(), |reason| format!(", {}", reason.slug()));
    line(
        text,
        "expect",
        &format!(
            "{}{asserted} ({})",
            expect_name(probe.expect),
            probe.expect_location
        ),
    );
    line(
        text,
        "policy",
        &format!(
            "{}: {}{}",
            verdict_name(decision.verdict()),
            decision.reason.slug(),
            places(suite, &decision.rules),
        ),
    );
    let kernel = match suite.lane.needs_privileges() {
        true => "kernel",
        false => "model",
    };
    match judged.finding {
        Err(why) => line(text, kernel, &format!("inconclusive: {why}")),
        Ok(observation) => {
            let said = match observation.judged {
                None => "the filter said nothing of it".to_owned(),
                Some(filter) => format!(
                    "{}: {}{}",
                    verdict_name(filter.reason.verdict()),
                    filter.reason.slug(),
                    places(suite, suite.image.rule(filter.rule).as_slice()),
                ),
            };
            line(
                text,
                kernel,
                &format!("{said}; {}", seen_name(observation.seen)),
            );
            if let Some(witness) = observation.witness {
                line(text, "witness", witness_text(witness));
            }
        }
    }
    if let Some(outcome) = &judged.outcome {
        line(text, "wrong", &who_is_wrong(suite, probe, judged, outcome));
        if matches!(outcome, Outcome::Mismatch(Blame::Policy)) {
            let faults = fault::sufficient(policy, decision, source(&judged.case.frame));
            line(
                text,
                "why",
                match faults.len() {
                    1 => "one fault suffices:",
                    _ => "each of these faults suffices by itself:",
                },
            );
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

fn target(suite: &Suite<'_>, target: &Target) -> String {
    let scenario = suite.scenario;
    match target {
        Target::Workload {
            workload,
            node_port,
        } => {
            let service = (scenario.policy.node_ports.iter())
                .find(|known| known.node_port == *node_port)
                .map_or(String::new(), |known| {
                    format!("service {}, ", known.service)
                });
            let name = &scenario.topology.workloads[*workload].name;
            format!("workload {name} ({service}NodePort {node_port})")
        }
        Target::Node => "the node itself".to_owned(),
        Target::Undeliverable(why) => format!("nobody: a host cannot deliver it ({why})"),
    }
}

fn places(suite: &Suite<'_>, rules: &[RuleRef]) -> String {
    let places: Vec<String> = (rules.iter().take(3))
        .map(|rule| suite.scenario.policy.location(*rule).to_string())
        .collect();
    match (places.as_slice(), rules.len()) {
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
            "under a policy that passes everything the same frame passes the filter, and the \
             stack drops it"
        }
        Witness::Vacuous => {
            "under a policy that passes everything the same frame does not arrive behind the \
             filter either"
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
        Outcome::Mismatch(Blame::Policy) => match (probe.expect, judged.decision.verdict()) {
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
            let said = observed
                .and_then(|seen| seen.judged)
                .map_or("nothing", |f| f.reason.slug());
            let same = observed
                .and_then(|seen| seen.judged)
                .is_some_and(|filter| filter.reason == judged.decision.reason);
            if same {
                format!("{who}: the reason is right, but not the rule that is named for it")
            } else {
                format!(
                    "{who}: the policy says {}, it did {said}",
                    judged.decision.reason.slug()
                )
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
        Outcome::Error(Inconclusive::Vacuous) => {
            "unknown: the drop proves nothing, as the frame could not have arrived".to_owned()
        }
        Outcome::Error(Inconclusive::Rejected) => {
            "unknown: something answered the frame during probing".to_owned()
        }
    }
}

fn source(frame: &FrameSpec) -> Option<IpAddr> {
    match &frame.body {
        Body::Ip(packet) => Some(packet.source),
        Body::Arp { .. } | Body::Other { .. } => None,
    }
}
