//! What a node remembers of the packets it has seen.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use netverdict_abi::Hook;

use super::content::{Content, Exchange};
use super::shape::Whole;
use crate::frame::{Fragment, IpPacket};
use crate::model::RuleRef;
use crate::port::Protocol;
use crate::scenario::Connections;

/// What a node remembers of the packets it has seen.
///
/// It is for one policy at a time: see [`Memory::policy_replaced`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Whether connections and first fragments are remembered at all
    /// ([`netverdict_abi::Mode::TRACK`]).
    pub tracks: bool,
    connections: BTreeSet<Connection>,
    /// What first fragments carried.
    fragments: BTreeMap<FragmentName, Content>,
    /// Flows that a prefilter let bypass the policy: client, port, protocol.
    flows: BTreeMap<(IpAddr, u16, Protocol), Bypass>,
}

/// A connection, by its first packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Connection {
    /// Which hook passed that packet.
    hook: Hook,
    source: IpAddr,
    destination: IpAddr,
    exchange: Exchange,
}

/// What fragments of one packet have in common at one hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct FragmentName {
    hook: Hook,
    source: IpAddr,
    destination: IpAddr,
    /// `None` is the probe's own, which no other frame has.
    identification: Option<u32>,
    /// The header's protocol; of IPv6, which has none to compare (RFC 8200 §4.5),
    /// always 0.
    protocol: u8,
}

/// Who let a flow bypass the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bypass {
    /// Index into [`crate::model::Policy::prefilters`].
    pub(super) prefilter: usize,
    /// Every rule of the prefilter that let it.
    pub(super) rules: Vec<RuleRef>,
}

impl Memory {
    /// Nothing seen yet; it remembers what a prefilter let bypass the policy, and
    /// nothing else.
    pub fn untracked() -> Memory {
        Memory {
            tracks: false,
            connections: BTreeSet::new(),
            fragments: BTreeMap::new(),
            flows: BTreeMap::new(),
        }
    }

    /// Nothing seen yet; it remembers everything.
    pub fn tracking() -> Memory {
        Memory {
            tracks: true,
            ..Memory::untracked()
        }
    }

    /// From now on another policy is in force, or the same anew: what its prefilters
    /// let bypass until now is forgotten in any case, connections and first fragments
    /// as asked.
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

    pub(super) fn remember_connection(
        &mut self,
        hook: Hook,
        source: IpAddr,
        destination: IpAddr,
        content: Content,
    ) {
        let Some(exchange) = content.exchange() else {
            return;
        };
        let connection = Connection {
            hook,
            source,
            destination,
            exchange,
        };
        if self.tracks {
            self.connections.insert(connection);
        }
    }

    /// Whether the hook passed the first packet of this connection.
    pub(super) fn knows_connection(
        &self,
        hook: Hook,
        source: IpAddr,
        destination: IpAddr,
        exchange: Exchange,
    ) -> bool {
        self.tracks
            && self.connections.contains(&Connection {
                hook,
                source,
                destination,
                exchange,
            })
    }

    pub(super) fn remember_fragment(&mut self, hook: Hook, packet: &Whole<'_>, content: Content) {
        // A probe's own identification names this frame alone: no later fragment
        // can have it.
        if let Some(name) = FragmentName::of(hook, packet)
            && self.tracks
            && name.identification.is_some()
        {
            self.fragments.insert(name, content);
        }
    }

    /// What the first fragment carried that this one belongs to.
    pub(super) fn first_fragment(&self, hook: Hook, packet: &Whole<'_>) -> Option<Content> {
        let name = FragmentName::of(hook, packet)?;
        Some(self.fragments.get(&name)?.of_later_fragment())
    }

    pub(super) fn remember_flow(
        &mut self,
        client: IpAddr,
        port: u16,
        protocol: Protocol,
        bypass: Bypass,
    ) {
        self.flows.insert((client, port, protocol), bypass);
    }

    pub(super) fn flow(&self, client: IpAddr, port: u16, protocol: Protocol) -> Option<&Bypass> {
        self.flows.get(&(client, port, protocol))
    }
}

impl FragmentName {
    fn of(hook: Hook, whole: &Whole<'_>) -> Option<FragmentName> {
        let packet: &IpPacket = whole.packet;
        let Fragment { identification, .. } = packet.fragment?;
        let (identification, protocol) = match packet.source {
            // RFC 791 §3.1: 16 bits.
            IpAddr::V4(_) => (
                identification.map(|number| number & 0xffff),
                whole.protocol_v4(),
            ),
            IpAddr::V6(_) => (identification, 0),
        };
        Some(FragmentName {
            hook,
            source: packet.source,
            destination: whole.destination(),
            identification,
            protocol,
        })
    }
}
