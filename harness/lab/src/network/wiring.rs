//! Who is connected to whom, and how packets find their way: numbers and names
//! only.
//!
//! Every link end knows one neighbour, the other end, under the same two
//! addresses on every link; so that routes need neither addresses of the links'
//! own nor address resolution, and hosts and workloads may have any address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netverdict_abi::Hook;
use netverdict_policy::journey::Point;

/// Address of the other end of any link, to route to (RFC 3927).
pub(crate) const GATEWAY_V4: Ipv4Addr = Ipv4Addr::new(169, 254, 0, 1);
/// The same of IPv6 (RFC 4291 §2.5.6).
pub(crate) const GATEWAY_V6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);

/// Index of the first link in every namespace: beyond those of the devices that
/// some kernels put into every namespace.
const FIRST_INDEX: u32 = 100;

/// Index of the first workload's end of its link. Each workload's is another one,
/// though it would do to be alone in its namespace: so an index says which hook
/// reported an event.
const FIRST_FAR_INDEX: u32 = 1 << 24;

/// Index of the uplink in the node's namespace.
pub(crate) const UPLINK_INDEX: u32 = FIRST_INDEX;

/// Index of the uplink in the router's namespace. The two ends of a link never
/// have the same: the kernel would take them for a device on its own and put
/// off acting on its carrier (`linkwatch_urgent_event`).
pub(crate) const UPLINK_FAR_INDEX: u32 = FIRST_INDEX - 1;

/// Workloads that have numbers of their own in MAC addresses and indexes.
const MOST_WORKLOADS: usize = 1 << 20;

/// The node's end of the uplink. Locally administered; its second byte is no
/// probe's.
pub const UPLINK_MAC: [u8; 6] = [0x02, 0x76, 0, 0, 0, 1];

/// One end of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) name: String,
    pub(crate) index: u32,
    pub(crate) mac: [u8; 6],
}

/// The uplink's ends: the node's and the router's.
pub(super) fn uplink() -> (End, End) {
    let end = |index, mac| End {
        name: "uplink".to_owned(),
        index,
        mac,
    };
    (
        end(UPLINK_INDEX, UPLINK_MAC),
        end(UPLINK_FAR_INDEX, [0x02, 0x76, 0, 0, 0, 2]),
    )
}

/// The ends of the link to a workload: the node's and its own.
pub(super) fn workload(number: usize) -> (End, End) {
    (workload_end(number), workload_far_end(number))
}

/// The node's end of the link to a workload.
pub(crate) fn workload_end(number: usize) -> End {
    branch("w", 1, number)
}

/// A workload's end of its link.
pub(crate) fn workload_far_end(number: usize) -> End {
    End {
        index: FIRST_FAR_INDEX + narrow(number),
        ..eth0(2, number)
    }
}

/// Where a workload's frames enter the node: the MAC address of the node's end of
/// its link. The same in every lab.
pub fn workload_gateway_mac(number: usize) -> [u8; 6] {
    workload_end(number).mac
}

/// Where frames enter a workload: the MAC address of its own end of its link. The
/// same in every lab.
pub fn workload_mac(number: usize) -> [u8; 6] {
    workload_far_end(number).mac
}

/// The hook that reports frames of this index of an interface.
///
/// ```
/// # use netverdict_abi::Hook;
/// # use netverdict_policy::journey::Point;
/// assert_eq!(netverdict_lab::point_of(Hook::Uplink, 100), Some(Point::Uplink));
/// assert_eq!(netverdict_lab::point_of(Hook::Ingress, 100), None);
/// ```
pub fn point_of(hook: Hook, ifindex: u32) -> Option<Point> {
    let number = |first: u32| {
        let number = usize::try_from(ifindex.checked_sub(first)?).ok()?;
        (number < MOST_WORKLOADS).then_some(number)
    };
    match hook {
        Hook::Uplink => (ifindex == UPLINK_INDEX).then_some(Point::Uplink),
        Hook::Egress => number(workload_end(0).index).map(Point::Egress),
        Hook::Ingress => number(FIRST_FAR_INDEX).map(Point::Ingress),
    }
}

/// The ends of the link to a host: the router's and its own.
pub(super) fn host(number: usize) -> (End, End) {
    (branch("h", 3, number), eth0(4, number))
}

/// Two ends for one namespace.
pub(crate) fn pair_for(name: &str) -> (End, End) {
    let end = |side: u8| End {
        name: format!("{name}{side}"),
        index: FIRST_INDEX + u32::from(side),
        mac: [0x02, 0x76, 5, 0, 0, side],
    };
    (end(0), end(1))
}

fn branch(letter: &str, kind: u8, number: usize) -> End {
    End {
        name: format!("{letter}{number}"),
        index: UPLINK_INDEX + 1 + narrow(number),
        mac: mac(kind, number),
    }
}

fn eth0(kind: u8, number: usize) -> End {
    End {
        name: "eth0".to_owned(),
        index: FIRST_INDEX,
        mac: mac(kind, number),
    }
}

fn mac(kind: u8, number: usize) -> [u8; 6] {
    let [_, a, b, c] = narrow(number).to_be_bytes();
    [0x02, 0x76, kind, a, b, c]
}

fn narrow(number: usize) -> u32 {
    (u32::try_from(number).ok())
        .filter(|_| number < MOST_WORKLOADS)
        .expect("a lab has fewer than 2^20 members")
}

/// The gateway of this address's family.
pub(super) fn gateway(family_of: IpAddr) -> IpAddr {
    match family_of {
        IpAddr::V4(_) => GATEWAY_V4.into(),
        IpAddr::V6(_) => GATEWAY_V6.into(),
    }
}

/// Bits of a whole address.
pub(super) fn whole(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_ends_share_an_address_and_no_namespace_has_an_index_twice() {
        let mut macs = BTreeSet::new();
        let (node, router) = uplink();
        let (mut in_node, mut in_router) = (vec![node.index], vec![router.index]);
        macs.extend([node.mac, router.mac]);
        for number in 0..300 {
            let (near, far) = workload(number);
            in_node.push(near.index);
            macs.extend([near.mac, far.mac]);
            assert_ne!(near.index, far.index);
            assert_eq!(
                point_of(Hook::Egress, near.index),
                Some(Point::Egress(number))
            );
            assert_eq!(
                point_of(Hook::Ingress, far.index),
                Some(Point::Ingress(number))
            );
            assert_eq!(point_of(Hook::Uplink, near.index), None);
            assert_eq!(point_of(Hook::Egress, far.index), None);
            let (near, far) = host(number);
            in_router.push(near.index);
            macs.extend([near.mac, far.mac]);
        }
        assert_eq!(macs.len(), 2 + 4 * 300);
        for indexes in [in_node, in_router] {
            assert_eq!(indexes.iter().collect::<BTreeSet<_>>().len(), indexes.len());
        }
    }

    #[test]
    fn every_mac_is_a_local_unicast_address_and_no_probes() {
        let probe = netverdict_policy::frame::probe_mac(netverdict_policy::frame::ProbeId(7));
        for end in [uplink().0, uplink().1, workload(1).1, host(2).0] {
            assert_eq!(end.mac[0] & 0b11, 0b10);
            assert_ne!(end.mac[..2], probe[..2]);
        }
    }
}
