//! All connections that are worth trying.

use std::collections::BTreeMap;
use std::net::IpAddr;

use netverdict_abi::Identity;

use super::{Cell, Connection, End, PortCuts, cell, cells, selects};
use crate::image::{EndpointImage, IdentityId, MapImage};
use crate::model::{Direction, L4Port, Policy, Ports, Rule};
use crate::port::Protocol;
use crate::prefix::{Family, Prefix};

/// A policy, what it was compiled to, and who is outside.
#[derive(Clone, Debug)]
pub struct World<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// What it was compiled to.
    pub image: &'a MapImage,
    /// Outside addresses of both families, IPv4 first, ascending.
    pub cells: Vec<Cell>,
}

impl<'a> World<'a> {
    /// The world of `policy`, which was compiled to `image`.
    pub fn new(policy: &'a Policy, image: &'a MapImage) -> World<'a> {
        let cells = Family::ALL.map(|family| cells(policy, image, family));
        World {
            policy,
            image,
            cells: cells.concat(),
        }
    }

    /// The end's address of the family: a representative of outside addresses.
    pub fn address(&self, end: End, family: Family) -> Option<IpAddr> {
        match end {
            End::Cell(index) => self.cells[index as usize].representative,
            End::Workload(index) => {
                let addresses = &self.policy.workloads[index as usize].addresses;
                addresses
                    .iter()
                    .copied()
                    .find(|at| Family::of(*at) == family)
            }
        }
        .filter(|address| Family::of(*address) == family)
    }

    /// Whether somebody has every address of some cell, so that nobody outside
    /// can be tried from there: [`World::moved`] is the way out.
    pub fn is_crowded(&self) -> bool {
        (self.cells.iter()).any(|cell| cell.representative.is_none())
    }

    /// The policy as it would be if those who have all addresses of a cell had
    /// others: what it says of strangers with their old ones.
    ///
    /// `None` if there is no such cell, or no address left to move to.
    pub fn moved(&self) -> Option<Policy> {
        let crowded: Vec<&Cell> = (self.cells.iter())
            .filter(|cell| cell.representative.is_none())
            .collect();
        let mut taken = cell::taken(self.policy);
        let mut moves: BTreeMap<IpAddr, IpAddr> = BTreeMap::new();
        for cell in &crowded {
            for old in taken.range(cell.range.first..=cell.range.last) {
                moves.insert(*old, *old);
            }
        }
        for (old, new) in &mut moves {
            // Whoever is in a cell with room has an address beside it.
            let family = Family::of(*old);
            *new = (self.cells.iter())
                .filter_map(|cell| cell.representative)
                .filter(|address| Family::of(*address) == family)
                .flat_map(|address| {
                    std::iter::successors(Some(address), |at| Prefix::host(*at).after())
                        .take(taken.len() + 2)
                })
                .find(|at| {
                    let in_crowd = |cell: &&&Cell| {
                        Family::of(cell.range.first) == family
                            && (cell.range.first..=cell.range.last).contains(at)
                    };
                    !taken.contains(at) && !crowded.iter().any(|cell| in_crowd(&cell))
                })?;
            taken.insert(*new);
        }
        let mut policy = self.policy.clone();
        let rename = |addresses: &mut Vec<IpAddr>| {
            for address in addresses {
                *address = moves.get(address).copied().unwrap_or(*address);
            }
        };
        rename(&mut policy.node.addresses);
        policy
            .known_hosts
            .iter_mut()
            .for_each(|host| rename(&mut host.addresses));
        policy
            .workloads
            .iter_mut()
            .for_each(|each| rename(&mut each.addresses));
        (!moves.is_empty()).then_some(policy)
    }

    /// The world of [`World::moved`]: only in the cells that had no stranger, there
    /// is one.
    pub fn of_moved<'m>(&self, policy: &'m Policy, image: &'m MapImage) -> World<'m> {
        let stranger = |cell: &Cell| Cell {
            range: cell.range,
            representative: match cell.representative {
                None => Some(cell.range.first),
                Some(_) => None,
            },
        };
        World {
            policy,
            image,
            cells: self.cells.iter().map(stranger).collect(),
        }
    }
}

