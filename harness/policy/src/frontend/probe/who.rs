//! Members of the network, as probes name them.

use std::net::IpAddr;

use super::Context;

/// Whom a probe names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// The node.
    Node,
    /// The workload with this index.
    Workload(usize),
    /// The host with this index.
    Host(usize),
    /// Whoever has the address.
    Address(IpAddr),
}

/// Why a name means nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WhoError {
    /// Nobody has it.
    Unknown,
    /// Several workloads have it; these names tell them apart.
    Ambiguous(Vec<String>),
}

impl Who {
    /// Takes `node`, a host, a workload or an address.
    pub(super) fn read(text: &str, context: &Context<'_>) -> Result<Who, WhoError> {
        if text == "node" {
            return Ok(Who::Node);
        }
        if let Some(address) = address(text) {
            // The node's own address is the node.
            return Ok(match context.topology.node.contains(&address) {
                true => Who::Node,
                false => Who::Address(address),
            });
        }
        let hosts = &context.topology.hosts;
        match hosts.iter().position(|host| host.name == text) {
            Some(host) => Ok(Who::Host(host)),
            None => workload(text, context).map(Who::Workload),
        }
    }

    /// Its addresses, of both families.
    pub(super) fn addresses(self, context: &Context<'_>) -> Vec<IpAddr> {
        match self {
            Who::Node => context.topology.node.clone(),
            Who::Workload(workload) => context.topology.workloads[workload].addresses.clone(),
            Who::Host(host) => context.topology.hosts[host].addresses.clone(),
            Who::Address(address) => vec![address],
        }
    }
}

/// The workload of this name, with its namespace, or alone if no other has it, or
/// with namespace and kind as reports show it.
pub(super) fn workload(text: &str, context: &Context<'_>) -> Result<usize, WhoError> {
    let workloads = &context.policy.workloads;
    let found: Vec<usize> = (workloads.iter().enumerate())
        .filter(|(_, workload)| {
            workload.name.name == text
                || workload.name.to_string() == text
                || workload.to_string() == text
        })
        .map(|(index, _)| index)
        .collect();
    match found.as_slice() {
        [] => Err(WhoError::Unknown),
        [one] => Ok(*one),
        several => Err(WhoError::Ambiguous(
            (several.iter())
                .map(|index| workloads[*index].to_string())
                .collect(),
        )),
    }
}

/// An address as it stands in front of a port: in brackets if IPv6.
fn address(text: &str) -> Option<IpAddr> {
    match text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(inside) => inside.parse().ok().filter(IpAddr::is_ipv6),
        None => text.parse().ok().filter(IpAddr::is_ipv4),
    }
}
