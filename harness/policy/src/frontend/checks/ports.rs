//! Names of ports that no workload has.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::Found;
use super::index::{Class, Index};
use crate::diagnostic::Diagnostic;
use crate::frontend::suggest::did_you_mean;
use crate::model::{
    Direction, L4Match, L4Port, L4Protocol, NamedPort, PeerKind, Peers, Policy, Ports, Rule,
    Subject,
};
use crate::port::Protocol;

pub(super) fn check<'p>(policy: &'p Policy, index: &mut Index<'p>, found: &mut Found) {
    for network_policy in policy.all_network_policies() {
        let Subject::Workloads(subject) = &network_policy.subject else {
            continue;
        };
        for rule in &network_policy.rules {
            let Ports::Listed(matches) = &rule.ports else {
                continue;
            };
            let named: Vec<(&L4Match, &str)> = (matches.iter())
                .filter_map(|entry| match &entry.port {
                    L4Port::Named(name) => Some((entry, name.as_str())),
                    L4Port::All | L4Port::Range(_, _) => None,
                })
                .collect();
            if named.is_empty() {
                continue;
            }
            let receivers = match rule.direction {
                Direction::Ingress => index.selected(subject),
                Direction::Egress => peers(rule, index),
            };
            // That nobody is there has been said.
            if receivers.is_empty() {
                continue;
            }
            for (entry, name) in named {
                if !(receivers.iter()).any(|at| has(index.class(*at), name, entry.protocol)) {
                    found.add("named-port-unknown", || {
                        unknown(entry, name, rule.direction, &receivers, index)
                    });
                }
            }
        }
    }
}

/// Workloads among the peers of a rule.
fn peers<'p>(rule: &'p Rule, index: &mut Index<'p>) -> Rc<[usize]> {
    let Peers::Listed(peers) = &rule.peers else {
        return index.all();
    };
    let mut all = BTreeSet::new();
    for peer in peers {
        if let PeerKind::Workloads(selector) = &peer.kind {
            all.extend(index.selected(selector).iter().copied());
        }
    }
    all.into_iter().collect()
}

fn has(class: &Class<'_>, name: &str, protocol: L4Protocol) -> bool {
    (class.named_ports.iter()).any(|port| port.name == name && is_of(port, protocol))
}

fn is_of(port: &NamedPort, protocol: L4Protocol) -> bool {
    match protocol {
        L4Protocol::AnyWithPorts => true,
        L4Protocol::Tcp => port.port.protocol == Protocol::Tcp,
        L4Protocol::Udp => port.port.protocol == Protocol::Udp,
        L4Protocol::Sctp => port.port.protocol == Protocol::Sctp,
        L4Protocol::Icmp | L4Protocol::Icmpv6 => false,
    }
}

fn unknown(
    entry: &L4Match,
    name: &str,
    direction: Direction,
    receivers: &[usize],
    index: &Index<'_>,
) -> Diagnostic {
    let names: BTreeSet<&str> = (receivers.iter())
        .flat_map(|at| index.class(*at).named_ports)
        .filter(|port| is_of(port, entry.protocol))
        .map(|port| port.name.as_str())
        .collect();
    let whose = match direction {
        Direction::Ingress => "that the policy selects",
        Direction::Egress => "that the rule is about",
    };
    Diagnostic::error(
        "named-port-unknown",
        &entry.location,
        format!("no workload {whose} has a port named '{name}' of this protocol"),
        match names.is_empty() {
            true => "name the port in the container's 'ports', or write its number".to_owned(),
            false => did_you_mean(name, names),
        },
    )
    .into_warning()
}
