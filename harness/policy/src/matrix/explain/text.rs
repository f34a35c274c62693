//! The explanation as somebody reads it.

use std::fmt::Write;

use netverdict_abi::{Reason, Verdict};
use serde_json::{Value, json};

use super::{Explanation, HookStory, Miss, policy_of};
use crate::frame::{Body, Transport};
use crate::journey::{Point, Target};
use crate::model::{Policy, RuleRef};
use crate::oracle::{PolicyStage, Stage};

/// What a lane saw at a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Why it passed or was dropped.
    pub reason: Reason,
    /// The rule that it was reported under.
    pub rule: Option<RuleRef>,
}

impl HookStory {
    /// Whether a lane that saw this is right: the same reason, and one of the rules
    /// that decide, if any do.
    pub fn agrees(&self, seen: Seen) -> bool {
        let rules = &self.decision.rules;
        let rule_is_right = match seen.rule {
            None => rules.is_empty(),
            Some(rule) => rules.contains(&rule),
        };
        seen.reason == self.decision.reason && rule_is_right
    }

    /// What is begun, as the packet says here: behind a node port, the backend's
    /// port.
    fn what(&self) -> String {
        let Body::Ip(packet) = &self.leg.frame.body else {
            return "this".to_owned();
        };
        match packet.transport {
            Transport::Tcp { destination, .. } => format!("{destination}/tcp"),
            Transport::Udp { destination, .. } => format!("{destination}/udp"),
            Transport::Sctp { destination, .. } => format!("{destination}/sctp"),
            Transport::Icmp(_) => "icmp".to_owned(),
            Transport::Other { protocol } => format!("protocol {protocol}"),
        }
    }

    /// The rules to point at, and what they do: those that decide; behind a
    /// default deny the policies that isolate.
    fn deciding(&self) -> (&'static str, &[RuleRef]) {
        let rules = &self.decision.rules;
        let word = match self.decision.reason {
            Reason::PolicyDefaultDeny | Reason::PolicyNoMatch => "isolated by",
            reason => match reason.verdict() {
                Verdict::Pass => "allowed by",
                Verdict::Drop | Verdict::Abort => "denied by",
            },
        };
        (word, rules)
    }
}

/// Lines for a terminal; `seen` is what the lane of this name saw, hook by hook,
/// as far as it saw any.
pub fn text(policy: &Policy, explanation: &Explanation, lane: &str, seen: &[Seen]) -> String {
    let question = explanation.question;
    let (source, destination) = explanation.addresses;
    let verdict = if explanation.passes() {
        "open"
    } else {
        "closed"
    };
    let mut text = format!(
        "{} => {} : {} is {verdict} ({source} to {destination})\n",
        question.source.name(policy),
        question.destination.name(policy),
        question.what,
    );
    for (number, hook) in (1..).zip(&explanation.hooks) {
        let reason = hook.decision.reason;
        let (at, did) = (place(policy, hook.leg.point), verdict_word(reason));
        let _ = writeln!(text, "\n{number}. {at}: {did}, {}", reason.slug());
        describe_hook(&mut text, policy, hook);
    }
    if explanation.hooks.is_empty() {
        text.push_str(
            "\nIt comes by no hook: nothing here judges what the node itself sends out.\n",
        );
    }
    text.push('\n');
    if let Some(Target::Undeliverable(why)) = &explanation.target {
        let _ = writeln!(text, "Nobody receives it: {why}.");
    }
    if explanation.passes() {
        text.push_str(
            "Replies pass whatever the policies say: they belong to a connection that passed.\n",
        );
    }
    text.push_str(&agreement(policy, explanation, lane, seen));
    text
}

fn describe_hook(text: &mut String, policy: &Policy, hook: &HookStory) {
    if let Point::Egress(_) | Point::Ingress(_) = hook.leg.point
        && hook.selected_by.is_empty()
    {
        text.push_str("   no policy selects it for this direction\n");
    }
    let (word, rules) = hook.deciding();
    if !rules.is_empty() {
        let _ = writeln!(text, "   {word}");
        for rule in rules {
            quote(text, policy, *rule, "");
        }
    }
    if hook.decision.reason == Reason::Bypassed {
        text.push_str(match &hook.decision.stage {
            Some(Stage::Policy(PolicyStage::Allowed(_) | PolicyStage::NotSelected)) => {
                "   without that, its policies would let it in as well\n"
            }
            Some(Stage::Policy(_)) => "   without that, its policies would keep it out\n",
            Some(Stage::Prefilter(_)) | None => "",
        });
    }
    let others: Vec<usize> = (hook.selected_by.iter().copied())
        .filter(|at| !rules.iter().any(|rule| policy_of(*rule) == Some(*at)))
        .collect();
    if !others.is_empty() {
        text.push_str("   also selected by\n");
        for at in others {
            quote(text, policy, RuleRef::DefaultDeny { policy: at }, "");
        }
    }
    if let Some(Stage::Policy(PolicyStage::DefaultDenied(_))) = hook.decision.stage {
        if hook.near.is_empty() {
            text.push_str("   no rule comes near allowing it\n");
        } else {
            text.push_str("   nearly allowed by\n");
        }
        let what = hook.what();
        for near in &hook.near {
            let miss = match near.miss {
                Miss::Port => format!("about this peer, but not about {what}"),
                Miss::Peer => format!("about {what}, but not about this peer"),
            };
            quote(text, policy, near.rule, &miss);
        }
    }
}

