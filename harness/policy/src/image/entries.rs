//! A map image entry by entry, as a person reads it.

use std::net::IpAddr;

use netverdict_abi::{Identity, map};

#[cfg(doc)]
use super::PrefilterImage;
use super::{EndpointImage, IdentityId, L4Prefix, MapImage, PolicyEntry, RuleId, Verdict};
use crate::port::{ProtoPort, Protocol};
use crate::prefix::{Family, Prefix};

/// Names one entry of a [`MapImage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A prefix on the deny list for every port, in [`MapImage::deny_list`].
    Denied(Prefix),
    /// A port with a prefilter.
    Prefilter(ProtoPort),
    /// A prefix of a prefilter, in [`PrefilterImage::sources`].
    Source(ProtoPort, Prefix),
    /// A workload and its port, in [`PrefilterImage::backends`].
    Backend(ProtoPort, (u32, u16)),
    /// An address of a workload.
    Endpoint(IpAddr),
    /// A prefix in [`MapImage::identities`].
    Identity(Prefix),
    /// The default of a guard, by its number: what is said of those that none of its
    /// entries is about.
    Default(u32),
    /// An entry of a guard, by its number.
    Policy(u32, PolicyEntry),
}

impl MapImage {
    /// The name of every entry of every policy map, in a stable order, in which each
    /// part of each map is in one piece.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        let denied = self.deny_list.keys().copied().map(Key::Denied);
        let prefilters = self.prefilters.keys().copied().map(Key::Prefilter);
        let of_prefilters = self.prefilters.iter().flat_map(|(port, prefilter)| {
            let sources = prefilter.sources.keys().map(|it| Key::Source(*port, *it));
            sources.chain((prefilter.backends.iter()).map(|it| Key::Backend(*port, *it)))
        });
        let endpoints = self.endpoints.keys().copied().map(Key::Endpoint);
        let identities = self.identities.keys().copied().map(Key::Identity);
        let guards = (0..).zip(&self.guards).flat_map(|(number, guard)| {
            let said = (guard.entries.keys()).map(move |key| Key::Policy(number, *key));
            [Key::Default(number)].into_iter().chain(said)
        });
        (denied.chain(prefilters).chain(of_prefilters))
            .chain(endpoints)
            .chain(identities)
            .chain(guards)
    }

    /// Every entry of every policy map as a person reads it, in the order of
    /// [`MapImage::keys`]. Generations and numbers of prefilters, which differ
    /// from load to load, are left out: the port stands for them.
    pub fn entries(&self) -> Vec<String> {
        let settings = (self.pass_all).then(|| format!("{}: pass-all", map::SETTINGS));
        let described = self.keys().map(|key| self.describe(key));
        settings.into_iter().chain(described).collect()
    }

    /// An entry as a person reads it.
    ///
    /// # Panics
    /// If this image has no such entry.
    pub fn describe(&self, key: Key) -> String {
        let part = key.part();
        match key {
            Key::Denied(prefix) => {
                let RuleId(rule) = self.deny_list[&prefix];
                format!("{part} {prefix}: deny (rule {rule})")
            }
            Key::Prefilter(port) => {
                let prefilter = &self.prefilters[&port];
                let default = if prefilter.default_pass {
                    "pass"
                } else {
                    "drop"
                };
                let bypass = if prefilter.bypass_policy {
                    ", bypasses policy"
                } else {
                    ""
                };
                let RuleId(rule) = prefilter.default_rule;
                format!("{part} {port}: default {default}{bypass} (rule {rule})")
            }
            Key::Source(port, prefix) => {
                let verdict = self.prefilters[&port].sources[&prefix];
                format!("{part} {prefix}: {}", said(verdict))
            }
            Key::Backend(_, (workload, target)) => {
                format!("{part}: port {target} of workload {workload}")
            }
            Key::Endpoint(address) => {
                let EndpointImage {
                    number,
                    egress,
                    ingress,
                    proposed_egress,
                    proposed_ingress,
                } = self.endpoints[&address];
                let guard = |guard: Option<u32>| match guard {
                    Some(number) => format!("guard {number}"),
                    None => "no guard".to_owned(),
                };
                let mut text = format!(
                    "{part} {address}: workload {number}; sends by {}, receives by {}",
                    guard(egress),
                    guard(ingress)
                );
                if proposed_egress.or(proposed_ingress).is_some() {
                    let (egress, ingress) = (guard(proposed_egress), guard(proposed_ingress));
                    text += &format!("; proposed {egress}, {ingress}");
                }
                text
            }
            Key::Identity(prefix) => {
                let IdentityId(identity) = self.identities[&prefix];
                format!("{part} {prefix}: identity {identity}")
            }
            Key::Default(number) => match self.guards[number as usize].default_deny {
                Some(RuleId(rule)) => format!("{part}: default deny (rule {rule})"),
                None => format!("{part}: no default deny"),
            },
            Key::Policy(number, entry) => {
                let verdict = self.guards[number as usize].entries[&entry];
                let (whom, ports) = (whom(entry.identity), ports(entry.l4));
                format!("{part}, {whom}, {ports}: {}", said(verdict))
            }
        }
    }
}

