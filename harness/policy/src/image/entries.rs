//! A map image entry by entry, as a person reads it.

use netverdict_abi::{Identity, map};

use super::{EndpointImage, GuardImage, IdentityId, L4Prefix, MapImage, RuleId, Verdict};
use crate::port::Protocol;
use crate::prefix::{Family, Prefix};

impl MapImage {
    /// Every entry of every policy map, one a text, in a stable order.
    /// Generations and numbers of prefilters, which differ from load to load, are
    /// left out: the port stands for them.
    pub fn entries(&self) -> Vec<String> {
        let mut entries = Vec::new();
        if self.pass_all {
            entries.push(format!("{}: pass-all", map::SETTINGS));
        }
        for (prefix, RuleId(rule)) in &self.deny_list {
            let name = of_family(*prefix, map::PREFILTER_V4, map::PREFILTER_V6);
            entries.push(format!("{name} every port {prefix}: deny (rule {rule})"));
        }
        for (port, prefilter) in &self.prefilters {
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
            entries.push(format!(
                "{} {port}: default {default}{bypass} (rule {rule})",
                map::PREFILTERS
            ));
            for (prefix, verdict) in &prefilter.sources {
                let name = of_family(*prefix, map::PREFILTER_V4, map::PREFILTER_V6);
                entries.push(format!("{name} {port} {prefix}: {}", said(*verdict)));
            }
            for (workload, target) in &prefilter.backends {
                entries.push(format!(
                    "{} {port}: port {target} of workload {workload}",
                    map::BACKENDS
                ));
            }
        }
        for (address, endpoint) in &self.endpoints {
            let EndpointImage {
                number,
                egress,
                ingress,
            } = endpoint;
            let guard = |guard: &Option<u32>| match guard {
                Some(number) => format!("guard {number}"),
                None => "no guard".to_owned(),
            };
            entries.push(format!(
                "{} {address}: workload {number}; sends by {}, receives by {}",
                map::ENDPOINTS,
                guard(egress),
                guard(ingress)
            ));
        }
        for (prefix, IdentityId(identity)) in &self.identities {
            let name = of_family(*prefix, map::IDENTITIES_V4, map::IDENTITIES_V6);
            entries.push(format!("{name} {prefix}: identity {identity}"));
        }
        for (number, guard) in self.guards.iter().enumerate() {
            let GuardImage {
                default_deny,
                allows: _,
                entries: said_of,
            } = guard;
            let default = match default_deny {
                Some(RuleId(rule)) => format!("default deny (rule {rule})"),
                None => "no default deny".to_owned(),
            };
            entries.push(format!("{} guard {number}: {default}", map::ENDPOINTS));
            for (key, verdict) in said_of {
                entries.push(format!(
                    "{} guard {number}, {}, {}: {}",
                    map::POLICY,
                    whom(key.identity),
                    ports(key.l4),
                    said(*verdict)
                ));
            }
        }
        entries
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
    use crate::image::{PolicyEntry, PrefilterImage};
    use crate::port::ProtoPort;

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
                "ENDPOINTS 10.0.0.1: workload 1; sends by no guard, receives by guard 0",
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
