//! Which line of the other side stands in the place of a line.

use super::Cause;
use super::passes::is_same_rule;
use crate::diagnostic::Location;
use crate::model::{
    L4Match, ListedSource, NetworkPolicy, Peers, Policy, Ports, Prefilter, Rule, RuleRef,
};

/// What stands in the other policy where this stands in its own: the same, or what was
/// put in its place. `None` where nothing does.
///
/// # Panics
/// If the cause is not of the policy.
pub fn counterpart(policy: &Policy, other: &Policy, cause: Cause) -> Option<Cause> {
    match cause {
        Cause::Rule(rule) => of_rule(policy, other, rule).map(Cause::Rule),
        Cause::Bypass { prefilter } => {
            of_prefilter(policy, other, prefilter).map(|prefilter| Cause::Bypass { prefilter })
        }
        Cause::NotSelected(_) | Cause::NoPrefilter | Cause::Absent => None,
    }
}

fn of_rule(policy: &Policy, other: &Policy, rule: RuleRef) -> Option<RuleRef> {
    let lists = |prefilter: usize, of: fn(&Prefilter) -> &[ListedSource], entry: usize| {
        let to = of_prefilter(policy, other, prefilter)?;
        let (here, there) = (&policy.prefilters[prefilter], &other.prefilters[to]);
        Some((to, partner(of(here), of(there), entry, is_same_source)?))
    };
    match rule {
        RuleRef::DenyList { entry } => {
            let entry = partner(&policy.deny_list, &other.deny_list, entry, is_same_source)?;
            Some(RuleRef::DenyList { entry })
        }
        RuleRef::PrefilterDeny { prefilter, entry } => {
            let (prefilter, entry) = lists(prefilter, |it| &it.deny, entry)?;
            Some(RuleRef::PrefilterDeny { prefilter, entry })
        }
        RuleRef::PrefilterAllow { prefilter, entry } => {
            let (prefilter, entry) = lists(prefilter, |it| &it.allow, entry)?;
            Some(RuleRef::PrefilterAllow { prefilter, entry })
        }
        RuleRef::PrefilterDefault { prefilter } => of_prefilter(policy, other, prefilter)
            .map(|prefilter| RuleRef::PrefilterDefault { prefilter }),
        RuleRef::DefaultDeny { policy: index } => {
            of_policy(policy, other, index).map(|policy| RuleRef::DefaultDeny { policy })
        }
        RuleRef::Policy {
            policy: index,
            rule,
            peer,
        } => {
            let to = of_policy(policy, other, index)?;
            let here = &policy.network_policies[index].rules;
            let there = &other.network_policies[to].rules;
            let to_rule = partner(here, there, rule, is_same_rule)?;
            let (here, there) = (&here[rule], &there[to_rule]);
            if here.direction != there.direction {
                return None;
            }
            let to_peer = match (&here.peers, &there.peers) {
                (Peers::Listed(here), Peers::Listed(there)) => {
                    partner(here, there, peer, |here, there| here.kind == there.kind)?
                }
                (Peers::Any, Peers::Listed(there)) if there.is_empty() => return None,
                (Peers::Any, _) | (Peers::Listed(_), Peers::Any) => 0,
            };
            Some(RuleRef::Policy {
                policy: to,
                rule: to_rule,
                peer: to_peer,
            })
        }
        RuleRef::NodeReachesWorkloads => None,
    }
}

/// Where the ports of two rules that stand for each other first differ; `None` where
/// they are the same, or it is no rule of a policy.
///
/// # Panics
/// If a cause is not of its policy.
pub fn changed_ports<'a>(
    policy: &'a Policy,
    cause: Cause,
    other: &'a Policy,
    counterpart: Cause,
) -> Option<[&'a Location; 2]> {
    let of = |policy: &'a Policy, cause: Cause| match cause {
        Cause::Rule(RuleRef::Policy {
            policy: index,
            rule,
            ..
        }) => Some(&policy.network_policies[index].rules[rule]),
        _ => None,
    };
    let rules = [of(policy, cause)?, of(other, counterpart)?];
    let ports = rules.map(|rule| match &rule.ports {
        Ports::All => &[][..],
        Ports::Listed(entries) => entries,
    });
    let says = |entry: &L4Match| (entry.protocol, entry.port.clone());
    let same = (ports[0].iter().zip(ports[1])).take_while(|(one, two)| says(one) == says(two));
    let same = same.count();
    let all = |rule: &Rule| rule.ports == Ports::All;
    if same == ports[0].len().max(ports[1].len()) && all(rules[0]) == all(rules[1]) {
        return None;
    }
    let place = |side: usize| {
        let entry = ports[side].get(same);
        entry.map_or(&rules[side].location, |entry| &entry.location)
    };
    Some([place(0), place(1)])
}

fn is_same_source(here: &ListedSource, there: &ListedSource) -> bool {
    here.prefix == there.prefix
}

fn of_prefilter(policy: &Policy, other: &Policy, index: usize) -> Option<usize> {
    let port = policy.prefilters[index].node_port;
    other.prefilters.iter().position(|it| it.node_port == port)
}

/// The policy of the same kind and name; of several specs of one policy, the one with
/// the same number.
fn of_policy(policy: &Policy, other: &Policy, index: usize) -> Option<usize> {
    let own = &policy.network_policies[index];
    let is_like = |it: &NetworkPolicy| it.kind == own.kind && it.name == own.name;
    let before = policy.network_policies[..index].iter();
    let number = before.filter(|it| is_like(it)).count();
    let mut like = (other.network_policies.iter().enumerate()).filter(|(_, it)| is_like(it));
    like.nth(number).map(|(index, _)| index)
}

/// The entry of the other list that stands for this: of two lists with a common
/// beginning and end, what lies between is paired in order.
fn partner<T>(
    here: &[T],
    there: &[T],
    index: usize,
    is_same: impl Fn(&T, &T) -> bool,
) -> Option<usize> {
    let before = (here.iter().zip(there)).take_while(|(here, there)| is_same(here, there));
    let before = before.count();
    if index < before {
        return Some(index);
    }
    let (middle, opposite) = (&here[before..], &there[before..]);
    let backwards = middle.iter().rev().zip(opposite.iter().rev());
    let behind = backwards.take_while(|(here, there)| is_same(here, there));
    let behind = behind.count();
    if index >= here.len() - behind {
        return Some(there.len() - (here.len() - index));
    }
    let opposite = &opposite[..opposite.len() - behind];
    let moved = opposite.iter().position(|it| is_same(&here[index], it));
    let in_place = (index - before < opposite.len()).then_some(index - before);
    moved.or(in_place).map(|offset| before + offset)
}
