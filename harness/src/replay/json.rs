//! What is said of a replay, for programs: one object a line.

use netverdict_abi::Reason;
use netverdict_policy::frame::describe;
use netverdict_policy::interpret::Proposal;
use serde_json::{Value, json};

use super::capture::{Damage, Record, Time};
use super::parties::{Judged, Word};
use super::tally::{Amount, FlowTally, NotJudged, Place, Tally};
use super::text::{Replay, flow_text, why};
use crate::words::verdict_name;

impl Replay<'_> {
    /// A frame about which the parties differ.
    pub fn difference_json(
        &self,
        place: Place,
        time: Option<Time>,
        judged: &Judged,
        bytes: &[u8],
    ) -> Value {
        let topology = &self.subject.topology;
        let hooks = judged.hooks.iter().map(|at| {
            let oracle = at.oracle.as_ref().map(|decision| {
                let rules = decision.rules.iter().filter_map(|rule| {
                    let location = self.subject.policy.location(*rule)?;
                    Some(location.to_string())
                });
                json!({ "reason": decision.reason.slug(), "rules": rules.collect::<Vec<_>>() })
            });
            json!({
                "hook": crate::words::hook_name(topology, at.point),
                "policy": oracle,
                "maps": self.word_json(at.interpreter),
                "kernel": at.kernel.map(|word| self.word_json(word)),
                "agree": at.agree,
            })
        });
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        json!({
            "event": "difference",
            "capture": self.captures[place.capture],
            "frame": place.frame,
            "time": time.map(seconds),
            "description": judged.description.as_ref().map_or_else(ToString::to_string, describe),
            "hooks": hooks.collect::<Vec<_>>(),
            "bytes": hex,
        })
    }

    fn word_json(
        &self,
        Word {
            reason,
            rule,
            proposed,
        }: Word,
    ) -> Value {
        let said = |reason: Reason, rule| {
            let rule = self.subject.image.rule(rule);
            let location = rule.and_then(|rule| self.subject.policy.location(rule));
            json!({
                "reason": reason.slug(),
                "verdict": verdict_name(reason.verdict()),
                "rule": location.map(ToString::to_string),
            })
        };
        let mut object = said(reason, rule);
        if let Some(Proposal { reason, rule }) = proposed {
            object["proposed"] = said(reason, rule);
        }
        object
    }

    /// A frame that was not judged.
    pub fn not_judged_json(&self, place: Place, record: &Record, why: NotJudged) -> Value {
        json!({
            "event": "not-judged",
            "capture": self.captures[place.capture],
            "frame": place.frame,
            "time": record.time.map(seconds),
            "offset": record.offset,
            "why": self::why(why),
        })
    }

    /// A capture that ends in damage.
    pub fn damage_json(&self, capture: usize, damage: &Damage, frames: u64) -> Value {
        json!({
            "event": "damage",
            "capture": self.captures[capture],
            "offset": damage.offset,
            "why": damage.why.to_string(),
            "frames_before": frames,
        })
    }

    /// Everything in sum.
    pub fn summary_json(&self, tally: &Tally) -> Value {
        let reasons = tally.reasons.iter().map(|((hook, reason), count)| {
            json!({
                "hook": hook.slug(),
                "reason": reason.slug(),
                "verdict": verdict_name(reason.verdict()),
                "frames": count,
            })
        });
        let drops = tally.drops.iter().map(|((flow, cause), seen)| {
            let rule = cause.rule.and_then(|rule| self.subject.policy.location(rule));
            json!({
                "flow": flow.as_ref().map(flow_text),
                "cause": self.cause(cause),
                "reason": cause.reason.slug(),
                "rule": rule.map(ToString::to_string),
                "frames": seen.frames,
                "first": { "capture": self.captures[seen.first.capture], "frame": seen.first.frame },
            })
        });
        let proposed = tally.proposed.iter().map(|((passes, rule), seen)| {
            let rule = rule.and_then(|rule| self.subject.policy.location(rule));
            json!({
                "verdict": if *passes { "pass" } else { "drop" },
                "rule": rule.map(ToString::to_string),
                "frames": seen.frames,
                "first": { "capture": self.captures[seen.first.capture], "frame": seen.first.frame },
            })
        });
        let flows = (tally.flows.iter()).map(|(flow, tally)| {
            let mut object = flow_json(tally);
            object["flow"] = json!(flow_text(flow));
            object
        });
        let not_judged = tally.not_judged.iter().map(|(why, seen)| {
            json!({
                "why": self::why(*why),
                "frames": seen.frames,
                "first": { "capture": self.captures[seen.first.capture], "frame": seen.first.frame },
            })
        });
        let made = tally
            .made
            .iter()
            .map(|(link, count)| json!({ "link": link, "frames": count }));
        json!({
            "event": "summary",
            "scenario": self.subject.name,
            "lane": self.lane,
            "tracked": self.tracked,
            "frames": tally.frames,
            "blocks_passed_over": tally.passed_over,
            "passed": amount(tally.passed),
            "dropped": amount(tally.dropped),
            "of_node": amount(tally.of_node),
            "differing": tally.differing,
            "undescribed": tally.undescribed,
            "completed": tally.completed,
            "forgotten": tally.forgotten,
            "given_headers": made.collect::<Vec<_>>(),
            "not_judged": not_judged.collect::<Vec<_>>(),
            "reasons": reasons.collect::<Vec<_>>(),
            "drops": drops.collect::<Vec<_>>(),
            "would_newly": proposed.collect::<Vec<_>>(),
            "flows": flows.collect::<Vec<_>>(),
            "other_flows": flow_json(&tally.other_flows),
        })
    }
}

/// Seconds since 1970, as text: no number of JSON holds nanoseconds of this century.
fn seconds(time: Time) -> String {
    format!("{}.{:09}", time.seconds, time.nanoseconds)
}

fn flow_json(tally: &FlowTally) -> Value {
    json!({ "passed": amount(tally.passed), "dropped": amount(tally.dropped) })
}

fn amount(amount: Amount) -> Value {
    json!({ "frames": amount.frames, "bytes": amount.bytes })
}
