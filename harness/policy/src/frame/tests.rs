//! Builds frames and reads the bytes back with parsers of their own.

mod bytes;
mod errors;
mod lines;
mod read_back;

use super::*;

const MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 0x10];
const ID: ProbeId = ProbeId(0x0102_0304);

const SYN: Transport = Transport::Tcp {
    source: 40000,
    destination: 30007,
    flags: TcpFlags::SYN,
};

fn packet(transport: Transport, source: &str, destination: &str) -> IpPacket {
    IpPacket {
        source: source.parse().expect(source),
        destination: destination.parse().expect(destination),
        options: Vec::new(),
        extension_headers: Vec::new(),
        fragment: None,
        hop_limit: None,
        lengths: Lengths::default(),
        transport,
        payload: 8,
    }
}

fn v4(transport: Transport) -> IpPacket {
    packet(transport, "198.51.100.7", "192.0.2.10")
}

fn v6(transport: Transport) -> IpPacket {
    packet(transport, "2001:db8:bad::7", "2001:db8::10")
}

fn frame(packet: IpPacket) -> FrameSpec {
    FrameSpec {
        tags: Vec::new(),
        body: Body::Ip(packet),
        truncate: None,
    }
}

fn tag(tpid: u16, id: u16) -> VlanTag {
    VlanTag {
        tpid,
        id,
        priority: 3,
    }
}
