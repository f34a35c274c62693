//! Answers as rows, as few as say the same.

use std::collections::BTreeMap;

use super::{Connections, End, Survey, World};
use crate::address_set::Range;
use crate::model::Policy;
use crate::prefix::{Family, Prefix};

/// An end of the connections of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// Addresses outside.
    Outside(Range),
    /// An index into [`Policy::workloads`].
    Workload(usize),
}

/// What is open between two ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Who begins.
    pub source: Party,
    /// With whom.
    pub destination: Party,
    /// Of which family; `None` if the same is open in both, or one end has
    /// addresses of only one.
    pub family: Option<Family>,
    /// Which connections; not none.
    pub connections: Connections,
}

/// Which families rows are wanted of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FamilyChoice {
    /// IPv4.
    #[default]
    V4,
    /// IPv6.
    V6,
    /// Both.
    Any,
}

impl FamilyChoice {
    /// Whether `family` is wanted.
    pub fn wants(self, family: Family) -> bool {
        match self {
            FamilyChoice::V4 => family == Family::V4,
            FamilyChoice::V6 => family == Family::V6,
            FamilyChoice::Any => true,
        }
    }
}

impl Party {
    /// `namespace/name[Kind]`, or `A-B[External]`, also for one address.
    pub fn name(self, policy: &Policy) -> String {
        match self {
            Party::Workload(index) => policy.workloads[index].to_string(),
            Party::Outside(Range { first, last }) => format!("{first}-{last}[External]"),
        }
    }
}

/// The rows: outside addresses first, then workloads by name; neighbouring ranges
/// of one workload with the same connections are one.
pub fn rows(world: &World<'_>, survey: &Survey, choice: FamilyChoice) -> Vec<Row> {
    let mut rows = with_outside(world, survey, choice);
    rows.extend(between_workloads(world, survey, choice));
    let place = |party: Party| match party {
        Party::Outside(range) => (Some(range), String::new()),
        Party::Workload(_) => (None, party.name(world.policy)),
    };
    rows.sort_by_cached_key(|row| {
        let (source, destination) = (place(row.source), place(row.destination));
        let outside_first = |(range, name)| (Option::is_none(&range), range, name);
        (
            outside_first(source),
            outside_first(destination),
            row.family,
        )
    });
    rows
}

fn with_outside(world: &World<'_>, survey: &Survey, choice: FamilyChoice) -> Vec<Row> {
    // By workload and direction: cells in ascending order, as the map has them.
    let mut sides: BTreeMap<(u32, bool), Vec<(u32, &Connections)>> = BTreeMap::new();
    let mut open: Vec<_> = survey.open.iter().collect();
    open.sort_by_key(|((_, source, destination), _)| (*source, *destination));
    for ((family, source, destination), connections) in open {
        let (workload, receives, cell) = match (*source, *destination) {
            (End::Cell(cell), End::Workload(workload)) => (workload, true, cell),
            (End::Workload(workload), End::Cell(cell)) => (workload, false, cell),
            _ => continue,
        };
        if choice.wants(*family) {
            let side = sides.entry((workload, receives)).or_default();
            side.push((cell, connections));
        }
    }
    let mut rows = Vec::new();
    for ((workload, receives), side) in sides {
        for (range, connections) in merged(world, &side) {
            let (outside, inside) = (Party::Outside(range), Party::Workload(workload as usize));
            let (source, destination) = match receives {
                true => (outside, inside),
                false => (inside, outside),
            };
            rows.push(Row {
                source,
                destination,
                family: None,
                connections: connections.clone(),
            });
        }
    }
    rows
}

/// Joins cells that lie side by side and have the same connections.
fn merged<'c>(world: &World<'_>, side: &[(u32, &'c Connections)]) -> Vec<(Range, &'c Connections)> {
    let mut joined: Vec<(Range, &Connections)> = Vec::new();
    for (cell, connections) in side {
        let range = world.cells[*cell as usize].range;
        match joined.last_mut() {
            Some((run, same))
                if *same == *connections && Prefix::host(run.last).after() == Some(range.first) =>
            {
                run.last = range.last;
            }
            _ => joined.push((range, connections)),
        }
    }
    joined
}

fn between_workloads(world: &World<'_>, survey: &Survey, choice: FamilyChoice) -> Vec<Row> {
    let mut pairs: BTreeMap<(u32, u32), [Option<&Connections>; 2]> = BTreeMap::new();
    for ((family, source, destination), connections) in &survey.open {
        if let (End::Workload(source), End::Workload(destination)) = (source, destination)
            && choice.wants(*family)
        {
            let pair = pairs.entry((*source, *destination)).or_default();
            pair[*family as usize] = Some(connections);
        }
    }
    let mut rows = Vec::new();
    for ((source, destination), open) in pairs {
        let reachable = |family: Family| {
            let has = |end| world.address(End::Workload(end), family).is_some();
            choice.wants(family) && has(source) && has(destination)
        };
        let alike = open[0] == open[1] || !Family::ALL.into_iter().all(reachable);
        for (family, connections) in Family::ALL.into_iter().zip(open) {
            let Some(connections) = connections else {
                continue;
            };
            rows.push(Row {
                source: Party::Workload(source as usize),
                destination: Party::Workload(destination as usize),
                family: (!alike).then_some(family),
                connections: connections.clone(),
            });
            if alike {
                break;
            }
        }
    }
    rows
}
