//! Rules that others repeat, deny as a whole, or deny in part.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::{POLICIES_CONTRADICT, RULE_SHADOWED, RULE_VOID};
use super::context::Context;
use super::{Found, finding, words};
use crate::diagnostic::Location;
use crate::meaning::{L4Class, Named, Question};
use crate::model::{Direction, NetworkPolicy, Peers, Ports, Rule, RuleRef};
use crate::prove::Group;
use crate::region::Region;
use crate::shadowed::{self, Shadowed, Why};

/// A policy, and a rule of it.
type Key = (usize, usize);

/// What is known of rules after some groups of workloads.
#[derive(Default)]
struct Known {
    /// Rules that say something nobody else says.
    needed: BTreeSet<Key>,
    /// Rules that others repeat in some group, with those others.
    repeated: BTreeMap<Key, BTreeSet<Key>>,
    /// Peers of allowing rules, by policy, rule and peer.
    allowed: BTreeMap<(usize, usize, usize), Allowed>,
}

/// What becomes of a peer that is allowed.
#[derive(Default)]
struct Allowed {
    /// It is let in somewhere.
    kept: bool,
    /// It is denied as a whole, and hardly can be meant to, by this rule.
    lost: Option<(Key, L4Class)>,
}

pub(super) fn findings(context: &Context<'_>) -> Vec<Found> {
    let mut known = Known::default();
    for direction in [Direction::Ingress, Direction::Egress] {
        for group in context.groups_of(direction) {
            follow(context, group, direction, &mut known);
        }
    }
    let (mut found, void) = shadowed(context);
    for (key, by) in &known.repeated {
        if !known.needed.contains(key) && !void.contains(key) {
            found.push(repeated(context, *key, by));
        }
    }
    for ((policy, rule, peer), allowed) in &known.allowed {
        if let (true, Some((by, class))) = (allowed.kept, allowed.lost) {
            found.push(contradicted(context, (*policy, *rule, *peer), by, &class));
        }
    }
    found
}

/// What one group's rules match at each class of ports.
struct Matches {
    keys: Vec<Key>,
    denies: Vec<bool>,
    /// By class and rule.
    at: Vec<Vec<Region>>,
}

fn follow(context: &Context<'_>, group: &Group, direction: Direction, known: &mut Known) {
    let named = context.reading.named(group.members()[0], direction);
    let mut of_rules: BTreeMap<Key, Vec<&Named>> = BTreeMap::new();
    for one in &named {
        of_rules
            .entry((one.policy, one.rule))
            .or_default()
            .push(one);
    }
    let keys: Vec<Key> = of_rules.keys().copied().collect();
    let denies: Vec<bool> = of_rules.values().map(|named| named[0].denies).collect();
    let regions: Vec<Region> = (of_rules.values())
        .map(|named| Region::union_of(named.iter().map(|one| &one.region)))
        .collect();
    let any_denies = denies.contains(&true);
    let mut at = Vec::with_capacity(group.classes.len());
    for class in &group.classes {
        let question = Question {
            point: group.point,
            l4: class.first,
        };
        let held: Vec<Region> = (keys.iter())
            .map(|(policy, rule)| context.reading.held(&question, *policy, *rule))
            .collect();
        if any_denies {
            contradictions(context, &named, (&keys, &held), class, known);
        }
        let matched = held.iter().zip(&regions);
        at.push(
            matched
                .map(|(held, region)| held.intersect(region))
                .collect(),
        );
    }
    let matches = Matches { keys, denies, at };
    for denying in [false, true] {
        repetitions(context, &matches, denying, known);
    }
}

