//! Policies.

use std::collections::BTreeSet;

use netverdict_policy::model::{
    AllowedSource, CidrSource, DefaultAction, Labels, NetworkPolicy, NodePort, Policy, PortMatch,
    Ports, Prefilter, Rule, RuleAction, Sources, Workload,
};
use netverdict_policy::port::{ProtoPort, Protocol};
use netverdict_policy::prefix::Prefix;
use proptest::collection::vec;
use proptest::prelude::*;

use super::prefix::{prefix, prefix_inside};
use crate::given::{labels, name, somewhere};

/// Ports that node ports and prefilters stand at.
pub(crate) fn guarded_port() -> impl Strategy<Value = ProtoPort> {
    let ports = prop::sample::select(vec![30007, 50051]);
    let protocols = prop_oneof![
        4 => Just(Protocol::Tcp),
        1 => Just(Protocol::Udp),
        1 => Just(Protocol::Sctp),
    ];
    (ports, protocols).prop_map(|(port, protocol)| ProtoPort { port, protocol })
}

/// Policies with one to three workloads. Their services' backends may differ.
pub(crate) fn policy() -> impl Strategy<Value = Policy> {
    let workloads = vec(workload(), 1..=3);
    let parts = (
        workloads,
        vec(node_port(), 1..=4),
        vec(prefilter(), 0..=3),
        vec(network_policy(), 0..=4),
    );
    parts.prop_map(
        |(workloads, mut node_ports, mut prefilters, network_policies)| {
            for node_port in &mut node_ports {
                node_port
                    .backends
                    .retain(|backend| *backend < workloads.len());
                if node_port.backends.is_empty() {
                    node_port.backends.push(0);
                }
            }
            let mut seen = BTreeSet::new();
            node_ports.retain(|node_port| seen.insert(node_port.node_port));
            let mut seen = BTreeSet::new();
            prefilters.retain(|prefilter| seen.insert(prefilter.node_port));
            Policy {
                workloads,
                node_ports,
                prefilters,
                network_policies,
            }
        },
    )
}

/// Every prefix that a policy names.
pub(crate) fn prefixes(policy: &Policy) -> Vec<Prefix> {
    let mut prefixes = Vec::new();
    for prefilter in &policy.prefilters {
        prefixes.extend(prefilter.allow.iter().map(|source| source.prefix));
    }
    for rule in policy
        .network_policies
        .iter()
        .flat_map(|policy| &policy.rules)
    {
        if let Sources::Cidrs(cidrs) = &rule.sources {
            for source in cidrs {
                prefixes.push(source.cidr);
                prefixes.extend(&source.except);
            }
        }
    }
    prefixes
}

fn namespace() -> impl Strategy<Value = &'static str> {
    prop_oneof![4 => Just("default"), 1 => Just("other")]
}

fn own_labels() -> impl Strategy<Value = Labels> {
    prop_oneof![
        3 => Just("app=inventory"),
        1 => Just("app=inventory tier=back"),
        1 => Just("app=billing"),
    ]
    .prop_map(labels)
}

fn workload() -> impl Strategy<Value = Workload> {
    (namespace(), own_labels()).prop_map(|(namespace, labels)| Workload {
        name: name(namespace, "workload"),
        labels,
        location: somewhere(),
    })
}

fn node_port() -> impl Strategy<Value = NodePort> {
    let backends = prop_oneof![
        Just(vec![0]),
        Just(vec![1]),
        Just(vec![0, 1]),
        Just(vec![0, 1, 2]),
    ];
    (guarded_port(), target_port(), backends).prop_map(|(node_port, target_port, backends)| {
        NodePort {
            service: name("default", "service"),
            node_port,
            target_port,
            backends,
            location: somewhere(),
        }
    })
}

fn target_port() -> impl Strategy<Value = u16> {
    prop::sample::select(vec![50051, 80, 30007])
}

fn prefilter() -> impl Strategy<Value = Prefilter> {
    let default = prop_oneof![Just(DefaultAction::Pass), Just(DefaultAction::Drop)];
    (guarded_port(), vec(prefix(), 0..=4), default, any::<bool>()).prop_map(
        |(node_port, allow, default, bypass_policy)| Prefilter {
            node_port,
            allow: (allow.into_iter())
                .map(|prefix| AllowedSource {
                    prefix,
                    location: somewhere(),
                })
                .collect(),
            default,
            bypass_policy,
            location: somewhere(),
            allow_location: somewhere(),
            default_location: somewhere(),
            bypass_location: somewhere(),
        },
    )
}

fn network_policy() -> impl Strategy<Value = NetworkPolicy> {
    let selector = prop_oneof![
        3 => Just(""),
        3 => Just("app=inventory"),
        1 => Just("tier=back"),
        1 => Just("app=nobody"),
    ];
    (namespace(), selector, vec(rule(), 1..=4)).prop_map(|(namespace, selector, rules)| {
        NetworkPolicy {
            name: name(namespace, "policy"),
            selector: labels(selector),
            rules,
            location: somewhere(),
        }
    })
}

fn rule() -> impl Strategy<Value = Rule> {
    let action = prop_oneof![2 => Just(RuleAction::Allow), 1 => Just(RuleAction::Deny)];
    let sources = prop_oneof![
        1 => Just(Sources::Any),
        1 => Just(Sources::Nobody),
        8 => vec(cidr(), 0..=4).prop_map(Sources::Cidrs),
    ];
    let ports = prop_oneof![
        2 => Just(Ports::All),
        3 => vec(port_match(), 0..=3).prop_map(Ports::Listed),
    ];
    (action, sources, ports).prop_map(|(action, sources, ports)| Rule {
        action,
        sources,
        ports,
        location: somewhere(),
    })
}

fn cidr() -> impl Strategy<Value = CidrSource> {
    prefix()
        .prop_flat_map(|cidr| (Just(cidr), vec(prefix_inside(cidr), 0..=3)))
        .prop_map(|(cidr, except)| CidrSource {
            cidr,
            except,
            location: somewhere(),
        })
}

fn port_match() -> impl Strategy<Value = PortMatch> {
    let protocol = prop::sample::select(Protocol::ALL.to_vec());
    (prop::option::of(target_port()), prop::option::of(protocol)).prop_map(|(port, protocol)| {
        PortMatch {
            port,
            protocol,
            location: somewhere(),
        }
    })
}
