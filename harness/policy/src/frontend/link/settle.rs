//! Who keeps which address of a status, where several have the same.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::super::network::{Network, usable};
use super::super::problems::Problems;
use super::cast::{Candidate, Wanted};
use crate::diagnostic::{Diagnostic, Location};
use crate::prefix::Family;

/// Addresses that have found their owner.
pub(super) struct Settled {
    /// Of each candidate, at most one of each family.
    pub(super) own: Vec<Vec<IpAddr>>,
    taken: BTreeSet<IpAddr>,
    /// Who could not keep an address.
    moved: Vec<Moved>,
}

/// A candidate whose address is another's.
struct Moved {
    candidate: usize,
    address: IpAddr,
    location: Location,
    holder: Holder,
}

/// Who keeps an address.
#[derive(Clone, Copy)]
enum Holder {
    /// A candidate, by number.
    Candidate(usize),
    /// A node, a host or a service.
    Other,
}

/// Gives each candidate the addresses of its status that are nobody else's.
/// Pods in the node's network come last, since it is they who share.
pub(super) fn settle(
    network: &Network,
    candidates: &[Candidate],
    reserved: BTreeSet<IpAddr>,
    problems: &mut Problems,
) -> Settled {
    let mut own: Vec<Vec<IpAddr>> = vec![Vec::new(); candidates.len()];
    let mut holders: BTreeMap<IpAddr, usize> = BTreeMap::new();
    let mut moved = Vec::new();
    let families = network.families();
    for with_hosts in [false, true] {
        for (number, candidate) in candidates.iter().enumerate() {
            if candidate.on_node || candidate.host_network != with_hosts {
                continue;
            }
            let given = match &candidate.addresses {
                Wanted::Own {
                    addresses,
                    known: _,
                } => {
                    own[number].clone_from(addresses);
                    continue;
                }
                Wanted::Status(given) => given,
            };
            for (address, location) in given {
                if !usable(*address) {
                    unusable(candidate, *address, location, problems);
                    continue;
                }
                let family = Family::of(*address);
                let has_one = own[number].iter().any(|own| Family::of(*own) == family);
                if has_one || !families.contains(&family) {
                    continue;
                }
                let holder = match holders.get(address) {
                    Some(holder) => Some(Holder::Candidate(*holder)),
                    None if network.claims.has(*address) || reserved.contains(address) => {
                        Some(Holder::Other)
                    }
                    None => None,
                };
                match holder {
                    Some(holder) => moved.push(Moved {
                        candidate: number,
                        address: *address,
                        location: location.clone(),
                        holder,
                    }),
                    None => {
                        holders.insert(*address, number);
                        own[number].push(*address);
                    }
                }
            }
        }
    }
    let taken = holders.into_keys().chain(reserved).collect();
    Settled { own, taken, moved }
}

fn unusable(candidate: &Candidate, address: IpAddr, location: &Location, problems: &mut Problems) {
    let Candidate { name, kind, .. } = candidate;
    problems.error(
        "address-unusable",
        location,
        format!("{address} cannot be the address of {name}[{kind}]"),
        "leave the status out, or give it a global unicast address",
    );
}

impl Settled {
    /// Whether somebody has the address, or may not have it.
    pub(super) fn has(&self, address: IpAddr) -> bool {
        self.taken.contains(&address)
    }

    /// Says which candidates have other addresses than their status says.
    /// `addresses` are those they have.
    pub(super) fn say_who_moved(
        &self,
        candidates: &[Candidate],
        addresses: &[Vec<IpAddr>],
        problems: &mut Problems,
    ) {
        for Moved {
            candidate: number,
            address,
            location,
            holder,
        } in &self.moved
        {
            let candidate = &candidates[*number];
            let Candidate { name, kind, .. } = candidate;
            let family = Family::of(*address);
            let mut now = addresses[*number].iter();
            let Some(now) = now.find(|now| Family::of(**now) == family) else {
                continue;
            };
            let whose = match holder {
                Holder::Candidate(number) => {
                    let Candidate { name, kind, .. } = &candidates[*number];
                    format!("{name}[{kind}] has")
                }
                Holder::Other => "a node, a host or a Service has".to_owned(),
            };
            let message = format!(
                "{name}[{kind}] gets the address {now} of its own in place of {address}, which \
                 {whose}"
            );
            let help = "policies see it by its labels, and CIDR rules by the address it was given";
            let found = Diagnostic::error("address-repeats", location, message, help);
            // Pods in the node's network share its address by nature.
            problems.push(match candidate.host_network {
                true => found.into_note(),
                false => found.into_warning(),
            });
        }
    }
}
