//! Network policies as a ruleset for nftables.

use std::fmt::Write as _;

use super::comment;
use super::labels::means;
use super::peers::{self, AddressMatch, Whom};
use super::ports::{self, PortMatch};
use crate::model::{Direction, NetworkPolicy, Policy, Rule, RuleAction, Subject, Workload};
use crate::prefix::{Family, Prefix};

/// The table's name.
pub const TABLE: &str = "netverdict_policy";

/// The policies of all workloads, at the links of these names. It takes the place of
/// what stands in its table.
pub fn ruleset(policy: &Policy, links: &[String]) -> String {
    let mut leave = String::new();
    let mut enter = String::new();
    let mut chains = String::new();
    let with_links = (policy.workloads.iter().enumerate()).zip(links);
    for ((index, workload), link) in with_links {
        if workload.host_network {
            continue;
        }
        for direction in [Direction::Egress, Direction::Ingress] {
            let selecting = selecting(policy, workload, direction);
            if selecting.is_empty() {
                continue;
            }
            let name = format!("{direction}_{index}");
            let _ = match direction {
                Direction::Egress => {
                    writeln!(leave, "\t\tiifname \"{link}\" goto {name}")
                }
                Direction::Ingress => {
                    writeln!(enter, "\t\toifname \"{link}\" goto {name}")
                }
            };
            let lines = chain(policy, workload, direction, &selecting);
            let whom = comment(&workload.to_string());
            let _ = write!(
                chains,
                "\t# {direction} of {whom}\n\tchain {name} {{\n{lines}\t}}\n"
            );
        }
    }
    table(&leave, &enter, &chains)
}

/// The same hooks, at which everything passes.
pub fn accept_all() -> String {
    table("", "", "")
}

/// Both hooks let pass what belongs to a connection that began by passing them.
fn table(leave: &str, enter: &str, chains: &str) -> String {
    format!(
        "table inet {TABLE}\n\
         delete table inet {TABLE}\n\
         table inet {TABLE} {{\n\
         \tchain leave {{\n\
         \t\ttype filter hook prerouting priority mangle; policy accept;\n\
         \t\tct state {{ established, related }} accept\n\
         {leave}\t}}\n\
         \tchain enter {{\n\
         \t\ttype filter hook forward priority filter; policy accept;\n\
         \t\tct state {{ established, related }} accept\n\
         {enter}\t}}\n\
         {chains}}}\n"
    )
}

/// The policies that select the workload for a direction.
fn selecting<'a>(
    policy: &'a Policy,
    workload: &Workload,
    direction: Direction,
) -> Vec<&'a NetworkPolicy> {
    (policy.network_policies.iter())
        .filter(|it| match &it.subject {
            Subject::Workloads(selector) => means(policy, selector, workload),
            Subject::Nodes(_) => false,
        })
        .filter(|it| {
            isolates(it, direction) || it.rules.iter().any(|rule| rule.direction == direction)
        })
        .collect()
}

fn isolates(policy: &NetworkPolicy, direction: Direction) -> bool {
    match direction {
        Direction::Ingress => policy.isolates_ingress,
        Direction::Egress => policy.isolates_egress,
    }
}

/// Denies first, for they beat every allow; then what is allowed; then default deny.
fn chain(
    policy: &Policy,
    workload: &Workload,
    direction: Direction,
    selecting: &[&NetworkPolicy],
) -> String {
    let mut lines = String::new();
    for action in [RuleAction::Deny, RuleAction::Allow] {
        for of in selecting {
            let rules = (of.rules.iter())
                .filter(|rule| rule.direction == direction && rule.action == action);
            for rule in rules {
                let place = comment(&rule.location.to_string());
                let _ = writeln!(lines, "\t\t# {}: {place}", comment(&of.name.to_string()));
                write_rule(&mut lines, policy, of, workload, rule);
            }
        }
    }
    if direction == Direction::Ingress && policy.choices.node_reaches_workloads {
        lines.push_str("\t\t# the node reaches its workloads\n");
        for node in &policy.node.addresses {
            let (ip, _) = words(Family::of(*node));
            let _ = writeln!(lines, "\t\t{ip} saddr {node} accept");
        }
    }
    if let Some(isolating) = selecting.iter().find(|it| isolates(it, direction)) {
        let place = comment(&isolating.location.to_string());
        let name = comment(&isolating.name.to_string());
        let _ = writeln!(lines, "\t\t# default deny of {name}: {place}\n\t\tdrop");
    }
    lines
}

