//! Who is in a lab, and whom the user means.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netverdict_policy::matrix::explain::Place;
use netverdict_policy::port::Protocol;
use netverdict_policy::topology::{HostPlan, Zone};

use crate::matrix::input::Subject;

/// The member to run in: the one named, else the first external host, else the
/// first host, else the node. A workload may be named as manifests do: `name`,
/// `namespace/name`, `namespace/name[Kind]`.
///
/// # Errors
/// Where nobody, or more than one, has that name: who is there.
pub(super) fn inside(named: Option<&str>, subject: &Subject) -> Result<String, String> {
    let topology = &subject.topology;
    let hosts = || topology.hosts.iter().map(|host| host.name.as_str());
    let Some(name) = named else {
        let external = (topology.hosts.iter()).find(|host| host.zone == Zone::External);
        let chosen = (external.map(|host| host.name.as_str())).or_else(|| hosts().next());
        return Ok(chosen.unwrap_or("node").to_owned());
    };
    let workloads = || topology.workloads.iter().map(|each| each.name.as_str());
    let known = || hosts().chain(workloads()).chain(["node"]);
    if known().any(|member| member == name) {
        return Ok(name.to_owned());
    }
    let there_are = match known().count() {
        ..=MOST_NAMED => format!("there are {}", known().collect::<Vec<_>>().join(", ")),
        many => format!("there are {many}: `--list` says who"),
    };
    match Place::find(&subject.policy, topology, name) {
        Ok(Place::Workload(index)) => Ok(topology.workloads[index].name.clone()),
        Ok(Place::Node) => Ok("node".to_owned()),
        Ok(Place::Address(_)) => Err(format!("--in {name}: expected a name; {there_are}")),
        Err(error) => Err(format!("--in {name}: {error}; {there_are}")),
    }
}

/// Members that an error names one by one.
const MOST_NAMED: usize = 16;

/// Manifests know of nobody outside, and somebody has to try from there: addresses
/// for documentation (RFC 5737, RFC 3849) that nobody else has.
pub(super) fn add_outside(subject: &mut Subject) {
    let workloads = subject.topology.workloads.iter();
    let known_hosts = subject.policy.known_hosts.iter();
    let taken: BTreeSet<IpAddr> = (workloads.flat_map(|workload| &workload.addresses))
        .chain(known_hosts.flat_map(|host| &host.addresses))
        .chain(&subject.topology.node)
        .copied()
        .collect();
    let v4 = (7..=254).map(|last| IpAddr::from(Ipv4Addr::new(198, 51, 100, last)));
    let v6 =
        (7..=254).map(|last| IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0xbad, 0, 0, 0, 0, last)));
    let free = [
        v4.into_iter().find(|address| !taken.contains(address)),
        v6.into_iter().find(|address| !taken.contains(address)),
    ];
    subject.topology.hosts.push(HostPlan {
        name: "outside".to_owned(),
        zone: Zone::External,
        addresses: free.into_iter().flatten().collect(),
    });
}

/// Who is where, and what to try.
pub(super) fn who_is_where(subject: &Subject, inside: &str) -> String {
    let topology = &subject.topology;
    let name = (subject.name.as_deref()).unwrap_or("the cluster of these manifests");
    let addresses = |addresses: &[IpAddr]| {
        addresses
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    // The longest name has its address beside it like the others.
    let names = (topology.hosts.iter().map(|host| &host.name))
        .chain(topology.workloads.iter().map(|workload| &workload.name));
    let width = names.map(String::len).max().unwrap_or(0).max(14);
    let mut text = format!("{name}\n");
    let here = |member: &str| {
        if member == inside {
            "  <- you are here"
        } else {
            ""
        }
    };
    for host in &topology.hosts {
        let zone = match host.zone {
            Zone::Internal => "internal",
            Zone::External => "external",
        };
        let (name, at) = (&host.name, addresses(&host.addresses));
        let _ = writeln!(text, "  {zone:<9} {name:<width$} {at}{}", here(name));
    }
    let node = addresses(&topology.node);
    let _ = writeln!(
        text,
        "  {:<9} {:<width$} {node}{}",
        "node",
        "node",
        here("node")
    );
    for workload in &topology.workloads {
        let (name, at) = (&workload.name, addresses(&workload.addresses));
        let _ = writeln!(
            text,
            "  {:<9} {name:<width$} {at}{}",
            "workload",
            here(name)
        );
    }
    let url = |address: &IpAddr, port: u16| match address {
        IpAddr::V4(address) => format!("http://{address}:{port}/"),
        IpAddr::V6(address) => format!("http://[{address}]:{port}/"),
    };
    for forward in topology
        .forwards
        .iter()
        .filter(|f| f.node_port.protocol == Protocol::Tcp)
    {
        for node in &topology.node {
            let _ = writeln!(
                text,
                "  try: curl -m 2 {}",
                url(node, forward.node_port.port)
            );
        }
    }
    for workload in &topology.workloads {
        let served = (workload.listen.iter()).filter(|port| port.protocol == Protocol::Tcp);
        for port in served {
            for address in &workload.addresses {
                let _ = writeln!(text, "  try: curl -m 2 {}", url(address, port.port));
            }
        }
    }
    text
}
