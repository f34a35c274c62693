//! Prefilters, their lists of sources, and their backends.

use std::collections::{BTreeMap, BTreeSet};

use netverdict_abi::{BackendKey, EVERY_PORT, Prefilter, PrefilterKey, Verdicted, map, numbered};
use netverdict_policy::image::{MapImage, PrefilterImage, RuleId, Verdict};
use netverdict_policy::port::{ProtoPort, Protocol};
use netverdict_policy::prefix::{Family, Prefix};

use super::place::Key;
use super::{Findings, generation_of};
use crate::filter::entries::Entries;
use crate::filter::read_back::Oddity;

/// What the maps say under each number, until a prefilter asks for it.
pub(super) struct Lists {
    generation: u32,
    /// Of both generations: a prefilter whose number is wrong reads what is there.
    sources: BTreeMap<u32, BTreeMap<Prefix, Verdict>>,
    backends: BTreeMap<u32, Vec<BackendKey>>,
    /// Numbers that were asked for.
    asked: BTreeSet<u32>,
}

impl Lists {
    pub(super) fn of(entries: &Entries, findings: &mut Findings) -> Lists {
        let mut lists = Lists {
            generation: findings.generation,
            sources: BTreeMap::new(),
            backends: BTreeMap::new(),
            asked: BTreeSet::new(),
        };
        for (length, key, value) in &entries.prefilter_v4 {
            lists.source(map::PREFILTER_V4, &Key::v4(*length, *key), *value, findings);
        }
        for (length, key, value) in &entries.prefilter_v6 {
            lists.source(map::PREFILTER_V6, &Key::v6(*length, *key), *value, findings);
        }
        for (key, value) in &entries.backends {
            if findings.is_ours(generation_of(key.prefilter)) && (*value != 0 || key.zero != 0) {
                findings.stray(map::BACKENDS, described(key), Oddity::LooseBits);
            }
            // No look-up has a key with that byte set.
            if key.zero == 0 {
                lists.backends.entry(key.prefilter).or_default().push(*key);
            }
        }
        lists
    }

    fn source(&mut self, name: &'static str, key: &Key, value: Verdicted, findings: &mut Findings) {
        let Verdicted {
            action,
            l4_bits,
            rule,
        } = value;
        let ours = findings.is_ours(generation_of(key.set));
        let (prefix, odd) = key.prefix();
        let verdict = match action {
            Verdicted::ALLOW => Some(Verdict::Allow(RuleId(rule))),
            Verdicted::DENY => Some(Verdict::Deny(RuleId(rule))),
            Verdicted::NO_MATCH => Some(Verdict::NoMatch),
            _ => None,
        };
        let action = verdict.is_none().then_some(Oddity::Action);
        let length = (l4_bits != 0).then_some(Oddity::Length);
        let unnamed = verdict == Some(Verdict::NoMatch) && rule != 0;
        let loose = unnamed.then_some(Oddity::LooseBits);
        if ours {
            for oddity in [odd, action, length, loose].into_iter().flatten() {
                let entry = format!("{}: {}", key.describe(), said(value));
                findings.stray(name, entry, oddity);
            }
        }
        if let (Some(prefix), Some(verdict)) = (prefix, verdict) {
            let set = self.sources.entry(key.set).or_default();
            set.insert(prefix, verdict);
        }
    }

    /// Sources that are dropped whatever the port.
    pub(super) fn take_deny_list(&mut self, findings: &mut Findings) -> BTreeMap<Prefix, RuleId> {
        let set = numbered(self.generation & 1, EVERY_PORT);
        self.asked.insert(set);
        let mut denied = BTreeMap::new();
        for (prefix, verdict) in self.sources.remove(&set).unwrap_or_default() {
            match verdict {
                Verdict::Deny(rule) => {
                    denied.insert(prefix, rule);
                }
                Verdict::Allow(_) | Verdict::NoMatch => {
                    let entry = format!("every port {prefix}: {verdict:?}");
                    findings.stray(of_family(prefix), entry, Oddity::Action);
                }
            }
        }
        denied
    }

