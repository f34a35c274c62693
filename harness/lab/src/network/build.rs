//! From a plan to namespaces and links.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netverdict_policy::topology::TopologyPlan;

use super::namespace::{Inside, Namespace, unique_name};
use super::netlink::Cable;
use super::node_ports;
use super::offload::Offload;
use super::sysctl::{self, Setting};
use super::wiring::{self, End, whole};
use crate::error::LabError;
use crate::lab::Purpose;

/// Index of the loopback device in every namespace (net/core/dev.c).
const LOOPBACK: u32 = 1;

/// Bytes by which the uplink takes more than its MTU: three VLAN tags of four
/// bytes, which the kernel counts as payload beyond the first.
pub(crate) const ROOM_FOR_TAGS: u16 = 12;

/// The namespaces of a lab, connected.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) workloads: Vec<Namespace>,
    pub(crate) hosts: Vec<Namespace>,
    pub(crate) node: Namespace,
    pub(crate) router: Namespace,
}

/// What one namespace is given once its links are there.
#[derive(Debug, Default)]
struct Station {
    before: Vec<Setting>,
    after: Vec<Setting>,
    /// Its links and the other end's MAC address.
    links: Vec<(End, [u8; 6])>,
    families: Vec<IpAddr>,
    /// Link index and address.
    addresses: Vec<(u32, IpAddr)>,
    /// Link index, destination, prefix length, preferred source.
    routes: Vec<(u32, IpAddr, u8, Option<IpAddr>)>,
    /// Real clients run in here.
    talks: bool,
}

/// Builds everything but the filter.
pub(crate) fn build(plan: &TopologyPlan, purpose: Purpose) -> Result<Network, LabError> {
    let network = make_namespaces(plan, purpose)?;
    let Stations {
        node,
        router,
        workloads,
        hosts,
    } = stations(plan, purpose);

    // Settings first, for links inherit them; nft takes longest and needs no
    // links, so it runs meanwhile.
    let rules = node_ports::rules(plan, purpose);
    let loading = network.node.start("load the node port rules", {
        let before = node.before.clone();
        move |_| {
            sysctl::set(&before)?;
            rules.as_deref().map(node_ports::begin).transpose()
        }
    });
    let others = || {
        (network.workloads.iter().zip(&workloads))
            .chain(network.hosts.iter().zip(&hosts))
            .chain([(&network.router, &router)])
    };
    let settled: Vec<_> = others()
        .map(|(namespace, station)| {
            let before = station.before.clone();
            namespace.start("set kernel settings", move |_| sysctl::set(&before))
        })
        .collect();
    for one in settled {
        one.finish()?;
    }
    let loading = loading.finish()?;

    lay_cables(&network, plan)?;

    // The ends that come up first: the uplink's at the node, and those of
    // workloads and hosts. The second end to come up is ready at once, the
    // first once it has been told so.
    let first: Vec<_> = (network.workloads.iter())
        .chain(&network.hosts)
        .map(|namespace| (namespace, wiring::host(0).1))
        .chain([(&network.node, wiring::uplink().0)])
        .map(|(namespace, end)| (namespace.start("bring links up", up([end.clone()])), end))
        .collect();
    let mut ends = Vec::new();
    for (begun, end) in first {
        begun.finish()?;
        ends.push(end);
    }
    let node_branches: Vec<End> = (0..workloads.len())
        .map(|n| wiring::workload(n).0)
        .collect();
    let router_branches = (0..hosts.len()).map(|n| wiring::host(n).0);
    let second = [
        network.node.start("bring links up", up(node_branches)),
        network.router.start(
            "bring links up",
            up([wiring::uplink().1]
                .into_iter()
                .chain(router_branches)
                .collect::<Vec<_>>()),
        ),
    ];
    for begun in second {
        begun.finish()?;
    }

    let stations: Vec<_> = (workloads.into_iter().map(|station| (station, true)))
        .chain(hosts.into_iter().map(|station| (station, true)))
        .chain([(router, false), (node, true)])
        .collect();
    let configured: Vec<_> = (network.workloads.iter())
        .chain(&network.hosts)
        .chain([&network.router, &network.node])
        .zip(stations)
        .map(|(namespace, (station, came_first))| {
            namespace.start("set addresses and routes", move |inside| {
                configure(inside, &station, came_first)
            })
        })
        .collect();
    for begun in configured {
        begun.finish()?;
    }
    if let Some(loading) = loading {
        loading.finish()?;
    }
    Ok(network)
}

