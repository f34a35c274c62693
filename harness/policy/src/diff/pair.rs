//! Who is who on either side.

use std::collections::BTreeMap;

use super::{Gate, Member, Side, World};
use crate::meaning::L4;
use crate::model::{Backend, NodePort, ObjectName, Policy, Workload};
use crate::port::ProtoPort;

/// Workloads and node ports of both sides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs {
    /// Workloads, those of the later side first, in its order.
    pub members: Vec<Member>,
    /// Node ports, ascending.
    pub gates: Vec<Gate>,
    /// Which member each workload of a side is.
    of_side: [Vec<usize>; 2],
}

impl Pairs {
    /// Matches workloads by namespace, name and, if several have those, kind; node
    /// ports by protocol and number.
    pub(super) fn new(worlds: &[Option<World<'_>>; 2]) -> Pairs {
        let mut pairs = Pairs::default();
        let [old, new] = worlds.map(|world| world.map_or(&[][..], |it| &it.policy.workloads));
        let mut left: BTreeMap<&ObjectName, Vec<usize>> = BTreeMap::new();
        for (index, workload) in old.iter().enumerate() {
            left.entry(&workload.name).or_default().push(index);
        }
        let of_kind = |index: &usize, workload: &Workload| old[*index].kind == workload.kind;
        let mut take = |workload: &Workload, strict: bool| {
            let candidates = left.get_mut(&workload.name)?;
            let position = candidates.iter().position(|it| of_kind(it, workload));
            match (position, strict) {
                (Some(position), _) => Some(candidates.remove(position)),
                (None, false) if !candidates.is_empty() => Some(candidates.remove(0)),
                (None, _) => None,
            }
        };
        let mut matched: Vec<Option<usize>> = new.iter().map(|it| take(it, true)).collect();
        for (workload, matched) in new.iter().zip(&mut matched) {
            *matched = matched.or_else(|| take(workload, false));
        }
        pairs.of_side = [vec![usize::MAX; old.len()], Vec::new()];
        for (index, (workload, before)) in new.iter().zip(matched).enumerate() {
            pairs.add(workload, [before, Some(index)]);
        }
        for rest in left.into_values().flatten() {
            pairs.add(&old[rest], [Some(rest), None]);
        }
        pairs.gates = gates(worlds.map(|world| world.map(|it| it.policy)));
        pairs
    }

    fn add(&mut self, workload: &Workload, index: [Option<usize>; 2]) {
        let number = self.members.len();
        if let Some(before) = index[0] {
            self.of_side[0][before] = number;
        }
        if index[1].is_some() {
            self.of_side[1].push(number);
        }
        self.members.push(Member {
            name: workload.name.clone(),
            kind: workload.kind.clone(),
            index,
        });
    }

    /// Which member a workload of a side is.
    ///
    /// # Panics
    /// If the side has no such workload.
    pub fn member(&self, side: Side, workload: usize) -> usize {
        self.of_side[side as usize][workload]
    }
}

fn gates(policies: [Option<&Policy>; 2]) -> Vec<Gate> {
    let mut gates: BTreeMap<ProtoPort, Gate> = BTreeMap::new();
    for (side, policy) in policies.into_iter().enumerate() {
        let node_ports = policy.map_or(&[][..], |policy| &policy.node_ports);
        for (index, node_port) in node_ports.iter().enumerate() {
            let gate = gates.entry(node_port.node_port).or_insert_with(|| Gate {
                port: node_port.node_port,
                service: node_port.service.clone(),
                index: [None, None],
            });
            gate.service = node_port.service.clone();
            gate.index[side] = Some(index);
        }
    }
    gates.into_values().collect()
}

impl Gate {
    /// The node port, as a side has it.
    pub fn of<'a>(&self, side: Side, policy: &'a Policy) -> Option<&'a NodePort> {
        self.index[side as usize].map(|index| &policy.node_ports[index])
    }

    /// The port, as it is sent.
    pub fn entering(&self) -> L4 {
        L4::Ports(self.port)
    }

    /// What is sent to this port, before that backend.
    pub fn before(&self, backend: Backend) -> L4 {
        L4::Ports(ProtoPort {
            port: backend.port,
            protocol: self.port.protocol,
        })
    }
}

impl Member {
    /// The workload, as a side has it.
    pub fn of<'a>(&self, side: Side, policy: &'a Policy) -> Option<&'a Workload> {
        self.index[side as usize].map(|index| &policy.workloads[index])
    }

    /// Whether both sides have it.
    pub fn stays(&self) -> bool {
        self.index.iter().all(Option::is_some)
    }
}