/// The rule's policy and place, and the line itself.
fn quote(text: &mut String, policy: &Policy, rule: RuleRef, remark: &str) {
    let whose = match policy_of(rule) {
        Some(at) => {
            let policy = &policy.network_policies[at];
            format!("{} {}", policy.kind.name(), policy.name)
        }
        None => match rule {
            RuleRef::NodeReachesWorkloads => "the node always reaches its workloads".to_owned(),
            _ => "the prefilter".to_owned(),
        },
    };
    let remark = if remark.is_empty() {
        String::new()
    } else {
        format!(": {remark}")
    };
    let Some(location) = policy.location(rule) else {
        let _ = writeln!(text, "     {whose}{remark}");
        return;
    };
    let _ = writeln!(text, "     {location}, {whose}{remark}");
    if let Some(line) = quoted_line(policy, rule) {
        let _ = writeln!(text, "       | {line}");
    }
}

fn quoted_line(policy: &Policy, rule: RuleRef) -> Option<&str> {
    let location = policy.location(rule)?;
    let index = usize::try_from(location.line.checked_sub(1)?).ok()?;
    location.file.text.lines().nth(index).map(str::trim_end)
}

fn place(policy: &Policy, point: Point) -> String {
    match point {
        Point::Uplink => "the node's uplink".to_owned(),
        Point::Egress(index) => format!("egress of {}", policy.workloads[index]),
        Point::Ingress(index) => format!("ingress of {}", policy.workloads[index]),
    }
}

fn verdict_word(reason: Reason) -> &'static str {
    match reason.verdict() {
        Verdict::Pass => "pass",
        Verdict::Drop => "drop",
        Verdict::Abort => "abort",
    }
}

fn agreement(policy: &Policy, explanation: &Explanation, lane: &str, seen: &[Seen]) -> String {
    let mut text = String::new();
    for (hook, seen) in explanation.hooks.iter().zip(seen) {
        if !hook.agrees(*seen) {
            let rule = match seen.rule {
                None => "no rule".to_owned(),
                Some(rule) => match policy.location(rule) {
                    Some(location) => location.to_string(),
                    None => "what no line says".to_owned(),
                },
            };
            let _ = writeln!(
                text,
                "FILTER OR COMPILER WRONG: {lane} says {} by {rule} at {}",
                seen.reason.slug(),
                place(policy, hook.leg.point)
            );
        }
    }
    let hooks = explanation.hooks.len();
    if text.is_empty() && hooks > 0 {
        let _ = match hooks - seen.len().min(hooks) {
            0 => writeln!(text, "Checked: {lane} decides the same, hook by hook."),
            _ => writeln!(
                text,
                "Checked: {lane} decides the same, up to the hook that drops it; no other sees it \
                 there."
            ),
        };
    }
    text
}

/// The same as an object.
pub fn json(policy: &Policy, explanation: &Explanation, lane: &str, seen: &[Seen]) -> Value {
    let rule = |rule: RuleRef| {
        let location = policy.location(rule);
        let network_policy = policy_of(rule).map(|at| policy.network_policy(at));
        json!({
            "file": location.map(|at| at.file.path.clone()),
            "line": location.map(|at| at.line),
            "column": location.map(|at| at.column),
            "text": quoted_line(policy, rule),
            "policy": network_policy.map(|each| json!({
                "kind": each.kind.name(),
                "namespace": each.name.namespace,
                "name": each.name.name,
            })),
        })
    };
    let as_seen = seen
        .iter()
        .copied()
        .map(Some)
        .chain(std::iter::repeat(None));
    let hooks: Vec<Value> = (explanation.hooks.iter().zip(as_seen))
        .map(|(hook, seen)| {
            let near = hook.near.iter().map(|near| {
                let mut object = rule(near.rule);
                object["misses"] = json!(match near.miss {
                    Miss::Port => "port",
                    Miss::Peer => "peer",
                });
                object
            });
            let selecting = hook.selected_by.iter();
            let selecting = selecting.map(|at| rule(RuleRef::DefaultDeny { policy: *at }));
            let (_, rules) = hook.deciding();
            json!({
                "hook": hook.leg.point.hook().slug(),
                "at": place(policy, hook.leg.point),
                "verdict": verdict_word(hook.decision.reason),
                "reason": hook.decision.reason.slug(),
                "rules": rules.iter().map(|each| rule(*each)).collect::<Vec<_>>(),
                "selected_by": selecting.collect::<Vec<_>>(),
                "nearly_allowed_by": near.collect::<Vec<_>>(),
                "seen": seen.map(|seen| json!({
                    "reason": seen.reason.slug(),
                    "rule": seen.rule.map(rule),
                    "agrees": hook.agrees(seen),
                })),
            })
        })
        .collect();
    let question = explanation.question;
    json!({
        "source": question.source.name(policy),
        "destination": question.destination.name(policy),
        "what": question.what.to_string(),
        "addresses": [explanation.addresses.0, explanation.addresses.1],
        "open": explanation.passes(),
        "lane": lane,
        "hooks": hooks,
    })
}