/// Rules that all others say together. The last of several that say the same is one.
fn repetitions(context: &Context<'_>, matches: &Matches, denying: bool, known: &mut Known) {
    let Matches { keys, denies, at } = matches;
    let asked: Vec<usize> = (0..keys.len())
        .filter(|it| denies[*it] == denying)
        .collect();
    let covers: Vec<bool> = (asked.iter())
        .map(|rule| {
            let (policy, rule) = keys[*rule];
            context.is_whole(&context.policy.network_policies[policy].rules[rule])
        })
        .collect();
    // What the rules before each say, by class.
    let before: Vec<Vec<Region>> = (at.iter())
        .map(|matched| {
            let mut sum = Region::empty();
            (asked.iter().zip(&covers))
                .map(|(rule, covers)| {
                    let before = sum.clone();
                    if *covers && !matched[*rule].is_empty() {
                        sum = sum.union(&matched[*rule]);
                    }
                    before
                })
                .collect()
        })
        .collect();
    let mut behind = vec![Region::empty(); at.len()];
    let mut kept: Vec<usize> = Vec::new();
    for (number, rule) in asked.iter().enumerate().rev() {
        let mut says = false;
        let is_repeated = (at.iter().enumerate()).all(|(class, matched)| {
            let own = &matched[*rule];
            says |= !own.is_empty();
            own.is_empty() || before[class][number].union(&behind[class]).covers(own)
        });
        if is_repeated && says {
            let others = (asked[..number].iter().zip(&covers))
                .filter(|(_, covers)| **covers)
                .map(|(rule, _)| *rule)
                .chain(kept.iter().copied());
            let by = repeating(at, *rule, others.collect());
            known
                .repeated
                .entry(keys[*rule])
                .or_default()
                .extend(by.iter().map(|it| keys[*it]));
        } else if says {
            known.needed.insert(keys[*rule]);
        }
        if !is_repeated && covers[number] {
            kept.push(*rule);
            for (class, behind) in behind.iter_mut().enumerate() {
                if !at[class][*rule].is_empty() {
                    *behind = behind.union(&at[class][*rule]);
                }
            }
        }
    }
}

/// The one of the others that says it all, or those that say some of it.
fn repeating(at: &[Vec<Region>], rule: usize, others: Vec<usize>) -> Vec<usize> {
    let alone = (others.iter()).find(|other| {
        (at.iter())
            .all(|matched| matched[rule].is_empty() || matched[**other].covers(&matched[rule]))
    });
    if let Some(alone) = alone {
        return vec![*alone];
    }
    let touches = |other: &usize| {
        let mut classes = at.iter();
        classes.any(|matched| !matched[*other].intersect(&matched[rule]).is_empty())
    };
    others.into_iter().filter(touches).collect()
}

/// Peers that a rule allows at this class, and others deny as a whole.
fn contradictions(
    context: &Context<'_>,
    named: &[Named],
    (keys, held): (&[Key], &[Region]),
    class: &L4Class,
    known: &mut Known,
) {
    let matched: Vec<Region> = (named.iter())
        .map(|one| {
            let key = keys.binary_search(&(one.policy, one.rule));
            key.map_or_else(|_| Region::empty(), |key| one.region.intersect(&held[key]))
        })
        .collect();
    let denied = |(one, _): &(&Named, &Region)| one.denies;
    let denying: Vec<(&Named, &Region)> = named.iter().zip(&matched).filter(denied).collect();
    let all = Region::union_of(denying.iter().map(|(_, matched)| *matched));
    for (one, matched) in named.iter().zip(&matched).filter(|(one, _)| !one.denies) {
        if matched.is_empty() {
            continue;
        }
        let allowed = known.allowed.entry((one.policy, one.rule, one.peer));
        let allowed = allowed.or_default();
        if !all.covers(matched) {
            allowed.kept = true;
            continue;
        }
        let rule = &context.policy.network_policies[one.policy].rules[one.rule];
        let same =
            (denying.iter()).find(|(deny, at)| deny.region == one.region && at.covers(matched));
        let by = match (&rule.ports, same) {
            (_, Some((same, _))) => Some(*same),
            // A port that it names, and may not have.
            (Ports::Listed(_), None) => (denying.iter())
                .find(|(_, at)| !at.intersect(matched).is_empty())
                .map(|(deny, _)| *deny),
            (Ports::All, None) => None,
        };
        if let (Some(by), None) = (by, &allowed.lost) {
            allowed.lost = Some(((by.policy, by.rule), *class));
        }
    }
}

