//! Addresses that neither a policy nor maps can tell apart.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use netverdict_policy::address_set::Range;
use netverdict_policy::image::MapImage;
use netverdict_policy::journey::Point;
use netverdict_policy::model::{ListedSource, PeerKind, Peers, Policy};
use netverdict_policy::port::ProtoPort;
use netverdict_policy::prefix::{Family, Prefix};

/// Where atoms begin, of each family: ascending, the first at the family's first
/// address. Together they are every address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atoms {
    v4: Arc<Vec<u128>>,
    v6: Arc<Vec<u128>>,
}

/// Prefixes up to which every question is asked at all of them. Beyond, a question is
/// asked at those that its own hook and port look at.
pub const ALL_EVERYWHERE: usize = 1 << 13;

/// The atoms of the questions at every point.
#[derive(Debug)]
pub struct Cuts {
    everywhere: Option<Atoms>,
    /// Where no prefilter stands.
    uplink: Atoms,
    workloads: Atoms,
}

impl Cuts {
    /// Cuts at every prefix of the policy and of the maps, as long as those are few.
    pub fn new(policy: &Policy, image: &MapImage) -> Cuts {
        let every_hook = at_every_hook(policy, image);
        let workloads = [&every_hook[..], &at_workloads(policy, image)].concat();
        let lists = ports(policy, image)
            .into_iter()
            .flat_map(|port| at_port(policy, image, port));
        let rest = ALL_EVERYWHERE.saturating_sub(workloads.len());
        let lists: Vec<Prefix> = lists.take(rest + 1).collect();
        let few = workloads.len() + lists.len() <= ALL_EVERYWHERE;
        Cuts {
            everywhere: few.then(|| Atoms::between(&[&workloads[..], &lists].concat())),
            uplink: Atoms::between(&every_hook),
            workloads: Atoms::between(&workloads),
        }
    }

    /// Whether every question is asked at every boundary.
    pub fn are_everywhere(&self) -> bool {
        self.everywhere.is_some()
    }

    /// The atoms of questions at this point, at the uplink about this port.
    pub fn of(
        &self,
        policy: &Policy,
        image: &MapImage,
        point: Point,
        port: Option<ProtoPort>,
    ) -> Atoms {
        if let Some(everywhere) = &self.everywhere {
            return everywhere.clone();
        }
        match (point, port) {
            (Point::Uplink, Some(port)) => {
                let mut prefixes = at_port(policy, image, port);
                if prefixes.is_empty() {
                    return self.uplink.clone();
                }
                prefixes.extend(at_every_hook(policy, image));
                Atoms::between(&prefixes)
            }
            (Point::Uplink, None) => self.uplink.clone(),
            (Point::Egress(_) | Point::Ingress(_), _) => self.workloads.clone(),
        }
    }
}

impl Atoms {
    fn between(prefixes: &[Prefix]) -> Atoms {
        let starts = |family: Family| {
            let of_family = prefixes.iter().filter(|prefix| prefix.family() == family);
            let mut starts = vec![0];
            for prefix in of_family {
                starts.push(number(prefix.first()));
                starts.extend(prefix.after().map(number));
            }
            starts.sort_unstable();
            starts.dedup();
            Arc::new(starts)
        };
        Atoms {
            v4: starts(Family::V4),
            v6: starts(Family::V6),
        }
    }

    /// Where the atoms of a family begin.
    pub fn starts(&self, family: Family) -> &Arc<Vec<u128>> {
        match family {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        }
    }
}

/// The last address of the atom with this index.
pub fn last_of(family: Family, starts: &[u128], index: usize) -> u128 {
    match starts.get(index + 1) {
        Some(next) => next - 1,
        None => number(Prefix::all(family).last()),
    }
}

/// Both ends and an address between them, each once.
pub fn tried(first: u128, last: u128) -> impl Iterator<Item = u128> {
    let between = first + (last - first) / 2;
    let inside = (between != first && between != last).then_some(between);
    let end = (first != last).then_some(last);
    [Some(first), inside, end].into_iter().flatten()
}

/// The address as a number.
pub fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

/// The address with this number.
pub fn address(family: Family, number: u128) -> IpAddr {
    match family {
        Family::V4 => {
            let number = u32::try_from(number).expect("IPv4 addresses have 32 bits");
            Ipv4Addr::from(number).into()
        }
        Family::V6 => Ipv6Addr::from(number).into(),
    }
}

