//! From a probe to its frames.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::super::problems::Problems;
use super::Context;
use super::assemble::{FIRST_SOURCE_PORT, SourcePorts, spec};
use super::destination::{Destination, What};
use super::frame::Options;
use super::origin::Origin;
use super::sendable::sendable;
use super::who::Who;
use crate::diagnostic::{Diagnostic, Location};
use crate::journey::{Sender, route};
use crate::port::Protocol;
use crate::prefix::Family;
use crate::scenario::Case;

/// Where source ports come from that a probe is not given.
#[derive(Debug)]
pub(super) enum Ports<'a> {
    /// Each frame has one of its own.
    Distinct(&'a mut SourcePorts),
    /// All have the same, as packets of one connection do.
    Same,
}

impl Ports<'_> {
    fn next(&mut self) -> u16 {
        match self {
            Ports::Distinct(ports) => ports.next(),
            Ports::Same => FIRST_SOURCE_PORT,
        }
    }
}

/// Destination of a probe, and its place.
pub(super) type To<'a> = (&'a Destination, &'a Location);

/// The cases of one probe; none where something was wrong.
pub(super) fn cases(
    context: &Context<'_>,
    to: To<'_>,
    origins: &[Origin],
    options: &Options,
    ports: &mut Ports<'_>,
    problems: &mut Problems,
) -> Vec<Case> {
    let (destination, to_location) = to;
    if !fits(to, options, problems) || !on_the_other_side(to, origins, problems) {
        return Vec::new();
    }
    let Some(families) = families(context, to, options, problems) else {
        return Vec::new();
    };
    let ways = ways(context, to, origins, options, &families, problems);
    let (sources, destinations): (BTreeSet<IpAddr>, BTreeSet<IpAddr>) =
        ways.iter().map(|way| (way.from, way.to)).unzip();
    let by_family = |addresses: &BTreeSet<IpAddr>| {
        (Family::ALL.iter()).any(|family| {
            addresses
                .iter()
                .filter(|a| Family::of(**a) == *family)
                .count()
                > 1
        })
    };
    let several_destinations = by_family(&destinations);
    let label = |way: &Way<'_>| match (ways.len(), several_destinations) {
        (1, _) => String::new(),
        (_, false) => way.from.to_string(),
        (_, true) if sources.len() == 1 => format!("to {}", way.to),
        (_, true) => format!("{} to {}", way.from, way.to),
    };
    let mut cases = Vec::new();
    for way in &ways {
        let Some(spec) = spec(
            context,
            destination,
            way.from,
            way.to,
            ports.next(),
            options,
        ) else {
            continue;
        };
        let place = options.location.as_ref().unwrap_or(way.location);
        let mtu = context.topology.mtu;
        if !sendable(&spec, mtu, place, to_location, options, problems) {
            // The other cases have the same fault.
            return Vec::new();
        }
        cases.push(Case {
            label: label(way),
            journey: route(context.topology, way.sender, spec),
        });
    }
    cases
}

/// A frame's ends.
struct Way<'o> {
    sender: Sender,
    from: IpAddr,
    to: IpAddr,
    /// Who sends.
    location: &'o Location,
}

/// Every pair of a source and a destination, each once, in order.
fn ways<'o>(
    context: &Context<'_>,
    to: To<'_>,
    origins: &'o [Origin],
    options: &Options,
    families: &BTreeSet<Family>,
    problems: &mut Problems,
) -> Vec<Way<'o>> {
    let (destination, to_location) = to;
    let disguise = (options.source.as_ref()).map(|(who, place)| (who.addresses(context), place));
    let mut ways: Vec<Way<'o>> = Vec::new();
    let mut seen: BTreeSet<(Sender, IpAddr, IpAddr)> = BTreeSet::new();
    for origin in origins {
        let addresses = match &disguise {
            // One frame, whoever sends it.
            Some((addresses, _)) => addresses,
            None => &origin.addresses,
        };
        let mut any = false;
        let fitting = (addresses.iter()).filter(|from| families.contains(&Family::of(**from)));
        for from in fitting {
            let to = match destination {
                // Other ethertypes name no address: one frame is all there is.
                Destination::Ethertype(_) if !ways.is_empty() => break,
                Destination::Ethertype(_) => vec![*from],
                _ => destination.addresses(Family::of(*from), context),
            };
            for to in to {
                any = true;
                if seen.insert((origin.sender, *from, to)) {
                    ways.push(Way {
                        sender: origin.sender,
                        from: *from,
                        to,
                        location: &origin.location,
                    });
                }
            }
        }
        let said_already = origin.addresses.is_empty() || !ways.is_empty() && !origin.exact;
        if !any && !said_already {
            let place = disguise
                .as_ref()
                .map_or(&origin.location, |(_, place)| *place);
            no_common_family(origin, place, to_location, families, problems);
        }
    }
    ways
}

/// A frame for a host beyond the uplink has to come from behind the node.
fn on_the_other_side(to: To<'_>, origins: &[Origin], problems: &mut Problems) -> bool {
    let (Destination::Ip(Who::Host(_), _), to_location) = to else {
        return true;
    };
    let mut all = true;
    for origin in origins {
        if origin.sender == Sender::Outside {
            all = false;
            problems.push(
                Diagnostic::error(
                    "same-side",
                    &origin.location,
                    "the sender is beyond the uplink, and so is the host that it sends to",
                    "send from a workload, or to the node or a workload",
                )
                .with_label(to_location, "what is sent"),
            );
        }
    }
    all
}

