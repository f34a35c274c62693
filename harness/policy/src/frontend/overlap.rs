//! Warns of prefixes that add nothing, and of rules that contradict each other.

use std::collections::BTreeMap;

use super::problems::Problems;
use crate::diagnostic::{Diagnostic, Location};
use crate::model::{
    CidrSource, Labels, NetworkPolicy, Policy, PortMatch, Ports, Rule, RuleAction, Sources,
};
use crate::prefix::Prefix;

/// Warnings of one list before the rest is counted.
const LISTED: usize = 10;

/// Everything to warn of in a policy.
pub(super) fn check(policy: &Policy, problems: &mut Problems) {
    for prefilter in &policy.prefilters {
        let entries: Vec<(Prefix, &Location)> = (prefilter.allow.iter())
            .map(|source| (source.prefix, &source.location))
            .collect();
        covered(&entries, "the allow list", problems);
    }
    for network_policy in &policy.network_policies {
        for rule in &network_policy.rules {
            if let Sources::Cidrs(cidrs) = &rule.sources {
                covered_cidrs(cidrs, problems);
            }
        }
    }
    contradictions(policy, problems);
}

/// Entries inside others of the same list.
fn covered(entries: &[(Prefix, &Location)], list: &str, problems: &mut Problems) {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    // Stable: of two equal prefixes, the later one adds nothing.
    order.sort_by_key(|index| entries[*index].0);
    let mut found: Vec<(usize, usize)> = Vec::new();
    // A prefix sorts directly before all that lies inside it.
    let mut around: Option<usize> = None;
    for index in order {
        match around {
            Some(outer) if entries[outer].0.covers(entries[index].0) => found.push((index, outer)),
            _ => around = Some(index),
        }
    }
    found.sort_unstable();
    for (index, outer) in found.iter().take(LISTED) {
        let ((inner, place), (outer, outer_place)) = (entries[*index], entries[*outer]);
        problems.push(prefix_covered(inner, place, outer, outer_place, list));
    }
    if let Some((index, _)) = found.get(LISTED) {
        problems.warn(
            "prefix-covered",
            entries[*index].1,
            format!("and {} more prefixes of {list}", found.len() - LISTED),
            "they change nothing",
        );
    }
}

/// The same for the sources of a rule, where an exception may make a hole that
/// another entry fills.
fn covered_cidrs(cidrs: &[CidrSource], problems: &mut Problems) {
    let plain: Vec<(Prefix, &Location)> = (cidrs.iter())
        .filter(|source| source.except.is_empty())
        .map(|source| (source.cidr, &source.location))
        .collect();
    covered(&plain, "the rule", problems);
    for (index, outer) in cidrs.iter().enumerate() {
        for (other, inner) in cidrs.iter().enumerate() {
            if index == other || outer.except.is_empty() && inner.except.is_empty() {
                continue;
            }
            let hole = |except: &Prefix| except.covers(inner.cidr) || inner.cidr.covers(*except);
            // Of two equal entries the later one is the one too many.
            let same = outer
                == &CidrSource {
                    location: outer.location.clone(),
                    ..inner.clone()
                };
            let fills = outer.cidr.covers(inner.cidr) && !outer.except.iter().any(hole);
            if fills && (!same || index < other) {
                problems.push(prefix_covered(
                    inner.cidr,
                    &inner.location,
                    outer.cidr,
                    &outer.location,
                    "the rule",
                ));
            }
        }
    }
}

fn prefix_covered(
    inner: Prefix,
    place: &Location,
    outer: Prefix,
    outer_place: &Location,
    list: &str,
) -> Diagnostic {
    let message = if inner == outer {
        format!("{inner} is in {list} already")
    } else {
        format!("{inner} lies in {outer}, which is in {list} as well")
    };
    Diagnostic::error(
        "prefix-covered",
        place,
        message,
        "it changes nothing: remove it, or the wider one if that was a mistake",
    )
    .into_warning()
    .with_label(outer_place, "covers it")
}

/// A prefix both allowed and denied for the same ports of the same workloads.
fn contradictions(policy: &Policy, problems: &mut Problems) {
    let mut denied: BTreeMap<Prefix, Vec<(&NetworkPolicy, &Rule, &Location)>> = BTreeMap::new();
    for (network_policy, rule) in rules(policy, RuleAction::Deny) {
        for (prefix, location) in whole_prefixes(rule) {
            let entry = denied.entry(prefix).or_default();
            entry.push((network_policy, rule, location));
        }
    }
    for (network_policy, rule) in rules(policy, RuleAction::Allow) {
        for (prefix, location) in whole_prefixes(rule) {
            let against = denied.get(&prefix).into_iter().flatten();
            for (other, deny, deny_location) in against {
                let together = (policy.workloads.iter()).any(|workload| {
                    selects(network_policy, &workload.name.namespace, &workload.labels)
                        && selects(other, &workload.name.namespace, &workload.labels)
                });
                if together && share_ports(&rule.ports, &deny.ports) {
                    problems.push(
                        Diagnostic::error(
                            "rules-contradict",
                            location,
                            format!("{prefix} is allowed here and denied elsewhere"),
                            "deny wins in Cilium, whatever the order: remove one of the two",
                        )
                        .into_warning()
                        .with_label(deny_location, "denied here"),
                    );
                }
            }
        }
    }
}

fn rules(policy: &Policy, action: RuleAction) -> impl Iterator<Item = (&NetworkPolicy, &Rule)> {
    (policy.network_policies.iter()).flat_map(move |network_policy| {
        (network_policy.rules.iter())
            .filter(move |rule| rule.action == action)
            .map(move |rule| (network_policy, rule))
    })
}

fn whole_prefixes(rule: &Rule) -> impl Iterator<Item = (Prefix, &Location)> {
    let cidrs = match &rule.sources {
        Sources::Cidrs(cidrs) => cidrs.as_slice(),
        Sources::Any | Sources::Nobody => &[],
    };
    (cidrs.iter())
        .filter(|source| source.except.is_empty())
        .map(|source| (source.cidr, &source.location))
}

fn selects(policy: &NetworkPolicy, namespace: &str, labels: &Labels) -> bool {
    policy.name.namespace == namespace
        && (policy.selector.iter()).all(|(key, value)| labels.get(key) == Some(value))
}

fn share_ports(one: &Ports, other: &Ports) -> bool {
    let (Ports::Listed(one), Ports::Listed(other)) = (one, other) else {
        return true;
    };
    let same = |a: Option<u16>, b: Option<u16>| a.is_none() || b.is_none() || a == b;
    let shared = |a: &PortMatch, b: &PortMatch| {
        same(a.port, b.port)
            && (a.protocol.is_none() || b.protocol.is_none() || a.protocol == b.protocol)
    };
    (one.iter()).any(|a| other.iter().any(|b| shared(a, b)))
}
