//! Whose addresses are whose, and the regions that peers of rules mean.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::selector::{Kinds, fulfils};
use crate::model::{Cidr, Entity, KnownHost, Peer, PeerKind, Policy, PolicyKind};
use crate::prefix::{Family, Prefix};
use crate::region::Region;

/// The regions of all that policies know, disjoint but for those of entities.
pub(super) struct Places<'a> {
    policy: &'a Policy,
    pub(super) kinds: Kinds<'a>,
    /// Addresses of each workload that no other has before it; none of those in the
    /// node's network.
    of_workload: Vec<Vec<IpAddr>>,
    node: Region,
    /// Addresses of each known host that nobody has before it.
    of_known: Vec<Vec<IpAddr>>,
    /// Nobody's addresses.
    world: Region,
    /// What CIDR rules know the addresses of workloads by, with whose they are,
    /// ascending.
    by_known_address: Vec<(IpAddr, usize)>,
}

impl<'a> Places<'a> {
    pub(super) fn new(policy: &'a Policy) -> Places<'a> {
        let mut owned = BTreeMap::new();
        let mut claim = |addresses: &[IpAddr]| -> Vec<IpAddr> {
            let free = addresses.iter().copied();
            free.filter(|address| owned.insert(*address, ()).is_none())
                .collect()
        };
        // The order is that of precedence: an address is whose it is first.
        let of_workload: Vec<Vec<IpAddr>> = (policy.workloads.iter())
            .map(|workload| match workload.host_network {
                true => Vec::new(),
                false => claim(&workload.addresses),
            })
            .collect();
        let node = Region::from_addresses(claim(&policy.node.addresses));
        let of_known = (policy.known_hosts.iter())
            .map(|host| claim(&host.addresses))
            .collect();
        let world = Region::everything().minus(&Region::from_addresses(owned.into_keys()));

        let mut by_known_address: Vec<(IpAddr, usize)> = (of_workload.iter().enumerate())
            .filter(|(_, own)| !own.is_empty())
            .flat_map(|(index, _)| {
                let known = policy.workloads[index].known_addresses.iter();
                known.map(move |known| (*known, index))
            })
            .collect();
        by_known_address.sort_unstable();
        Places {
            policy,
            kinds: Kinds::new(policy),
            of_workload,
            node,
            of_known,
            world,
            by_known_address,
        }
    }

    /// The node's own addresses.
    pub(super) fn node(&self) -> &Region {
        &self.node
    }

    /// The addresses that a workload has for itself.
    pub(super) fn addresses(&self, workload: usize) -> &[IpAddr] {
        &self.of_workload[workload]
    }

    /// The families that a workload has an address of for itself.
    pub(super) fn families(&self, workload: usize) -> Vec<Family> {
        let own = &self.of_workload[workload];
        let has = |family: &Family| own.iter().any(|address| Family::of(*address) == *family);
        Family::ALL.into_iter().filter(has).collect()
    }

    /// The addresses of workloads.
    pub(super) fn of_workloads(&self, indices: impl IntoIterator<Item = usize>) -> Region {
        let addresses = indices
            .into_iter()
            .flat_map(|index| &self.of_workload[index]);
        Region::from_addresses(addresses.copied())
    }

    /// Everybody whom any of the peers of a policy of this kind means.
    pub(super) fn meant(&self, kind: PolicyKind, peers: &[Peer]) -> Region {
        // Prefixes are put together first: there may be very many of them.
        let mut cidrs = Vec::new();
        let mut regions = Vec::new();
        for peer in peers {
            match &peer.kind {
                PeerKind::Cidr(cidr) => cidrs.push(cidr),
                PeerKind::Workloads(selector) => {
                    regions.push(self.of_workloads(self.kinds.selected(selector)));
                }
                PeerKind::Entity(entity) => regions.push(self.entity(*entity)),
                PeerKind::Nodes(selector) => regions.push(self.known(|host| {
                    host.entities.contains(&Entity::RemoteNode) && fulfils(&host.labels, selector)
                })),
            }
        }
        if !cidrs.is_empty() {
            regions.push(self.in_cidrs(kind, &cidrs));
        }
        Region::union_of(&regions)
    }

    /// Whom CIDR rules of a policy of this kind mean by these entries.
    fn in_cidrs(&self, kind: PolicyKind, cidrs: &[&Cidr]) -> Region {
        let whole = cidrs.iter().filter(|cidr| cidr.except.is_empty());
        let mut written = vec![Region::from_prefixes(whole.map(|cidr| cidr.prefix))];
        for Cidr { prefix, except } in cidrs {
            if !except.is_empty() {
                let holes = Region::from_prefixes(except.iter().copied());
                written.push(Region::of(*prefix).minus(&holes));
            }
        }
        let written = Region::union_of(&written);

        let choices = self.policy.choices;
        let match_workloads = match kind {
            PolicyKind::Kubernetes => choices.ip_blocks_match_workloads,
            PolicyKind::Cilium | PolicyKind::CiliumClusterwide => choices.cidrs_match_workloads,
        };
        let match_nodes = choices.cidrs_match_nodes;
        let mut meant = vec![written.intersect(&self.world)];
        let known = self.known(|host| {
            if is_outside(host) {
                true
            } else if host.entities.contains(&Entity::RemoteNode) {
                match_nodes
            } else {
                match_workloads
            }
        });
        meant.push(written.intersect(&known));
        if match_nodes {
            meant.push(written.intersect(&self.node));
        }
        if match_workloads {
            meant.push(self.known_by(&written));
        }
        Region::union_of(&meant)
    }

    /// Addresses of workloads that have a known address of the same family among the
    /// written ones.
    fn known_by(&self, written: &Region) -> Region {
        let mut addresses = Vec::new();
        for range in written.ranges() {
            let start = (self.by_known_address).partition_point(|(known, _)| *known < range.first);
            let inside = self.by_known_address[start..].iter();
            for (known, index) in inside.take_while(|(known, _)| *known <= range.last) {
                let of_family = |own: &&IpAddr| own.is_ipv4() == known.is_ipv4();
                addresses.extend(self.of_workload[*index].iter().filter(of_family));
            }
        }
        Region::from_addresses(addresses)
    }

    fn entity(&self, entity: Entity) -> Region {
        let outside = || self.world.union(&self.known(is_outside));
        match entity {
            Entity::All => Region::everything(),
            Entity::None => Region::empty(),
            Entity::World => outside(),
            Entity::WorldIpv4 => outside().intersect(&Region::of(Prefix::all(Family::V4))),
            Entity::WorldIpv6 => outside().intersect(&Region::of(Prefix::all(Family::V6))),
            Entity::Cluster => Region::everything().minus(&self.world),
            Entity::Host => self.node.clone(),
            Entity::RemoteNode
            | Entity::KubeApiserver
            | Entity::Init
            | Entity::Ingress
            | Entity::Health
            | Entity::Unmanaged => self.known(|host| host.entities.contains(&entity)),
        }
    }

    /// The addresses of those known hosts.
    fn known(&self, is_meant: impl Fn(&KnownHost) -> bool) -> Region {
        let hosts = self.policy.known_hosts.iter().zip(&self.of_known);
        let meant = hosts.filter(|(host, _)| is_meant(host));
        Region::from_addresses(meant.flat_map(|(_, own)| own.iter().copied()))
    }
}

/// Whether it is no part of the cluster: an API server, and nothing else.
fn is_outside(host: &KnownHost) -> bool {
    !(host.entities.iter()).any(|entity| *entity != Entity::KubeApiserver)
}