/// Whether every option means something for the destination's protocol.
fn fits((to, to_location): To<'_>, options: &Options, problems: &mut Problems) -> bool {
    let what = match to {
        Destination::Ip(_, what) => Some(*what),
        Destination::Arp | Destination::NeighbourSolicitation(_) | Destination::Ethertype(_) => {
            None
        }
    };
    let ip = matches!(
        to,
        Destination::Ip(..) | Destination::NeighbourSolicitation(_)
    );
    let tcp = matches!(what, Some(What::Port(Protocol::Tcp, _)));
    let ports = matches!(what, Some(What::Port(..)));
    let echo = matches!(what, Some(What::Echo | What::EchoReply));
    let message = matches!(what, Some(What::IcmpType(_)));
    let addressed = !matches!(to, Destination::Ethertype(_));
    fn place<T>(option: &Option<(T, Location)>) -> Option<&Location> {
        option.as_ref().map(|(_, location)| location)
    }
    let packets = "IP packets";
    let given: [(&str, bool, Option<&Location>, &str); 13] = [
        ("ip_options", ip, place(&options.ip_options), packets),
        (
            "extension_headers",
            ip,
            place(&options.extension_headers),
            packets,
        ),
        ("fragment", ip, place(&options.fragment), packets),
        ("lengths", ip, place(&options.lengths), packets),
        ("payload", ip, place(&options.payload), packets),
        ("hop_limit", ip, place(&options.hop_limit), packets),
        ("family", ip, place(&options.family), packets),
        (
            "source",
            addressed,
            place(&options.source),
            "frames with addresses",
        ),
        ("tcp_flags", tcp, place(&options.tcp_flags), "TCP"),
        (
            "source_port",
            ports,
            place(&options.source_port),
            "TCP, UDP and SCTP",
        ),
        (
            "identifier",
            echo,
            place(&options.identifier),
            "echo requests and replies",
        ),
        (
            "icmp_code",
            message,
            place(&options.icmp_code),
            "WHO/icmp-type-NUMBER",
        ),
        (
            "about",
            message,
            place(&options.about),
            "WHO/icmp-type-NUMBER",
        ),
    ];
    let mut all = true;
    for (name, fits, location, of) in given {
        if let (false, Some(location)) = (fits, location) {
            all = false;
            problems.push(
                Diagnostic::error(
                    "frame-option-mismatch",
                    location,
                    format!("'{name}' is an option of {of}"),
                    "leave it out, or send to something else",
                )
                .with_label(to_location, "what is sent"),
            );
        }
    }
    all
}

/// Families that the frames may be of: those of the node, narrowed by the
/// destination and by options that only one of them has.
fn families(
    context: &Context<'_>,
    (to, to_location): To<'_>,
    options: &Options,
    problems: &mut Problems,
) -> Option<BTreeSet<Family>> {
    let node = context.topology.node.iter().copied();
    let mut families: BTreeSet<Family> = node.map(Family::of).collect();
    if families.is_empty() {
        // The node's addresses were wrong: said already.
        return None;
    }
    if let Destination::Ethertype(_) = to {
        return Some(Family::ALL.into_iter().collect());
    }
    let ihl = (options.lengths.as_ref()).filter(|(lengths, _)| lengths.ihl.is_some());
    let family = options.family.as_ref();
    let narrowed = [
        family.map(|(family, location)| (*family, location)),
        to.family().map(|family| (family, to_location)),
        (options.ip_options.as_ref()).map(|(_, location)| (Family::V4, location)),
        ihl.map(|(_, location)| (Family::V4, location)),
        (options.extension_headers.as_ref()).map(|(_, location)| (Family::V6, location)),
    ];
    let mut because = None;
    for (family, location) in narrowed.into_iter().flatten() {
        families.retain(|other| *other == family);
        if families.is_empty() {
            let (message, help) = match because {
                Some(_) => (
                    format!("this is for {family} packets, but another part of the probe is not"),
                    "leave one of the two out, or write two probes".to_owned(),
                ),
                None => (
                    format!("this is for {family} packets, but the node has no {family} address"),
                    format!("leave it out, or give the node an {family} address"),
                ),
            };
            let problem = Diagnostic::error("frame-option-mismatch", location, message, help);
            problems.push(match because {
                Some(other) => problem.with_label(other, "rules it out"),
                None => problem,
            });
            return None;
        }
        because = Some(location);
    }
    Some(families)
}

fn no_common_family(
    origin: &Origin,
    place: &Location,
    to_location: &Location,
    families: &BTreeSet<Family>,
    problems: &mut Problems,
) {
    let wanted: Vec<String> = families.iter().map(ToString::to_string).collect();
    let who = if origin.exact {
        "the source"
    } else {
        "no source"
    };
    let verb = if origin.exact { "is not" } else { "is" };
    problems.push(
        Diagnostic::error(
            "no-common-family",
            place,
            format!("{who} {verb} {}", wanted.join(" or ")),
            format!("send from an {} address", wanted.join(" or ")),
        )
        .with_label(to_location, "what is sent"),
    );
}
