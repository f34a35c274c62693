//! What a rule says, whoever it is about at the moment.

use netverdict_policy::hits::Unit;
use netverdict_policy::model::{
    DefaultAction, L4Match, L4Port, L4Protocol, NetworkPolicy, Peer, PeerKind, Peers, Policy,
    Ports, RuleAction, RuleRef,
};

use super::counted;

/// Ports, and exceptions of a prefix, that are named before the rest is counted.
const NAMED: usize = 3;

/// Such as `policy default/inventory allows ingress from 10.0.0.0/8 on 50051/tcp`.
pub fn unit_words(policy: &Policy, unit: &Unit) -> String {
    match unit {
        Unit::Line(rule) => rule_words(policy, *rule),
        Unit::List(rules) => list_words(policy, rules),
    }
}

/// What one rule says.
pub fn rule_words(policy: &Policy, rule: RuleRef) -> String {
    match rule {
        RuleRef::DenyList { entry } => says(policy, rule, &policy.deny_list[entry].prefix),
        RuleRef::PrefilterDeny { prefilter, entry } => says(
            policy,
            rule,
            &policy.prefilters[prefilter].deny[entry].prefix,
        ),
        RuleRef::PrefilterAllow { prefilter, entry } => {
            let allowed = &policy.prefilters[prefilter].allow[entry];
            says(policy, rule, &allowed.prefix)
        }
        RuleRef::PrefilterDefault { prefilter } => {
            let prefilter = &policy.prefilters[prefilter];
            let default = match prefilter.default {
                DefaultAction::Pass => "passes",
                DefaultAction::Drop => "drops",
            };
            let port = prefilter.node_port;
            format!("prefilter of {port} {default} by default")
        }
        RuleRef::Policy {
            policy: index,
            rule: at,
            peer,
        } => match &policy.network_policy(index).rules[at].peers {
            Peers::Any => says(policy, rule, &"anybody"),
            Peers::Listed(peers) => says(policy, rule, &whom(&peers[peer])),
        },
        RuleRef::DefaultDeny { policy: index } => {
            let NetworkPolicy {
                name,
                isolates_ingress,
                isolates_egress,
                ..
            } = policy.network_policy(index);
            let directions = match (isolates_ingress, isolates_egress) {
                (true, true) => "ingress and egress",
                (true, false) => "ingress",
                (false, _) => "egress",
            };
            format!("policy {name} denies {directions} by default")
        }
        RuleRef::NodeReachesWorkloads => "the node reaches its workloads".to_owned(),
    }
}

fn list_words(policy: &Policy, rules: &[RuleRef]) -> String {
    let first = rules[0];
    let file = policy
        .location(first)
        .map_or("", |it| it.file.path.as_str());
    let noun = match first {
        RuleRef::Policy { .. } => "peer",
        RuleRef::DenyList { .. }
        | RuleRef::PrefilterDeny { .. }
        | RuleRef::PrefilterAllow { .. }
        | RuleRef::PrefilterDefault { .. }
        | RuleRef::DefaultDeny { .. }
        | RuleRef::NodeReachesWorkloads => "source",
    };
    let count = counted(rules.len(), noun);
    says(policy, first, &format!("{count} of {file}"))
}

/// What is said of `whom` in the place of this rule.
fn says(policy: &Policy, rule: RuleRef, whom: &dyn std::fmt::Display) -> String {
    match rule {
        RuleRef::DenyList { .. } => format!("deny list for every port drops {whom}"),
        RuleRef::PrefilterDeny { prefilter, .. } => {
            let port = policy.prefilters[prefilter].node_port;
            format!("prefilter of {port} denies {whom}")
        }
        RuleRef::PrefilterAllow { prefilter, .. } => {
            let port = policy.prefilters[prefilter].node_port;
            format!("prefilter of {port} allows {whom}")
        }
        RuleRef::Policy {
            policy: index,
            rule,
            ..
        } => {
            let network_policy = policy.network_policy(index);
            let (name, rule) = (&network_policy.name, &network_policy.rules[rule]);
            let verb = match rule.action {
                RuleAction::Allow => "allows",
                RuleAction::Deny => "denies",
            };
            let preposition = match rule.direction {
                netverdict_policy::model::Direction::Ingress => "from",
                netverdict_policy::model::Direction::Egress => "to",
            };
            let direction = rule.direction;
            let ports = ports(&rule.ports);
            format!("policy {name} {verb} {direction} {preposition} {whom}{ports}")
        }
        RuleRef::PrefilterDefault { .. }
        | RuleRef::DefaultDeny { .. }
        | RuleRef::NodeReachesWorkloads => whom.to_string(),
    }
}

fn whom(peer: &Peer) -> String {
    match &peer.kind {
        PeerKind::Cidr(cidr) => match few(cidr.except.iter().map(ToString::to_string)) {
            None => cidr.prefix.to_string(),
            Some(except) => format!("{} but {except}", cidr.prefix),
        },
        PeerKind::Workloads(_) => "selected workloads".to_owned(),
        PeerKind::Nodes(_) => "selected nodes".to_owned(),
        PeerKind::Entity(entity) => format!("entity '{}'", entity.name()),
    }
}

fn ports(ports: &Ports) -> String {
    match ports {
        Ports::All => String::new(),
        Ports::Listed(listed) => match few(listed.iter().map(port)) {
            None => " on no port".to_owned(),
            Some(ports) => format!(" on {ports}"),
        },
    }
}

fn port(entry: &L4Match) -> String {
    let protocol = match entry.protocol {
        L4Protocol::AnyWithPorts => "any",
        L4Protocol::Tcp => "tcp",
        L4Protocol::Udp => "udp",
        L4Protocol::Sctp => "sctp",
        L4Protocol::Icmp => "icmp",
        L4Protocol::Icmpv6 => "icmpv6",
    };
    match &entry.port {
        L4Port::All => format!("*/{protocol}"),
        L4Port::Range(first, last) if first == last => format!("{first}/{protocol}"),
        L4Port::Range(first, last) => format!("{first}-{last}/{protocol}"),
        L4Port::Named(name) => format!("'{name}'/{protocol}"),
    }
}

/// The first few, and how many more; `None` for none.
fn few(items: impl ExactSizeIterator<Item = String>) -> Option<String> {
    let more = items.len().saturating_sub(NAMED);
    let mut named: Vec<String> = items.take(NAMED).collect();
    if more > 0 {
        named.push(format!("{more} more"));
    }
    (!named.is_empty()).then(|| named.join(", "))
}
