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
    /// Indices of the policies, ascending, at least one.
    pub(super) policies: Vec<usize>,
    /// Index of the first of the workloads.
    pub(super) workload: usize,
}

/// All guards.
pub(super) struct Guards {
    pub(super) all: Vec<Guard>,
    /// What guards what each workload sends and receives: indices of `all`.
    pub(super) of_workload: Vec<(Option<u32>, Option<u32>)>,
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
            of_workload: vec![(None, None); policy.workloads.len()],
        };
        for direction in [Direction::Egress, Direction::Ingress] {
            guards.add(direction, policy, groups, subjects, rules);
        }
        guards
    }

    fn add(
        &mut self,
        direction: Direction,
        policy: &Policy,
        groups: &Groups<'_>,
        subjects: &[Set],
        rules: &[Vec<KnownRule<'_>>],
    ) {
        let selects = |index: &usize| {
            let policy = &policy.network_policies[*index];
            isolates(policy, direction) || rules[*index].iter().any(|rule| rule.is(direction))
        };
        let mut partition = Partition::whole(groups.count());
        for index in (0..subjects.len()).filter(selects) {
            partition.split(subjects[index].iter());
        }
        let (classes, count) = partition.into_classes();
        let mut policies: Vec<Vec<usize>> = vec![Vec::new(); count as usize];
        for index in (0..subjects.len()).filter(selects) {
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
            if policies.is_empty() {
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
                    u32::try_from(self.all.len() - 1).expect("at most two to a workload")
                });
                let of_workload = &mut self.of_workload[*workload];
                match direction {
                    Direction::Egress => of_workload.0 = Some(number),
                    Direction::Ingress => of_workload.1 = Some(number),
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