/// Rules of which denying ones leave nothing, and entries of deny lists that are denied
/// before; with the former as keys.
fn shadowed(context: &Context<'_>) -> (Vec<Found>, BTreeSet<Key>) {
    let policy = context.policy;
    let mut found = Vec::new();
    let mut void = BTreeSet::new();
    for Shadowed { rule, why } in shadowed::by_reading(&context.reading) {
        let kind = match why {
            Why::Denied { .. } => &RULE_VOID,
            Why::DeniedBefore { .. } => &RULE_SHADOWED,
            Why::AboutNodes
            | Why::SelectsNobody
            | Why::MatchesNobody
            | Why::OtherFamily
            | Why::NoSuchPort
            | Why::NothingLeft => continue,
        };
        let Some(place) = policy.location(rule) else {
            continue;
        };
        let (subject, object) = match rule {
            RuleRef::Policy {
                policy: index,
                rule,
                ..
            } => {
                void.insert((index, rule));
                let network_policy = &policy.network_policies[index];
                let name = context.rule_name(network_policy, &network_policy.rules[rule]);
                let object = (network_policy.kind.name(), &network_policy.name);
                (format!("{name} {}", place.text().trim()), Some(object))
            }
            RuleRef::PrefilterAllow { prefilter, .. }
            | RuleRef::PrefilterDeny { prefilter, .. } => {
                let port = policy.prefilters[prefilter].node_port;
                (format!("prefilter {port} {}", place.text().trim()), None)
            }
            RuleRef::DenyList { .. }
            | RuleRef::PrefilterDefault { .. }
            | RuleRef::DefaultDeny { .. }
            | RuleRef::NodeReachesWorkloads => (place.text().trim().to_owned(), None),
        };
        let message = format!("{subject} can never decide: {why}");
        let mut one = finding(kind, place, subject, message);
        for by in why.by().iter().take(3) {
            if let Some(place) = policy.location(*by) {
                one = one.with_place(place, "denied here");
            }
        }
        let one = Found::of(one);
        found.push(match object {
            Some((kind, name)) => one.about(kind, name),
            None => one,
        });
    }
    (found, void)
}

fn at<'a>(context: &Context<'a>, (policy, rule): Key) -> (&'a NetworkPolicy, &'a Rule) {
    let policy = &context.policy.network_policies[policy];
    (policy, &policy.rules[rule])
}

fn repeated(context: &Context<'_>, key: Key, by: &BTreeSet<Key>) -> Found {
    let (policy, rule) = at(context, key);
    let subject = context.rule_name(policy, rule);
    let names: Vec<String> = (by.iter())
        .map(|key| {
            let (policy, rule) = at(context, *key);
            context.rule_name(policy, rule)
        })
        .collect();
    let says = match names.len() {
        1 => "says",
        _ => "say",
    };
    let message = format!(
        "{subject} changes nothing: {} {says} it all",
        words::listed(&names)
    );
    let mut one = finding(&RULE_SHADOWED, &rule.location, subject, message);
    for key in by.iter().take(3) {
        one = one.with_place(&at(context, *key).1.location, "says so already");
    }
    Found::of(one).about(policy.kind.name(), &policy.name)
}

fn contradicted(
    context: &Context<'_>,
    (policy, rule, peer): (usize, usize, usize),
    by: Key,
    class: &L4Class,
) -> Found {
    let (policy, rule) = at(context, (policy, rule));
    let (denier, denies) = at(context, by);
    let place: &Location = match &rule.peers {
        Peers::Any => &rule.location,
        Peers::Listed(peers) => &peers[peer].location,
    };
    let subject = context.rule_name(policy, rule);
    let message = format!(
        "{subject} allows what {} denies at {}",
        context.rule_name(denier, denies),
        words::class(class)
    );
    let one = finding(&POLICIES_CONTRADICT, place, subject, message);
    let one = one.with_place(&denies.location, "denied here");
    Found::of(one).about(policy.kind.name(), &policy.name)
}
