//! A port of a Service, and its chains.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use sha2::{Digest as _, Sha256};

use super::super::comment;
use crate::model::{Backend, NodePort, Policy, Service, ServicePort};
use crate::port::Protocol;
use crate::prefix::{Family, Prefix};

/// A port with an endpoint of the family.
#[derive(Debug)]
pub(super) struct Port {
    /// Service and port, as kube-proxy names them.
    name: String,
    protocol: Protocol,
    endpoint: SocketAddr,
    /// The port on the node.
    node_port: Option<u16>,
    /// Where a load balancer has it.
    balanced: Vec<SocketAddr>,
    /// Whom the load balancer serves; everybody if it is `None`.
    sources: Option<Vec<Prefix>>,
    /// Whether the client keeps its address.
    keeps_client: bool,
}

impl Port {
    /// Those of the node, then those that a load balancer has alone.
    pub(super) fn all(policy: &Policy, family: Family) -> Vec<Port> {
        let at_node = (policy.node_ports.iter())
            .filter_map(|node_port| Port::at_node(policy, node_port, family));
        let services = policy.objects.services.iter();
        let balanced_alone = services
            .filter(|service| service.is_exposed() && !service.balancers.is_empty())
            .flat_map(|service| service.ports.iter().map(move |port| (service, port)))
            .filter(|(_, port)| port.node_port.is_none())
            .filter_map(|(service, port)| {
                let endpoint = endpoint(policy, port.backends.first()?, family)?;
                Some(Port::of(service, port, endpoint))
            });
        at_node.chain(balanced_alone).collect()
    }

    fn at_node(policy: &Policy, node_port: &NodePort, family: Family) -> Option<Port> {
        let NodePort {
            service: name,
            node_port: at,
            backends,
            location: _,
        } = node_port;
        let endpoint = endpoint(policy, backends.first()?, family)?;
        let described = (policy.objects.services.iter())
            .filter(|service| service.name == *name)
            .flat_map(|service| service.ports.iter().map(move |port| (service, port)))
            .find(|(_, port)| port.node_port == Some(at.port) && port.port.protocol == at.protocol);
        let port = match described {
            Some((service, port)) => Port::of(service, port, endpoint),
            // Nobody says what the port is called: its number tells it from others.
            None => Port {
                name: format!("{name}:{}", at.port),
                protocol: at.protocol,
                endpoint,
                node_port: None,
                balanced: Vec::new(),
                sources: None,
                keeps_client: false,
            },
        };
        Some(Port {
            node_port: Some(at.port),
            ..port
        })
    }

    fn of(service: &Service, port: &ServicePort, endpoint: SocketAddr) -> Port {
        let family = Family::of(endpoint.ip());
        let balanced = (service.balancers.iter())
            .filter(|address| Family::of(**address) == family)
            .map(|address| SocketAddr::new(*address, port.port.port));
        let sources = (service.source_ranges.iter())
            .map(|range| range.prefix)
            .filter(|prefix| prefix.family() == family);
        Port {
            name: match &port.name {
                Some(name) => format!("{}:{name}", service.name),
                None if service.ports.len() == 1 => service.name.to_string(),
                // Kubernetes demands names then: the number tells it from others.
                None => format!("{}:{}", service.name, port.port.port),
            },
            protocol: port.port.protocol,
            endpoint,
            node_port: port.node_port,
            balanced: balanced.collect(),
            sources: (!service.source_ranges.is_empty()).then(|| sources.collect()),
            keeps_client: service.keeps_client,
        }
    }

    /// The chains of the port, all of which are in the `nat` table.
    pub(super) fn chains(&self) -> Vec<String> {
        let mut chains = vec![self.external(), self.backends()];
        chains.extend(self.has_firewall().then(|| self.chain("FW")));
        if self.keeps_client {
            chains.push(self.chain("SVC"));
        }
        chains.push(self.endpoint_chain());
        chains
    }

    /// Of all ports, this one's chain of a kind.
    fn chain(&self, kind: &str) -> String {
        format!("KUBE-{kind}-{}", hash(&[&self.name, self.protocol.name()]))
    }

    /// Where everything that comes from outside goes.
    fn external(&self) -> String {
        self.chain("EXT")
    }

    /// Where it goes on to.
    fn backends(&self) -> String {
        self.chain(match self.keeps_client {
            true => "SVL",
            false => "SVC",
        })
    }

    fn endpoint_chain(&self) -> String {
        let endpoint = self.endpoint.to_string();
        let parts = [self.name.as_str(), self.protocol.name(), &endpoint];
        format!("KUBE-SEP-{}", hash(&parts))
    }

    fn has_firewall(&self) -> bool {
        self.sources.is_some() && !self.balanced.is_empty()
    }

