//! From a probe to its frames.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::super::problems::Problems;
use super::Context;
use super::assemble::spec;
use super::destination::Destination;
use super::frame::Options;
use super::origin::Origin;
use super::sendable::sendable;
use crate::diagnostic::{Diagnostic, Location};
use crate::frame::{self, FrameSpec, Path};
use crate::journey::{Journey, Leg, Point, Target};
use crate::port::Protocol;
use crate::prefix::Family;
use crate::scenario::{Case, Undeliverable};

/// The cases of one probe; none where something was wrong.
pub(super) fn cases(
    context: &Context<'_>,
    to: &Destination,
    to_location: &Location,
    origins: &[Origin],
    options: &Options,
    problems: &mut Problems,
) -> Vec<Case> {
    if !fits(to, to_location, options, problems) {
        return Vec::new();
    }
    let Some(families) = families(context, to, to_location, options, problems) else {
        return Vec::new();
    };
    let mut sources: Vec<(IpAddr, &Location)> = Vec::new();
    let mut seen: BTreeSet<IpAddr> = BTreeSet::new();
    for origin in origins {
        let fitting =
            (origin.addresses.iter()).filter(|address| families.contains(&Family::of(**address)));
        let before = sources.len();
        let mut any = false;
        for address in fitting {
            any = true;
            // Other ethertypes name no address: one frame is all there is.
            let only_one = matches!(to, Destination::Ethertype(_)) && before > 0;
            if !only_one && seen.insert(*address) {
                sources.push((*address, &origin.location));
            }
        }
        if !any && !origin.addresses.is_empty() {
            no_common_family(origin, to_location, &families, problems);
        }
    }
    if let Destination::Ethertype(_) = to {
        sources.truncate(1);
    }
    let single = sources.len() == 1;
    let mut cases = Vec::new();
    for (index, (source, from_location)) in sources.into_iter().enumerate() {
        let Some(spec) = spec(context, to, source, index, options) else {
            continue;
        };
        let place = options.location.as_ref().unwrap_or(from_location);
        if !sendable(
            &spec,
            context.network.mtu,
            place,
            to_location,
            options,
            problems,
        ) {
            // The other cases have the same fault.
            return Vec::new();
        }
        cases.push(Case {
            label: if single {
                String::new()
            } else {
                source.to_string()
            },
            journey: Journey {
                target: target(context, to, &spec),
                legs: vec![Leg {
                    point: Point::Uplink,
                    frame: spec,
                }],
            },
        });
    }
    cases
}

/// Whether every option means something for the destination's protocol.
fn fits(
    to: &Destination,
    to_location: &Location,
    options: &Options,
    problems: &mut Problems,
) -> bool {
    let (ip, protocol) = match to {
        Destination::NodePort(port) | Destination::Elsewhere(_, port) => {
            (true, Some(port.protocol))
        }
        Destination::Echo | Destination::NeighbourSolicitation | Destination::Protocol(_) => {
            (true, None)
        }
        Destination::Arp | Destination::Ethertype(_) => (false, None),
    };
    let tcp = protocol == Some(Protocol::Tcp);
    let place = |location: &Location| location.clone();
    let given: [(&str, bool, Option<Location>, &str); 7] = [
        (
            "ip_options",
            ip,
            options.ip_options.as_ref().map(|o| place(&o.1)),
            "IP packets",
        ),
        (
            "extension_headers",
            ip,
            options.extension_headers.as_ref().map(|o| place(&o.1)),
            "IP packets",
        ),
        (
            "fragment",
            ip,
            options.fragment.as_ref().map(|o| place(&o.1)),
            "IP packets",
        ),
        (
            "lengths",
            ip,
            options.lengths.as_ref().map(|o| place(&o.1)),
            "IP packets",
        ),
        (
            "payload",
            ip,
            options.payload.as_ref().map(|o| place(&o.1)),
            "IP packets",
        ),
        (
            "tcp_flags",
            tcp,
            options.tcp_flags.as_ref().map(|o| place(&o.1)),
            "TCP",
        ),
        (
            "source_port",
            protocol.is_some(),
            options.source_port.as_ref().map(|o| place(&o.1)),
            "TCP, UDP and SCTP",
        ),
    ];
    let mut all = true;
    for (name, fits, location, of) in given {
        if let (false, Some(location)) = (fits, location) {
            all = false;
            problems.push(
                Diagnostic::error(
                    "frame-option-mismatch",
                    &location,
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
    to: &Destination,
    to_location: &Location,
    options: &Options,
    problems: &mut Problems,
) -> Option<BTreeSet<Family>> {
    let mut families = context.network.families();
    if families.is_empty() {
        // The node's addresses were wrong: said already.
        return None;
    }
    if let Destination::Ethertype(_) = to {
        return Some(Family::ALL.into_iter().collect());
    }
    let ihl = (options.lengths.as_ref()).filter(|(lengths, _)| lengths.ihl.is_some());
    let narrowed = [
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
            &origin.location,
            format!("{who} {verb} {}", wanted.join(" or ")),
            format!("send from an {} address", wanted.join(" or ")),
        )
        .with_label(to_location, "what is sent"),
    );
}

/// Where the frame arrives, if the filter passes it.
fn target(context: &Context<'_>, to: &Destination, spec: &FrameSpec) -> Target {
    let (target, path) = match to {
        Destination::NodePort(port) => {
            let forward = (context.forwards.iter()).find(|forward| forward.node_port == *port);
            match forward {
                Some(forward) => (
                    Target::Workload {
                        workload: forward.workload,
                        node_port: Some(*port),
                    },
                    Path::Forwarded,
                ),
                None => (Target::Node, Path::Local),
            }
        }
        Destination::Echo
        | Destination::Protocol(_)
        | Destination::Arp
        | Destination::Ethertype(_) => (Target::Node, Path::Local),
        // A solicitation goes to a multicast group (RFC 4861 §7.2.2), which no
        // interface joins on links that are kept quiet; as with ARP, that it
        // gets behind the filter is all there is to see.
        Destination::Elsewhere(..) | Destination::NeighbourSolicitation => {
            return Target::Undeliverable(Undeliverable::ForeignDestination);
        }
    };
    match frame::undeliverable(spec, &context.network.node, path) {
        Some(why) => Target::Undeliverable(why),
        None => target,
    }
}
