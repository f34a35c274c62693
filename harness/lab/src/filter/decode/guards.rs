//! Workloads, and what guards them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use netverdict_abi::{Endpoint, Guard, Identity, PolicyKey, Verdicted, map};
use netverdict_policy::image::{
    EndpointImage, GuardImage, IdentityId, L4Prefix, PolicyEntry, RuleId, Verdict,
};

use super::lists::said;
use super::place::endpoint_address;
use super::{Findings, generation_of, index_of};
use crate::filter::entries::{Entries, TrieEntry};
use crate::filter::install::Links;
use crate::filter::read_back::Oddity;

/// What the maps say under each number of a guard.
pub(super) struct Guards {
    generation: u32,
    /// Of both generations, as of prefilters.
    entries: BTreeMap<u32, BTreeMap<PolicyEntry, Verdict>>,
    /// Where each guard that an endpoint names is in `guards`: two that differ in
    /// anything are two.
    numbers: BTreeMap<(u32, u32, u32), u32>,
    guards: Vec<Option<GuardImage>>,
}

impl Guards {
    pub(super) fn of(held: &Entries, findings: &mut Findings) -> Guards {
        let mut entries: BTreeMap<u32, BTreeMap<PolicyEntry, Verdict>> = BTreeMap::new();
        for entry in &held.policy {
            let (length, key, value) = entry;
            let ours = findings.is_ours(generation_of(key.guard));
            let (understood, oddities) = understand(entry);
            if ours {
                for oddity in oddities {
                    let entry = format!(
                        "guard {:#x}, identity {}, protocol {}, port {}, {length} bits: {}",
                        key.guard,
                        key.identity,
                        key.protocol,
                        u16::from_be_bytes(key.port),
                        said(*value)
                    );
                    findings.stray(map::POLICY, entry, oddity);
                }
            }
            if let Some((entry, verdict)) = understood {
                entries.entry(key.guard).or_default().insert(entry, verdict);
            }
        }
        Guards {
            generation: findings.generation,
            entries,
            numbers: BTreeMap::new(),
            guards: Vec::new(),
        }
    }

    /// The workloads by address. Numbers their guards.
    pub(super) fn take_endpoints(
        &mut self,
        held: &Entries,
        links: Option<Links>,
        findings: &mut Findings,
    ) -> BTreeMap<IpAddr, EndpointImage> {
        let mut ours: Vec<(IpAddr, Endpoint)> = Vec::new();
        for (key, value) in &held.endpoints {
            if !findings.is_ours(u32::from(key.generation)) {
                continue;
            }
            let (address, odd) = endpoint_address(key);
            if let Some(oddity) = odd {
                let entry = format!("{:?} of family {}", key.address, key.family);
                findings.stray(map::ENDPOINTS, entry, oddity);
            }
            ours.extend(address.map(|address| (address, *value)));
        }
        // Numbers of guards do not depend on the order in which a hash is read.
        ours.sort_by_key(|(address, _)| *address);
        // Each workload has at most two, and as many that are proposed.
        let most = 4 * ours.len();
        ours.into_iter()
            .map(|(address, value)| {
                let Endpoint {
                    number,
                    link,
                    egress,
                    ingress,
                    proposed_egress,
                    proposed_ingress,
                } = value;
                if links.is_some_and(|links| link != expected_link(links, number)) {
                    let entry = format!("{address}: link {link}");
                    findings.stray(map::ENDPOINTS, entry, Oddity::Link);
                }
                let endpoint = EndpointImage {
                    number,
                    egress: self.number(address, egress, most, findings),
                    ingress: self.number(address, ingress, most, findings),
                    proposed_egress: self.number(address, proposed_egress, most, findings),
                    proposed_ingress: self.number(address, proposed_ingress, most, findings),
                };
                (address, endpoint)
            })
            .collect()
    }