/// The addresses between two numbers.
pub fn range(family: Family, first: u128, last: u128) -> Range {
    Range {
        first: address(family, first),
        last: address(family, last),
    }
}

/// Whose addresses are somebody's, and what is denied at every port.
fn at_every_hook(policy: &Policy, image: &MapImage) -> Vec<Prefix> {
    let workloads = policy.workloads.iter().map(|workload| &workload.addresses);
    let hosts = policy.known_hosts.iter().map(|host| &host.addresses);
    let taken = (workloads.chain(hosts).chain([&policy.node.addresses])).flatten();
    let mut prefixes: Vec<Prefix> = taken.map(|address| Prefix::host(*address)).collect();
    prefixes.extend(image.endpoints.keys().map(|address| Prefix::host(*address)));
    prefixes.extend(listed(&policy.deny_list));
    prefixes.extend(image.deny_list.keys());
    prefixes
}

fn at_workloads(policy: &Policy, image: &MapImage) -> Vec<Prefix> {
    let mut prefixes: Vec<Prefix> = image.identities.keys().copied().collect();
    for workload in &policy.workloads {
        prefixes.extend(workload.known_addresses.iter().map(|it| Prefix::host(*it)));
    }
    for rule in policy.all_network_policies().flat_map(|each| &each.rules) {
        let Peers::Listed(peers) = &rule.peers else {
            continue;
        };
        for peer in peers {
            if let PeerKind::Cidr(cidr) = &peer.kind {
                prefixes.push(cidr.prefix);
                prefixes.extend(&cidr.except);
            }
        }
    }
    prefixes
}

fn at_port(policy: &Policy, image: &MapImage, port: ProtoPort) -> Vec<Prefix> {
    let mut prefixes = Vec::new();
    for prefilter in policy.prefilters.iter().filter(|it| it.node_port == port) {
        prefixes.extend(listed(&prefilter.deny));
        prefixes.extend(listed(&prefilter.allow));
    }
    if let Some(stage) = image.prefilters.get(&port) {
        prefixes.extend(stage.sources.keys());
    }
    prefixes
}

fn ports(policy: &Policy, image: &MapImage) -> Vec<ProtoPort> {
    let by_policy = policy.prefilters.iter().map(|it| it.node_port);
    let mut ports: Vec<ProtoPort> = by_policy.chain(image.prefilters.keys().copied()).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

fn listed(list: &[ListedSource]) -> impl Iterator<Item = Prefix> {
    list.iter().map(|listed| listed.prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atoms(prefixes: &[&str], family: Family) -> Vec<String> {
        let prefixes: Vec<Prefix> = (prefixes.iter())
            .map(|text| text.parse().expect(text))
            .collect();
        let atoms = Atoms::between(&prefixes);
        let starts = atoms.starts(family);
        (0..starts.len())
            .map(|index| {
                let range = range(family, starts[index], last_of(family, starts, index));
                format!("{}-{}", range.first, range.last)
            })
            .collect()
    }

    #[test]
    fn atoms_are_cut_before_and_behind_each_prefix_and_are_every_address() {
        for (prefixes, expected) in [
            (&[][..], &["0.0.0.0-255.255.255.255"][..]),
            (&["0.0.0.0/0", "::/0"], &["0.0.0.0-255.255.255.255"]),
            (
                &["10.0.0.0/8", "10.0.0.0/16", "255.255.255.255/32"],
                &[
                    "0.0.0.0-9.255.255.255",
                    "10.0.0.0-10.0.255.255",
                    "10.1.0.0-10.255.255.255",
                    "11.0.0.0-255.255.255.254",
                    "255.255.255.255-255.255.255.255",
                ],
            ),
        ] {
            assert_eq!(atoms(prefixes, Family::V4), expected);
        }
        let all = "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
        assert_eq!(atoms(&["10.0.0.0/8"], Family::V6), [all]);
    }

    #[test]
    fn both_ends_and_one_between_are_tried_each_once() {
        for (first, last, expected) in [
            (7, 7, &[7][..]),
            (7, 8, &[7, 8]),
            (7, 9, &[7, 8, 9]),
            (0, u128::MAX, &[0, u128::MAX / 2, u128::MAX]),
        ] {
            assert_eq!(tried(first, last).collect::<Vec<_>>(), expected);
        }
    }
}
