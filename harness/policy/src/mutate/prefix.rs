//! Prefixes as people get them wrong.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Operator;
use crate::model::Cidr;
use crate::prefix::{Family, Prefix};

/// What becomes of a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PrefixChange {
    Shorter,
    Longer,
    Zero,
    /// The first bit is wrong: a network far away.
    FirstBit,
    /// The last bit is wrong: the network next to it.
    LastBit,
    OtherFamily,
}

impl PrefixChange {
    pub(super) const ALL: [PrefixChange; 6] = [
        PrefixChange::Shorter,
        PrefixChange::Longer,
        PrefixChange::Zero,
        PrefixChange::FirstBit,
        PrefixChange::LastBit,
        PrefixChange::OtherFamily,
    ];

    pub(super) fn operator(self) -> Operator {
        match self {
            PrefixChange::Shorter => Operator::PrefixShorter,
            PrefixChange::Longer => Operator::PrefixLonger,
            PrefixChange::Zero => Operator::PrefixZero,
            PrefixChange::FirstBit | PrefixChange::LastBit => Operator::AddressBit,
            PrefixChange::OtherFamily => Operator::FamilySwapped,
        }
    }

    /// The prefix as it becomes; `None` where that is none, or what another change
    /// makes of it as well.
    pub(super) fn of(self, prefix: Prefix) -> Option<Prefix> {
        let (first, length) = (prefix.first(), prefix.length());
        match self {
            // One bit from /0 is /0, which is a change of its own.
            PrefixChange::Shorter => (length > 1).then(|| Prefix::containing(first, length - 1)),
            PrefixChange::Longer => {
                (length < prefix.family().bits()).then(|| Prefix::containing(first, length + 1))
            }
            PrefixChange::Zero => (length > 0).then(|| Prefix::all(prefix.family())),
            PrefixChange::FirstBit => (length > 1).then(|| turned(prefix, 0)),
            PrefixChange::LastBit => (length > 0).then(|| turned(prefix, length - 1)),
            PrefixChange::OtherFamily => Some(in_other_family(prefix)),
        }
    }

    /// The prefix as it becomes, with those of its exceptions that still lie in it.
    pub(super) fn of_cidr(self, cidr: &Cidr) -> Option<Cidr> {
        let prefix = self.of(cidr.prefix)?;
        let except = cidr.except.iter().filter_map(|hole| match self {
            PrefixChange::Shorter | PrefixChange::Longer | PrefixChange::Zero => Some(*hole),
            // They go where their prefix goes: it is the network that was mistaken.
            PrefixChange::FirstBit => Some(turned(*hole, 0)),
            PrefixChange::LastBit => Some(turned(*hole, cidr.prefix.length() - 1)),
            PrefixChange::OtherFamily => self.of(*hole),
        });
        let except = except.filter(|hole| prefix.covers(*hole)).collect();
        Some(Cidr { prefix, except })
    }
}

/// The prefix with a bit turned, counted from the first; the bit lies in it.
fn turned(prefix: Prefix, bit: u8) -> Prefix {
    let first = match prefix.first() {
        IpAddr::V4(first) => IpAddr::V4(Ipv4Addr::from_bits(first.to_bits() ^ (1 << (31 - bit)))),
        IpAddr::V6(first) => IpAddr::V6(Ipv6Addr::from_bits(first.to_bits() ^ (1 << (127 - bit)))),
    };
    Prefix::containing(first, prefix.length())
}

/// The prefix of the other family with the same leading bits, as far as they go:
/// what remains of it where its family was mistaken. Every address of one family
/// becomes every address of the other.
fn in_other_family(prefix: Prefix) -> Prefix {
    let first = match prefix.first() {
        IpAddr::V4(first) => IpAddr::V6(Ipv6Addr::from_bits(u128::from(first.to_bits()) << 96)),
        IpAddr::V6(first) => {
            let [a, b, c, d, ..] = first.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
    };
    let length = prefix.length().min(Family::of(first).bits());
    Prefix::containing(first, length)
}
