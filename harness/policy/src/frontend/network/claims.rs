//! Who has which address.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::super::problems::Problems;
use crate::diagnostic::{Diagnostic, Location};

/// Who has which address.
#[derive(Clone, Debug, Default)]
pub(in crate::frontend) struct Claims {
    owners: BTreeMap<IpAddr, (String, Location)>,
    /// Addresses that no line of a file gives away.
    unclaimed: BTreeSet<IpAddr>,
}

impl Claims {
    /// Whether `owner` may have the address: usable for a machine, and nobody
    /// else's.
    pub(in crate::frontend) fn claim(
        &mut self,
        owner: &str,
        address: IpAddr,
        location: &Location,
        problems: &mut Problems,
    ) -> bool {
        if !usable(address) {
            problems.error(
                "address-unusable",
                location,
                format!("{address} cannot be the address of {owner}"),
                "give it a global unicast address; to send from this one all the same, write it in \
                 a probe's 'from'",
            );
            return false;
        }
        if let Some((other, place)) = self.owners.get(&address) {
            problems.push(
                Diagnostic::error(
                    "address-clash",
                    location,
                    format!("{address} already belongs to {other}"),
                    "give each machine addresses of its own",
                )
                .with_label(place, format!("{other} has it")),
            );
            return false;
        }
        self.owners
            .insert(address, (owner.to_owned(), location.clone()));
        true
    }

    /// Takes addresses that nobody claims by a line of a file.
    pub(in crate::frontend) fn reserve(&mut self, addresses: &[IpAddr]) {
        self.unclaimed.extend(addresses);
    }

    /// Whether the scenario itself speaks of the address.
    pub(in crate::frontend) fn has(&self, address: IpAddr) -> bool {
        self.owners.contains_key(&address) || self.unclaimed.contains(&address)
    }
}

/// Whether an interface can have the address, and be reached at it from beyond
/// its link: RFC 1122 §3.2.1.3, RFC 4291 §2.
pub(in crate::frontend) fn usable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, ..] = v4.octets();
            !matches!(first, 0 | 127 | 224..=255)
        }
        IpAddr::V6(v6) => {
            !v6.is_unspecified()
                && !v6.is_loopback()
                && !v6.is_multicast()
                && !v6.is_unicast_link_local()
        }
    }
}
