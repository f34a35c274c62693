//! Changes to the calling thread's network namespace over rtnetlink.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::os::fd::RawFd;
use std::thread;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use rtnetlink::packet_route::address::{AddressAttribute, AddressFlags};
use rtnetlink::packet_route::link::{
    InfoData, InfoVeth, LinkAttribute, LinkMessage, LinkXdp, XdpAttached,
};
use rtnetlink::packet_route::neighbour::NeighbourState;
use rtnetlink::packet_route::route::{RouteScope, RouteType};
use rtnetlink::{
    Handle, LinkMessageBuilder, LinkUnspec, LinkVeth, RouteMessageBuilder, new_connection,
};
use tokio::runtime::Runtime;

use super::station::Route;
use super::wiring::{End, gateway, whole};
use crate::attachment::{Attachment, XdpMode};
use crate::error::LabError;

/// How long the kernel may take over something that it does by itself. It takes
/// microseconds.
const PATIENCE: Duration = Duration::from_secs(3);

/// A pair of ends, one here and one in the namespace behind a descriptor.
#[derive(Debug)]
pub(crate) struct Cable {
    pub(crate) here: End,
    pub(crate) there: End,
    pub(crate) there_namespace: RawFd,
    /// Of both ends, in bytes of IP packet.
    pub(crate) mtu: u32,
}

/// A connection that belongs to the namespace of the thread that opened it.
#[derive(Debug)]
pub(crate) struct Netlink {
    runtime: Runtime,
    handle: Handle,
}

