//! Rules that let in much of the internet, by prefixes or by not asking who comes.

use std::collections::{BTreeMap, BTreeSet};

use netverdict_abi::{Reason, Verdict};

use super::catalogue::{NODE_PORT_TO_WORLD, WILDCARD_CIDR};
use super::context::{Context, Front};
use super::{Found, finding, words};
use crate::diagnostic::Severity;
use crate::meaning::{Named, Question};
use crate::model::{Direction, Entity, Peer, PeerKind, Peers, Rule, RuleAction};
use crate::prove::Group;
use crate::region::Region;

/// How a rule names whom it lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Written {
    /// By prefixes.
    Prefixes,
    /// As the world, as everybody, or not at all.
    Anybody,
}

/// A rule that is wide open, at the ports and workloads where it is.
#[derive(Default)]
struct Open<'a> {
    /// Outside addresses that get in by it.
    region: Region,
    /// Its peers that let them in, with the policy and rule that they stand in.
    peers: BTreeSet<PeerKey>,
    /// Ports of Services by which they get in.
    fronts: Vec<Front<'a>>,
    /// Whether a workload is there that no Service leads to at the rule's ports.
    without_service: bool,
}

/// A policy, a rule of it, and a peer of that.
type PeerKey = (usize, usize, usize);

/// A policy and a rule of it, and how it names whom it lets in.
type Key = (usize, usize, Written);

pub(super) fn findings(context: &Context<'_>) -> Vec<Found> {
    let mut open: BTreeMap<Key, Open<'_>> = BTreeMap::new();
    for group in context.groups_of(Direction::Ingress) {
        in_group(context, group, &mut open);
    }
    let mut found: Vec<Found> = (open.iter())
        .filter_map(|(key, open)| said(context, *key, open))
        .collect();
    found.extend(of_strangers(context));
    found
}

/// Rules of policies that select nobody among the manifests: whoever they are for stands
/// elsewhere, and what they name is wide all the same.
fn of_strangers(context: &Context<'_>) -> Vec<Found> {
    let policy = context.policy;
    let selecting: BTreeSet<usize> = (0..policy.workloads.len())
        .flat_map(|workload| context.reading.selecting(workload).iter().copied())
        .collect();
    let mut found = Vec::new();
    for (index, network_policy) in policy.network_policies.iter().enumerate() {
        if selecting.contains(&index) {
            continue;
        }
        for (number, rule) in network_policy.rules.iter().enumerate() {
            let Peers::Listed(peers) = &rule.peers else {
                continue;
            };
            if (rule.action, rule.direction) != (RuleAction::Allow, Direction::Ingress) {
                continue;
            }
            let mut open = Open {
                without_service: true,
                ..Open::default()
            };
            for (peer, Peer { kind, .. }) in peers.iter().enumerate() {
                let PeerKind::Cidr(cidr) = kind else {
                    continue;
                };
                let holes = Region::from_prefixes(cidr.except.iter().copied());
                let region = Region::of(cidr.prefix).minus(&holes);
                let region = region.intersect(&context.outside);
                if !region.is_empty() {
                    open.region = open.region.union(&region);
                    open.peers.insert((index, number, peer));
                }
            }
            if context.is_wide(&open.region) {
                found.extend(said(context, (index, number, Written::Prefixes), &open));
            }
        }
    }
    found
}

fn in_group<'a>(context: &Context<'a>, group: &Group, open: &mut BTreeMap<Key, Open<'a>>) {
    let members = group.members();
    let asked: Vec<(Named, Region)> = (context.reading.named(members[0], Direction::Ingress))
        .into_iter()
        .filter(|named| !named.denies)
        .map(|named| {
            let region = named.region.intersect(&context.outside);
            (named, region)
        })
        .filter(|(_, region)| !region.is_empty())
        .collect();
    if !context.is_wide(&Region::union_of(asked.iter().map(|(_, region)| region))) {
        return;
    }
    for class in &group.classes {
        let question = Question {
            point: group.point,
            l4: class.first,
        };
        let answer = context.reading.answer(&question);
        let allowed = answer.region(|reason| *reason == Reason::PolicyAllow);
        let allowed = allowed.intersect(&context.outside);
        if !context.is_wide(&allowed) {
            continue;
        }
        let mut held: BTreeMap<(usize, usize), Region> = BTreeMap::new();
        let mut by_rule: BTreeMap<Key, (Region, BTreeSet<PeerKey>)> = BTreeMap::new();
        for (named, region) in &asked {
            let (policy, rule) = (named.policy, named.rule);
            let held = held.entry((policy, rule));
            let held = held.or_insert_with(|| {
                (context.reading.held(&question, policy, rule)).intersect(&allowed)
            });
            let lets_in = region.intersect(held);
            if lets_in.is_empty() {
                continue;
            }
            let written = written(&context.policy.network_policies[policy].rules[rule], named);
            let (sum, peers) = by_rule.entry((policy, rule, written)).or_default();
            *sum = sum.union(&lets_in);
            peers.insert((policy, rule, named.peer));
        }
        let any_wide = by_rule.values().any(|(region, _)| context.is_wide(region));
        // Where no rule is wide by itself, they are together: the first stands for all.
        let wide: Vec<(Key, Region, BTreeSet<_>)> = match any_wide {
            true => (by_rule.into_iter())
                .filter(|(_, (region, _))| context.is_wide(region))
                .map(|(key, (region, peers))| (key, region, peers))
                .collect(),
            false => {
                let Some(first) = by_rule.keys().next().copied() else {
                    continue;
                };
                let region = Region::union_of(by_rule.values().map(|(region, _)| region));
                let peers = by_rule.into_values().flat_map(|(_, peers)| peers).collect();
                vec![(first, region, peers)]
            }
        };
        let fronts: Vec<Front<'a>> = (members.iter())
            .flat_map(|member| context.fronts(*member).iter().copied())
            .filter(|front| front.is_in(class))
            .collect();
        let without_service = (members.iter()).any(|member| context.fronts(*member).is_empty());
        for (key, region, peers) in wide {
            let known = open.entry(key).or_default();
            known.region = known.region.union(&region);
            known.peers.extend(peers);
            known.fronts.extend(fronts.iter().copied());
            known.without_service |= without_service;
        }
    }
}

