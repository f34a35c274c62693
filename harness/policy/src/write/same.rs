//! Whether two policies, or two packets, are the same.

use std::fmt::Debug;
use std::sync::Arc;

use super::{Draft, DraftProbe, Unwritable};
use crate::diagnostic::{Location, SourceFile};
use crate::frontend::Checked;
use crate::journey::Journey;
use crate::model::{
    KnownHost, L4Match, ListedSource, NetworkPolicy, NodePort, Peer, Peers, Policy, Ports,
    Prefilter, Rule, Workload,
};
use crate::scenario::Probe;

/// What the second policy has otherwise than the first, but for places in files:
/// the first such thing, by its path in [`Policy`], and both values. `None` where
/// they are the same.
pub fn difference(one: &Policy, other: &Policy) -> Option<String> {
    let (one, other) = (bare(one), bare(other));
    let Policy {
        namespaces,
        node,
        workloads,
        known_hosts,
        node_ports,
        deny_list,
        prefilters,
        network_policies,
        dry_run,
        choices,
        // What is written says nothing of itself.
        objects: _,
    } = &one;
    unlike("namespaces", namespaces, &other.namespaces)
        .or_else(|| unlike("node", node, &other.node))
        .or_else(|| each("workloads", workloads, &other.workloads))
        .or_else(|| each("known_hosts", known_hosts, &other.known_hosts))
        .or_else(|| each("node_ports", node_ports, &other.node_ports))
        .or_else(|| each("deny_list", deny_list, &other.deny_list))
        .or_else(|| each("prefilters", prefilters, &other.prefilters))
        .or_else(|| {
            policies(
                "network_policies",
                network_policies,
                &other.network_policies,
            )
        })
        .or_else(|| policies("dry_run", dry_run, &other.dry_run))
        .or_else(|| unlike("choices", choices, &other.choices))
}

/// What the second packet, or its way, has otherwise than the first.
pub fn journey_difference(one: &Journey, other: &Journey) -> Option<String> {
    each("legs", &one.legs, &other.legs).or_else(|| unlike("target", &one.target, &other.target))
}

/// Whether what was read back is what was to be written.
pub(super) fn hold(draft: &Draft<'_>, checked: &Checked) -> Result<(), Unwritable> {
    let read = &checked.scenario;
    let in_sections = sectioned(draft.policy);
    let unlike_topology = || unlike("topology", draft.topology, &read.topology);
    if let Some(difference) = difference(&in_sections, &read.policy).or_else(unlike_topology) {
        return Err(Unwritable::because("the policy", difference));
    }
    // Those that are judged by themselves are written first.
    let mut drafted: Vec<&DraftProbe<'_>> = draft.probes.iter().collect();
    let order = |probe: &&DraftProbe<'_>| {
        let first = |number| (draft.probes.iter()).position(|other| other.sequence == Some(number));
        probe.sequence.map(first)
    };
    drafted.sort_by_key(order);
    probes(drafted, &read.probes)?;
    probes(draft.before_steps.iter().collect(), &read.before_steps)?;
    if draft.steps.len() != read.steps.len() {
        let why = format!("{} are read back", read.steps.len());
        let what = format!("{} steps", draft.steps.len());
        return Err(Unwritable::because(what, why));
    }
    for (drafted, read) in draft.steps.iter().zip(&read.steps) {
        let difference = difference(&sectioned(drafted.policy), &read.policy)
            .or_else(|| unlike("connections", &drafted.connections, &read.connections));
        if let Some(difference) = difference {
            return Err(Unwritable::because(read.name.clone(), difference));
        }
        probes(drafted.probes.iter().collect(), &read.probes)?;
    }
    Ok(())
}

fn probes(drafted: Vec<&DraftProbe<'_>>, read: &[Probe]) -> Result<(), Unwritable> {
    if drafted.len() != read.len() {
        let why = format!("{} are read back", read.len());
        let what = format!("{} probes", drafted.len());
        return Err(Unwritable::because(what, why));
    }
    for (drafted, read) in drafted.iter().zip(read) {
        if let Some(difference) = of_probe(drafted, read) {
            let what = format!("probe '{}'", read.name);
            return Err(Unwritable::because(what, difference));
        }
    }
    Ok(())
}

