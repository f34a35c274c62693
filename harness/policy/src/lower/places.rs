//! Everything that an address can be.

use std::collections::{BTreeSet, HashSet};
use std::net::IpAddr;
use std::ops::Range;

use super::groups::{Groups, is_met};
use super::peers::Who;
use super::set::Set;
use crate::model::{Entity, KnownHost, Policy};
use crate::prefix::{Family, Prefix};

/// A prefix all of whose addresses no peer tells apart, but for those in longer
/// prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) prefix: Prefix,
    pub(super) home: Home,
}

/// Whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// The workload's with this index; one address.
    Workload(usize),
    /// The node's; one address.
    Node,
    /// The known host's with this index; one address.
    Known(usize),
    /// Outside.
    World,
}

/// All places: workloads, the node, known hosts, then the world's prefixes, sorted.
pub(super) struct Places<'a> {
    policy: &'a Policy,
    all: Vec<Place>,
    /// Index of the first that is of the world.
    world: usize,
    /// Those that are one address, sorted by what CIDR rules know them by, which of
    /// workloads may be any number of other addresses.
    by_address: Vec<(IpAddr, u32)>,
    /// Those of the workloads of each group, ascending.
    of_group: Vec<Vec<u32>>,
}

impl<'a> Places<'a> {
    /// The places that matter to `peers`.
    pub(super) fn new(policy: &'a Policy, groups: &Groups<'_>, peers: &[Who<'_>]) -> Self {
        let mut hosts = Hosts::default();
        let mut of_workload: Vec<Vec<u32>> = vec![Vec::new(); policy.workloads.len()];
        for (index, workload) in policy.workloads.iter().enumerate() {
            if !workload.host_network {
                of_workload[index] = hosts.add(&workload.addresses, Home::Workload(index));
            }
        }
        hosts.add(&policy.node.addresses, Home::Node);
        for (index, known) in policy.known_hosts.iter().enumerate() {
            hosts.add(&known.addresses, Home::Known(index));
        }
        let Hosts { mut all, taken } = hosts;

        let mut by_address = Vec::new();
        for (place, number) in all.iter().zip(0..) {
            let own = place.prefix.first();
            match place.home {
                Home::Workload(index) => {
                    let known = policy.workloads[index].known_addresses.iter();
                    let of_family = known.filter(|known| Family::of(**known) == Family::of(own));
                    by_address.extend(of_family.map(|known| (*known, number)));
                }
                Home::Node | Home::Known(_) | Home::World => by_address.push((own, number)),
            }
        }
        by_address.sort_unstable();

        let mut prefixes = Family::ALL.map(Prefix::all).to_vec();
        for who in peers {
            if let Who::Addresses { prefix, except, .. } = who {
                prefixes.push(*prefix);
                prefixes.extend_from_slice(except);
            }
        }
        prefixes.sort_unstable();
        prefixes.dedup();
        // What is one address, and somebody's, is nothing of the world.
        prefixes.retain(|prefix| {
            *prefix != Prefix::host(prefix.first()) || !taken.contains(&prefix.first())
        });
        let world = all.len();
        let home = Home::World;
        all.extend(prefixes.into_iter().map(|prefix| Place { prefix, home }));

        let of_group = (0..groups.count()).zip(0..).map(|(_, group)| {
            let members = groups.members(group).iter();
            members
                .flat_map(|workload| of_workload[*workload].iter().copied())
                .collect()
        });
        Places {
            policy,
            of_group: of_group.collect(),
            all,
            world,
            by_address,
        }
    }

    /// Every place, by number.
    pub(super) fn all(&self) -> &[Place] {
        &self.all
    }

    /// Places of the world, sorted by prefix; of each family, the first holds all
    /// the others.
    pub(super) fn of_world(&self) -> impl Iterator<Item = (u32, Prefix)> {
        let numbered = self.all.iter().zip(0..).skip(self.world);
        numbered.map(|(place, number)| (number, place.prefix))
    }

    /// Numbers of the places that a peer means, each once. `groups` are those that
    /// it selects, if it is about workloads.
    pub(super) fn meant_by(&self, who: Who<'_>, groups: &Set) -> Vec<u32> {
        match who {
            Who::Workloads(_) => (groups.iter())
                .flat_map(|group| self.of_group[group as usize].iter().copied())
                .collect(),
            Who::Addresses {
                prefix,
                except,
                workloads,
                nodes,
            } => {
                let mut meant = self.hosts_in(prefix, except, workloads, nodes);
                meant.extend(self.world_in(prefix, except));
                meant
            }
            Who::Entity(entity) => self.those(|place| self.is(place, entity)),
            Who::Nodes(selector) => self.those(|place| match place.home {
                Home::Known(index) => {
                    let host = &self.policy.known_hosts[index];
                    is_remote_node(host) && is_met(selector, &host.labels)
                }
                Home::Node | Home::Workload(_) | Home::World => false,
            }),
        }
    }

    fn those(&self, mut meant: impl FnMut(&Place) -> bool) -> Vec<u32> {
        (self.all.iter().zip(0..))
            .filter_map(|(place, number)| meant(place).then_some(number))
            .collect()
    }

    fn is(&self, place: &Place, entity: Entity) -> bool {
        let of_cluster = |home| match home {
            Home::Workload(_) | Home::Node | Home::Known(_) => true,
            Home::World => false,
        };
        let of_world = |home| match home {
            Home::World => true,
            Home::Known(index) => is_outside(&self.policy.known_hosts[index]),
            Home::Workload(_) | Home::Node => false,
        };
        let family = place.prefix.family();
        match entity {
            Entity::All => true,
            Entity::World => of_world(place.home),
            Entity::WorldIpv4 => of_world(place.home) && family == Family::V4,
            Entity::WorldIpv6 => of_world(place.home) && family == Family::V6,
            Entity::Cluster => of_cluster(place.home),
            Entity::Host => place.home == Home::Node,
            Entity::RemoteNode
            | Entity::KubeApiserver
            | Entity::Init
            | Entity::Ingress
            | Entity::Health
            | Entity::Unmanaged => match place.home {
                Home::Known(index) => self.policy.known_hosts[index].entities.contains(&entity),
                Home::Workload(_) | Home::Node | Home::World => false,
            },
            Entity::None => false,
        }
    }

    fn hosts_in(
        &self,
        prefix: Prefix,
        except: &[Prefix],
        workloads: bool,
        nodes: bool,
    ) -> Vec<u32> {
        let start = (self.by_address).partition_point(|(address, _)| *address < prefix.first());
        let from_there = self.by_address[start..].iter();
        let meant: BTreeSet<u32> = from_there
            .take_while(|(address, _)| *address <= prefix.last())
            .filter(|(_, number)| match self.all[*number as usize].home {
                Home::Workload(_) => workloads,
                Home::Node => nodes,
                Home::Known(index) => {
                    let host = &self.policy.known_hosts[index];
                    if is_remote_node(host) {
                        nodes
                    } else {
                        workloads || is_outside(host)
                    }
                }
                Home::World => false,
            })
            .filter(|(address, _)| !except.iter().any(|hole| hole.contains(*address)))
            .map(|(_, number)| *number)
            .collect();
        meant.into_iter().collect()
    }

    fn world_in(&self, prefix: Prefix, except: &[Prefix]) -> Vec<u32> {
        let mut holes: Vec<Range<usize>> = except.iter().map(|hole| self.inside(*hole)).collect();
        holes.sort_unstable_by_key(|hole| hole.start);
        let Range {
            start: mut next,
            end,
        } = self.inside(prefix);
        let mut meant = Vec::new();
        let mut add = |range: Range<usize>| {
            meant.extend(
                range.map(|number| u32::try_from(number).expect("counted when they were split")),
            );
        };
        for hole in holes {
            add(next..hole.start.min(end));
            next = next.max(hole.end);
        }
        add(next..end);
        meant
    }

    /// Numbers of the places of the world that lie in a prefix: they follow each
    /// other.
    fn inside(&self, prefix: Prefix) -> Range<usize> {
        let world = &self.all[self.world..];
        let last = prefix.last();
        let start = world.partition_point(|place| place.prefix < prefix);
        let behind = world[start..].partition_point(|place| place.prefix.first() <= last);
        self.world + start..self.world + start + behind
    }
}

/// Whether it is an API server that stands outside the cluster.
fn is_outside(host: &KnownHost) -> bool {
    (host.entities.iter()).all(|entity| *entity == Entity::KubeApiserver)
}

fn is_remote_node(host: &KnownHost) -> bool {
    host.entities.contains(&Entity::RemoteNode)
}

/// Places of one address each; the first to name an address has it.
#[derive(Default)]
struct Hosts {
    all: Vec<Place>,
    /// Looked up only, never listed.
    taken: HashSet<IpAddr>,
}

impl Hosts {
    /// Their numbers.
    fn add(&mut self, addresses: &[IpAddr], home: Home) -> Vec<u32> {
        let mut numbers = Vec::with_capacity(addresses.len());
        for address in addresses {
            if self.taken.insert(*address) {
                let number = u32::try_from(self.all.len());
                numbers.push(number.expect("fewer addresses than 32 bits count"));
                let prefix = Prefix::host(*address);
                self.all.push(Place { prefix, home });
            }
        }
        numbers
    }
}
