//! Which workloads are asked about together.

use std::collections::BTreeMap;

use crate::journey::Point;
use crate::meaning::{ImageReading, L4Class, PolicyReading, Question};
use crate::model::{Direction, NamedPort};
use crate::prefix::Family;

/// Places where every question has one answer, whichever of them is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Where.
    pub asked: Asked,
    /// Where one asks for all: the uplink, or the hook of the first workload.
    pub point: Point,
    /// What there is to be asked: the classes of ports that the policy or the image
    /// tells apart there. One question each.
    pub classes: Vec<L4Class>,
}

/// Where questions are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// At the uplink.
    Uplink,
    /// At the hooks of workloads that the same policies select, that have addresses of
    /// the same families, and that one guard of the image guards. Where they receive,
    /// they also give their ports the same names.
    Workloads {
        /// Where they send, or where they receive.
        direction: Direction,
        /// Indices into [`crate::model::Policy::workloads`], ascending, at least one.
        members: Vec<usize>,
    },
}

impl Group {
    /// The questions, in the order of the classes.
    pub fn questions(&self) -> impl Iterator<Item = Question> {
        self.classes.iter().map(|class| Question {
            point: self.point,
            l4: class.first,
        })
    }

    /// Indices of the workloads at whose hooks it is; none at the uplink.
    pub fn members(&self) -> &[usize] {
        match &self.asked {
            Asked::Uplink => &[],
            Asked::Workloads { members, .. } => members,
        }
    }
}

/// What the answers at a hook of a workload depend on.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Alike<'a> {
    direction: Direction,
    selecting: &'a [usize],
    families: Vec<Family>,
    /// Sorted; none where it sends, as names are the receiver's there.
    named_ports: Vec<&'a NamedPort>,
    /// As [`ImageReading::guard`] says for each family.
    guards: [Option<Option<u32>>; 2],
}

/// The uplink, then workloads, in the order of the first of each group.
pub(crate) fn groups(policy: &PolicyReading<'_>, image: &ImageReading<'_>) -> Vec<Group> {
    let mut alike: BTreeMap<Alike<'_>, Vec<usize>> = BTreeMap::new();
    for (index, workload) in policy.policy().workloads.iter().enumerate() {
        let families = policy.families(index);
        if families.is_empty() {
            continue;
        }
        for direction in [Direction::Ingress, Direction::Egress] {
            let named = match direction {
                Direction::Ingress => workload.named_ports.as_slice(),
                Direction::Egress => &[],
            };
            let mut named_ports: Vec<&NamedPort> = named.iter().collect();
            named_ports.sort_unstable();
            let key = Alike {
                direction,
                selecting: policy.selecting(index),
                families: families.clone(),
                named_ports,
                guards: Family::ALL.map(|family| image.guard(index, direction, family)),
            };
            alike.entry(key).or_default().push(index);
        }
    }
    let mut members: Vec<(Direction, Vec<usize>)> = (alike.into_iter())
        .map(|(key, members)| (key.direction, members))
        .collect();
    members.sort_unstable_by_key(|(direction, members)| (members[0], *direction));

    let uplink = Group {
        asked: Asked::Uplink,
        point: Point::Uplink,
        classes: policy.classes(image, Point::Uplink),
    };
    let at_workloads = members.into_iter().map(|(direction, members)| {
        let point = match direction {
            Direction::Egress => Point::Egress(members[0]),
            Direction::Ingress => Point::Ingress(members[0]),
        };
        Group {
            asked: Asked::Workloads { direction, members },
            point,
            classes: policy.classes(image, point),
        }
    });
    [uplink].into_iter().chain(at_workloads).collect()
}
