//! Strange shapes.

use super::Draw;
use crate::frame::{
    Body, ExtensionHeader, Fragment, FrameSpec, IpOption, MIN_PAYLOAD, TcpFlags, Transport,
    VlanTag, length,
};

/// The frame with something odd about it; it may be one that has no bytes.
pub(super) fn strange(draw: &mut Draw, mut spec: FrameSpec) -> FrameSpec {
    if draw.once_in(16) {
        spec.body = Body::Other { ethertype: 0x88cc };
    }
    let Body::Ip(packet) = &mut spec.body else {
        return spec;
    };
    match draw.below(7) {
        0 => {
            spec.tags = draw.some(3, |draw| VlanTag {
                tpid: *draw.one(&[0x8100, 0x88a8]),
                id: *draw.one(&[0, 21, 4095]),
                priority: 0,
            });
        }
        1 if packet.source.is_ipv4() => packet.options = draw.some(3, option),
        1 => {
            packet.extension_headers = draw.some(9, |draw| {
                *draw.one(&[
                    ExtensionHeader::HopByHop,
                    ExtensionHeader::Destination,
                    ExtensionHeader::Routing,
                    ExtensionHeader::Authentication,
                    ExtensionHeader::Mobility,
                    ExtensionHeader::HostIdentity,
                    ExtensionHeader::Shim6,
                ])
            });
        }
        2 => packet.fragment = Some(fragment(draw)),
        3 => packet.lengths.total = Some(u16::try_from(draw.below(140)).unwrap_or(0)),
        4 => {
            // A first fragment that ends near its ports.
            packet.fragment = Some(Fragment {
                offset: 0,
                more: true,
                identification: None,
            });
            let headers = if packet.source.is_ipv4() { 20 } else { 8 };
            packet.lengths.total = u16::try_from(headers + draw.below(10)).ok();
        }
        5 => {
            packet.payload = MIN_PAYLOAD + draw.below(32);
            packet.hop_limit = Some(*draw.one(&[255, 1, 0, 64]));
            if let Transport::Tcp { flags, .. } = &mut packet.transport {
                *flags = TcpFlags(u8::try_from(draw.below(256)).unwrap_or(0));
            }
        }
        _ if draw.once_in(4) => packet.lengths.version = Some(*draw.one(&[0, 4, 6, 15])),
        _ => {
            let whole = length(&spec);
            spec.truncate = Some(14 + draw.below(whole + 1 - 14));
        }
    }
    spec
}

/// One of a packet that others may be of as well.
pub(super) fn fragment(draw: &mut Draw) -> Fragment {
    let identification = *draw.one(&[1, 2, 0x0001_0001, 0]);
    let (offset, more) = *draw.one(&[(0, true), (8, false), (1480, true), (65_528, false)]);
    Fragment {
        offset,
        more,
        identification: (!draw.once_in(8)).then_some(identification),
    }
}

fn option(draw: &mut Draw) -> IpOption {
    match draw.below(6) {
        0 => IpOption::Nop,
        1 => IpOption::RouterAlert,
        2 => IpOption::RecordRoute(u8::try_from(1 + draw.below(4)).unwrap_or(1)),
        3 => IpOption::Timestamp(u8::try_from(1 + draw.below(4)).unwrap_or(1)),
        4 => IpOption::LooseSourceRoute,
        _ => {
            let mut byte = || u8::try_from(draw.below(256)).unwrap_or(0);
            let first = byte();
            let behind = usize::from(byte() % 9);
            IpOption::Raw((0..behind).fold(vec![first], |mut bytes, _| {
                bytes.push(byte());
                bytes
            }))
        }
    }
}