    /// Its rules in the `filter` table.
    pub(super) fn write_firewall(&self, text: &mut String) {
        if !self.has_firewall() {
            return;
        }
        let (name, protocol, chain) = (comment(&self.name), self.protocol, self.chain("FW"));
        for at in &self.balanced {
            let (address, port) = (at.ip(), at.port());
            let _ = writeln!(
                text,
                "-A KUBE-PROXY-FIREWALL -m comment --comment \"{name} traffic not accepted by \
                 {chain}\" -m {protocol} -p {protocol} -d {address} --dport {port} -j DROP"
            );
        }
    }

    /// Its rules in the `nat` table.
    pub(super) fn write(&self, text: &mut String) {
        let (name, protocol, endpoint) = (comment(&self.name), self.protocol, self.endpoint);
        let (external, backends) = (self.external(), self.backends());
        let at = self.endpoint_chain();
        let address = endpoint.ip();
        self.write_balanced(text, &external);
        if let Some(port) = self.node_port {
            let _ = writeln!(
                text,
                "-A KUBE-NODEPORTS -m comment --comment \"{name}\" -m {protocol} -p {protocol} \
                 --dport {port} -j {external}"
            );
        }
        let _ = match self.keeps_client {
            false => writeln!(
                text,
                "-A {external} -m comment --comment \"masquerade traffic for {name} external \
                 destinations\" -j KUBE-MARK-MASQ"
            ),
            true => {
                let service = self.chain("SVC");
                writeln!(
                    text,
                    "-A {external} -m comment --comment \"masquerade LOCAL traffic for {name} \
                     external destinations\" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ\n\
                     -A {external} -m comment --comment \"route LOCAL traffic for {name} external \
                     destinations\" -m addrtype --src-type LOCAL -j {service}\n\
                     -A {service} -m comment --comment \"{name} -> {endpoint}\" -j {at}"
                )
            }
        };
        let _ = write!(
            text,
            "-A {external} -j {backends}\n\
             -A {backends} -m comment --comment \"{name} -> {endpoint}\" -j {at}\n\
             -A {at} -m comment --comment \"{name}\" -s {address} -j KUBE-MARK-MASQ\n\
             -A {at} -m comment --comment \"{name}\" -m {protocol} -p {protocol} -j DNAT \
             --to-destination {endpoint}\n"
        );
    }

    /// What comes to a load balancer's address: whom it does not serve is not
    /// translated, and meets the rules of [`Port::write_firewall`].
    fn write_balanced(&self, text: &mut String, external: &str) {
        let (name, protocol) = (comment(&self.name), self.protocol);
        let target = match self.has_firewall() {
            true => self.chain("FW"),
            false => external.to_owned(),
        };
        for at in &self.balanced {
            let (address, port) = (at.ip(), at.port());
            let _ = writeln!(
                text,
                "-A KUBE-SERVICES -m comment --comment \"{name} loadbalancer IP\" -m {protocol} \
                 -p {protocol} -d {address} --dport {port} -j {target}"
            );
        }
        if !self.has_firewall() {
            return;
        }
        for source in self.sources.iter().flatten() {
            let _ = writeln!(
                text,
                "-A {target} -m comment --comment \"{name} loadbalancer IP\" -s {source} \
                 -j {external}"
            );
        }
        let _ = writeln!(
            text,
            "-A {target} -m comment --comment \"other traffic to {name} will be dropped by \
             KUBE-PROXY-FIREWALL\""
        );
    }
}

fn endpoint(policy: &Policy, backend: &Backend, family: Family) -> Option<SocketAddr> {
    let addresses = &policy.workloads[backend.workload].addresses;
    let address: Option<&IpAddr> = (addresses.iter()).find(|it| Family::of(**it) == family);
    Some(SocketAddr::new(*address?, backend.port))
}

/// What kube-proxy puts behind the prefix of a chain's name (`portProtoHash`): the
/// first 16 digits, in base 32 (RFC 4648), of the SHA-256 of the parts.
fn hash(parts: &[&str]) -> String {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut sum = Sha256::new();
    for part in parts {
        sum.update(part.as_bytes());
    }
    let sum = sum.finalize();
    let bit = |at: usize| (sum[at / 8] >> (7 - at % 8)) & 1;
    (0..16)
        .map(|digit| {
            let value = (0..5).fold(0, |value, at| (value << 1) | bit(digit * 5 + at));
            char::from(DIGITS[usize::from(value)])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_named_as_every_cluster_has_them() {
        for (parts, expected) in [
            (["default/kubernetes:https", "tcp"], "NPX46M4PTMTKRN6Y"),
            (["kube-system/kube-dns:dns", "udp"], "TCOU7JCQXEZGVUNU"),
            (["kube-system/kube-dns:dns-tcp", "tcp"], "ERIFXISQEP7F7OF4"),
        ] {
            assert_eq!(hash(&parts), expected);
        }
    }
}
