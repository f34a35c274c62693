//! pcap: a header, then records (draft-ietf-opsawg-pcap).

use std::io::Read;

use pcap_parser::pcap::{PcapHeader, parse_pcap_header};

use super::source::Source;
use super::{Damage, MOST, Record, Time, Why};

/// Bytes of the header.
const HEADER: usize = 24;

/// What holds for every record.
#[derive(Debug)]
pub(super) struct Header(PcapHeader);

impl Header {
    /// Reads the header behind its magic number.
    pub(super) fn open<R: Read>(source: &mut Source<R>, magic: [u8; 4]) -> Result<Header, Why> {
        let mut bytes = magic.to_vec();
        let known = [
            0xa1b2_c3d4_u32,
            0xa1b2_3c4d,
            0xd4c3_b2a1,
            0x4d3c_b2a1,
            0xa1b2_cd34,
        ];
        if !known.contains(&u32::from_le_bytes(magic)) {
            return Err(Why::NoCapture(magic));
        }
        source.append(&mut bytes, HEADER - magic.len(), "the header of the file")?;
        let (_, header) = parse_pcap_header(&bytes).map_err(|_| Why::NoCapture(magic))?;
        Ok(Header(header))
    }

    /// The next record; `None` at the end of the file.
    pub(super) fn record<R: Read>(&self, source: &mut Source<R>) -> Result<Option<Record>, Damage> {
        let offset = source.offset;
        let damaged = |why| Damage { offset, why };
        let Some(head) = source
            .array::<16>("the header of a record")
            .map_err(damaged)?
        else {
            return Ok(None);
        };
        let word = |at: usize| {
            let bytes = [head[at], head[at + 1], head[at + 2], head[at + 3]];
            match self.0.is_bigendian() {
                true => u32::from_be_bytes(bytes),
                false => u32::from_le_bytes(bytes),
            }
        };
        let (seconds, fraction, captured, original) = (word(0), word(4), word(8), word(12));
        if captured > MOST {
            return Err(damaged(Why::TooLong {
                what: "a record",
                length: captured,
            }));
        }
        let mut bytes = Vec::new();
        if self.0.is_modified_format() {
            // Interface, protocol and packet type, which Kuznetzov's tcpdump adds.
            (source.append(&mut bytes, 8, "the header of a record")).map_err(damaged)?;
            bytes.clear();
        }
        let length = captured as usize;
        (source.append(&mut bytes, length, "a record")).map_err(damaged)?;
        let nanoseconds = match self.0.is_nanosecond_precision() {
            true => fraction,
            false => fraction.saturating_mul(1000),
        };
        Ok(Some(Record {
            offset,
            time: Some(Time {
                // Fractions of more than a second are seen in the wild.
                seconds: i64::from(seconds) + i64::from(nanoseconds / 1_000_000_000),
                nanoseconds: nanoseconds % 1_000_000_000,
            }),
            // The upper half says whether frames end with an FCS, which is padding
            // to whoever judges them.
            link: (self.0.network.0 & 0xffff) as u16,
            original,
            bytes,
        }))
    }
}