impl Netlink {
    pub(super) fn connect() -> Result<Netlink, LabError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .map_err(LabError::system("start a netlink runtime"))?;
        let handle = runtime
            .block_on(async {
                let (connection, handle, _) = new_connection()?;
                tokio::spawn(connection);
                Ok(handle)
            })
            .map_err(LabError::system("open a netlink socket"))?;
        Ok(Netlink { runtime, handle })
    }

    /// To ask by.
    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    pub(super) fn ask<T>(
        &self,
        doing: impl FnOnce() -> String,
        request: impl Future<Output = Result<T, rtnetlink::Error>>,
    ) -> Result<T, LabError> {
        self.runtime
            .block_on(request)
            .map_err(|source| LabError::Netlink {
                doing: doing(),
                source: Box::new(source),
            })
    }

    /// Makes a veth pair, both ends down.
    ///
    /// One queue, so that frames cannot overtake each other. Neither ARP nor
    /// multicast: on such links the kernel neither resolves nor announces
    /// anything by itself.
    pub(crate) fn lay(&mut self, cable: &Cable) -> Result<(), LabError> {
        let Cable {
            here,
            there,
            there_namespace,
            mtu,
        } = cable;
        let peer = silent(LinkMessageBuilder::<LinkUnspec>::new(), there, *mtu)
            .setns_by_fd(*there_namespace)
            .build();
        let message = silent(LinkVeth::new(&here.name, &there.name), here, *mtu)
            .set_info_data(InfoData::Veth(InfoVeth::Peer(peer)))
            .build();
        self.ask(
            || format!("make the link {}-{}", here.name, there.name),
            self.handle.link().add(message).execute(),
        )
    }

    pub(crate) fn up(&mut self, index: u32) -> Result<(), LabError> {
        let message = LinkUnspec::new_with_index(index).up().build();
        self.ask(
            || format!("bring link {index} up"),
            self.handle.link().change(message).execute(),
        )
    }

    /// Gives a link an address of its own, with no network around it.
    pub(crate) fn address(&mut self, index: u32, address: IpAddr) -> Result<(), LabError> {
        let mut request = self.handle.address().add(index, address, whole(address));
        if address.is_ipv6() {
            (request.message_mut().attributes).push(AddressAttribute::Flags(AddressFlags::Nodad));
        }
        self.ask(|| format!("add address {address}"), request.execute())
    }

    /// Waits until packets to this address, which was given to a link, are taken
    /// in. For IPv6 the kernel sees to it in a queue of its own.
    pub(crate) fn await_local(&mut self, address: IpAddr) -> Result<(), LabError> {
        let deadline = Instant::now() + PATIENCE;
        while !self.is_local(address)? {
            if Instant::now() > deadline {
                let late = io::Error::from(io::ErrorKind::TimedOut);
                return Err(LabError::system(format!("use address {address}"))(late));
            }
            thread::yield_now();
        }
        Ok(())
    }

    fn is_local(&mut self, address: IpAddr) -> Result<bool, LabError> {
        let question = RouteMessageBuilder::<IpAddr>::new()
            .destination_prefix(address, whole(address))
            .expect("a whole address is a prefix")
            .build();
        let routes = self.handle.route().get(question).execute();
        let route = self.ask(|| format!("look up the route to {address}"), async {
            std::pin::pin!(routes).try_next().await
        })?;
        Ok(route.is_some_and(|route| route.header.kind == RouteType::Local))
    }

    /// Tells a link about the only neighbour it has.
    pub(crate) fn neighbour(
        &mut self,
        index: u32,
        family_of: IpAddr,
        mac: [u8; 6],
    ) -> Result<(), LabError> {
        let address = gateway(family_of);
        let request = self
            .handle
            .neighbours()
            .add(index, address)
            .link_layer_address(&mac)
            .state(NeighbourState::Permanent);
        self.ask(|| format!("add neighbour {address}"), request.execute())
    }

    /// Sends what is for a prefix over a link.
    pub(super) fn route(&mut self, route: Route) -> Result<(), LabError> {
        let Route {
            link,
            to,
            length,
            source,
        } = route;
        let mut builder = RouteMessageBuilder::<IpAddr>::new()
            .destination_prefix(to, length)
            .and_then(|route| route.gateway(gateway(to)))
            .expect("the gateway is of the family of the destination")
            .output_interface(link)
            .scope(RouteScope::Universe)
            .onlink();
        if let Some(source) = source {
            builder = (builder.pref_source(source))
                .expect("the source is of the family of the destination");
        }
        self.ask(
            || format!("route {to}/{length} over link {link}"),
            self.handle.route().add(builder.build()).execute(),
        )
    }

    /// The XDP programs of all links, by index, as the kernel says.
    pub(crate) fn attachments(&mut self) -> Result<BTreeMap<u32, Attachment>, LabError> {
        let links = self.handle.link().get().execute();
        let messages: Vec<LinkMessage> =
            self.ask(|| "look at all links".to_owned(), links.try_collect())?;
        Ok((messages.iter())
            .filter_map(|link| Some((link.header.index, attached(link)?)))
            .collect())
    }
}

fn silent<T>(builder: LinkMessageBuilder<T>, end: &End, mtu: u32) -> LinkMessageBuilder<T> {
    builder
        .name(end.name.clone())
        .index(end.index)
        .address(end.mac.to_vec())
        .mtu(mtu)
        .arp(false)
        .multicast(false)
        .append_extra_attribute(LinkAttribute::NumTxQueues(1))
        .append_extra_attribute(LinkAttribute::NumRxQueues(1))
}

fn attached(link: &LinkMessage) -> Option<Attachment> {
    let facts = link
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            LinkAttribute::Xdp(facts) => Some(facts),
            _ => None,
        })?;
    let mode = facts.iter().find_map(|fact| match fact {
        LinkXdp::Attached(XdpAttached::Driver) => Some(XdpMode::Native),
        LinkXdp::Attached(XdpAttached::SocketBuffer) => Some(XdpMode::Generic),
        _ => None,
    })?;
    let program_id = facts.iter().find_map(|fact| match fact {
        LinkXdp::ProgId(id) => Some(*id),
        _ => None,
    })?;
    Some(Attachment { mode, program_id })
}
