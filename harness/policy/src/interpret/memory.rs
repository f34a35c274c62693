//! The maps that the filter itself writes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use netverdict_abi::Hook;

use super::parse::{FragmentId, Packet};
use super::transport::{Inner, Ports, Transport};
use crate::image::RuleId;
use crate::port::{ProtoPort, Protocol};
use crate::scenario::Connections;

/// What a node remembers of the packets it has seen. Its maps have room for
/// everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// [`netverdict_abi::Mode::TRACK`].
    pub tracks: bool,
    flows: BTreeMap<Client, Bypass>,
    connections: BTreeSet<Connection>,
    fragments: BTreeMap<FragmentKey, Transport>,
}

/// Who was let bypass the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Client {
    address: IpAddr,
    port: u16,
    protocol: Protocol,
}

/// By whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bypass {
    /// The prefilter's port.
    pub(super) prefilter: ProtoPort,
    pub(super) rule: RuleId,
}

/// A connection, by its first packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Connection {
    /// The hook that passed it.
    hook: Hook,
    source: IpAddr,
    destination: IpAddr,
    ports: Ports,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct FragmentKey {
    hook: Hook,
    source: IpAddr,
    destination: IpAddr,
    id: FragmentId,
}

impl Memory {
    /// Nothing seen yet; flows that a prefilter let bypass the policy are
    /// remembered, and nothing else.
    pub fn untracked() -> Memory {
        Memory {
            tracks: false,
            flows: BTreeMap::new(),
            connections: BTreeSet::new(),
            fragments: BTreeMap::new(),
        }
    }

    /// Nothing seen yet; everything is remembered.
    pub fn tracking() -> Memory {
        Memory {
            tracks: true,
            ..Memory::untracked()
        }
    }

    /// Another image is in force from now on. What a prefilter of the one before
    /// let bypass the policy is not looked at any more.
    pub fn policy_replaced(&mut self, connections: Connections) {
        self.flows.clear();
        match connections {
            Connections::Keep => {}
            Connections::Forget => {
                self.connections.clear();
                self.fragments.clear();
            }
        }
    }

    /// Entries of that table of connections, first fragments or flows which has
    /// most.
    pub fn remembered(&self) -> usize {
        (self.connections.len())
            .max(self.fragments.len())
            .max(self.flows.len())
    }

    pub(super) fn remember_flow(&mut self, address: IpAddr, transport: Transport, by: Bypass) {
        if let Some(client) = client(address, transport) {
            self.flows.insert(client, by);
        }
    }

    pub(super) fn flow(&self, address: IpAddr, transport: Transport) -> Option<Bypass> {
        self.flows.get(&client(address, transport)?).copied()
    }

    pub(super) fn remember_first(
        &mut self,
        hook: Hook,
        packet: &Packet<'_>,
        id: FragmentId,
        transport: Transport,
    ) {
        if self.tracks {
            self.fragments.insert(fragment(hook, packet, id), transport);
        }
    }

    /// What the first fragment said.
    pub(super) fn first(
        &self,
        hook: Hook,
        packet: &Packet<'_>,
        id: FragmentId,
    ) -> Option<Transport> {
        let first = self.fragments.get(&fragment(hook, packet, id));
        first.copied().filter(|_| self.tracks)
    }

    pub(super) fn remember_connection(
        &mut self,
        hook: Hook,
        packet: &Packet<'_>,
        transport: Transport,
    ) {
        if let (true, Some(ports)) = (self.tracks, transport.begins()) {
            self.connections.insert(Connection {
                hook,
                source: packet.source,
                destination: packet.destination,
                ports,
            });
        }
    }

    /// Whether it is the reverse of a connection whose first packet passed the
    /// workload's other hook.
    pub(super) fn is_reply(&self, hook: Hook, packet: &Packet<'_>, transport: Transport) -> bool {
        let connection = transport.answers().map(|ports| Connection {
            hook: other(hook),
            source: packet.destination,
            destination: packet.source,
            ports,
        });
        connection.is_some_and(|connection| self.knows(connection))
    }

    /// Whether a quoted packet is one that the workload sent or received, and goes
    /// the way of a connection whose first packet passed the workload's other hook
    /// or is the reverse of one whose first packet passed this one.
    pub(super) fn is_related(&self, hook: Hook, packet: &Packet<'_>, inner: Inner) -> bool {
        let of_workload = match hook {
            Hook::Ingress => inner.source == packet.destination,
            Hook::Egress => {
                inner.source == packet.destination && inner.destination == packet.source
            }
            Hook::Uplink => false,
        };
        let forth = inner.transport.begins().map(|ports| Connection {
            hook: other(hook),
            source: inner.source,
            destination: inner.destination,
            ports,
        });
        let back = inner.transport.answers().map(|ports| Connection {
            hook,
            source: inner.destination,
            destination: inner.source,
            ports,
        });
        of_workload
            && [forth, back]
                .into_iter()
                .flatten()
                .any(|connection| self.knows(connection))
    }

    fn knows(&self, connection: Connection) -> bool {
        self.tracks && self.connections.contains(&connection)
    }
}

fn client(address: IpAddr, transport: Transport) -> Option<Client> {
    match transport {
        Transport::Ports {
            protocol, source, ..
        } => Some(Client {
            address,
            port: source,
            protocol,
        }),
        Transport::Icmp { .. } | Transport::Other { .. } => None,
    }
}

fn fragment(hook: Hook, packet: &Packet<'_>, id: FragmentId) -> FragmentKey {
    FragmentKey {
        hook,
        source: packet.source,
        destination: packet.destination,
        id,
    }
}

/// The workload's other hook.
fn other(hook: Hook) -> Hook {
    match hook {
        Hook::Egress => Hook::Ingress,
        Hook::Ingress => Hook::Egress,
        Hook::Uplink => Hook::Uplink,
    }
}
