//! Addresses for workloads that are given none.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::prefix::Family;

/// The first address that is assigned, of ranges that clusters use for pods:
/// 10.244.0.0/16 and fd00:10:244::/64.
const FIRST_V4: Ipv4Addr = Ipv4Addr::new(10, 244, 0, 2);
/// The same of IPv6.
const FIRST_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x10, 0x244, 0, 0, 0, 0, 2);

/// Gives addresses away in order, leaving out those that are in use.
pub(super) struct Addresses<'t> {
    taken: &'t dyn Fn(IpAddr) -> bool,
    next_v4: u32,
    next_v6: u128,
}

impl<'t> Addresses<'t> {
    /// None given away yet, but those that are `taken` otherwise.
    pub(super) fn new(taken: &'t dyn Fn(IpAddr) -> bool) -> Addresses<'t> {
        Addresses {
            taken,
            next_v4: FIRST_V4.to_bits(),
            next_v6: FIRST_V6.to_bits(),
        }
    }

    /// `given`, and one more for each of the families that it lacks.
    pub(super) fn complete(
        &mut self,
        given: &[IpAddr],
        families: &BTreeSet<Family>,
    ) -> Vec<IpAddr> {
        (families.iter())
            .map(|family| {
                let own = given.iter().find(|own| Family::of(**own) == *family);
                own.copied().unwrap_or_else(|| self.next(*family))
            })
            .collect()
    }

    fn next(&mut self, family: Family) -> IpAddr {
        loop {
            let address = match family {
                Family::V4 => {
                    self.next_v4 += 1;
                    Ipv4Addr::from_bits(self.next_v4 - 1).into()
                }
                Family::V6 => {
                    self.next_v6 += 1;
                    Ipv6Addr::from_bits(self.next_v6 - 1).into()
                }
            };
            if !(self.taken)(address) {
                return address;
            }
        }
    }
}
