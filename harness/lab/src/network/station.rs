//! What each namespace is given: settings, links, addresses, routes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netverdict_policy::topology::{TopologyPlan, WorkloadPlan};

use super::sysctl::{self, Setting};
use super::wiring::{self, End, whole};
use crate::purpose::Purpose;

/// One namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Station {
    /// Settings before there are links.
    pub(super) before: Vec<Setting>,
    /// Settings after.
    pub(super) after: Vec<Setting>,
    pub(super) links: Vec<Link>,
    /// An address of each family that is spoken.
    pub(super) families: Vec<IpAddr>,
    /// Link index and address.
    pub(super) addresses: Vec<(u32, IpAddr)>,
    pub(super) routes: Vec<Route>,
    /// Real clients or servers run in here.
    pub(super) talks: bool,
}

/// A namespace's end of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) end: End,
    pub(super) peer_mac: [u8; 6],
    /// Comes up before the other end does.
    pub(super) first: bool,
}

/// What is sent over a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) link: u32,
    pub(super) to: IpAddr,
    /// Prefix length.
    pub(super) length: u8,
    /// The sender's address, where it has several.
    pub(super) source: Option<IpAddr>,
}

/// Every namespace of a lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stations {
    pub(super) node: Station,
    pub(super) router: Station,
    /// `None` for a workload that shares the node's.
    pub(super) workloads: Vec<Option<Station>>,
    pub(super) hosts: Vec<Station>,
}

impl Stations {
    pub(super) fn of(plan: &TopologyPlan, purpose: Purpose) -> Stations {
        let (near, far) = wiring::uplink();
        let workloads = |of: &dyn Fn(usize, &WorkloadPlan) -> Station| {
            (plan.workloads.iter().enumerate())
                .map(|(number, workload)| (!workload.host_network).then(|| of(number, workload)))
                .collect()
        };
        match purpose {
            Purpose::Probing | Purpose::Reference => Stations {
                node: node(plan, purpose),
                router: sink((near, far), false),
                workloads: workloads(&|number, _| sink(wiring::workload(number), true)),
                hosts: Vec::new(),
            },
            Purpose::Clients => Stations {
                node: node(plan, purpose),
                router: router(plan),
                workloads: workloads(&|number, workload| {
                    leaf(wiring::workload(number), &workload.addresses)
                }),
                hosts: (plan.hosts.iter().enumerate())
                    .map(|(number, host)| leaf(wiring::host(number), &host.addresses))
                    .collect(),
            },
        }
    }
}

/// Only packet sockets listen in here.
fn sink((near, end): (End, End), first: bool) -> Station {
    Station {
        before: sysctl::NO_STACK.to_vec(),
        links: vec![Link {
            end,
            peer_mac: near.mac,
            first,
        }],
        ..Station::default()
    }
}

fn node(plan: &TopologyPlan, purpose: Purpose) -> Station {
    let (uplink, router) = wiring::uplink();
    let mut station = Station {
        before: [sysctl::DUAL_STACK, sysctl::FORWARD_V4].concat(),
        after: sysctl::FORWARD_V6.to_vec(),
        families: families(&plan.node),
        addresses: on(&uplink, &plan.node),
        // What the workloads send to nobody here leaves by the uplink.
        routes: to_everybody(&uplink, &plan.node),
        links: vec![Link {
            end: uplink,
            peer_mac: router.mac,
            first: true,
        }],
        talks: purpose == Purpose::Clients,
    };
    for (number, workload) in on_links(plan) {
        station.branch(wiring::workload(number), &workload.addresses);
    }
    station
}

fn router(plan: &TopologyPlan) -> Station {
    let (node, uplink) = wiring::uplink();
    let everybody: Vec<IpAddr> = (plan.hosts.iter())
        .flat_map(|host| &host.addresses)
        .chain(&plan.node)
        .chain(on_links(plan).flat_map(|(_, workload)| &workload.addresses))
        .copied()
        .collect();
    let mut station = Station {
        before: [sysctl::DUAL_STACK, sysctl::FORWARD_V4].concat(),
        after: sysctl::FORWARD_V6.to_vec(),
        families: families(&everybody),
        talks: true,
        ..Station::default()
    };
    let behind_the_node: Vec<IpAddr> = (plan.node.iter())
        .chain(on_links(plan).flat_map(|(_, workload)| &workload.addresses))
        .copied()
        .collect();
    station.branch((uplink, node), &behind_the_node);
    for (number, host) in plan.hosts.iter().enumerate() {
        station.branch(wiring::host(number), &host.addresses);
    }
    station
}

/// The workloads that have a link, with their numbers.
fn on_links(plan: &TopologyPlan) -> impl Iterator<Item = (usize, &WorkloadPlan)> {
    (plan.workloads.iter().enumerate()).filter(|(_, workload)| !workload.host_network)
}

impl Station {
    /// Adds a link that comes up after its other end, which has these addresses.
    fn branch(&mut self, (here, there): (End, End), addresses: &[IpAddr]) {
        self.routes.extend(addresses.iter().map(|address| Route {
            link: here.index,
            to: *address,
            length: whole(*address),
            source: None,
        }));
        self.links.push(Link {
            end: here,
            peer_mac: there.mac,
            first: false,
        });
    }
}