/// What is known of an end before any connection of it.
#[derive(Debug, Default)]
struct Known<'a> {
    address: Option<IpAddr>,
    identity: Option<IdentityId>,
    guards: Option<EndpointImage>,
    /// Boundaries of the rules about what it receives.
    receives: PortCuts,
    /// Boundaries of the rules about what it sends, but those by name.
    sends: PortCuts,
    /// Rules about what it sends, with names of ports.
    by_name: Vec<&'a Rule>,
}

/// Every connection worth trying, in an order that never changes: all of one pair
/// of ends, then those of the next.
#[derive(Debug)]
pub struct Plan<'a> {
    world: &'a World<'a>,
    /// By family.
    workloads: [Vec<Known<'a>>; 2],
    cells: Vec<Known<'a>>,
    /// Boundaries at the uplink.
    uplink: PortCuts,
    between_workloads: bool,
}

impl<'a> Plan<'a> {
    /// Every connection of the world.
    pub fn new(world: &'a World<'a>) -> Plan<'a> {
        let lengths = lengths(world.image);
        let workloads = Family::ALL.map(|family| {
            let count = u32::try_from(world.policy.workloads.len()).unwrap_or(u32::MAX);
            let ends = (0..count).map(End::Workload);
            ends.map(|end| know(world, end, family, &lengths)).collect()
        });
        let cells = (0..).map(End::Cell).zip(&world.cells);
        let cells = cells
            .map(|(end, cell)| know(world, end, Family::of(cell.range.first), &lengths))
            .collect();
        let mut uplink = PortCuts::default();
        let declared = world.policy.prefilters.iter().map(|stage| stage.node_port);
        for port in declared.chain(world.image.prefilters.keys().copied()) {
            uplink.port(port.protocol, port.port);
        }
        Plan {
            world,
            workloads,
            cells,
            uplink,
            between_workloads: true,
        }
    }

    /// Without connections from workload to workload.
    #[must_use]
    pub fn outside_only(mut self) -> Plan<'a> {
        self.between_workloads = false;
        self
    }

    /// The connections, in batches of at least `size`, but for the last. All
    /// connections of a pair are in one batch.
    pub fn batches(&self, size: usize) -> impl Iterator<Item = Vec<Connection>> {
        let mut pairs = self.pairs();
        let mut client_port = 0;
        std::iter::from_fn(move || {
            let mut batch = Vec::with_capacity(size + size / 8);
            while batch.len() < size {
                let Some((source, destination, family)) = pairs.next() else {
                    break;
                };
                self.connect(source, destination, family, &mut client_port, &mut batch);
            }
            (!batch.is_empty()).then_some(batch)
        })
    }

    fn pairs(&self) -> impl Iterator<Item = (End, End, Family)> {
        let count = u32::try_from(self.world.policy.workloads.len()).unwrap_or(u32::MAX);
        let workloads = move || (0..count).map(End::Workload);
        let cells = || (0..).map(End::Cell).take(self.world.cells.len());
        Family::ALL.into_iter().flat_map(move |family| {
            let sources = cells().chain(workloads());
            sources.flat_map(move |source| {
                let peers = match source {
                    End::Cell(_) => 0,
                    End::Workload(_) => self.world.cells.len(),
                };
                let wanted = self.between_workloads || matches!(source, End::Cell(_));
                let inside = workloads().filter(move |end| wanted && *end != source);
                let destinations = cells().take(peers).chain(inside);
                destinations.map(move |destination| (source, destination, family))
            })
        })
    }

    fn known(&self, end: End, family: Family) -> &Known<'a> {
        match end {
            End::Cell(index) => &self.cells[index as usize],
            End::Workload(index) => &self.workloads[family as usize][index as usize],
        }
    }

    fn connect(
        &self,
        source: End,
        destination: End,
        family: Family,
        client_port: &mut u16,
        batch: &mut Vec<Connection>,
    ) {
        let of_family =
            |known: &Known<'_>| known.address.is_some_and(|at| Family::of(at) == family);
        let (sender, receiver) = (self.known(source, family), self.known(destination, family));
        if !(of_family(sender) && of_family(receiver)) {
            return;
        }
        let mut cuts = sender.sends.clone();
        cuts.join(&receiver.receives);
        if let End::Workload(index) = destination {
            let named = &self.world.policy.workloads[index as usize].named_ports;
            for rule in &sender.by_name {
                cuts.rule(rule, named);
            }
        }
        if let End::Cell(_) = source {
            cuts.join(&self.uplink);
        }
        let guards = [
            (sender.guards.and_then(|at| at.egress), receiver.identity),
            (receiver.guards.and_then(|at| at.ingress), sender.identity),
        ];
        for (guard, peer) in guards {
            let guard = guard.and_then(|index| self.world.image.guards.get(index as usize));
            if let Some(guard) = guard {
                cuts.guard(guard, peer);
            }
        }
        for protocol in Protocol::ALL {
            for ports in cuts.classes(protocol) {
                // Ephemeral ports (RFC 6335 §6), one after the other: what a prefilter
                // remembers of one connection is not to be found by the next.
                let port = FIRST_EPHEMERAL + *client_port;
                *client_port = (*client_port + 1) % EPHEMERAL;
                batch.push(Connection {
                    source,
                    destination,
                    family,
                    protocol,
                    ports,
                    client_port: port,
                });
            }
        }
    }
}

