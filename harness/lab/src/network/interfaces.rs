//! The links of the namespace that the process is in, as they are.

use std::collections::BTreeMap;
use std::net::IpAddr;

use futures_util::TryStreamExt as _;
use rtnetlink::packet_route::address::{AddressAttribute, AddressMessage};
use rtnetlink::packet_route::link::{LinkAttribute, LinkFlags, LinkMessage, LinkXdp, XdpAttached};

use super::netlink::Netlink;
use crate::error::LabError;

/// A network interface, and what the kernel says about XDP on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// Its number in its namespace.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Whether it is the loopback device.
    pub is_loopback: bool,
    /// Whether it is up.
    pub is_up: bool,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// The XDP programs on it: one, or one in the driver beside one in the hardware.
    pub attached: Vec<(Place, u32)>,
}

/// Where in the receive path an XDP program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// On the card.
    Hardware,
    /// In the driver: native mode.
    Driver,
    /// In the network stack: generic mode.
    Stack,
}

/// Every interface of the calling thread's namespace, in the order of their numbers.
pub(crate) fn interfaces() -> Result<Vec<Interface>, LabError> {
    let netlink = Netlink::connect()?;
    let links: Vec<LinkMessage> = netlink.ask(
        || "look at all links".to_owned(),
        netlink.handle().link().get().execute().try_collect(),
    )?;
    let addresses: Vec<AddressMessage> = netlink.ask(
        || "look at all addresses".to_owned(),
        netlink.handle().address().get().execute().try_collect(),
    )?;
    let mut by_index: BTreeMap<u32, Interface> = (links.iter())
        .map(|link| (link.header.index, interface(link)))
        .collect();
    for message in &addresses {
        if let Some(interface) = by_index.get_mut(&message.header.index) {
            interface.addresses.extend(own_address(message));
        }
    }
    Ok(by_index.into_values().collect())
}

fn interface(link: &LinkMessage) -> Interface {
    let mut interface = Interface {
        index: link.header.index,
        is_loopback: link.header.flags.contains(LinkFlags::Loopback),
        is_up: link.header.flags.contains(LinkFlags::Up),
        ..Interface::default()
    };
    for attribute in &link.attributes {
        match attribute {
            LinkAttribute::IfName(name) => interface.name.clone_from(name),
            LinkAttribute::Xdp(facts) => interface.attached = attached(facts),
            _ => {}
        }
    }
    interface
}

/// `IFLA_XDP_PROG_ID` is there where one program is attached; each mode has an
/// attribute of its own as well, since Linux 4.20.
fn attached(facts: &[LinkXdp]) -> Vec<(Place, u32)> {
    let mut attached: Vec<(Place, u32)> = (facts.iter())
        .filter_map(|fact| match fact {
            LinkXdp::HwProgId(id) => Some((Place::Hardware, *id)),
            LinkXdp::DrvProgId(id) => Some((Place::Driver, *id)),
            LinkXdp::SkbProgId(id) => Some((Place::Stack, *id)),
            _ => None,
        })
        .collect();
    if attached.is_empty() {
        let place = facts.iter().find_map(|fact| match fact {
            LinkXdp::Attached(XdpAttached::Hardware) => Some(Place::Hardware),
            LinkXdp::Attached(XdpAttached::Driver) => Some(Place::Driver),
            LinkXdp::Attached(XdpAttached::SocketBuffer) => Some(Place::Stack),
            _ => None,
        });
        let id = facts.iter().find_map(|fact| match fact {
            LinkXdp::ProgId(id) => Some(*id),
            _ => None,
        });
        attached.extend(place.zip(id));
    }
    attached.sort_unstable();
    attached
}

/// Its own address: of a link between two points, `Address` is the other's.
fn own_address(message: &AddressMessage) -> Option<IpAddr> {
    let local = message
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            AddressAttribute::Local(address) => Some(*address),
            _ => None,
        });
    local.or_else(|| {
        message
            .attributes
            .iter()
            .find_map(|attribute| match attribute {
                AddressAttribute::Address(address) => Some(*address),
                _ => None,
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_told_apart() {
        for (facts, expected) in [
            (vec![LinkXdp::Attached(XdpAttached::None)], vec![]),
            (
                vec![
                    LinkXdp::Attached(XdpAttached::SocketBuffer),
                    LinkXdp::ProgId(7),
                    LinkXdp::SkbProgId(7),
                ],
                vec![(Place::Stack, 7)],
            ),
            // Before Linux 4.20.
            (
                vec![LinkXdp::Attached(XdpAttached::Driver), LinkXdp::ProgId(7)],
                vec![(Place::Driver, 7)],
            ),
            (
                vec![
                    LinkXdp::Attached(XdpAttached::Multiple),
                    LinkXdp::DrvProgId(8),
                    LinkXdp::HwProgId(7),
                ],
                vec![(Place::Hardware, 7), (Place::Driver, 8)],
            ),
        ] {
            assert_eq!(attached(&facts), expected, "{facts:?}");
        }
    }
}
