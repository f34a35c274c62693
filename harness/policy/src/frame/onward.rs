//! A frame's bytes behind the node that forwards it.

use std::net::IpAddr;

use super::{Body, FrameSpec, Transport, length};

/// The bytes of a frame on the next link, where it looks like `next`, `here` being
/// what was read of it: without tags, at the destination and port and with the hops
/// of `next`. Nothing else changes; checksums are those of before, which no hook
/// looks at.
pub fn onward(frame: &[u8], here: &FrameSpec, next: &FrameSpec) -> Vec<u8> {
    let tags = length::TAG * here.tags.len();
    let mut bytes = frame.to_vec();
    bytes.drain(12..(12 + tags).min(frame.len()));
    let (Body::Ip(here), Body::Ip(next)) = (&here.body, &next.body) else {
        return bytes;
    };
    let mut write = |at: usize, value: &[u8]| {
        let at = length::ETHERNET + at;
        if let Some(field) = bytes.get_mut(at..at + value.len()) {
            field.copy_from_slice(value);
        }
    };
    let (hops, destination) = match next.destination {
        IpAddr::V4(_) => (8, 16),
        IpAddr::V6(_) => (7, 24),
    };
    if let Some(left) = next.hop_limit {
        write(hops, &[left]);
    }
    match next.destination {
        IpAddr::V4(address) => write(destination, &address.octets()),
        IpAddr::V6(address) => write(destination, &address.octets()),
    }
    match next.transport {
        Transport::Tcp { destination, .. }
        | Transport::Udp { destination, .. }
        | Transport::Sctp { destination, .. } => {
            write(length::headers(here) + 2, &destination.to_be_bytes());
        }
        Transport::Icmp(_) | Transport::Other { .. } => {}
    }
    bytes
}