/// A line for each pair of a peer and ports.
fn write_rule(
    lines: &mut String,
    policy: &Policy,
    of: &NetworkPolicy,
    workload: &Workload,
    rule: &Rule,
) {
    let verdict = match rule.action {
        RuleAction::Allow => "accept",
        RuleAction::Deny => "drop",
    };
    let (end, subject) = match rule.direction {
        Direction::Ingress => ("saddr", Some(workload)),
        Direction::Egress => ("daddr", None),
    };
    let ports = ports::matches(&rule.ports, subject, &policy.workloads);
    for whom in peers::of_rule(policy, of.kind, &rule.peers) {
        for port in &ports {
            for addresses in addresses(policy, &whom, port, end) {
                let parts = [addresses.as_str(), port.text.as_str(), verdict];
                let line: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                let _ = writeln!(lines, "\t\t{}", line.join(" "));
            }
        }
    }
}

/// Matches of the addresses, one a line; an empty one is about everybody.
fn addresses(policy: &Policy, whom: &Whom, port: &PortMatch, end: &str) -> Vec<String> {
    let receivers = |family: Family| -> Option<String> {
        let receiver = port.receiver?;
        let prefixes: Vec<Prefix> = (policy.workloads[receiver].addresses.iter())
            .filter(|address| Family::of(**address) == family)
            .map(|address| Prefix::host(*address))
            .collect();
        Some(set(family, end, "", &prefixes))
    };
    let has = |family: Family| {
        port.receiver.is_none_or(|receiver| {
            (policy.workloads[receiver].addresses.iter())
                .any(|address| Family::of(*address) == family)
        })
    };
    match whom {
        Whom::Anybody if port.receiver.is_none() => vec![String::new()],
        Whom::Anybody => ([Family::V4, Family::V6].into_iter())
            .filter(|family| has(*family))
            .filter_map(receivers)
            .collect(),
        Whom::Those(those) => (those.iter())
            .filter(|it| has(it.family))
            .map(|it| {
                let parts = [Some(one(it, end)), receivers(it.family)];
                let parts: Vec<String> = parts.into_iter().flatten().collect();
                parts.join(" ")
            })
            .collect(),
    }
}

fn one(those: &AddressMatch, end: &str) -> String {
    let AddressMatch {
        family,
        within,
        without,
    } = those;
    let mut parts = Vec::new();
    if let Some(within) = within {
        parts.push(set(*family, end, "", within));
    }
    if !without.is_empty() {
        parts.push(set(*family, end, "!= ", without));
    }
    match parts.is_empty() {
        true => format!("meta nfproto {}", words(*family).1),
        false => parts.join(" "),
    }
}

/// `ip saddr 10.0.0.0/8`, or a set where there are several.
fn set(family: Family, end: &str, relation: &str, prefixes: &[Prefix]) -> String {
    let (ip, _) = words(family);
    let texts: Vec<String> = (disjoint(prefixes).iter())
        .map(|prefix| match prefix.length() == prefix.family().bits() {
            true => prefix.first().to_string(),
            false => prefix.to_string(),
        })
        .collect();
    match texts.as_slice() {
        [text] => format!("{ip} {end} {relation}{text}"),
        texts => format!("{ip} {end} {relation}{{ {} }}", texts.join(", ")),
    }
}

/// Those that no other holds: nft refuses a set with overlaps.
fn disjoint(prefixes: &[Prefix]) -> Vec<Prefix> {
    let mut left: Vec<Prefix> = Vec::new();
    for prefix in prefixes {
        if left.iter().any(|other| other.covers(*prefix)) {
            continue;
        }
        left.retain(|other| !prefix.covers(*other));
        left.push(*prefix);
    }
    left
}

const fn words(family: Family) -> (&'static str, &'static str) {
    match family {
        Family::V4 => ("ip", "ipv4"),
        Family::V6 => ("ip6", "ipv6"),
    }
}