fn written(rule: &Rule, named: &Named) -> Written {
    let peer = match &rule.peers {
        Peers::Any => return Written::Anybody,
        Peers::Listed(peers) => &peers[named.peer],
    };
    match &peer.kind {
        PeerKind::Entity(Entity::All | Entity::World | Entity::WorldIpv4 | Entity::WorldIpv6) => {
            Written::Anybody
        }
        PeerKind::Cidr(_) | PeerKind::Entity(_) | PeerKind::Workloads(_) | PeerKind::Nodes(_) => {
            Written::Prefixes
        }
    }
}

fn said(context: &Context<'_>, (policy, rule, written): Key, open: &Open<'_>) -> Option<Found> {
    let network_policy = &context.policy.network_policies[policy];
    let said = &network_policy.rules[rule];
    let private: Vec<&Front<'_>> = (open.fronts.iter())
        .filter(|front| !front.is_public)
        .filter(|front| written == Written::Prefixes || front.service.is_exposed())
        .collect();
    if private.is_empty() && (written == Written::Anybody || !open.without_service) {
        return None;
    }
    let exposed: Vec<&&Front<'_>> = (private.iter())
        .filter(|front| front.service.is_exposed())
        .collect();
    let names = |fronts: &mut dyn Iterator<Item = &Front<'_>>| -> Vec<String> {
        let names: BTreeSet<String> = fronts
            .map(|front| words::service_port(front.service, front.port))
            .collect();
        names.into_iter().collect()
    };
    let reached = (exposed.iter()).any(|front| is_reached(context, front, &open.region));
    let severity = match (exposed.is_empty(), reached) {
        (false, true) => Severity::Error,
        (false, false) | (true, _) => Severity::Warning,
    };
    let to = match private.is_empty() {
        true => "workloads that no Service among the manifests leads to".to_owned(),
        false => words::listed(&names(&mut private.iter().copied())),
    };
    let hidden = match !exposed.is_empty() && !reached {
        true => "; a prefilter keeps them out for now",
        false => "",
    };
    let whose = words::policy(network_policy);
    let amount = words::amount(&open.region, context);
    let kind = match written {
        Written::Prefixes => &WILDCARD_CIDR,
        Written::Anybody => &NODE_PORT_TO_WORLD,
    };
    let message = match written {
        Written::Prefixes => {
            let prefixes: Vec<String> = peers(context, open).map(|(_, words)| words).collect();
            let prefixes = words::listed(&prefixes);
            format!("{whose} lets in {prefixes}: {amount}, to {to}{hidden}")
        }
        Written::Anybody => {
            format!("{whose} lets anybody in: {amount}, to {to}{hidden}")
        }
    };
    let mut places = peers(context, open).map(|(place, _)| place);
    let first = places.next().map_or(&said.location, |place| place);
    let subject = context.rule_name(network_policy, said);
    let mut finding = finding(kind, first, subject, message).rated(severity);
    for place in places.take(8) {
        finding = finding.with_place(place, "and this");
    }
    let mut named: BTreeSet<_> = BTreeSet::new();
    for front in &private {
        if named.insert(&front.port.location) && named.len() <= 4 {
            let words = words::service_port(front.service, front.port);
            finding = finding.with_place(&front.port.location, format!("leads there: {words}"));
        }
    }
    Some(Found::of(finding).about(network_policy.kind.name(), &network_policy.name))
}

/// The peers that let somebody in, and what they are called.
fn peers<'c>(
    context: &'c Context<'_>,
    open: &'c Open<'_>,
) -> impl Iterator<Item = (&'c crate::diagnostic::Location, String)> {
    (open.peers.iter()).map(|(policy, rule, peer)| {
        let rule = &context.policy.network_policies[*policy].rules[*rule];
        match &rule.peers {
            Peers::Any => (&rule.location, "anybody".to_owned()),
            Peers::Listed(peers) => (&peers[*peer].location, named(&peers[*peer])),
        }
    })
}

fn named(peer: &Peer) -> String {
    match &peer.kind {
        PeerKind::Cidr(cidr) if cidr.except.is_empty() => cidr.prefix.to_string(),
        PeerKind::Cidr(cidr) => {
            let except: Vec<String> = cidr.except.iter().map(ToString::to_string).collect();
            format!("{} except {}", cidr.prefix, words::listed(&except))
        }
        PeerKind::Entity(entity) => format!("the entity {}", entity.name()),
        PeerKind::Workloads(_) => "workloads".to_owned(),
        PeerKind::Nodes(_) => "nodes".to_owned(),
    }
}

/// Whether much of what the rule lets in gets as far as the rule, or past it.
fn is_reached(context: &Context<'_>, front: &Front<'_>, lets_in: &Region) -> bool {
    let Some(node_port) = context.node_port(front) else {
        return true;
    };
    let through = context.reading.through_node_port(node_port, &front.backend);
    let passed = through.region(|reason| reason.verdict() == Verdict::Pass);
    context.is_wide(&passed.intersect(lets_in))
}
