//! Address prefixes in canonical form.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4, 32 bits.
    V4,
    /// IPv6, 128 bits.
    V6,
}

impl Family {
    /// Both families, IPv4 first.
    pub const ALL: [Family; 2] = [Family::V4, Family::V6];

    /// Length of an address in bits.
    pub const fn bits(self) -> u8 {
        match self {
            Family::V4 => 32,
            Family::V6 => 128,
        }
    }

    /// The family of `address`.
    pub const fn of(address: IpAddr) -> Family {
        match address {
            IpAddr::V4(_) => Family::V4,
            IpAddr::V6(_) => Family::V6,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        })
    }
}

/// A set of addresses that share their first bits. Host bits are zero.
///
/// Ordered by family, then address, then length: a prefix sorts directly before
/// everything inside it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    address: IpAddr,
    length: u8,
}

/// Why a text or a pair is not a [`Prefix`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PrefixError {
    /// Neither an IPv4 nor an IPv6 address in front of the slash.
    #[error("'{0}' is not an IPv4 or IPv6 address")]
    Address(String),
    /// No `/length`.
    #[error("'{0}' has no prefix length")]
    NoLength(String),
    /// The length is no plain decimal number.
    #[error("'{0}' is not a prefix length")]
    Length(String),
    /// The length is beyond the family's.
    #[error("prefix length {length} is beyond {}, the longest of {family}", family.bits())]
    TooLong {
        /// The family of the address.
        family: Family,
        /// The length given.
        length: u32,
    },
    /// Bits behind the prefix length are set.
    #[error("{address}/{length} has host bits set: the prefix is {canonical}")]
    HostBits {
        /// The address given.
        address: IpAddr,
        /// The length given.
        length: u8,
        /// The prefix it lies in.
        canonical: Prefix,
    },
}

impl Prefix {
    /// The prefix `address/length`.
    ///
    /// # Errors
    /// [`PrefixError::TooLong`] and [`PrefixError::HostBits`].
    pub fn new(address: IpAddr, length: u8) -> Result<Prefix, PrefixError> {
        let family = Family::of(address);
        if length > family.bits() {
            return Err(PrefixError::TooLong {
                family,
                length: length.into(),
            });
        }
        let canonical = Prefix::containing(address, length);
        if canonical.address != address {
            return Err(PrefixError::HostBits {
                address,
                length,
                canonical,
            });
        }
        Ok(canonical)
    }

    /// The prefix of `length` bits that holds `address`. A length beyond the
    /// family's means the whole address.
    pub fn containing(address: IpAddr, length: u8) -> Prefix {
        let family = Family::of(address);
        let length = length.min(family.bits());
        let network = to_bits(address) & network_mask(family, length);
        Prefix {
            address: from_bits(family, network),
            length,
        }
    }

    /// The prefix that holds `address` alone.
    pub fn host(address: IpAddr) -> Prefix {
        Prefix {
            address,
            length: Family::of(address).bits(),
        }
    }

    /// Every address of the family.
    pub fn all(family: Family) -> Prefix {
        Prefix {
            address: from_bits(family, 0),
            length: 0,
        }
    }

    /// The network address: the first address.
    pub const fn first(self) -> IpAddr {
        self.address
    }

    /// The last address.
    pub fn last(self) -> IpAddr {
        let family = self.family();
        from_bits(
            family,
            to_bits(self.address) | host_mask(family, self.length),
        )
    }

    /// The address just before the first, unless that is the family's first.
    pub fn before(self) -> Option<IpAddr> {
        let before = to_bits(self.address).checked_sub(1)?;
        Some(from_bits(self.family(), before))
    }

    /// The address just after the last, unless that is the family's last.
    pub fn after(self) -> Option<IpAddr> {
        let family = self.family();
        let last = to_bits(self.last());
        (last < host_mask(family, 0)).then(|| from_bits(family, last + 1))
    }

    /// Length in bits.
    pub const fn length(self) -> u8 {
        self.length
    }

    /// The family.
    pub const fn family(self) -> Family {
        Family::of(self.address)
    }

    /// Whether `address` lies in the prefix. Families never mix: an
    /// IPv4-mapped IPv6 address is an IPv6 address.
    pub fn contains(self, address: IpAddr) -> bool {
        let family = self.family();
        family == Family::of(address)
            && (to_bits(address) ^ to_bits(self.address)) & network_mask(family, self.length) == 0
    }

    /// Whether every address of `other` lies in this prefix.
    pub fn covers(self, other: Prefix) -> bool {
        self.length <= other.length && self.contains(other.address)
    }
}

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let (address, length) = text
            .split_once('/')
            .ok_or_else(|| PrefixError::NoLength(text.to_owned()))?;
        let address: IpAddr = address
            .parse()
            .map_err(|_| PrefixError::Address(address.to_owned()))?;
        let plain = matches!(length.len(), 1..=3) && length.bytes().all(|b| b.is_ascii_digit());
        let length: u32 = (plain.then(|| length.parse().ok()).flatten())
            .ok_or_else(|| PrefixError::Length(length.to_owned()))?;
        let family = Family::of(address);
        match u8::try_from(length) {
            Ok(short) => Prefix::new(address, short),
            Err(_) => Err(PrefixError::TooLong { family, length }),
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The address as a number, IPv4 in the low 32 bits.
fn to_bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_bits().into(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn from_bits(family: Family, bits: u128) -> IpAddr {
    match family {
        Family::V4 => {
            let low = u32::try_from(bits).expect("an IPv4 address has 32 bits");
            Ipv4Addr::from_bits(low).into()
        }
        Family::V6 => Ipv6Addr::from_bits(bits).into(),
    }
}

fn host_mask(family: Family, length: u8) -> u128 {
    match family.bits() - length {
        0 => 0,
        host_bits => u128::MAX >> (128 - u32::from(host_bits)),
    }
}

fn network_mask(family: Family, length: u8) -> u128 {
    host_mask(family, 0) ^ host_mask(family, length)
}

#[cfg(test)]
mod tests;
