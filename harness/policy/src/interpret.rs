//! The filter's meaning in user space: a second opinion on what a map image does
//! to the bytes of a frame, without privileges.

mod memory;
mod parse;
mod transport;

use std::collections::BTreeMap;
use std::net::IpAddr;

use netverdict_abi::{Identity, Reason};

use crate::image::{
    EndpointImage, GuardImage, IdentityId, Key, L4Prefix, MapImage, PolicyEntry, PrefilterImage,
    RuleId, Verdict,
};
use crate::journey::Point;
use crate::port::ProtoPort;
use crate::prefix::{Family, Prefix};
use memory::Bypass;
pub use memory::Memory;
use parse::{Content, Packet};
use transport::{Inner, Transport};

/// What the filter does with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Why; it implies the verdict.
    pub reason: Reason,
    /// The rule that decided.
    pub rule: RuleId,
    /// What the proposed policy says, where it was asked.
    pub proposed: Option<Proposal>,
}

/// What the proposed policy says of a frame: it decides nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Why; it implies the verdict.
    pub reason: Reason,
    /// The rule that would decide.
    pub rule: RuleId,
}

/// Judges the bytes of a frame at a hook by `image`, in the order that [`Reason`]
/// lays down.
pub fn judge(image: &MapImage, point: Point, frame: &[u8], memory: &mut Memory) -> Judgement {
    judge_noting(image, point, frame, memory, &mut |_| {})
}

/// The same; `note` is told every entry that a look-up finds, in the order of the
/// look-ups.
pub fn judge_noting(
    image: &MapImage,
    point: Point,
    frame: &[u8],
    memory: &mut Memory,
    note: &mut impl FnMut(Key),
) -> Judgement {
    if image.pass_all {
        return by_no_rule(Reason::PassAll);
    }
    let packet = match parse::packet(frame) {
        Ok(packet) => packet,
        Err(reason) => return by_no_rule(reason),
    };
    if point == Point::Uplink
        && let Some((prefix, rule)) = longest_match(&image.deny_list, packet.source)
    {
        note(Key::Denied(prefix));
        return by(Reason::PrefilterDeny, *rule);
    }
    let (transport, about) = match transport(&packet, point, memory) {
        Ok(carried) => carried,
        Err(reason) => return by_no_rule(reason),
    };
    match point {
        Point::Uplink => at_uplink(image, &packet, transport, memory, note),
        Point::Egress(_) | Point::Ingress(_) => {
            let judge = AtWorkload {
                image,
                point,
                packet: &packet,
                transport,
                about,
            };
            judge.judge(memory, note)
        }
    }
}

/// Steps 5 and 6: what the packet carries, and what it is about.
fn transport(
    packet: &Packet<'_>,
    point: Point,
    memory: &mut Memory,
) -> Result<(Transport, Option<Inner>), Reason> {
    let hook = point.hook();
    match packet.content()? {
        Content::LaterFragment(id) => {
            let first = memory.first(hook, packet, id);
            first
                .map(|transport| (transport, None))
                .ok_or(Reason::UntrackedFragment)
        }
        Content::Header {
            transport,
            about,
            first_of,
        } => {
            if let Some(id) = first_of {
                memory.remember_first(hook, packet, id, transport);
            }
            Ok((transport, about))
        }
    }
}

/// Step 7.
fn at_uplink(
    image: &MapImage,
    packet: &Packet<'_>,
    transport: Transport,
    memory: &mut Memory,
    note: &mut impl FnMut(Key),
) -> Judgement {
    let Transport::Ports {
        protocol,
        source: _,
        destination: port,
    } = transport
    else {
        return by_no_rule(Reason::OtherProtocol);
    };
    let port = ProtoPort { port, protocol };
    let Some(prefilter) = image.prefilters.get(&port) else {
        return by_no_rule(Reason::NoPrefilter);
    };
    note(Key::Prefilter(port));
    let judgement = by_prefilter(prefilter, packet.source, |prefix| {
        note(Key::Source(port, prefix));
    });
    if let Reason::PrefilterAllowBypass | Reason::PrefilterDefaultBypass = judgement.reason {
        let bypass = Bypass {
            prefilter: port,
            rule: judgement.rule,
        };
        memory.remember_flow(packet.source, transport, bypass);
    }
    judgement
}

