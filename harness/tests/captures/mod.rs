//! Captures made by hand.

use std::net::Ipv4Addr;

/// A pcap file, its frames a second apart.
pub(crate) struct Pcap {
    pub(crate) bytes: Vec<u8>,
    frames: u32,
}

impl Pcap {
    /// Without frames, of this link type.
    pub(crate) fn new(link: u32) -> Pcap {
        let mut bytes = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
        bytes.extend([2, 0, 4, 0]);
        for field in [0, 0, 65_535, link] {
            bytes.extend(field.to_le_bytes());
        }
        Pcap { bytes, frames: 0 }
    }

    /// A frame, all of it.
    pub(crate) fn frame(&mut self, frame: &[u8]) {
        self.snapped(frame, frame.len());
    }

    /// The first `captured` bytes of a frame.
    pub(crate) fn snapped(&mut self, frame: &[u8], captured: usize) -> &mut Pcap {
        let length = |bytes: usize| u32::try_from(bytes).expect("short");
        let seconds = 1_700_000_000 + self.frames;
        for field in [seconds, 5, length(captured), length(frame.len())] {
            self.bytes.extend(field.to_le_bytes());
        }
        self.bytes.extend(&frame[..captured]);
        self.frames += 1;
        self
    }
}

/// The first packet of a TCP connection, padded as Ethernet has it.
pub(crate) fn syn(source: &str, port: u16, destination: &str, to: u16) -> Vec<u8> {
    tcp(source, port, destination, to, 0x02)
}

/// A TCP packet with these flags and without payload, padded as Ethernet has it.
pub(crate) fn tcp(source: &str, port: u16, destination: &str, to: u16, flags: u8) -> Vec<u8> {
    let address = |text: &str| text.parse::<Ipv4Addr>().expect("an address").octets();
    let mut frame = vec![0; 12];
    frame.extend([0x08, 0x00, 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0]);
    frame.extend(address(source));
    frame.extend(address(destination));
    frame.extend(port.to_be_bytes());
    frame.extend(to.to_be_bytes());
    frame.extend([0, 0, 0, 1, 0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    frame.resize(60, 0);
    frame
}
