//! Builds frames and reads the bytes back with parsers of their own.

mod bytes;
mod errors;
mod lines;
mod read_back;

use super::*;
use crate::port::Protocol;

const MAC: [u8; 6] = [0x02, 0, 0, 0, 0, 0x10];
const ID: ProbeId = ProbeId(0x0102_0304);

const SYN: Transport = Transport::opening(Protocol::Tcp, 40000, 30007);

fn packet(transport: Transport, source: &str, destination: &str) -> IpPacket {
    let [source, destination] = [source, destination].map(|text| text.parse().expect(text));
    IpPacket::plain(source, destination, transport)
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