impl Key {
    /// The map, and whose part of it, such as `PREFILTER_V4 30007/tcp`.
    pub fn part(self) -> String {
        match self {
            Key::Denied(prefix) => {
                let name = of_family(prefix, map::PREFILTER_V4, map::PREFILTER_V6);
                format!("{name} every port")
            }
            Key::Prefilter(_) => map::PREFILTERS.to_owned(),
            Key::Source(port, prefix) => {
                let name = of_family(prefix, map::PREFILTER_V4, map::PREFILTER_V6);
                format!("{name} {port}")
            }
            Key::Backend(port, _) => format!("{} {port}", map::BACKENDS),
            Key::Endpoint(_) => map::ENDPOINTS.to_owned(),
            Key::Identity(prefix) => {
                of_family(prefix, map::IDENTITIES_V4, map::IDENTITIES_V6).to_owned()
            }
            // It stands with the endpoints that it guards.
            Key::Default(number) => format!("{} guard {number}", map::ENDPOINTS),
            Key::Policy(number, _) => format!("{} guard {number}", map::POLICY),
        }
    }

    /// Whether both are in the same part of the same map.
    pub fn is_beside(self, other: Key) -> bool {
        match (self, other) {
            (Key::Denied(one), Key::Denied(other)) | (Key::Identity(one), Key::Identity(other)) => {
                one.family() == other.family()
            }
            (Key::Source(port, one), Key::Source(other_port, other)) => {
                port == other_port && one.family() == other.family()
            }
            (Key::Backend(one, _), Key::Backend(other, _)) => one == other,
            (Key::Default(one), Key::Default(other))
            | (Key::Policy(one, _), Key::Policy(other, _)) => one == other,
            _ => std::mem::discriminant(&self) == std::mem::discriminant(&other),
        }
    }
}

fn said(verdict: Verdict) -> String {
    match verdict {
        Verdict::Allow(RuleId(rule)) => format!("allow (rule {rule})"),
        Verdict::Deny(RuleId(rule)) => format!("deny (rule {rule})"),
        Verdict::NoMatch => "no match".to_owned(),
    }
}

fn whom(identity: Option<IdentityId>) -> String {
    match identity {
        None => "anybody".to_owned(),
        Some(IdentityId(Identity::WORLD_V4)) => "the IPv4 world".to_owned(),
        Some(IdentityId(Identity::WORLD_V6)) => "the IPv6 world".to_owned(),
        Some(IdentityId(number)) => format!("identity {number}"),
    }
}

/// Such as `80/tcp`, `8080-8083/tcp`, `*/udp`, `8/icmp` or `everything`.
fn ports(l4: L4Prefix) -> String {
    let L4Prefix::Ports {
        protocol,
        port,
        bits,
    } = l4
    else {
        return "everything".to_owned();
    };
    let known = Protocol::ALL.into_iter().find(|it| it.number() == protocol);
    let name = match (known, protocol) {
        (Some(known), _) => known.name().to_owned(),
        (None, 1) => "icmp".to_owned(),
        (None, 58) => "icmpv6".to_owned(),
        (None, number) => format!("protocol {number}"),
    };
    let last = u32::from(port) + (1 << (16 - bits)) - 1;
    match bits {
        0 => format!("*/{name}"),
        16 => format!("{port}/{name}"),
        _ => format!("{port}-{last}/{name}"),
    }
}