    fn number(
        &mut self,
        address: IpAddr,
        guard: Guard,
        most: usize,
        findings: &mut Findings,
    ) -> Option<u32> {
        let Guard {
            id,
            flags,
            default_rule,
        } = guard;
        let mut odd = |oddity| {
            let entry = format!("{address}: guard {id:#x}, flags {flags:#x}, rule {default_rule}");
            findings.stray(map::ENDPOINTS, entry, oddity);
        };
        if flags & Guard::SELECTED == 0 {
            if guard != Guard::default() {
                odd(Oddity::Flags);
            }
            return None;
        }
        if let Some(known) = self.numbers.get(&(id, flags, default_rule)) {
            return Some(*known);
        }
        let default_deny = flags & Guard::DEFAULT_DENY != 0;
        const KNOWN: u32 = Guard::SELECTED | Guard::DEFAULT_DENY | Guard::ALLOWS;
        if flags & !KNOWN != 0 || !default_deny && default_rule != 0 {
            odd(Oddity::Flags);
        }
        let index = usize::try_from(index_of(id)).unwrap_or(usize::MAX);
        let in_order = generation_of(id) == self.generation && index < most;
        if !in_order {
            odd(Oddity::Number);
        }
        let image = GuardImage {
            default_deny: default_deny.then_some(RuleId(default_rule)),
            allows: flags & Guard::ALLOWS != 0,
            entries: self.entries.get(&id).cloned().unwrap_or_default(),
        };
        let taken = matches!(self.guards.get(index), Some(Some(_)));
        if taken {
            odd(Oddity::Contradiction);
        }
        // What has a place of its own keeps it, the rest comes behind all of them.
        let place = match in_order && !taken {
            true => index,
            false => self.guards.len().max(most),
        };
        if self.guards.len() <= place {
            self.guards.resize(place + 1, None);
        }
        self.guards[place] = Some(image);
        let number = u32::try_from(place).expect("fewer guards than 32 bits count");
        self.numbers.insert((id, flags, default_rule), number);
        Some(number)
    }

    /// The guards, and what no endpoint leads to.
    pub(super) fn finish(self, findings: &mut Findings) -> Vec<GuardImage> {
        let asked: BTreeSet<u32> = self.numbers.keys().map(|(id, ..)| *id).collect();
        for (id, entries) in &self.entries {
            if generation_of(*id) != self.generation || asked.contains(id) {
                continue;
            }
            for (entry, verdict) in entries {
                let entry = format!("guard {id:#x}, {entry:?}: {verdict:?}");
                findings.stray(map::POLICY, entry, Oddity::Unreachable);
            }
        }
        (self.guards.into_iter())
            .map(Option::unwrap_or_default)
            .collect()
    }
}

/// What an entry says, if anything, and what is odd about it.
fn understand(
    (length, key, value): &TrieEntry<PolicyKey, Verdicted>,
) -> (Option<(PolicyEntry, Verdict)>, Vec<Oddity>) {
    let PolicyKey {
        guard: _,
        identity,
        protocol,
        port,
        zero,
    } = *key;
    let mut oddities = Vec::new();
    let bits = length.checked_sub(PolicyKey::FIXED_BITS);
    let port = u16::from_be_bytes(port);
    let l4 = match bits {
        Some(0) => Some(L4Prefix::All),
        Some(bits @ 8..=24) => Some(L4Prefix::Ports {
            protocol,
            port: port & kept(bits - 8),
            bits: u8::try_from(bits - 8).expect("at most 16"),
        }),
        _ => None,
    };
    let loose = match l4 {
        Some(L4Prefix::All) => protocol != 0 || port != 0,
        Some(L4Prefix::Ports { port: prefix, .. }) => port != prefix,
        None => {
            oddities.push(Oddity::PrefixLength);
            false
        }
    };
    if loose || zero != 0 {
        oddities.push(Oddity::LooseBits);
    }
    let verdict = match value.action {
        Verdicted::ALLOW => Some(Verdict::Allow(RuleId(value.rule))),
        Verdicted::DENY => Some(Verdict::Deny(RuleId(value.rule))),
        _ => {
            oddities.push(Oddity::Action);
            None
        }
    };
    if bits.is_some_and(|bits| bits != u32::from(value.l4_bits)) {
        oddities.push(Oddity::Length);
    }
    let identity = (identity != Identity::ANY).then_some(IdentityId(identity));
    let entry = l4.map(|l4| PolicyEntry { identity, l4 });
    (entry.zip(verdict), oddities)
}

/// The first bits of a port.
fn kept(bits: u32) -> u16 {
    !u16::MAX.checked_shr(bits).unwrap_or(0)
}

/// What [`Endpoint::link`] was written as; of a number that no workload can have,
/// nothing.
fn expected_link(links: Links, number: u32) -> u32 {
    /// More than the interface numbers of a lab have room for.
    const MOST_WORKLOADS: u32 = 1 << 12;
    match number {
        ..MOST_WORKLOADS => links.link(number),
        _ => 0,
    }
}
