//! A map image as the entries of one generation.

use std::net::IpAddr;

use netverdict_abi::{
    BackendKey, EVERY_PORT, Endpoint, EndpointKey, Guard, Identity, Lpm4, Lpm6, PolicyKey,
    Prefilter, PrefilterKey, Verdicted, numbered,
};
use netverdict_policy::image::{GuardImage, L4Prefix, MapImage, PrefilterImage, Verdict};
use netverdict_policy::port::ProtoPort;
use netverdict_policy::prefix::Prefix;

use super::install::{Install, bit};

/// A trie's entry: the trie's prefix length, key and value.
pub(super) type TrieEntry<K, V> = (u32, K, V);

/// Everything that stands in the maps for one image under one generation, but for
/// [`netverdict_abi::Settings`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entries {
    pub(super) prefilters: Vec<(PrefilterKey, Prefilter)>,
    pub(super) prefilter_v4: Vec<TrieEntry<Lpm4, Verdicted>>,
    pub(super) prefilter_v6: Vec<TrieEntry<Lpm6, Verdicted>>,
    pub(super) backends: Vec<(BackendKey, u32)>,
    pub(super) endpoints: Vec<(EndpointKey, Endpoint)>,
    pub(super) identities_v4: Vec<TrieEntry<Lpm4, u32>>,
    pub(super) identities_v6: Vec<TrieEntry<Lpm6, u32>>,
    pub(super) policy: Vec<TrieEntry<PolicyKey, Verdicted>>,
}

impl Entries {
    pub(super) fn of(image: &MapImage, install: &Install, generation: u32) -> Entries {
        let mut entries = Entries::default();
        for (prefix, rule) in &image.deny_list {
            let set = numbered(generation, EVERY_PORT);
            entries.put_source(set, *prefix, Verdict::Deny(*rule));
        }
        for (index, (port, stage)) in (0..).zip(&image.prefilters) {
            entries.put_prefilter(generation, index, *port, stage);
        }
        for (address, endpoint) in &image.endpoints {
            let key = endpoint_key(*address, generation);
            let guard = |number: Option<u32>| guard(image, generation, number);
            let value = Endpoint {
                number: endpoint.number,
                link: install.link(endpoint.number),
                egress: guard(endpoint.egress),
                ingress: guard(endpoint.ingress),
                proposed_egress: guard(endpoint.proposed_egress),
                proposed_ingress: guard(endpoint.proposed_ingress),
            };
            entries.endpoints.push((key, value));
        }
        for (prefix, identity) in &image.identities {
            let (v4, v6) = (&mut entries.identities_v4, &mut entries.identities_v6);
            put(v4, v6, numbered(generation, 0), *prefix, identity.0);
        }
        for (index, guard) in (0..).zip(&image.guards) {
            entries.put_guard(numbered(generation, index), guard);
        }
        entries
    }

    fn put_prefilter(
        &mut self,
        generation: u32,
        index: u32,
        port: ProtoPort,
        stage: &PrefilterImage,
    ) {
        let id = numbered(generation, index);
        let (port_be, protocol) = (port.port.to_be(), port.protocol.number());
        self.prefilters.push((
            PrefilterKey {
                port_be,
                protocol,
                generation: narrow(generation),
            },
            Prefilter {
                id,
                flags: bit(stage.default_pass, Prefilter::DEFAULT_PASS)
                    | bit(stage.bypass_policy, Prefilter::BYPASSES_POLICY),
                default_rule: stage.default_rule.0,
            },
        ));
        for (prefix, verdict) in &stage.sources {
            self.put_source(id, *prefix, *verdict);
        }
        for (endpoint, port) in &stage.backends {
            let key = BackendKey {
                prefilter: id,
                endpoint: *endpoint,
                port_be: port.to_be(),
                protocol,
                zero: 0,
            };
            self.backends.push((key, 0));
        }
    }

    fn put_source(&mut self, set: u32, prefix: Prefix, verdict: Verdict) {
        let (v4, v6) = (&mut self.prefilter_v4, &mut self.prefilter_v6);
        put(v4, v6, set, prefix, verdicted(verdict, 0));
    }

    fn put_guard(&mut self, id: u32, guard: &GuardImage) {
        for (entry, verdict) in &guard.entries {
            let (protocol, port, l4_bits) = match entry.l4 {
                L4Prefix::All => (0, 0, 0),
                L4Prefix::Ports {
                    protocol,
                    port,
                    bits,
                } => (protocol, port, PROTOCOL_BITS + u16::from(bits)),
            };
            let key = PolicyKey {
                guard: id,
                identity: entry.identity.map_or(Identity::ANY, |identity| identity.0),
                protocol,
                port: port.to_be_bytes(),
                zero: 0,
            };
            let length = PolicyKey::FIXED_BITS + u32::from(l4_bits);
            self.policy
                .push((length, key, verdicted(*verdict, l4_bits)));
        }
    }
}

/// Bits of the protocol in a [`PolicyKey`].
const PROTOCOL_BITS: u16 = 8;

fn narrow(generation: u32) -> u8 {
    u8::try_from(generation).expect("a generation is 0 or 1")
}

fn endpoint_key(address: IpAddr, generation: u32) -> EndpointKey {
    let mut bytes = [0; 16];
    let family = match address {
        IpAddr::V4(address) => {
            bytes[..4].copy_from_slice(&address.octets());
            4
        }
        IpAddr::V6(address) => {
            bytes = address.octets();
            6
        }
    };
    EndpointKey {
        address: bytes,
        family,
        generation: narrow(generation),
        zero: [0; 2],
    }
}

fn guard(image: &MapImage, generation: u32, number: Option<u32>) -> Guard {
    let Some(number) = number else {
        return Guard::default();
    };
    let index = usize::try_from(number).expect("numbers of guards fit");
    let guard = (image.guards.get(index)).expect("an endpoint's guard is in its image");
    Guard {
        id: numbered(generation, number),
        flags: Guard::SELECTED
            | bit(guard.default_deny.is_some(), Guard::DEFAULT_DENY)
            | bit(guard.allows, Guard::ALLOWS),
        default_rule: guard.default_deny.map_or(0, |rule| rule.0),
    }
}

fn verdicted(verdict: Verdict, l4_bits: u16) -> Verdicted {
    let (action, rule) = match verdict {
        Verdict::Allow(rule) => (Verdicted::ALLOW, rule.0),
        Verdict::Deny(rule) => (Verdicted::DENY, rule.0),
        Verdict::NoMatch => (Verdicted::NO_MATCH, 0),
    };
    Verdicted {
        action,
        l4_bits,
        rule,
    }
}

/// The kernel's trie neither masks host bits nor compares without them: a
/// [`Prefix`] has none.
fn put<V>(
    v4: &mut Vec<TrieEntry<Lpm4, V>>,
    v6: &mut Vec<TrieEntry<Lpm6, V>>,
    set: u32,
    prefix: Prefix,
    value: V,
) {
    let length = u32::from(prefix.length());
    match prefix.first() {
        IpAddr::V4(address) => {
            let address = address.octets();
            v4.push((Lpm4::SET_BITS + length, Lpm4 { set, address }, value));
        }
        IpAddr::V6(address) => {
            let address = address.octets();
            v6.push((Lpm6::SET_BITS + length, Lpm6 { set, address }, value));
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