fn by_prefilter(
    prefilter: &PrefilterImage,
    source: IpAddr,
    mut note: impl FnMut(Prefix),
) -> Judgement {
    let found = longest_match(&prefilter.sources, source);
    if let Some((prefix, _)) = found {
        note(prefix);
    }
    match found.map(|(_, verdict)| verdict) {
        Some(Verdict::Deny(rule)) => by(Reason::PrefilterDeny, *rule),
        Some(Verdict::Allow(rule)) if prefilter.bypass_policy => {
            by(Reason::PrefilterAllowBypass, *rule)
        }
        Some(Verdict::Allow(rule)) => by(Reason::PrefilterAllow, *rule),
        Some(Verdict::NoMatch) | None => {
            let reason = match (prefilter.default_pass, prefilter.bypass_policy) {
                (false, _) => Reason::PrefilterDefaultDrop,
                (true, false) => Reason::PrefilterDefaultPass,
                (true, true) => Reason::PrefilterDefaultBypass,
            };
            by(reason, prefilter.default_rule)
        }
    }
}

/// Numbers of what guards a workload in one direction.
#[derive(Clone, Copy)]
struct Guards {
    enforced: Option<u32>,
    proposed: Option<u32>,
}

/// A packet at a workload's hook.
struct AtWorkload<'a> {
    image: &'a MapImage,
    point: Point,
    packet: &'a Packet<'a>,
    transport: Transport,
    about: Option<Inner>,
}

impl AtWorkload<'_> {
    /// Steps 8 to 13.
    fn judge(&self, memory: &mut Memory, note: &mut impl FnMut(Key)) -> Judgement {
        if self.transport.is_discovery() && self.packet.hops == 255 {
            return by_no_rule(Reason::NeighbourDiscovery);
        }
        let (endpoint, peer, guards) = match self.place(note) {
            Ok(place) => place,
            Err(reason) => return by_no_rule(reason),
        };
        let hook = self.point.hook();
        let judgement = match self.bypass(endpoint, memory, note) {
            Some(rule) => by(Reason::Bypassed, rule),
            None if memory.is_reply(hook, self.packet, self.transport) => {
                return by_no_rule(Reason::Reply);
            }
            None if self.is_related(memory) => return by_no_rule(Reason::Related),
            None => {
                let mut judgement = match guards.enforced {
                    None => by_no_rule(Reason::PolicyNotSelected),
                    Some(number) => self.by_guard(number, peer, note),
                };
                judgement.proposed = guards.proposed.map(|number| {
                    let Judgement { reason, rule, .. } = self.by_guard(number, peer, note);
                    Proposal { reason, rule }
                });
                judgement
            }
        };
        if let Reason::Bypassed | Reason::PolicyAllow | Reason::PolicyNotSelected = judgement.reason
        {
            memory.remember_connection(hook, self.packet, self.transport);
        }
        judgement
    }

    /// What the guard of this number says; nothing, if there is none.
    fn by_guard(&self, number: u32, peer: IpAddr, note: &mut impl FnMut(Key)) -> Judgement {
        let Some(guard) = self.image.guards.get(number as usize) else {
            return by_no_rule(Reason::PolicyNotSelected);
        };
        let identity = identity(self.image, peer, note);
        by_policy(guard, identity, self.transport, |said| {
            note(match said {
                Some(entry) => Key::Policy(number, entry),
                None => Key::Default(number),
            });
        })
    }

    /// The workload, who is on the other side, and the numbers of the guards.
    fn place(
        &self,
        note: &mut impl FnMut(Key),
    ) -> Result<(&EndpointImage, IpAddr, Guards), Reason> {
        let Packet {
            source,
            destination,
            ..
        } = *self.packet;
        match self.point {
            Point::Egress(link) => {
                let endpoint = (self.image.endpoints.get(&source))
                    .filter(|endpoint| endpoint.number as usize == link)
                    .ok_or(Reason::ForeignSource)?;
                note(Key::Endpoint(source));
                let guards = Guards {
                    enforced: endpoint.egress,
                    proposed: endpoint.proposed_egress,
                };
                Ok((endpoint, destination, guards))
            }
            Point::Ingress(_) | Point::Uplink => {
                let endpoint = self.image.endpoints.get(&destination);
                let endpoint = endpoint.ok_or(Reason::ForeignDestination)?;
                note(Key::Endpoint(destination));
                let guards = Guards {
                    enforced: endpoint.ingress,
                    proposed: endpoint.proposed_ingress,
                };
                Ok((endpoint, source, guards))
            }
        }
    }

    /// The rule under which a prefilter let the flow bypass the policy.
    fn bypass(
        &self,
        endpoint: &EndpointImage,
        memory: &Memory,
        note: &mut impl FnMut(Key),
    ) -> Option<RuleId> {
        let Point::Ingress(_) = self.point else {
            return None;
        };
        let bypass = memory.flow(self.packet.source, self.transport)?;
        let prefilter = self.image.prefilters.get(&bypass.prefilter)?;
        let backend = (endpoint.number, self.transport.policy_port());
        if !prefilter.backends.contains(&backend) {
            return None;
        }
        note(Key::Backend(bypass.prefilter, backend));
        Some(bypass.rule)
    }

    fn is_related(&self, memory: &Memory) -> bool {
        let hook = self.point.hook();
        (self.about).is_some_and(|inner| memory.is_related(hook, self.packet, inner))
    }
}