fn make_namespaces(plan: &TopologyPlan, purpose: Purpose) -> Result<Network, LabError> {
    let lab = unique_name("nv");
    let named = |name: &str| Namespace::begin(format!("{lab}-{}", plain(name)));
    let router = named("router")?;
    let node = named("node")?;
    let workloads = (plan.workloads.iter())
        .enumerate()
        .map(|(number, workload)| named(&format!("w{number}-{}", workload.name)))
        .collect::<Result<Vec<_>, _>>()?;
    let hosts = match purpose {
        Purpose::Probing => Vec::new(),
        Purpose::Clients => (plan.hosts.iter())
            .enumerate()
            .map(|(number, host)| named(&format!("h{number}-{}", host.name)))
            .collect::<Result<Vec<_>, _>>()?,
    };
    Ok(Network {
        router: router.finish()?,
        node: node.finish()?,
        workloads: workloads
            .into_iter()
            .map(super::namespace::BeingMade::finish)
            .collect::<Result<_, _>>()?,
        hosts: hosts
            .into_iter()
            .map(super::namespace::BeingMade::finish)
            .collect::<Result<_, _>>()?,
    })
}

/// A name as part of a file name.
fn plain(name: &str) -> String {
    (name.chars())
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        })
        .take(60)
        .collect()
}

fn lay_cables(network: &Network, plan: &TopologyPlan) -> Result<(), LabError> {
    let mtu = u32::from(plan.mtu);
    let cable = |(here, there), other: &Namespace, mtu| Cable {
        here,
        there,
        there_namespace: other.descriptor(),
        mtu,
    };
    let mut of_node = vec![cable(
        wiring::uplink(),
        &network.router,
        mtu + u32::from(ROOM_FOR_TAGS),
    )];
    for (number, namespace) in network.workloads.iter().enumerate() {
        of_node.push(cable(wiring::workload(number), namespace, mtu));
    }
    let of_router = (network.hosts.iter().enumerate())
        .map(|(number, namespace)| cable(wiring::host(number), namespace, mtu))
        .collect();
    let lay = |cables: Vec<Cable>| {
        move |inside: &mut Inside| {
            let netlink = inside.netlink()?;
            cables.iter().try_for_each(|cable| netlink.lay(cable))
        }
    };
    let begun = [
        network.node.start("make links", lay(of_node)),
        network.router.start("make links", lay(of_router)),
    ];
    // Both are waited for in any case: the descriptors must stay open.
    let [node, router] = begun.map(super::namespace::Begun::finish);
    node.and(router)
}

fn up<E: IntoIterator<Item = End>>(
    ends: E,
) -> impl FnOnce(&mut Inside) -> Result<(), LabError> + use<E> {
    move |inside| {
        let netlink = inside.netlink()?;
        ends.into_iter().try_for_each(|end| netlink.up(end.index))
    }
}

fn configure(inside: &mut Inside, station: &Station, came_first: bool) -> Result<(), LabError> {
    let Station {
        before: _,
        after,
        links,
        families,
        addresses,
        routes,
        talks,
    } = station;
    let offload = Offload::open()?;
    let netlink = inside.netlink()?;
    if *talks {
        netlink.up(LOOPBACK)?;
    }
    for (number, (end, peer)) in links.iter().enumerate() {
        if came_first && number == 0 {
            offload.settle_carrier(&end.name)?;
        }
        if *talks {
            offload.send_real_frames(&end.name)?;
        }
        for family in families {
            netlink.neighbour(end.index, *family, *peer)?;
        }
    }
    for (index, address) in addresses {
        netlink.address(*index, *address)?;
    }
    for (index, to, length, source) in routes {
        netlink.route(*index, *to, *length, *source)?;
    }
    for (_, address) in addresses {
        netlink.await_local(*address)?;
    }
    sysctl::set(after)
}

