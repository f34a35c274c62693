//! Which policies guard a workload, and which workloads are guarded alike.

use std::collections::HashMap;

use super::groups::Groups;
use super::identities::{PortNames, add_names};
use super::partition::Partition;
use super::peers::KnownRule;
use super::set::Set;
use crate::model::{Direction, Policy, Ports};

/// One direction of workloads that the same policies select, and whose ports those
/// policies know by the same names.
pub(super) struct Guard {
    pub(super) direction: Direction,
    /// Indices of the policies, ascending, at least one; as in
    /// [`Policy::network_policy`].
    pub(super) policies: Vec<usize>,
    /// Index of the first of the workloads.
    pub(super) workload: usize,
}

/// All guards.
pub(super) struct Guards {
    pub(super) all: Vec<Guard>,
    /// What guards each workload.
    pub(super) of_workload: Vec<Guarded>,
}

/// What guards one workload.
#[derive(Clone, Copy, Default)]
pub(super) struct Guarded {
    pub(super) enforced: ByDirection,
    /// What would if policies in dry run were enforced beside the others; only where
    /// one of them is about it.
    pub(super) proposed: ByDirection,
}

/// Indices of [`Guards::all`].
#[derive(Clone, Copy, Default)]
pub(super) struct ByDirection {
    pub(super) egress: Option<u32>,
    pub(super) ingress: Option<u32>,
}

/// Which policies guard.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Enforced,
    Proposed,
}

impl Guards {
    /// The guards of all workloads. `subjects` are the groups that each policy
    /// selects, `rules` its rules.
    pub(super) fn new(
        policy: &Policy,
        groups: &Groups<'_>,
        subjects: &[Set],
        rules: &[Vec<KnownRule<'_>>],
    ) -> Guards {
        let mut guards = Guards {
            all: Vec::new(),
            of_workload: vec![Guarded::default(); policy.workloads.len()],
        };
        for direction in [Direction::Egress, Direction::Ingress] {
            guards.add(Wanted::Enforced, direction, policy, groups, subjects, rules);
        }
        if !policy.dry_run.is_empty() {
            for direction in [Direction::Egress, Direction::Ingress] {
                guards.add(Wanted::Proposed, direction, policy, groups, subjects, rules);
            }
        }
        guards
    }

    fn add(
        &mut self,
        wanted: Wanted,
        direction: Direction,
        policy: &Policy,
        groups: &Groups<'_>,
        subjects: &[Set],
        rules: &[Vec<KnownRule<'_>>],
    ) {
        let selects = |index: &usize| {
            let isolates = isolates(policy.network_policy(*index), direction);
            isolates || rules[*index].iter().any(|rule| rule.is(direction))
        };
        let asked = match wanted {
            Wanted::Enforced => policy.network_policies.len(),
            Wanted::Proposed => subjects.len(),
        };
        let mut partition = Partition::whole(groups.count());
        for index in (0..asked).filter(selects) {
            partition.split(subjects[index].iter());
        }
        let (classes, count) = partition.into_classes();
        let mut policies: Vec<Vec<usize>> = vec![Vec::new(); count as usize];
        for index in (0..asked).filter(selects) {
            for group in subjects[index].iter() {
                let policies = &mut policies[classes[group as usize] as usize];
                if policies.last() != Some(&index) {
                    policies.push(index);
                }
            }
        }
        // What a name means is the receiver's affair.
        let names: Vec<PortNames<'_>> = (policies.iter())
            .map(|policies| match direction {
                Direction::Egress => PortNames::default(),
                Direction::Ingress => names(policies, rules),
            })
            .collect();
        let mut known: HashMap<(u32, Vec<Option<u16>>), u32> = HashMap::new();
        for (group, class) in classes.into_iter().enumerate() {
            let policies = &policies[class as usize];
            let is_guarded = match wanted {
                Wanted::Enforced => !policies.is_empty(),
                Wanted::Proposed => policies.last().is_some_and(|last| policy.is_dry_run(*last)),
            };
            if !is_guarded {
                continue;
            }
            let group = u32::try_from(group).expect("groups are counted in 32 bits");
            for workload in groups.members(group) {
                let has = &policy.workloads[*workload];
                let ports = (names[class as usize].iter())
                    .map(|(name, protocol)| has.named_port(name, *protocol))
                    .collect();
                let number = *known.entry((class, ports)).or_insert_with(|| {
                    self.all.push(Guard {
                        direction,
                        policies: policies.clone(),
                        workload: *workload,
                    });
                    u32::try_from(self.all.len() - 1).expect("at most four to a workload")
                });
                let guarded = &mut self.of_workload[*workload];
                let by_direction = match wanted {
                    Wanted::Enforced => &mut guarded.enforced,
                    Wanted::Proposed => &mut guarded.proposed,
                };
                match direction {
                    Direction::Egress => by_direction.egress = Some(number),
                    Direction::Ingress => by_direction.ingress = Some(number),
                }
            }
        }
    }
}

/// Whether a policy asks for default deny.
pub(super) fn isolates(policy: &crate::model::NetworkPolicy, direction: Direction) -> bool {
    match direction {
        Direction::Egress => policy.isolates_egress,
        Direction::Ingress => policy.isolates_ingress,
    }
}

/// Names of ports in what these policies say about what is received.
fn names<'a>(policies: &[usize], rules: &'a [Vec<KnownRule<'_>>]) -> PortNames<'a> {
    let mut names = PortNames::default();
    for known in policies.iter().flat_map(|index| &rules[*index]) {
        if let (true, Ports::Listed(listed)) = (known.is(Direction::Ingress), &known.rule.ports) {
            for entry in listed {
                add_names(&mut names, entry.protocol, &entry.port);
            }
        }
    }
    names
}
