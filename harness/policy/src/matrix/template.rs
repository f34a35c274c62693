//! Frames of connections, made once and changed in place: millions of them are
//! judged, and building each would take longer than judging it.

use std::net::IpAddr;

use super::Connection;
use crate::frame::{self, FrameError, FrameSpec, IpPacket, ProbeId, Transport};
use crate::port::Protocol;
use crate::prefix::{Family, Prefix};

/// A frame for each family and protocol.
#[derive(Clone, Debug)]
pub struct Template {
    /// By family, then protocol.
    frames: [[frame::Frame; 3]; 2],
}

impl Template {
    /// The frames, their addresses and ports still to come.
    ///
    /// # Errors
    /// Where a plain frame cannot be built.
    pub fn new() -> Result<Template, FrameError> {
        let mut frames: [[frame::Frame; 3]; 2] = Default::default();
        for (of_family, family) in frames.iter_mut().zip(Family::ALL) {
            let nobody = Prefix::all(family).first();
            for (frame, protocol) in of_family.iter_mut().zip(Protocol::ALL) {
                let spec = spec(nobody, nobody, protocol, (0, 0));
                *frame = frame::build(&spec, ProbeId(0), [0; 6])?;
            }
        }
        Ok(Template { frames })
    }

    /// The first packet of a connection between these addresses.
    ///
    /// Its checksums are wrong: no hook looks at them.
    pub fn fill(&mut self, connection: &Connection, source: IpAddr, destination: IpAddr) -> &[u8] {
        let ports = [connection.client_port, connection.ports.first].map(u16::to_be_bytes);
        let of_family = match source {
            IpAddr::V4(_) => &mut self.frames[0],
            IpAddr::V6(_) => &mut self.frames[1],
        };
        let frame = &mut of_family[connection.protocol as usize];
        let transport = frame::readdress(frame, source, destination);
        frame[transport..transport + 4].copy_from_slice(ports.as_flattened());
        frame
    }
}

/// The first packet of a connection, as the oracle reads it.
pub(super) fn spec(
    source: IpAddr,
    destination: IpAddr,
    protocol: Protocol,
    (from, to): (u16, u16),
) -> FrameSpec {
    let transport = Transport::opening(protocol, from, to);
    IpPacket::plain(source, destination, transport).into()
}
