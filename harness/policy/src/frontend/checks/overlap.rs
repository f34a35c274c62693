//! Prefixes that add nothing, and rules that contradict each other.

use std::collections::BTreeMap;

use super::Found;
use super::index::Index;
use crate::diagnostic::{Diagnostic, Location};
use crate::model::{
    Cidr, Direction, L4Match, L4Port, L4Protocol, NetworkPolicy, Peer, PeerKind, Peers, Policy,
    Ports, Rule, RuleAction, Subject,
};
use crate::prefix::Prefix;

/// Denying rules about the same peer of the same workloads that an allowing one
/// is compared with.
const COMPARED: usize = 16;

/// Entries inside others of the same list.
pub(super) fn check(policy: &Policy, found: &mut Found) {
    let listed = |sources: &[crate::model::ListedSource]| -> Vec<(Cidr, Location)> {
        (sources.iter())
            .map(|source| {
                let cidr = Cidr {
                    prefix: source.prefix,
                    except: Vec::new(),
                };
                (cidr, source.location.clone())
            })
            .collect()
    };
    covered(&listed(&policy.deny_list), "the deny list", found);
    for prefilter in &policy.prefilters {
        covered(&listed(&prefilter.deny), "the deny list", found);
        covered(&listed(&prefilter.allow), "the allow list", found);
    }
    for rule in policy
        .all_network_policies()
        .flat_map(|policy| &policy.rules)
    {
        let cidrs: Vec<(Cidr, Location)> = (peers(rule).iter())
            .filter_map(|peer| match &peer.kind {
                PeerKind::Cidr(cidr) => Some((cidr.clone(), peer.location.clone())),
                PeerKind::Workloads(_) | PeerKind::Entity(_) | PeerKind::Nodes(_) => None,
            })
            .collect();
        covered(&cidrs, "the rule", found);
    }
}

fn peers(rule: &Rule) -> &[Peer] {
    match &rule.peers {
        Peers::Any => &[],
        Peers::Listed(peers) => peers,
    }
}

fn covered(entries: &[(Cidr, Location)], list: &str, found: &mut Found) {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    // Stable: of two equal entries, the later one adds nothing. A prefix sorts
    // directly before all that lies inside it.
    order.sort_by_key(|index| entries[*index].0.prefix);
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    // Entries around the current one, the widest first.
    let mut around: Vec<usize> = Vec::new();
    for index in order {
        let inner = &entries[index].0;
        while let Some(last) = around.last()
            && !entries[*last].0.prefix.covers(inner.prefix)
        {
            around.pop();
        }
        let fills = |outer: &&usize| {
            let outer = &entries[**outer].0;
            let hole = |except: &Prefix| {
                except.covers(inner.prefix)
                    || inner.prefix.covers(*except) && !inner.except.contains(except)
            };
            outer == inner || !outer.except.iter().any(hole)
        };
        match around.iter().find(fills) {
            // What adds nothing covers nothing else either.
            Some(outer) => pairs.push((index, *outer)),
            None => around.push(index),
        }
    }
    pairs.sort_unstable();
    for (index, outer) in pairs {
        let ((inner, place), (outer, outer_place)) = (&entries[index], &entries[outer]);
        let (inner, outer) = (inner.prefix, outer.prefix);
        let message = match inner == outer {
            true => format!("{inner} is in {list} already"),
            false => format!("{inner} lies in {outer}, which is in {list} as well"),
        };
        let help = "it changes nothing: remove it, or the wider one if that was a mistake";
        found.add("prefix-covered", || {
            Diagnostic::error("prefix-covered", place, message, help)
                .into_warning()
                .with_label(outer_place, "covers it")
        });
    }
}

/// A denying rule, and one of its peers.
type Denied<'p> = (&'p Rule, &'p Peer);

/// The same peer both allowed and denied to the same workload at the same ports.
pub(super) fn contradictions<'p>(policy: &'p Policy, index: &mut Index<'p>, found: &mut Found) {
    let mut denied: BTreeMap<(Direction, &PeerKind, usize), Vec<Denied<'_>>> = BTreeMap::new();
    for (network_policy, rule) in rules(policy, RuleAction::Deny) {
        for class in selected(network_policy, index).iter() {
            for peer in peers(rule) {
                let key = (rule.direction, &peer.kind, *class);
                denied.entry(key).or_default().push((rule, peer));
            }
        }
    }
    if denied.is_empty() {
        return;
    }
    for (network_policy, rule) in rules(policy, RuleAction::Allow) {
        let classes = selected(network_policy, index);
        for peer in peers(rule) {
            let against = (classes.iter())
                .flat_map(|class| denied.get(&(rule.direction, &peer.kind, *class)))
                .flat_map(|rules| rules.iter().take(COMPARED))
                .find(|(deny, _)| share_ports(&rule.ports, &deny.ports));
            if let Some((_, deny)) = against {
                found.add("rules-contradict", || {
                    Diagnostic::error(
                        "rules-contradict",
                        &peer.location,
                        format!("{} allowed here and denied elsewhere", words(&peer.kind)),
                        "deny wins in Cilium, whatever the order: remove one of the two",
                    )
                    .into_warning()
                    .with_label(&deny.location, "denied here")
                });
            }
        }
    }
}

fn rules(policy: &Policy, action: RuleAction) -> impl Iterator<Item = (&NetworkPolicy, &Rule)> {
    policy
        .all_network_policies()
        .flat_map(move |network_policy| {
            (network_policy.rules.iter())
                .filter(move |rule| rule.action == action)
                .map(move |rule| (network_policy, rule))
        })
}

fn selected<'p>(policy: &'p NetworkPolicy, index: &mut Index<'p>) -> std::rc::Rc<[usize]> {
    match &policy.subject {
        Subject::Workloads(selector) => index.selected(selector),
        Subject::Nodes(_) => [].into(),
    }
}

fn words(kind: &PeerKind) -> String {
    match kind {
        PeerKind::Cidr(cidr) => format!("{} is", cidr.prefix),
        PeerKind::Workloads(_) => "these workloads are".to_owned(),
        PeerKind::Entity(_) => "this entity is".to_owned(),
        PeerKind::Nodes(_) => "these nodes are".to_owned(),
    }
}

fn share_ports(one: &Ports, other: &Ports) -> bool {
    let (Ports::Listed(one), Ports::Listed(other)) = (one, other) else {
        return true;
    };
    (one.iter()).any(|a| other.iter().any(|b| share(a, b)))
}

fn share(a: &L4Match, b: &L4Match) -> bool {
    let with_ports = |protocol| !matches!(protocol, L4Protocol::Icmp | L4Protocol::Icmpv6);
    let protocols = a.protocol == b.protocol
        || a.protocol == L4Protocol::AnyWithPorts && with_ports(b.protocol)
        || b.protocol == L4Protocol::AnyWithPorts && with_ports(a.protocol);
    protocols
        && match (&a.port, &b.port) {
            (L4Port::All, _) | (_, L4Port::All) => true,
            (L4Port::Range(a, b), L4Port::Range(c, d)) => a <= d && c <= b,
            (L4Port::Named(a), L4Port::Named(b)) => a == b,
            (L4Port::Named(_), L4Port::Range(_, _)) | (L4Port::Range(_, _), L4Port::Named(_)) => {
                false
            }
        }
}
