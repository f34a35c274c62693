//! Which lines were changed so that packets are treated differently.

use netverdict_policy::diagnostic::Location;
use netverdict_policy::diff::{Cause, Change, Difference, End, Side, changed_ports, counterpart};
use netverdict_policy::model::{DRY_RUN, NetworkPolicy, Policy, RuleRef, Workload};

use super::pairing::Pair;

/// A line, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The place within the line.
    pub location: Location,
    /// The line, without the spaces around it.
    pub text: String,
}

/// A line that is another now, came, or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Before the change.
    pub old: Option<Spot>,
    /// After it.
    pub new: Option<Spot>,
    /// What it is, where the line alone does not say it: `labels of default/web`.
    pub what: Option<String>,
}

impl Spot {
    /// The whole line of a place.
    pub fn of(location: &Location) -> Spot {
        let line = location.line.saturating_sub(1);
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        let text = location.file.text.lines().nth(line).unwrap_or("");
        Spot {
            location: location.clone(),
            text: text.trim().to_owned(),
        }
    }
}

/// The lines that brought a change about, those that let packets pass first; none where
/// no single line says it.
pub fn edits(pair: &Pair<'_>, difference: &Difference, change: &Change) -> Vec<Edit> {
    let [Some(old), Some(new)] = pair.stages.map(|stage| stage.map(|stage| stage.policy)) else {
        return Vec::new();
    };
    let mut edits: Vec<Edit> = Vec::new();
    let passing = change.effect.passing();
    for side in [passing, passing.other()] {
        let (policy, other) = match side {
            Side::Old => (old, new),
            Side::New => (new, old),
        };
        for cause in change.causes.of(side) {
            let edit = match moved(policy, other, *cause, side) {
                Some(edit) => edit,
                None => {
                    let Some([here, there]) = of_cause(policy, other, *cause) else {
                        continue;
                    };
                    let [old, new] = in_order(side, here, there);
                    let what = None;
                    Edit { old, new, what }
                }
            };
            if !edits.contains(&edit) {
                edits.push(edit);
            }
        }
    }
    if edits.is_empty() {
        edits.extend(labels(old, new, difference, change));
    }
    edits
}

/// What stands on a side and on the other, as before and after.
fn in_order<T>(side: Side, here: T, there: T) -> [T; 2] {
    match side {
        Side::Old => [here, there],
        Side::New => [there, here],
    }
}

/// The annotation that put the policy of a rule into dry run, or took it out: it stands
/// on both sides, and decides on one.
fn moved(policy: &Policy, other: &Policy, cause: Cause, side: Side) -> Option<Edit> {
    let (Cause::Rule(RuleRef::Policy { policy: index, .. })
    | Cause::Rule(RuleRef::DefaultDeny { policy: index })) = cause
    else {
        return None;
    };
    let own = &policy.network_policies[index];
    let is_it = |it: &&NetworkPolicy| it.kind == own.kind && it.name == own.name;
    let elsewhere = other.dry_run.iter().find(is_it)?;
    if other.network_policies.iter().any(|it| is_it(&it)) {
        return None;
    }
    let spot = |policy: &Policy| {
        let object = policy.objects.get(own.kind.name(), &own.name)?;
        Some(Spot::of(&object.annotations.get(DRY_RUN)?.location))
    };
    // A scenario whose policies all are in dry run has no annotation.
    let there = spot(other).unwrap_or_else(|| Spot::of(&elsewhere.location));
    let [old, new] = in_order(side, spot(policy), Some(there));
    let state = match side {
        Side::Old => "is now in dry run: it decides nothing",
        Side::New => "is no longer in dry run: it decides",
    };
    let what = format!("{} {} {state}", own.kind.name(), own.name);
    Some(Edit {
        old,
        new,
        what: Some(what),
    })
}

/// What stands there, and what stood or stands on the other side in its place; `None`
/// where both say the same.
fn of_cause(policy: &Policy, other: &Policy, cause: Cause) -> Option<[Option<Spot>; 2]> {
    let here = cause.location(policy)?;
    let Some(partner) = counterpart(policy, other, cause) else {
        return Some([Some(Spot::of(here)), None]);
    };
    let there = partner.location(other)?;
    if let Some(both) = differing(here, there) {
        return Some(both);
    }
    let [here, there] = changed_ports(policy, cause, other, partner)?;
    let both = differing(here, there);
    both.or_else(|| Some([here, there].map(|location| Some(Spot::of(location)))))
}

/// The first lines in which the texts of two places differ.
fn differing(here: &Location, there: &Location) -> Option<[Option<Spot>; 2]> {
    let (one, other) = (here.text(), there.text());
    let whole = [here, there].map(Spot::of);
    if one == other {
        return None;
    }
    let same = one.lines().zip(other.lines());
    let same = same.take_while(|(one, other)| one.trim() == other.trim());
    let offset = same.count();
    if offset == 0 {
        return Some(whole.map(Some));
    }
    let at = |location: &Location| {
        let line = location.text().split_inclusive('\n').take(offset);
        let behind: usize = line.map(str::len).sum();
        let rest = location.text().get(behind..)?;
        let indent = rest.len() - rest.trim_start().len();
        (!rest.trim().is_empty()).then(|| {
            let place = Location::new(&location.file, location.offset + behind + indent, 1);
            Spot::of(&place)
        })
    };
    Some([at(here), at(there)])
}

/// Workloads among the ends whose labels are others now: policies may select them by
/// those.
fn labels(old: &Policy, new: &Policy, difference: &Difference, change: &Change) -> Vec<Edit> {
    let ends = change.from.iter().chain(&change.to);
    let members = ends.filter_map(|end| match end {
        End::Member(member) => Some(*member),
        End::Gate(_) | End::Node | End::Strangers | End::KnownHosts => None,
    });
    let members = members.chain(change.behind.iter().copied());
    let mut edits = Vec::new();
    for member in members {
        let member = &difference.pairs.members[member];
        let both = (member.of(Side::Old, old), member.of(Side::New, new));
        let (Some(before), Some(after)) = both else {
            continue;
        };
        if before.labels == after.labels {
            continue;
        }
        let spot = |workload: &Workload| Spot {
            location: workload.location.clone(),
            text: (workload.labels.iter())
                .filter(|(key, _)| {
                    !key.starts_with("io.cilium.k8s.") && !key.starts_with("io.kubernetes.pod.")
                })
                .map(|(key, value)| format!("{key}={value}"))
                .collect::<Vec<_>>()
                .join(","),
        };
        edits.push(Edit {
            old: Some(spot(before)),
            new: Some(spot(after)),
            what: Some(format!("labels of {}", member.name)),
        });
    }
    edits
}