struct Stations {
    node: Station,
    router: Station,
    workloads: Vec<Station>,
    hosts: Vec<Station>,
}

fn stations(plan: &TopologyPlan, purpose: Purpose) -> Stations {
    match purpose {
        Purpose::Probing => Stations {
            node: node(plan, purpose),
            router: sink(),
            workloads: plan.workloads.iter().map(|_| sink()).collect(),
            hosts: Vec::new(),
        },
        Purpose::Clients => Stations {
            node: node(plan, purpose),
            router: router(plan),
            workloads: (plan.workloads.iter().enumerate())
                .map(|(number, workload)| leaf(wiring::workload(number), &workload.addresses))
                .collect(),
            hosts: (plan.hosts.iter().enumerate())
                .map(|(number, host)| leaf(wiring::host(number), &host.addresses))
                .collect(),
        },
    }
}

/// Only packet sockets listen in here.
fn sink() -> Station {
    Station {
        before: sysctl::NO_STACK.to_vec(),
        ..Station::default()
    }
}

fn node(plan: &TopologyPlan, purpose: Purpose) -> Station {
    let (uplink, router) = wiring::uplink();
    let talks = purpose == Purpose::Clients;
    let mut station = Station {
        before: [sysctl::DUAL_STACK, sysctl::FORWARD_V4].concat(),
        after: sysctl::FORWARD_V6.to_vec(),
        addresses: (plan.node.iter())
            .map(|address| (uplink.index, *address))
            .collect(),
        families: families(&plan.node),
        talks,
        ..Station::default()
    };
    if talks {
        // Probes come from everywhere and nothing goes back: no way there.
        station.routes.extend(defaults(&uplink, &plan.node));
    }
    station.links.push((uplink, router.mac));
    for (number, workload) in plan.workloads.iter().enumerate() {
        let (here, there) = wiring::workload(number);
        station.routes.extend(
            (workload.addresses.iter())
                .map(|address| (here.index, *address, whole(*address), None)),
        );
        station.links.push((here, there.mac));
    }
    station
}

fn router(plan: &TopologyPlan) -> Station {
    let (node, uplink) = wiring::uplink();
    let everybody: Vec<IpAddr> = (plan.node.iter().copied())
        .chain(
            plan.hosts
                .iter()
                .flat_map(|host| host.addresses.iter().copied()),
        )
        .collect();
    let mut station = Station {
        before: [sysctl::DUAL_STACK, sysctl::FORWARD_V4].concat(),
        after: sysctl::FORWARD_V6.to_vec(),
        families: families(&everybody),
        routes: (plan.node.iter())
            .map(|address| (uplink.index, *address, whole(*address), None))
            .collect(),
        talks: true,
        ..Station::default()
    };
    station.links.push((uplink, node.mac));
    for (number, host) in plan.hosts.iter().enumerate() {
        let (here, there) = wiring::host(number);
        station.routes.extend(
            (host.addresses.iter()).map(|address| (here.index, *address, whole(*address), None)),
        );
        station.links.push((here, there.mac));
    }
    station
}

/// A namespace with one link, everything else behind it.
fn leaf((near, end): (End, End), addresses: &[IpAddr]) -> Station {
    Station {
        before: sysctl::DUAL_STACK.to_vec(),
        families: families(addresses),
        addresses: (addresses.iter())
            .map(|address| (end.index, *address))
            .collect(),
        routes: defaults(&end, addresses),
        links: vec![(end, near.mac)],
        talks: true,
        ..Station::default()
    }
}

/// One address of each family.
fn families(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let first = |v4: bool| (addresses.iter().copied()).find(|address| address.is_ipv4() == v4);
    [first(true), first(false)].into_iter().flatten().collect()
}

/// The way to everybody else, from the first address of each family.
fn defaults(end: &End, addresses: &[IpAddr]) -> Vec<(u32, IpAddr, u8, Option<IpAddr>)> {
    (families(addresses).into_iter())
        .map(|source| {
            let anywhere = match source {
                IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
                IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
            };
            (end.index, anywhere, 0, Some(source))
        })
        .collect()
}