/// Who the peer is.
fn identity(image: &MapImage, peer: IpAddr, note: &mut impl FnMut(Key)) -> IdentityId {
    match longest_match(&image.identities, peer) {
        Some((prefix, identity)) => {
            note(Key::Identity(prefix));
            *identity
        }
        None => IdentityId(match Family::of(peer) {
            Family::V4 => Identity::WORLD_V4,
            Family::V6 => Identity::WORLD_V6,
        }),
    }
}

/// Step 12. `note` is told the entries that are found, or `None` for the default.
fn by_policy(
    guard: &GuardImage,
    identity: IdentityId,
    transport: Transport,
    mut note: impl FnMut(Option<PolicyEntry>),
) -> Judgement {
    let found = [Some(identity), None].map(|identity| entry(guard, identity, transport));
    for (entry, _) in found.iter().flatten() {
        note(Some(*entry));
    }
    // The first of the longest.
    let longest = |wanted: fn(Verdict) -> Option<RuleId>| {
        let matching = found
            .into_iter()
            .flatten()
            .filter_map(|(entry, verdict)| Some((entry.l4.bits(), wanted(verdict)?)));
        matching.rev().max_by_key(|(bits, _)| *bits)
    };
    let denied = longest(|verdict| match verdict {
        Verdict::Deny(rule) => Some(rule),
        Verdict::Allow(_) | Verdict::NoMatch => None,
    });
    let allowed = longest(|verdict| match verdict {
        Verdict::Allow(rule) => Some(rule),
        Verdict::Deny(_) | Verdict::NoMatch => None,
    });
    if denied.is_none() && allowed.is_none() {
        note(None);
    }
    match (denied, allowed, guard.default_deny) {
        (Some((_, rule)), _, _) => by(Reason::PolicyDeny, rule),
        (None, Some((_, rule)), _) => by(Reason::PolicyAllow, rule),
        (None, None, None) => by_no_rule(Reason::PolicyNotSelected),
        (None, None, Some(rule)) if guard.allows => by(Reason::PolicyNoMatch, rule),
        (None, None, Some(rule)) => by(Reason::PolicyDefaultDeny, rule),
    }
}

/// The longest entry under an identity that holds protocol and port.
fn entry(
    guard: &GuardImage,
    identity: Option<IdentityId>,
    transport: Transport,
) -> Option<(PolicyEntry, Verdict)> {
    let port = transport.policy_port();
    let of_protocol = (0..=16u8).rev().map(|bits| {
        let mask = u16::MAX.checked_shl(16 - u32::from(bits)).unwrap_or(0);
        L4Prefix::Ports {
            protocol: transport.protocol(),
            port: port & mask,
            bits,
        }
    });
    let mut prefixes = of_protocol.chain([L4Prefix::All]);
    prefixes.find_map(|l4| {
        let entry = PolicyEntry { identity, l4 };
        guard.entries.get(&entry).map(|verdict| (entry, *verdict))
    })
}

fn by(reason: Reason, rule: RuleId) -> Judgement {
    Judgement {
        reason,
        rule,
        proposed: None,
    }
}

fn by_no_rule(reason: Reason) -> Judgement {
    by(reason, RuleId::NONE)
}

/// The longest prefix that holds `address`, and its value.
fn longest_match<V>(prefixes: &BTreeMap<Prefix, V>, address: IpAddr) -> Option<(Prefix, &V)> {
    (0..=Family::of(address).bits()).rev().find_map(|length| {
        let prefix = Prefix::containing(address, length);
        prefixes.get(&prefix).map(|value| (prefix, value))
    })
}

#[cfg(test)]
mod tests;