/// The policy with the rules of each policy in the order of its sections, which is how
/// they are written.
fn sectioned(policy: &Policy) -> Policy {
    let mut policy = policy.clone();
    for policy in (policy.network_policies.iter_mut()).chain(&mut policy.dry_run) {
        policy
            .rules
            .sort_by_key(|rule| (rule.direction, rule.action));
    }
    policy
}

fn of_probe(drafted: &DraftProbe<'_>, read: &Probe) -> Option<String> {
    let [case] = read.cases.as_slice() else {
        return Some(format!("it stands for {} frames", read.cases.len()));
    };
    let renamed = !drafted.name.is_empty() && drafted.name != read.name;
    (renamed.then(|| format!("its name would be '{}'", read.name)))
        .or_else(|| journey_difference(drafted.journey, &case.journey))
        .or_else(|| unlike("expect", &drafted.expect, &read.expect))
        .or_else(|| unlike("reason", &drafted.reason, &read.reason))
}

fn policies(path: &str, one: &[NetworkPolicy], other: &[NetworkPolicy]) -> Option<String> {
    for (index, (one, other)) in one.iter().zip(other).enumerate() {
        if let Some(inside) = each("rules", &one.rules, &other.rules) {
            return Some(format!("{path}[{index}].{inside}"));
        }
    }
    each(path, one, other)
}

fn each<T: Debug + PartialEq>(path: &str, one: &[T], other: &[T]) -> Option<String> {
    for (index, (one, other)) in one.iter().zip(other).enumerate() {
        if let Some(difference) = unlike(&format!("{path}[{index}]"), one, other) {
            return Some(difference);
        }
    }
    unlike(&format!("the number of {path}"), &one.len(), &other.len())
}

fn unlike<T: Debug + PartialEq>(path: &str, one: &T, other: &T) -> Option<String> {
    (one != other).then(|| format!("{path} would be {other:?} and not {one:?}"))
}

/// The policy with every place the same.
fn bare(policy: &Policy) -> Policy {
    let mut policy = policy.clone();
    let file = Arc::new(SourceFile {
        path: String::new(),
        text: String::new(),
    });
    let nowhere = Location::new(&file, 0, 0);
    let Policy {
        namespaces: _,
        node: _,
        workloads,
        known_hosts,
        node_ports,
        deny_list,
        prefilters,
        network_policies,
        dry_run,
        choices: _,
        objects: _,
    } = &mut policy;
    let mut places: Vec<&mut Location> = Vec::new();
    places.extend(
        workloads
            .iter_mut()
            .map(|Workload { location, .. }| location),
    );
    places.extend((known_hosts.iter_mut()).map(|KnownHost { location, .. }| location));
    places.extend((node_ports.iter_mut()).map(|NodePort { location, .. }| location));
    places.extend((deny_list.iter_mut()).map(|ListedSource { location, .. }| location));
    for prefilter in prefilters {
        let Prefilter {
            node_port: _,
            deny,
            allow,
            default: _,
            bypass_policy: _,
            location,
            allow_location,
            default_location,
            bypass_location,
        } = prefilter;
        places.extend([location, allow_location, default_location, bypass_location]);
        let listed = deny.iter_mut().chain(allow);
        places.extend(listed.map(|ListedSource { location, .. }| location));
    }
    for NetworkPolicy {
        rules, location, ..
    } in network_policies.iter_mut().chain(dry_run)
    {
        places.push(location);
        for rule in rules {
            of_rule(rule, &mut places);
        }
    }
    for place in places {
        place.clone_from(&nowhere);
    }
    policy
}

fn of_rule<'r>(rule: &'r mut Rule, places: &mut Vec<&'r mut Location>) {
    let Rule {
        direction: _,
        action: _,
        peers,
        ports,
        location,
    } = rule;
    places.push(location);
    if let Peers::Listed(peers) = peers {
        places.extend(peers.iter_mut().map(|Peer { location, .. }| location));
    }
    if let Ports::Listed(entries) = ports {
        places.extend(entries.iter_mut().map(|L4Match { location, .. }| location));
    }
}
