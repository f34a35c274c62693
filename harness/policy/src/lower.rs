//! Compiles a policy to a map image: identities, prefix sets, ports, precedence.
//!
//! Workloads with the same labels are one group (`groups`), peers that say the same
//! are one peer (`peers`). Addresses (`places`) are split into classes by the sets
//! that the peers mean (`partition`); what no peer tells apart is one identity
//! (`identities`). Workloads that the same policies select share a guard
//! (`guards`), and so for what would be if policies in dry run were enforced as well.
//! Its entries (`entries`) are, for each identity and for anybody, what
//! the rules say of prefixes of protocol and port, settled so that the longest
//! prefix decides (`precedence`).
//!
//! Identities and anybody can be settled apart. A look-up finds among the entries
//! of either whether any rule there denies, else whether any allows; a rule is
//! about anybody or about identities, so the two together are all rules about the
//! packet.
//!
//! Where several rules decide alike, the image names the one with the longest
//! prefix, and of those the first in the policy's order.

mod entries;
mod groups;
mod guards;
mod identities;
mod limits;
mod number;
mod partition;
mod peers;
mod places;
mod ports;
mod precedence;
mod prefilter;
mod set;

use std::collections::{BTreeMap, HashMap};

use crate::diagnostic::Diagnostic;
use crate::image::{EndpointImage, ImageSizes, MapImage};
use crate::model::{Direction, Policy, Ports, Subject};
use entries::{Sources, Writer};
use groups::Groups;
use guards::{Guarded, Guards};
use identities::{Identities, PortNames};
use limits::Limits;
use number::Numbers;
use peers::{KnownRule, Peerage, Who};
use set::Set;

/// The image of `policy`.
///
/// # Errors
/// More entries than a map holds (`too-many-prefixes`, `too-many-policy-entries`).
pub fn lower(policy: &Policy) -> Result<MapImage, Vec<Diagnostic>> {
    let limits = Limits {
        prefixes: ImageSizes::MAX_PREFIXES,
        entries: ImageSizes::MAX_POLICY_ENTRIES,
        pairs: 1 << 28,
    };
    lower_within(policy, limits)
}

fn lower_within(policy: &Policy, limits: Limits) -> Result<MapImage, Vec<Diagnostic>> {
    let mut numbers = Numbers::default();
    let mut image = MapImage {
        deny_list: prefilter::deny_list(policy, &mut numbers),
        ..MapImage::default()
    };
    for (index, stage) in policy.prefilters.iter().enumerate() {
        let stage_image = prefilter::image(policy, index, &mut numbers);
        image.prefilters.insert(stage.node_port, stage_image);
    }

    let mut groups = Groups::new(policy);
    let subjects = subjects(policy, &mut groups);
    let mut peerage = Peerage::default();
    // A policy that selects nobody needs no identities.
    let rules: Vec<Vec<KnownRule<'_>>> = (policy.all_network_policies().zip(&subjects))
        .map(|(rules, subject)| match subject.iter().next() {
            Some(_) => peerage.rules_of(rules, policy.choices),
            None => Vec::new(),
        })
        .collect();
    let selected: Vec<Set> = (peerage.all().iter())
        .map(|who| match who {
            Who::Workloads(selector) => groups.selected(selector),
            Who::Addresses { .. } | Who::Entity(_) | Who::Nodes(_) => Set::default(),
        })
        .collect();
    let names = names_of_receivers(&rules);
    let peers = peerage.all();
    let Ok(identities) = Identities::new(policy, &groups, &selected, peers, &names, limits.pairs)
    else {
        return Err(limits.too_many_overlaps(policy).into_iter().collect());
    };
    image.identities.clone_from(&identities.prefixes);
    let too_many = limits.too_many_prefixes(policy, &image);
    if !too_many.is_empty() {
        return Err(too_many);
    }

    let guards = Guards::new(policy, &groups, &subjects, &rules);
    let sources = Sources {
        policy,
        rules: &rules,
        identities: &identities,
    };
    let mut writer = Writer::new(sources, limits.entries);
    for guard in &guards.all {
        let written = writer.image(guard, &mut numbers);
        image.guards.push(
            written.map_err(|no_room| vec![limits.too_many_entries(policy, guard, &no_room)])?,
        );
    }
    image.endpoints = endpoints(policy, &guards);
    image.rules = numbers.into_rules();
    Ok(image)
}

/// The groups that each policy selects.
fn subjects<'a>(policy: &'a Policy, groups: &mut Groups<'a>) -> Vec<Set> {
    let mut known = HashMap::new();
    (policy.all_network_policies())
        .map(|rules| match &rules.subject {
            Subject::Workloads(selector) => {
                let selected = known.entry(selector);
                selected
                    .or_insert_with(|| groups.selected(selector))
                    .clone()
            }
            Subject::Nodes(_) => Set::default(),
        })
        .collect()
}

/// Names of ports of those to whom something is sent.
fn names_of_receivers<'a>(rules: &'a [Vec<KnownRule<'_>>]) -> PortNames<'a> {
    let mut names = PortNames::default();
    for known in rules.iter().flatten() {
        if let (true, Ports::Listed(listed)) = (known.is(Direction::Egress), &known.rule.ports) {
            for entry in listed {
                identities::add_names(&mut names, entry.protocol, &entry.port);
            }
        }
    }
    names
}

/// Every address of a workload that has a network of its own.
fn endpoints(policy: &Policy, guards: &Guards) -> BTreeMap<std::net::IpAddr, EndpointImage> {
    let mut endpoints = BTreeMap::new();
    for (number, workload) in (0..).zip(&policy.workloads) {
        if workload.host_network {
            continue;
        }
        let Guarded { enforced, proposed } = guards.of_workload[number as usize];
        for address in &workload.addresses {
            // An address that two workloads claim is the first one's.
            endpoints.entry(*address).or_insert(EndpointImage {
                number,
                egress: enforced.egress,
                ingress: enforced.ingress,
                proposed_egress: proposed.egress,
                proposed_ingress: proposed.ingress,
            });
        }
    }
    endpoints
}

#[cfg(test)]
mod tests;
