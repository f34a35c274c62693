//! Node ports and load balancers as kube-proxy delivers them in its iptables mode.
//!
//! The chains, their names and their order are those of Kubernetes 1.26 to 1.33
//! (`pkg/proxy/iptables/proxier.go`, `syncProxyRules`). What is left out has no bearing
//! on either: cluster addresses, health checks, `KUBE-FORWARD`, which accepts what is
//! accepted anyway, and session affinity.
//!
//! `loadBalancerSourceRanges` is about the load balancer's address (`KUBE-FW-…`), never
//! about the node port.
//!
//! One endpoint stands behind a port: the one that the lab forwards to, so that every
//! frame meets the same workload in both networks. kube-proxy would deal connections
//! out to all of them at random.

mod port;

use std::fmt::Write as _;

use self::port::Port;
use crate::model::Policy;

pub use crate::prefix::Family;

/// The rules of one family, for `iptables-restore` or `ip6tables-restore`.
pub fn restore(policy: &Policy, family: Family) -> String {
    let ports = Port::all(policy, family);
    let mut text = String::from(FIREWALL);
    for port in &ports {
        port.write_firewall(&mut text);
    }
    text.push_str("COMMIT\n*nat\n");
    let of_ports = ports.iter().flat_map(Port::chains);
    for chain in BUILT_IN.map(str::to_owned).into_iter().chain(of_ports) {
        let _ = writeln!(text, ":{chain} - [0:0]");
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

/// What a load balancer's address gets in spite of its source ranges is dropped here.
const FIREWALL: &str = "\
*filter
:KUBE-PROXY-FIREWALL - [0:0]
-A INPUT -m conntrack --ctstate NEW -m comment --comment \"kubernetes load balancer firewall\" \
-j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment \"kubernetes load balancer firewall\" \
-j KUBE-PROXY-FIREWALL
-A FORWARD -m conntrack --ctstate NEW -m comment --comment \"kubernetes load balancer firewall\" \
-j KUBE-PROXY-FIREWALL
";

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
