//! Which faults of a policy suffice, each by itself, to bring about a verdict
//! that nobody meant; those that another one masks, too.

use netverdict_abi::Verdict;
use netverdict_policy::diagnostic::Location;
use netverdict_policy::model::{DefaultAction, Policy, Prefilter, RuleRef, Sources};
use netverdict_policy::oracle::{Decision, PolicyStage, PrefilterStage, Stages};
use std::net::IpAddr;

/// Something in the policy that would by itself bring about the verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it stands, where it has a place.
    pub location: Option<Location>,
    /// What it does.
    pub text: String,
    /// Whether it did decide; otherwise another fault masks it.
    pub decided: bool,
}

/// Every fault that suffices for the verdict of `decision` on a frame from
/// `source`; the deciding ones first.
pub fn sufficient(policy: &Policy, decision: &Decision, source: Option<IpAddr>) -> Vec<Fault> {
    let shape = || {
        vec![Fault {
            location: None,
            text: format!(
                "the frame's shape or port decides: {}",
                decision.reason.slug()
            ),
            decided: true,
        }]
    };
    let (Some(stages), Some(source)) = (&decision.stages, source) else {
        return shape();
    };
    let mut faults = match decision.verdict() {
        Verdict::Pass => admitting(policy, stages, source),
        Verdict::Drop => dropping(policy, stages, source),
        Verdict::Abort => return shape(),
    };
    faults.sort_by_key(|fault| !fault.decided);
    faults
}

fn admitting(policy: &Policy, stages: &Stages, source: IpAddr) -> Vec<Fault> {
    let bypassed = (stages.prefilter.as_ref()).is_some_and(|stage| stage.passes && stage.bypasses);
    let mut faults = Vec::new();
    if let Some(stage) = stages.prefilter.as_ref().filter(|_| bypassed) {
        let prefilter = &policy.prefilters[stage.prefilter];
        faults.push(Fault {
            location: Some(prefilter.bypass_location.clone()),
            text: format!(
                "the prefilter of {} {}, and `bypass_policy: true` lets it skip the policy",
                prefilter.node_port,
                passing(policy, prefilter, stage, source),
            ),
            decided: true,
        });
    }
    let masked = if bypassed {
        format!("; masked: with the bypass off, this would still admit {source}")
    } else {
        String::new()
    };
    match &stages.policy {
        PolicyStage::Allowed(rules) => faults.extend(rules.iter().map(|rule| Fault {
            location: Some(policy.location(*rule).clone()),
            text: format!("{}{masked}", matching(policy, *rule, source)),
            decided: !bypassed,
        })),
        PolicyStage::NotSelected => faults.push(Fault {
            location: (policy.node_ports.iter())
                .find(|node_port| node_port.node_port == stages.node_port)
                .map(|node_port| node_port.location.clone()),
            text: format!(
                "no policy selects what stands behind {}{masked}",
                stages.node_port
            ),
            decided: !bypassed,
        }),
        PolicyStage::Denied(_) | PolicyStage::DefaultDenied(_) => {}
    }
    faults
}

fn dropping(policy: &Policy, stages: &Stages, source: IpAddr) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut masked = String::new();
    let mut bypasses = false;
    if let Some(stage) = &stages.prefilter {
        let prefilter = &policy.prefilters[stage.prefilter];
        bypasses = stage.bypasses;
        if !stage.passes {
            faults.push(Fault {
                location: Some(prefilter.default_location.clone()),
                text: format!(
                    "the prefilter of {} drops by default, and its allow list {} {source}",
                    prefilter.node_port,
                    list_without(prefilter),
                ),
                decided: true,
            });
            masked = format!("; masked: with the prefilter open, this would still drop {source}");
        }
    }
    // Behind a bypass the policy is never asked: no rule of it can drop.
    let rules = match &stages.policy {
        PolicyStage::Denied(rules) | PolicyStage::DefaultDenied(rules) if !bypasses => rules,
        PolicyStage::Denied(_)
        | PolicyStage::DefaultDenied(_)
        | PolicyStage::Allowed(_)
        | PolicyStage::NotSelected => return faults,
    };
    let decided = masked.is_empty();
    faults.extend(rules.iter().map(|rule| Fault {
        location: Some(policy.location(*rule).clone()),
        text: format!("{}{masked}", matching(policy, *rule, source)),
        decided,
    }));
    faults
}

/// How a prefilter came to pass `source`.
fn passing(
    policy: &Policy,
    prefilter: &Prefilter,
    stage: &PrefilterStage,
    source: IpAddr,
) -> String {
    let listed = stage
        .rules
        .iter()
        .find(|rule| matches!(rule, RuleRef::PrefilterAllow { .. }));
    match listed {
        Some(rule) => matching(policy, *rule, source),
        None => format!(
            "passes by default what its allow list {}",
            list_without(prefilter)
        ),
    }
}

fn list_without(prefilter: &Prefilter) -> &'static str {
    if prefilter.allow.is_empty() {
        "(which is empty) does not hold"
    } else {
        "does not hold"
    }
}

/// What `rule` says about `source`, in a clause.
fn matching(policy: &Policy, rule: RuleRef, source: IpAddr) -> String {
    match rule {
        RuleRef::PrefilterAllow { prefilter, entry } => {
            let prefix = policy.prefilters[prefilter].allow[entry].prefix;
            format!("has {prefix} on its allow list, which holds {source}")
        }
        RuleRef::PrefilterDefault { prefilter } => match policy.prefilters[prefilter].default {
            DefaultAction::Pass => "passes by default".to_owned(),
            DefaultAction::Drop => "drops by default".to_owned(),
        },
        RuleRef::Policy {
            policy: index,
            rule,
            entry,
        } => {
            let network_policy = &policy.network_policies[index];
            let name = &network_policy.name;
            let rule = &network_policy.rules[rule];
            let verb = match rule.action {
                netverdict_policy::model::RuleAction::Allow => "allows",
                netverdict_policy::model::RuleAction::Deny => "denies",
            };
            match &rule.sources {
                Sources::Any | Sources::Nobody => {
                    format!("policy {name} {verb} every source, {source} among them")
                }
                Sources::Cidrs(cidrs) => {
                    format!(
                        "policy {name} {verb} {}, which holds {source}",
                        cidrs[entry].cidr
                    )
                }
            }
        }
        RuleRef::DefaultDeny { policy: index } => {
            let name = &policy.network_policies[index].name;
            format!("policy {name} selects the service, and no rule allows {source}")
        }
    }
}