fn of_family(prefix: Prefix, v4: &'static str, v6: &'static str) -> &'static str {
    match prefix.family() {
        Family::V4 => v4,
        Family::V6 => v6,
    }
}

#[cfg(test)]
mod tests {
    use crate::image::{GuardImage, PrefilterImage};

    use super::*;

    #[test]
    fn every_entry_is_listed() {
        let prefix = |text: &str| text.parse::<Prefix>().expect(text);
        let port = |text: &str| text.parse::<ProtoPort>().expect(text);
        let entry = |identity: Option<u32>, l4| PolicyEntry {
            identity: identity.map(IdentityId),
            l4,
        };
        let l4 = |protocol, port, bits| L4Prefix::Ports {
            protocol,
            port,
            bits,
        };
        let prefilter = PrefilterImage {
            default_pass: true,
            bypass_policy: true,
            default_rule: RuleId(1),
            sources: [
                (prefix("10.0.0.0/8"), Verdict::Allow(RuleId(2))),
                (prefix("fd00::/8"), Verdict::Deny(RuleId(3))),
                (prefix("fd01::/16"), Verdict::NoMatch),
            ]
            .into(),
            backends: [(1, 50051)].into(),
        };
        let guard = GuardImage {
            default_deny: Some(RuleId(4)),
            allows: true,
            entries: [
                (entry(None, L4Prefix::All), Verdict::Allow(RuleId(5))),
                (entry(Some(9), l4(6, 0, 0)), Verdict::Deny(RuleId(6))),
                (entry(Some(256), l4(6, 80, 16)), Verdict::Allow(RuleId(6))),
                (entry(Some(256), l4(6, 8080, 14)), Verdict::Allow(RuleId(6))),
                (entry(Some(256), l4(58, 128, 16)), Verdict::Allow(RuleId(6))),
            ]
            .into(),
        };
        let image = MapImage {
            deny_list: [(prefix("192.0.2.0/24"), RuleId(7))].into(),
            prefilters: [(port("30007/tcp"), prefilter)].into(),
            endpoints: [(
                "10.0.0.1".parse().expect("an address"),
                EndpointImage {
                    number: 1,
                    egress: None,
                    ingress: Some(0),
                    proposed_egress: None,
                    proposed_ingress: Some(1),
                },
            )]
            .into(),
            guards: vec![guard, GuardImage::default()],
            identities: [(prefix("10.0.0.1/32"), IdentityId(256))].into(),
            ..MapImage::default()
        };
        assert_eq!(
            image.entries(),
            [
                "PREFILTER_V4 every port 192.0.2.0/24: deny (rule 7)",
                "PREFILTERS 30007/tcp: default pass, bypasses policy (rule 1)",
                "PREFILTER_V4 30007/tcp 10.0.0.0/8: allow (rule 2)",
                "PREFILTER_V6 30007/tcp fd00::/8: deny (rule 3)",
                "PREFILTER_V6 30007/tcp fd01::/16: no match",
                "BACKENDS 30007/tcp: port 50051 of workload 1",
                "ENDPOINTS 10.0.0.1: workload 1; sends by no guard, receives by guard 0; \
                 proposed no guard, guard 1",
                "IDENTITIES_V4 10.0.0.1/32: identity 256",
                "ENDPOINTS guard 0: default deny (rule 4)",
                "POLICY guard 0, anybody, everything: allow (rule 5)",
                "POLICY guard 0, the IPv4 world, */tcp: deny (rule 6)",
                "POLICY guard 0, identity 256, 80/tcp: allow (rule 6)",
                "POLICY guard 0, identity 256, 8080-8083/tcp: allow (rule 6)",
                "POLICY guard 0, identity 256, 128/icmpv6: allow (rule 6)",
                "ENDPOINTS guard 1: no default deny",
            ]
        );
        assert_eq!(MapImage::pass_all().entries(), ["SETTINGS: pass-all"]);
    }
}
