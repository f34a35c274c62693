//! A map image as the entries of one generation.

use std::net::IpAddr;

use netverdict_abi::{Lpm4, Lpm6, Mode, PrefixRule, Service, ServiceKey, service_id};
use netverdict_policy::image::{MapImage, PolicyImage, PrefilterImage, SourceVerdict};
use netverdict_policy::port::ProtoPort;
use netverdict_policy::prefix::Prefix;

use super::Events;

/// A prefix trie's entry: the trie's prefix length, key and value.
pub(super) type TrieEntry<K> = (u32, K, PrefixRule);

/// Everything that stands in the maps for one image under one generation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entries {
    pub(super) mode: u32,
    pub(super) services: Vec<(ServiceKey, Service)>,
    pub(super) prefilter_v4: Vec<TrieEntry<Lpm4>>,
    pub(super) prefilter_v6: Vec<TrieEntry<Lpm6>>,
    pub(super) policy_v4: Vec<TrieEntry<Lpm4>>,
    pub(super) policy_v6: Vec<TrieEntry<Lpm6>>,
}

impl Entries {
    pub(super) fn of(image: &MapImage, events: Events, generation: u32) -> Entries {
        let mut entries = Entries {
            mode: mode(image.pass_all, events),
            ..Entries::default()
        };
        for (index, (port, service)) in image.services.iter().enumerate() {
            let index = u32::try_from(index).expect("there are fewer than 2^17 ports");
            let id = service_id(generation, index);
            entries.services.push((
                key(*port, generation),
                Service {
                    id,
                    flags: flags(service.prefilter.as_ref(), service.policy.as_ref()),
                    prefilter_rule: (service.prefilter.as_ref())
                        .map_or(0, |stage| stage.default_rule.0),
                    policy_rule: service
                        .policy
                        .as_ref()
                        .map_or(0, |stage| stage.default_rule.0),
                },
            ));
            for (prefix, rule) in service.prefilter.iter().flat_map(|stage| &stage.allow) {
                let value = PrefixRule {
                    action: PrefixRule::ALLOW,
                    rule: rule.0,
                };
                let (v4, v6) = (&mut entries.prefilter_v4, &mut entries.prefilter_v6);
                put(v4, v6, id, *prefix, value);
            }
            for (prefix, verdict) in service.policy.iter().flat_map(|stage| &stage.sources) {
                let (v4, v6) = (&mut entries.policy_v4, &mut entries.policy_v6);
                put(v4, v6, id, *prefix, value(*verdict));
            }
        }
        entries
    }
}

fn mode(pass_all: bool, events: Events) -> u32 {
    let reported = match events {
        Events::None => 0,
        Events::Drops => Mode::EVENT_ON_DROP,
        Events::All => Mode::EVENT_ON_DROP | Mode::EVENT_ON_PASS,
    };
    reported | if pass_all { Mode::PASS_ALL } else { 0 }
}

fn key(port: ProtoPort, generation: u32) -> ServiceKey {
    ServiceKey {
        port_be: port.port.to_be(),
        protocol: port.protocol.number(),
        generation: u8::try_from(generation).expect("a generation is 0 or 1"),
    }
}

fn flags(prefilter: Option<&PrefilterImage>, policy: Option<&PolicyImage>) -> u32 {
    let mut flags = 0;
    if let Some(stage) = prefilter {
        flags |= Service::HAS_PREFILTER;
        if stage.default_pass {
            flags |= Service::PREFILTER_DEFAULT_PASS;
        }
        if stage.bypass_policy {
            flags |= Service::PREFILTER_BYPASSES_POLICY;
        }
    }
    if policy.is_some() {
        flags |= Service::POLICY_SELECTED;
    }
    flags
}

fn value(verdict: SourceVerdict) -> PrefixRule {
    let (action, rule) = match verdict {
        SourceVerdict::Allow(rule) => (PrefixRule::ALLOW, rule.0),
        SourceVerdict::Deny(rule) => (PrefixRule::DENY, rule.0),
        SourceVerdict::NoMatch => (PrefixRule::NO_MATCH, 0),
    };
    PrefixRule { action, rule }
}