const FIRST_EPHEMERAL: u16 = 49_152;
/// How many there are, but one.
const EPHEMERAL: u16 = u16::MAX - FIRST_EPHEMERAL;

fn know<'a>(world: &World<'a>, end: End, family: Family, lengths: &[Prefix]) -> Known<'a> {
    let address = world.address(end, family);
    let mut known = Known {
        address,
        identity: address.map(|address| identity(world.image, address, lengths)),
        guards: address.and_then(|address| world.image.endpoints.get(&address).copied()),
        ..Known::default()
    };
    let End::Workload(index) = end else {
        return known;
    };
    let workload = &world.policy.workloads[index as usize];
    for policy in &world.policy.network_policies {
        if !selects(world.policy, policy, workload) {
            continue;
        }
        for rule in &policy.rules {
            match rule.direction {
                Direction::Ingress => known.receives.rule(rule, &workload.named_ports),
                Direction::Egress => {
                    known.sends.rule(rule, &[]);
                    if has_names(rule) {
                        known.by_name.push(rule);
                    }
                }
            }
        }
    }
    known
}

fn has_names(rule: &Rule) -> bool {
    match &rule.ports {
        Ports::All => false,
        Ports::Listed(ports) => (ports.iter()).any(|each| matches!(each.port, L4Port::Named(_))),
    }
}

/// One prefix of each length that the identities have, longest first.
fn lengths(image: &MapImage) -> Vec<Prefix> {
    let mut lengths: BTreeMap<(Family, u8), Prefix> = BTreeMap::new();
    for prefix in image.identities.keys() {
        lengths.insert((prefix.family(), prefix.length()), *prefix);
    }
    lengths.into_values().rev().collect()
}

fn identity(image: &MapImage, address: IpAddr, lengths: &[Prefix]) -> IdentityId {
    let of_family = (lengths.iter()).filter(|prefix| prefix.family() == Family::of(address));
    of_family
        .filter_map(|prefix| {
            let around = Prefix::containing(address, prefix.length());
            image.identities.get(&around).copied()
        })
        .next()
        .unwrap_or(IdentityId(match address {
            IpAddr::V4(_) => Identity::WORLD_V4,
            IpAddr::V6(_) => Identity::WORLD_V6,
        }))
}
