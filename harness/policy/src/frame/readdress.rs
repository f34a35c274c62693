//! Frames made once and changed in place: millions of them are judged, and building
//! each would take longer than judging it.

use std::net::IpAddr;

use super::length::ETHERNET;

/// Puts other addresses, of the frame's own family, into a frame without tags,
/// options and extension headers. Returns where the transport header begins.
///
/// Checksums become wrong: no hook looks at them.
///
/// # Panics
/// If the addresses are of two families, or the frame is too short for them.
pub fn readdress(frame: &mut [u8], source: IpAddr, destination: IpAddr) -> usize {
    let packet = &mut frame[ETHERNET..];
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            packet[12..16].copy_from_slice(&source.octets());
            packet[16..20].copy_from_slice(&destination.octets());
            ETHERNET + 20
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            packet[8..24].copy_from_slice(&source.octets());
            packet[24..40].copy_from_slice(&destination.octets());
            ETHERNET + 40
        }
        _ => panic!("the ends of a packet have addresses of one family"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{FrameSpec, IpPacket, ProbeId, Transport, build};
    use crate::port::Protocol;

    #[test]
    fn only_addresses_and_checksums_differ_from_a_frame_built_anew() {
        for (addresses, others, transport_at, checksums) in [
            (
                ["0.0.0.0", "192.0.2.1"],
                ["198.51.100.7", "203.0.113.9"],
                34,
                vec![24, 50],
            ),
            (
                ["::", "2001:db8::1"],
                ["2001:db8:7::7", "fd00::9"],
                54,
                vec![70],
            ),
        ] {
            let spec = |addresses: [&str; 2]| -> FrameSpec {
                let [source, destination] = addresses.map(|it| it.parse().expect(it));
                let transport = Transport::opening(Protocol::Tcp, 40_000, 80);
                IpPacket::plain(source, destination, transport).into()
            };
            let built = |addresses| build(&spec(addresses), ProbeId(3), [2; 6]).expect("a frame");
            let mut frame = built(addresses);
            let [source, destination] = others.map(|it| it.parse().expect(it));
            assert_eq!(readdress(&mut frame, source, destination), transport_at);
            let mut anew = built(others);
            assert_ne!(frame, anew, "the checksums are the old ones");
            for at in checksums {
                frame[at..at + 2].fill(0);
                anew[at..at + 2].fill(0);
            }
            assert_eq!(frame, anew);
        }
    }
}
