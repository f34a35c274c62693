//! From a plan to namespaces and links.

use netverdict_policy::topology::TopologyPlan;

use super::namespace::{Begun, BeingMade, Inside, Namespace, unique_name};
use super::netlink::Cable;
use super::node_ports;
use super::offload::Offload;
use super::station::{Station, Stations};
use super::sysctl;
use super::wiring;
use crate::error::LabError;
use crate::purpose::Purpose;

/// Index of the loopback device in every namespace (net/core/dev.c).
const LOOPBACK: u32 = 1;

/// Bytes by which links that frames are injected into take more than their MTU: three VLAN tags of four
/// bytes, which the kernel counts as payload beyond the first.
pub(crate) const ROOM_FOR_TAGS: u16 = 12;

/// The namespaces of a lab, connected.
#[derive(Debug)]
pub(crate) struct Network {
    /// `None` for a workload that shares the node's.
    pub(crate) workloads: Vec<Option<Namespace>>,
    pub(crate) hosts: Vec<Namespace>,
    pub(crate) node: Namespace,
    pub(crate) router: Namespace,
}

/// Builds everything but the filter. Namespaces work at the same time.
pub(crate) fn build(plan: &TopologyPlan, purpose: Purpose) -> Result<Network, LabError> {
    let network = make_namespaces(plan, purpose)?;
    let stations = Stations::of(plan, purpose);

    // Settings first, for links inherit them; nft takes longest and needs no
    // links, so it runs meanwhile.
    network.each(&stations, "set kernel settings", |_, station| {
        sysctl::set(&station.before)
    })?;
    let loading = match node_ports::rules(plan, purpose) {
        Some(rules) => Some((network.node).run("load the node port rules", move |_| {
            node_ports::begin(&rules)
        })?),
        None => None,
    };
    lay_cables(&network, plan, purpose)?;
    for first in [true, false] {
        network.each(&stations, "bring links up", move |inside, station| {
            up(inside, station, first)
        })?;
    }
    network.each(&stations, "set addresses and routes", configure)?;
    if let Some(loading) = loading {
        loading.finish()?;
    }
    Ok(network)
}

impl Network {
    /// Where a workload lives: in its namespace, or in the node's.
    pub(crate) fn home(&self, workload: usize) -> &Namespace {
        self.workloads[workload].as_ref().unwrap_or(&self.node)
    }

    /// Does something in every namespace, and waits for all.
    fn each(
        &self,
        stations: &Stations,
        doing: &'static str,
        job: impl Fn(&mut Inside, &Station) -> Result<(), LabError> + Clone + Send + 'static,
    ) -> Result<(), LabError> {
        let Stations {
            node,
            router,
            workloads,
            hosts,
        } = stations;
        let begun: Vec<Begun<()>> = ([(&self.node, node), (&self.router, router)].into_iter())
            .chain(
                self.workloads
                    .iter()
                    .flatten()
                    .zip(workloads.iter().flatten()),
            )
            .chain(self.hosts.iter().zip(hosts))
            .map(|(namespace, station)| {
                let (station, job) = (station.clone(), job.clone());
                namespace.start(doing, move |inside| job(inside, &station))
            })
            .collect();
        begun.into_iter().try_for_each(Begun::finish)
    }
}

fn make_namespaces(plan: &TopologyPlan, purpose: Purpose) -> Result<Network, LabError> {
    let lab = unique_name("nv");
    let begin = |name: String| Namespace::begin(format!("{lab}-{}", plain(&name)));
    let router = begin("router".to_owned())?;
    let node = begin("node".to_owned())?;
    let workloads: Vec<Option<BeingMade>> = (plan.workloads.iter().enumerate())
        .map(|(number, workload)| {
            let begun =
                (!workload.host_network).then(|| begin(format!("w{number}-{}", workload.name)));
            begun.transpose()
        })
        .collect::<Result<_, _>>()?;
    let hosts: Vec<BeingMade> = match purpose {
        Purpose::Probing | Purpose::Reference => Vec::new(),
        Purpose::Clients => (plan.hosts.iter().enumerate())
            .map(|(number, host)| begin(format!("h{number}-{}", host.name)))
            .collect::<Result<_, _>>()?,
    };
    Ok(Network {
        router: router.finish()?,
        node: node.finish()?,
        workloads: (workloads.into_iter())
            .map(|begun| begun.map(BeingMade::finish).transpose())
            .collect::<Result<_, _>>()?,
        hosts: (hosts.into_iter())
            .map(BeingMade::finish)
            .collect::<Result<_, _>>()?,
    })
}

/// A name as part of a file name.
fn plain(name: &str) -> String {
    let keep = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (name.chars())
        .map(|c| if keep(c) { c } else { '_' })
        .take(60)
        .collect()
}

fn lay_cables(network: &Network, plan: &TopologyPlan, purpose: Purpose) -> Result<(), LabError> {
    let mtu = u32::from(plan.mtu);
    let roomy = mtu + u32::from(ROOM_FOR_TAGS);
    let branch_mtu = match purpose {
        Purpose::Probing | Purpose::Reference => roomy,
        // A workload's stack would fill it.
        Purpose::Clients => mtu,
    };
    let cable = |(here, there), other: &Namespace, mtu| Cable {
        here,
        there,
        there_namespace: other.descriptor(),
        mtu,
    };
    let mut of_node = vec![cable(wiring::uplink(), &network.router, roomy)];
    for (number, namespace) in network.workloads.iter().enumerate() {
        if let Some(namespace) = namespace {
            of_node.push(cable(wiring::workload(number), namespace, branch_mtu));
        }
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
    let [node, router] = begun.map(Begun::finish);
    node.and(router)
}

fn up(inside: &mut Inside, station: &Station, first: bool) -> Result<(), LabError> {
    let netlink = inside.netlink()?;
    (station.links.iter())
        .filter(|link| link.first == first)
        .try_for_each(|link| netlink.up(link.end.index))
}

/// Everything that needs links which are up.
fn configure(inside: &mut Inside, station: &Station) -> Result<(), LabError> {
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
    for link in links {
        // The second end to come up is ready at once, the first one later.
        if link.first {
            offload.settle_carrier(&link.end.name)?;
        }
        if *talks {
            offload.send_real_frames(&link.end.name)?;
        }
        for family in families {
            netlink.neighbour(link.end.index, *family, link.peer_mac)?;
        }
    }
    for (index, address) in addresses {
        netlink.address(*index, *address)?;
    }
    for route in routes {
        netlink.route(*route)?;
    }
    for (_, address) in addresses {
        netlink.await_local(*address)?;
    }
    sysctl::set(after)
}
