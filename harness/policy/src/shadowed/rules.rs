//! Peers of rules, and default deny.

use std::collections::{BTreeMap, BTreeSet};

use netverdict_abi::Reason;

use super::{Shadowed, Why};
use crate::image::MapImage;
use crate::meaning::{ImageReading, Named, PolicyReading, Question};
use crate::model::{Direction, RuleRef, Subject};
use crate::prove::{Asked, Group, groups};
use crate::region::Region;

/// What became of a rule so far.
enum Fate {
    /// It decides about a packet.
    Decides,
    /// It is asked, but does not.
    Loses(Losses),
}

/// How far a rule came that never decided.
#[derive(Default)]
struct Losses {
    /// It names somebody.
    names: bool,
    /// It names an address of a family of whom its policy selects.
    meets: bool,
    /// What denied all that it allowed.
    denied_by: BTreeSet<RuleRef>,
}

pub(super) fn shadowed(policy: &PolicyReading<'_>) -> Vec<Shadowed> {
    let mut fates: BTreeMap<RuleRef, Fate> = BTreeMap::new();
    // An image that says nothing tells no workloads and no ports apart.
    let nothing = MapImage::default();
    for group in groups(policy, &ImageReading::new(&nothing)) {
        if let Asked::Workloads { direction, members } = &group.asked {
            follow(policy, &group, members[0], *direction, &mut fates);
        }
    }
    let all = super::rules(policy.policy()).into_iter();
    all.filter_map(|rule| {
        let (RuleRef::Policy { policy: index, .. } | RuleRef::DefaultDeny { policy: index }) = rule
        else {
            return None;
        };
        let why = match (
            fates.get(&rule),
            &policy.policy().network_policies[index].subject,
        ) {
            (Some(Fate::Decides), _) => return None,
            (Some(Fate::Loses(losses)), _) => why(rule, losses),
            (None, Subject::Nodes(_)) => Why::AboutNodes,
            (None, Subject::Workloads(_)) => Why::SelectsNobody,
        };
        Some(Shadowed { rule, why })
    })
    .collect()
}

fn why(rule: RuleRef, losses: &Losses) -> Why {
    let Losses {
        names,
        meets,
        denied_by,
    } = losses;
    match rule {
        RuleRef::DefaultDeny { .. } => Why::NothingLeft,
        _ if !denied_by.is_empty() => Why::Denied {
            by: denied_by.iter().copied().collect(),
        },
        _ if *meets => Why::NoSuchPort,
        _ if *names => Why::OtherFamily,
        _ => Why::MatchesNobody,
    }
}

/// Follows the rules of the policies that select a workload through every question
/// that there is.
fn follow(
    policy: &PolicyReading<'_>,
    group: &Group,
    workload: usize,
    direction: Direction,
    fates: &mut BTreeMap<RuleRef, Fate>,
) {
    let families = policy.families(workload).into_iter().map(Region::all);
    let own = families.fold(Region::empty(), |own, family| own.union(&family));
    let mut asked = policy.named(workload, direction);
    for named in &mut asked {
        let met = named.region.intersect(&own);
        if let Fate::Loses(losses) = fate(fates, named.rule()) {
            losses.names |= !named.region.is_empty();
            losses.meets |= !met.is_empty();
        }
        named.region = met;
    }
    let isolating: Vec<RuleRef> = (policy.isolating(workload, direction))
        .map(|policy| RuleRef::DefaultDeny { policy })
        .collect();
    for rule in &isolating {
        fate(fates, *rule);
    }
    for question in group.questions() {
        // What denies goes on being asked, for it decides about others. Of what allows,
        // once is enough: there may be very many.
        asked.retain(|named| named.denies || matches!(fates[&named.rule()], Fate::Loses(_)));
        follow_through(policy, &question, &asked, fates);
        let is_open = (isolating.iter()).any(|rule| matches!(fates[rule], Fate::Loses(_)));
        let by_default =
            |reason: &Reason| matches!(reason, Reason::PolicyNoMatch | Reason::PolicyDefaultDeny);
        if is_open && !policy.answer(&question).region(by_default).is_empty() {
            fates.extend(isolating.iter().map(|rule| (*rule, Fate::Decides)));
        }
    }
}

fn follow_through(
    policy: &PolicyReading<'_>,
    question: &Question,
    asked: &[Named],
    fates: &mut BTreeMap<RuleRef, Fate>,
) {
    let mut held: BTreeMap<(usize, usize), Region> = BTreeMap::new();
    let matching: Vec<(&Named, Region)> = (asked.iter())
        .map(|named| {
            let (index, rule) = (named.policy, named.rule);
            let held = held.entry((index, rule));
            let held = held.or_insert_with(|| policy.held(question, index, rule));
            (named, named.region.intersect(held))
        })
        .filter(|(_, matched)| !matched.is_empty())
        .collect();
    let denying: Vec<&(&Named, Region)> = matching.iter().filter(|it| it.0.denies).collect();
    let denied = Region::union_of(denying.iter().map(|(_, matched)| matched));
    for (named, matched) in &matching {
        let Fate::Loses(losses) = fate(fates, named.rule()) else {
            continue;
        };
        if named.denies || !denied.covers(matched) {
            fates.insert(named.rule(), Fate::Decides);
            continue;
        }
        let overlapping = denying
            .iter()
            .filter(|(_, it)| !it.intersect(matched).is_empty());
        losses
            .denied_by
            .extend(overlapping.map(|(named, _)| named.rule()));
    }
}

fn fate(fates: &mut BTreeMap<RuleRef, Fate>, rule: RuleRef) -> &mut Fate {
    let new = || Fate::Loses(Losses::default());
    fates.entry(rule).or_insert_with(new)
}