/// A namespace with one link, everybody else behind it.
fn leaf((near, end): (End, End), addresses: &[IpAddr]) -> Station {
    Station {
        before: sysctl::DUAL_STACK.to_vec(),
        after: Vec::new(),
        families: families(addresses),
        addresses: on(&end, addresses),
        routes: to_everybody(&end, addresses),
        links: vec![Link {
            end,
            peer_mac: near.mac,
            first: true,
        }],
        talks: true,
    }
}

fn on(end: &End, addresses: &[IpAddr]) -> Vec<(u32, IpAddr)> {
    (addresses.iter())
        .map(|address| (end.index, *address))
        .collect()
}

/// The first address of each family.
fn families(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let first = |v4: bool| (addresses.iter().copied()).find(|address| address.is_ipv4() == v4);
    [first(true), first(false)].into_iter().flatten().collect()
}

/// The way to everybody else, from the first address of each family.
fn to_everybody(end: &End, addresses: &[IpAddr]) -> Vec<Route> {
    (families(addresses).into_iter())
        .map(|source| Route {
            link: end.index,
            to: match source {
                IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
                IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
            },
            length: 0,
            source: Some(source),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use netverdict_policy::topology::{HostPlan, WorkloadPlan, Zone};

    use super::*;

    fn addresses(texts: &[&str]) -> Vec<IpAddr> {
        (texts.iter())
            .map(|text| text.parse().expect("an address"))
            .collect()
    }

    fn plan() -> TopologyPlan {
        TopologyPlan {
            node: addresses(&["192.0.2.10", "2001:db8::10"]),
            hosts: vec![HostPlan {
                name: "scanner".to_owned(),
                zone: Zone::External,
                addresses: addresses(&["198.51.100.7", "198.51.100.8"]),
            }],
            workloads: vec![
                WorkloadPlan {
                    name: "inventory".to_owned(),
                    addresses: addresses(&["10.0.0.2", "fd00::2"]),
                    host_network: false,
                    listen: Vec::new(),
                },
                WorkloadPlan {
                    name: "exporter".to_owned(),
                    addresses: addresses(&["192.0.2.10", "2001:db8::10"]),
                    host_network: true,
                    listen: Vec::new(),
                },
            ],
            forwards: Vec::new(),
            mtu: 1500,
        }
    }

    fn of(stations: &Stations) -> Vec<&Station> {
        ([&stations.node, &stations.router].into_iter())
            .chain(stations.workloads.iter().flatten())
            .chain(&stations.hosts)
            .collect()
    }

    #[test]
    fn of_each_link_one_end_comes_up_first() {
        for purpose in [Purpose::Probing, Purpose::Clients] {
            let stations = Stations::of(&plan(), purpose);
            let links: Vec<&Link> = (of(&stations).into_iter())
                .flat_map(|station| &station.links)
                .collect();
            for link in &links {
                let other: Vec<_> = (links.iter())
                    .filter(|other| other.end.mac == link.peer_mac)
                    .collect();
                assert_eq!(other.len(), 1, "{link:?}");
                assert_ne!(other[0].first, link.first);
            }
        }
    }

    #[test]
    fn while_probing_nobody_talks() {
        let stations = Stations::of(&plan(), Purpose::Probing);
        assert!(stations.hosts.is_empty());
        assert!(of(&stations).iter().all(|station| !station.talks));
    }

    #[test]
    fn a_workload_in_the_node_s_network_has_no_namespace_and_no_link() {
        for purpose in [Purpose::Probing, Purpose::Clients] {
            let stations = Stations::of(&plan(), purpose);
            let namespaces: Vec<bool> = stations.workloads.iter().map(Option::is_some).collect();
            assert_eq!(namespaces, [true, false]);
            let links: Vec<u32> = (stations.node.links.iter())
                .map(|link| link.end.index)
                .collect();
            assert_eq!(links, [100, 101]);
        }
    }

    #[test]
    fn clients_find_the_way_there_and_back() {
        let stations = Stations::of(&plan(), Purpose::Clients);
        let [host] = &stations.hosts[..] else {
            panic!("one host");
        };
        // One family, so one way, from the first address.
        let to = |station: &Station| -> Vec<String> {
            (station.routes.iter())
                .map(|route| format!("{}/{} by {}", route.to, route.length, route.link))
                .collect()
        };
        assert_eq!(to(host), ["0.0.0.0/0 by 100"]);
        assert_eq!(host.routes[0].source, Some(addresses(&["198.51.100.7"])[0]));
        assert_eq!(
            to(&stations.router),
            [
                "192.0.2.10/32 by 99",
                "2001:db8::10/128 by 99",
                "10.0.0.2/32 by 99",
                "fd00::2/128 by 99",
                "198.51.100.7/32 by 101",
                "198.51.100.8/32 by 101",
            ]
        );
        assert_eq!(
            to(&stations.node),
            [
                "0.0.0.0/0 by 100",
                "::/0 by 100",
                "10.0.0.2/32 by 101",
                "fd00::2/128 by 101"
            ]
        );
    }
}
