//! Node ports as kube-proxy delivers them in its iptables mode.
//!
//! The chains, their names and their order are those of Kubernetes 1.26 to 1.33
//! (`pkg/proxy/iptables/proxier.go`, `syncProxyRules`). What is left out has no bearing
//! on a node port: cluster addresses, health checks, `KUBE-FORWARD`, which accepts what
//! is accepted anyway, and session affinity.
//!
//! One endpoint stands behind a port: the one that the lab forwards to, so that every
//! frame meets the same workload in both networks. kube-proxy would deal connections
//! out to all of them at random.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use sha2::{Digest as _, Sha256};

use super::comment;
use crate::model::{NodePort, Policy};

pub use crate::prefix::Family;

/// The rules of one family, for `iptables-restore` or `ip6tables-restore`.
pub fn restore(policy: &Policy, family: Family) -> String {
    let ports: Vec<Port<'_>> = (policy.node_ports.iter())
        .filter_map(|node_port| Port::of(policy, node_port, family))
        .collect();
    let mut text = String::from("*nat\n");
    for chain in BUILT_IN {
        let _ = writeln!(text, ":{chain} - [0:0]");
    }
    for port in &ports {
        for chain in [port.chain("EXT"), port.chain("SVC"), port.endpoint_chain()] {
            let _ = writeln!(text, ":{chain} - [0:0]");
        }
    }
    text.push_str(JUMPS);
    text.push_str(MASQUERADING);
    for port in &ports {
        port.write(&mut text);
    }
    text.push_str(LAST_OF_SERVICES);
    text.push_str("COMMIT\n");
    text
}

const BUILT_IN: [&str; 4] = [
    "KUBE-SERVICES",
    "KUBE-NODEPORTS",
    "KUBE-POSTROUTING",
    "KUBE-MARK-MASQ",
];

const JUMPS: &str = "\
-A PREROUTING -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES
-A OUTPUT -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment \"kubernetes postrouting rules\" -j KUBE-POSTROUTING
";

const MASQUERADING: &str = "\
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x4000
-A KUBE-POSTROUTING -m comment --comment \"kubernetes service traffic requiring SNAT\" \
-j MASQUERADE --random-fully
-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
";

const LAST_OF_SERVICES: &str = "\
-A KUBE-SERVICES -m comment --comment \"kubernetes service nodeports; NOTE: this must be the \
last rule in this chain\" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
";

/// A node port with an endpoint of the family.
struct Port<'a> {
    node_port: &'a NodePort,
    /// Service and port, as kube-proxy names them.
    name: String,
    endpoint: SocketAddr,
}

impl<'a> Port<'a> {
    fn of(policy: &Policy, node_port: &'a NodePort, family: Family) -> Option<Port<'a>> {
        let backend = node_port.backends.first()?;
        let address: IpAddr = (policy.workloads[backend.workload].addresses.iter().copied())
            .find(|address| Family::of(*address) == family)?;
        Some(Port {
            node_port,
            name: node_port.service.to_string(),
            endpoint: SocketAddr::new(address, backend.port),
        })
    }

    /// `KUBE-SVC-` and so on: of all ports, this one's.
    fn chain(&self, kind: &str) -> String {
        format!("KUBE-{kind}-{}", hash(&[&self.name, self.protocol()]))
    }

    fn endpoint_chain(&self) -> String {
        let endpoint = self.endpoint.to_string();
        format!(
            "KUBE-SEP-{}",
            hash(&[&self.name, self.protocol(), &endpoint])
        )
    }

    fn protocol(&self) -> &'static str {
        self.node_port.node_port.protocol.name()
    }

    fn write(&self, text: &mut String) {
        let (name, protocol) = (comment(&self.name), self.protocol());
        let (port, endpoint) = (self.node_port.node_port.port, self.endpoint);
        let (external, service) = (self.chain("EXT"), self.chain("SVC"));
        let at = self.endpoint_chain();
        let address = endpoint.ip();
        let _ = write!(
            text,
            "-A KUBE-NODEPORTS -m comment --comment \"{name}\" -m {protocol} -p {protocol} \
             --dport {port} -j {external}\n\
             -A {external} -m comment --comment \"masquerade traffic for {name} external \
             destinations\" -j KUBE-MARK-MASQ\n\
             -A {external} -j {service}\n\
             -A {service} -m comment --comment \"{name} -> {endpoint}\" -j {at}\n\
             -A {at} -m comment --comment \"{name}\" -s {address} -j KUBE-MARK-MASQ\n\
             -A {at} -m comment --comment \"{name}\" -m {protocol} -p {protocol} -j DNAT \
             --to-destination {endpoint}\n"
        );
    }
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
    let bit = |at: usize| sum[at / 8] >> (7 - at % 8) & 1;
    (0..16)
        .map(|digit| {
            let value = (0..5).fold(0, |value, at| value << 1 | bit(digit * 5 + at));
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