    /// The prefilters, with what belongs to them.
    pub(super) fn take_prefilters(
        &mut self,
        entries: &Entries,
        findings: &mut Findings,
    ) -> BTreeMap<ProtoPort, PrefilterImage> {
        let mut prefilters = BTreeMap::new();
        for (key, value) in &entries.prefilters {
            if !findings.is_ours(u32::from(key.generation)) {
                continue;
            }
            let (port, oddities) = self.examine(key, value);
            for oddity in oddities {
                let port = u16::from_be(key.port_be);
                let entry = format!("port {port} of protocol {}: {value:?}", key.protocol);
                findings.stray(map::PREFILTERS, entry, oddity);
            }
            if let Some(port) = port {
                prefilters.insert(port, self.stage(port, value, findings));
            }
        }
        prefilters
    }

    /// The port that it stands at, and what is odd about it.
    fn examine(
        &mut self,
        key: &PrefilterKey,
        value: &Prefilter,
    ) -> (Option<ProtoPort>, Vec<Oddity>) {
        let protocol = (Protocol::ALL.into_iter()).find(|each| each.number() == key.protocol);
        let port = u16::from_be(key.port_be);
        let port = (protocol.filter(|_| port != 0)).map(|protocol| ProtoPort { port, protocol });
        const KNOWN: u32 = Prefilter::DEFAULT_PASS | Prefilter::BYPASSES_POLICY;
        let number = generation_of(value.id) != self.generation
            || value.id == numbered(self.generation & 1, EVERY_PORT);
        let oddities = [
            (port.is_none(), Oddity::Port),
            (value.flags & !KNOWN != 0, Oddity::Flags),
            (number, Oddity::Number),
            (!self.asked.insert(value.id), Oddity::Contradiction),
        ];
        let odd = oddities.into_iter().filter(|(is_so, _)| *is_so);
        (port, odd.map(|(_, oddity)| oddity).collect())
    }

    fn stage(&self, port: ProtoPort, value: &Prefilter, findings: &mut Findings) -> PrefilterImage {
        let bypass_policy = value.flags & Prefilter::BYPASSES_POLICY != 0;
        let mut backends = BTreeSet::new();
        for key in self.backends.get(&value.id).into_iter().flatten() {
            // A flow has the protocol of the port that it came by.
            match bypass_policy && key.protocol == port.protocol.number() {
                true => {
                    backends.insert((key.endpoint, u16::from_be(key.port_be)));
                }
                false => findings.stray(map::BACKENDS, described(key), Oddity::Unreachable),
            }
        }
        PrefilterImage {
            default_pass: value.flags & Prefilter::DEFAULT_PASS != 0,
            bypass_policy,
            default_rule: RuleId(value.default_rule),
            sources: self.sources.get(&value.id).cloned().unwrap_or_default(),
            backends,
        }
    }

    /// What nobody asked for, of this generation.
    pub(super) fn leave(&self, image: &MapImage, findings: &mut Findings) {
        let nobodys = |number: &u32| {
            generation_of(*number) == self.generation && !self.asked.contains(number)
        };
        for (number, sources) in self.sources.iter().filter(|(number, _)| nobodys(number)) {
            for (prefix, verdict) in sources {
                let entry = format!("set {number:#x} {prefix}: {verdict:?}");
                findings.stray(of_family(*prefix), entry, Oddity::Unreachable);
            }
        }
        let endpoints: BTreeSet<u32> = (image.endpoints.values())
            .map(|endpoint| endpoint.number)
            .collect();
        for (number, backends) in &self.backends {
            let ours = generation_of(*number) == self.generation;
            for key in backends {
                let of_nobody = nobodys(number) || !endpoints.contains(&key.endpoint);
                if ours && of_nobody {
                    findings.stray(map::BACKENDS, described(key), Oddity::Unreachable);
                }
            }
        }
    }
}

fn of_family(prefix: Prefix) -> &'static str {
    match prefix.family() {
        Family::V4 => map::PREFILTER_V4,
        Family::V6 => map::PREFILTER_V6,
    }
}

fn described(key: &BackendKey) -> String {
    format!(
        "prefilter {:#x}, port {} of workload {}, protocol {}",
        key.prefilter,
        u16::from_be(key.port_be),
        key.endpoint,
        key.protocol
    )
}

/// A value, for reading.
pub(super) fn said(value: Verdicted) -> String {
    let Verdicted {
        action,
        l4_bits,
        rule,
    } = value;
    format!("action {action}, {l4_bits} bits, rule {rule}")
}
