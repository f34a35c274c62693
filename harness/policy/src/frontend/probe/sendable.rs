//! Frames that a link carries and the builder makes.

use super::super::problems::Problems;
use super::frame::Options;
use crate::diagnostic::Location;
use crate::frame::{self, FrameError, FrameSpec, ProbeId};

/// Bytes in front of what counts as the MTU.
const ETHERNET: usize = 14;
const TAG: usize = 4;

/// Whether the frame can be made and sent.
pub(super) fn sendable(
    spec: &FrameSpec,
    mtu: u16,
    place: &Location,
    to_location: &Location,
    options: &Options,
    problems: &mut Problems,
) -> bool {
    let in_front = ETHERNET + TAG * spec.tags.len();
    let packet = frame::length(spec).saturating_sub(in_front);
    if packet > usize::from(mtu) {
        let place = options.payload.as_ref().map_or(place, |(_, place)| place);
        problems.error(
            "frame-beyond-mtu",
            place,
            format!("a packet of {packet} bytes is beyond the MTU of {mtu}"),
            "send less payload, or set topology.mtu (1280 to 9000)",
        );
        return false;
    }
    match frame::build(spec, ProbeId(0), [0; 6]) {
        Ok(_) => true,
        Err(error) => {
            let truncate = options.truncate.as_ref().map(|(_, place)| place);
            let place = match &error {
                FrameError::Truncation { .. } => truncate.unwrap_or(place),
                FrameError::Protocol(_) | FrameError::Ethertype(_) | FrameError::EchoType(_) => {
                    to_location
                }
                FrameError::TagProtocol(_)
                | FrameError::VlanId(_)
                | FrameError::VlanPriority(_)
                | FrameError::MixedFamilies { .. }
                | FrameError::OptionsInIpv6
                | FrameError::ExtensionHeadersInIpv4
                | FrameError::ExtensionHeader(_)
                | FrameError::HeaderLengthInIpv6
                | FrameError::SolicitationInIpv4
                | FrameError::SolicitationPayload { .. }
                | FrameError::NoErrorType(_)
                | FrameError::Quoted
                | FrameError::OptionsTooLong(_)
                | FrameError::OptionRoom(_)
                | FrameError::FragmentOffset(_)
                | FrameError::Version(_)
                | FrameError::HeaderLength(_)
                | FrameError::TooLong(_) => place,
            };
            problems.error(
                "frame-impossible",
                place,
                format!("the frame cannot be made: {error}"),
                advice(&error),
            );
            false
        }
    }
}

fn advice(error: &FrameError) -> &'static str {
    match error {
        FrameError::Truncation { .. } => "write a smaller 'truncate', or leave it out",
        FrameError::Protocol(_) => {
            "write node:PORT/PROTOCOL, node/icmp, or frame: {extension_headers: […]}"
        }
        FrameError::EchoType(_) => "write WHO/icmp or WHO/icmp-echo-reply",
        FrameError::NoErrorType(_) => {
            "write WHO/icmp-type-3, -11 or -12, for IPv6 -1 to -4, or leave 'about' out"
        }
        FrameError::Quoted => "let both ends have addresses of the error's family",
        FrameError::Ethertype(_) => "write an IP destination, or frame: {vlan: […]}",
        FrameError::OptionsTooLong(_) => "write fewer or shorter options",
        FrameError::FragmentOffset(_) => "write an offset that 8 divides",
        FrameError::SolicitationPayload { .. } | FrameError::TooLong(_) => "send less payload",
        FrameError::TagProtocol(_)
        | FrameError::VlanId(_)
        | FrameError::VlanPriority(_)
        | FrameError::MixedFamilies { .. }
        | FrameError::OptionsInIpv6
        | FrameError::ExtensionHeadersInIpv4
        | FrameError::ExtensionHeader(_)
        | FrameError::HeaderLengthInIpv6
        | FrameError::SolicitationInIpv4
        | FrameError::OptionRoom(_)
        | FrameError::Version(_)
        | FrameError::HeaderLength(_) => "change the option that the message names",
    }
}