/// The kernel's trie neither masks host bits nor compares without them: a
/// [`Prefix`] has none.
fn put(
    v4: &mut Vec<TrieEntry<Lpm4>>,
    v6: &mut Vec<TrieEntry<Lpm6>>,
    service: u32,
    prefix: Prefix,
    value: PrefixRule,
) {
    let length = u32::from(prefix.length());
    match prefix.first() {
        IpAddr::V4(address) => {
            let address = address.octets();
            v4.push((
                Lpm4::SERVICE_BITS + length,
                Lpm4 { service, address },
                value,
            ));
        }
        IpAddr::V6(address) => {
            let address = address.octets();
            v6.push((
                Lpm6::SERVICE_BITS + length,
                Lpm6 { service, address },
                value,
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use netverdict_policy::image::{RuleId, ServiceImage};
    use netverdict_policy::port::Protocol;

    use super::*;

    fn prefix(text: &str) -> Prefix {
        text.parse().expect("a prefix")
    }

    fn image() -> MapImage {
        let prefilter = PrefilterImage {
            default_pass: true,
            bypass_policy: true,
            default_rule: RuleId(3),
            allow: BTreeMap::from([(prefix("10.0.0.0/8"), RuleId(4))]),
        };
        let policy = PolicyImage {
            default_rule: RuleId(5),
            sources: BTreeMap::from([
                (prefix("0.0.0.0/0"), SourceVerdict::Allow(RuleId(6))),
                (prefix("192.0.2.0/24"), SourceVerdict::NoMatch),
                (prefix("2001:db8::/32"), SourceVerdict::Deny(RuleId(7))),
            ]),
        };
        MapImage {
            services: BTreeMap::from([
                (
                    ProtoPort {
                        port: 30007,
                        protocol: Protocol::Tcp,
                    },
                    ServiceImage {
                        prefilter: Some(prefilter),
                        policy: None,
                    },
                ),
                (
                    ProtoPort {
                        port: 53,
                        protocol: Protocol::Udp,
                    },
                    ServiceImage {
                        prefilter: None,
                        policy: Some(policy),
                    },
                ),
            ]),
            ..MapImage::default()
        }
    }

    #[test]
    fn an_image_becomes_the_entries_of_its_generation() {
        let entries = Entries::of(&image(), Events::Drops, 1);
        assert_eq!(entries.mode, Mode::EVENT_ON_DROP);
        // Ports in ascending order: 53/udp is service 0, 30007/tcp service 1.
        let [(dns, dns_service), (grpc, grpc_service)] = entries.services[..] else {
            panic!("two services: {entries:?}");
        };
        assert_eq!(
            (dns.port_be, dns.protocol, dns.generation),
            (53u16.to_be(), 17, 1)
        );
        assert_eq!(dns_service.flags, Service::POLICY_SELECTED);
        assert_eq!(
            (dns_service.prefilter_rule, dns_service.policy_rule),
            (0, 5)
        );
        assert_eq!(grpc.port_be.to_ne_bytes(), [0x75, 0x37]);
        assert_eq!(grpc_service.id, 0x8000_0001);
        assert_eq!(
            grpc_service.flags,
            Service::HAS_PREFILTER
                | Service::PREFILTER_DEFAULT_PASS
                | Service::PREFILTER_BYPASSES_POLICY
        );
        assert_eq!(
            (grpc_service.prefilter_rule, grpc_service.policy_rule),
            (3, 0)
        );

        let allowed = PrefixRule {
            action: PrefixRule::ALLOW,
            rule: 4,
        };
        let ten = Lpm4 {
            service: 0x8000_0001,
            address: [10, 0, 0, 0],
        };
        assert_eq!(entries.prefilter_v4, [(40, ten, allowed)]);
        assert!(entries.prefilter_v6.is_empty());
        let [all, except] = entries.policy_v4[..] else {
            panic!("two IPv4 prefixes: {entries:?}");
        };
        assert_eq!(
            (all.0, all.1.service, all.2.action),
            (32, 0x8000_0000, PrefixRule::ALLOW)
        );
        assert_eq!((except.0, except.1.address), (56, [192, 0, 2, 0]));
        assert_eq!(
            except.2,
            PrefixRule {
                action: PrefixRule::NO_MATCH,
                rule: 0
            }
        );
        let [v6] = entries.policy_v6[..] else {
            panic!("one IPv6 prefix: {entries:?}");
        };
        assert_eq!((v6.0, v6.2.action, v6.2.rule), (64, PrefixRule::DENY, 7));
    }

    #[test]
    fn the_generation_is_in_every_key() {
        let (zero, one) = (
            Entries::of(&image(), Events::None, 0),
            Entries::of(&image(), Events::None, 1),
        );
        for (a, b) in zero.services.iter().zip(&one.services) {
            assert_ne!(a.0, b.0);
            assert_ne!(a.1.id, b.1.id);
        }
        for (a, b) in zero.policy_v4.iter().zip(&one.policy_v4) {
            assert_ne!(a.1, b.1);
        }
    }

    #[test]
    fn the_mode_says_what_to_report_and_whether_to_judge() {
        for (pass_all, events, mode_bits) in [
            (false, Events::None, 0),
            (true, Events::None, Mode::PASS_ALL),
            (
                false,
                Events::All,
                Mode::EVENT_ON_DROP | Mode::EVENT_ON_PASS,
            ),
            (true, Events::Drops, Mode::PASS_ALL | Mode::EVENT_ON_DROP),
        ] {
            assert_eq!(mode(pass_all, events), mode_bits);
        }
    }
}
