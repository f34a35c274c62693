//! Addresses and prefixes of keys.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netverdict_abi::{EndpointKey, Identity, Lpm4, Lpm6, map};
use netverdict_policy::image::IdentityId;
use netverdict_policy::prefix::Prefix;

use super::{Findings, generation_of, index_of};
use crate::filter::entries::Entries;
use crate::filter::read_back::Oddity;

/// A trie's key of either family.
pub(super) struct Key {
    /// Its set.
    pub(super) set: u32,
    /// Bits of the address that count; `None` where not all of the set's do.
    length: Option<u32>,
    address: IpAddr,
}

impl Key {
    pub(super) fn v4(length: u32, Lpm4 { set, address }: Lpm4) -> Key {
        Key {
            set,
            length: length.checked_sub(Lpm4::SET_BITS),
            address: address.into(),
        }
    }

    pub(super) fn v6(length: u32, Lpm6 { set, address }: Lpm6) -> Key {
        Key {
            set,
            length: length.checked_sub(Lpm6::SET_BITS),
            address: address.into(),
        }
    }

    /// The prefix, and what is odd about it; no prefix if it cannot be told.
    pub(super) fn prefix(&self) -> (Option<Prefix>, Option<Oddity>) {
        let length = (self.length).and_then(|length| u8::try_from(length).ok());
        let Some(length) = length else {
            return (None, Some(Oddity::PrefixLength));
        };
        match Prefix::new(self.address, length) {
            Ok(prefix) => (Some(prefix), None),
            // The kernel compares no bits behind the length.
            Err(_) => {
                let prefix = Prefix::containing(self.address, length);
                (Some(prefix), Some(Oddity::LooseBits))
            }
        }
    }

    /// For reading.
    pub(super) fn describe(&self) -> String {
        let (set, address) = (self.set, self.address);
        match self.length {
            Some(length) => format!("set {set:#x} {address}/{length}"),
            None => format!("set {set:#x}, cut short, {address}"),
        }
    }
}

/// The address of a key, and what is odd about it.
pub(super) fn endpoint_address(key: &EndpointKey) -> (Option<IpAddr>, Option<Oddity>) {
    let [a, b, c, d, rest @ ..] = key.address;
    let (address, loose) = match key.family {
        4 => (IpAddr::V4(Ipv4Addr::new(a, b, c, d)), rest != [0; 12]),
        6 => (IpAddr::V6(Ipv6Addr::from(key.address)), false),
        _ => return (None, Some(Oddity::Family)),
    };
    match loose || key.zero != [0; 2] {
        // No look-up has such a key.
        true => (None, Some(Oddity::LooseBits)),
        false => (Some(address), None),
    }
}

/// Who addresses are.
pub(super) fn identities(
    entries: &Entries,
    findings: &mut Findings,
) -> BTreeMap<Prefix, IdentityId> {
    let v4 = (entries.identities_v4.iter())
        .map(|(length, key, identity)| (map::IDENTITIES_V4, Key::v4(*length, *key), *identity));
    let v6 = (entries.identities_v6.iter())
        .map(|(length, key, identity)| (map::IDENTITIES_V6, Key::v6(*length, *key), *identity));
    let mut identities = BTreeMap::new();
    for (name, key, identity) in v4.chain(v6) {
        if !findings.is_ours(generation_of(key.set)) {
            continue;
        }
        let (prefix, odd) = key.prefix();
        let unreachable = (index_of(key.set) != 0).then_some(Oddity::Unreachable);
        let nobody = (identity == Identity::ANY).then_some(Oddity::Identity);
        for oddity in [odd, unreachable, nobody].into_iter().flatten() {
            let entry = format!("{}: identity {identity}", key.describe());
            findings.stray(name, entry, oddity);
        }
        if let (Some(prefix), None) = (prefix, unreachable) {
            identities.insert(prefix, IdentityId(identity));
        }
    }
    identities
}
