//! pcapng: blocks, in sections of either byte order (draft-ietf-opsawg-pcapng).

use std::io::Read;

use pcap_parser::traits::PcapNGPacketBlock;
use pcap_parser::{Block, PcapNGOption, parse_block_be, parse_block_le};

use super::source::Source;
use super::{Damage, MOST, Record, Time, Why};

const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// `if_tsresol` and `if_tsoffset`.
const RESOLUTION: u16 = 9;
const OFFSET: u16 = 14;

/// Least bytes of any block: its type, and its length twice.
const LEAST: u32 = 12;

/// The section that is being read.
#[derive(Debug)]
pub(super) struct Section {
    big_endian: bool,
    interfaces: Vec<Interface>,
    passed_over: u64,
}

/// What holds for the frames of an interface.
#[derive(Clone, Copy, Debug)]
struct Interface {
    link: u16,
    /// Most bytes of a frame that were captured; 0 is all.
    snap: u32,
    /// Units of time in a second, unless that is beyond all measure.
    units: Option<u64>,
    /// Seconds to be added.
    seconds: i64,
}

impl Section {
    /// Reads the header of the first section behind its type.
    pub(super) fn open<R: Read>(source: &mut Source<R>, kind: [u8; 4]) -> Result<Section, Why> {
        let mut section = Section {
            big_endian: false,
            interfaces: Vec::new(),
            passed_over: 0,
        };
        section.block(source, kind)?;
        Ok(section)
    }

    /// Blocks without frames that were passed over.
    pub(super) fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// The next frame; `None` at the end of the file.
    pub(super) fn record<R: Read>(
        &mut self,
        source: &mut Source<R>,
    ) -> Result<Option<Record>, Damage> {
        loop {
            let offset = source.offset;
            let damaged = |why| Damage { offset, why };
            let kind = source.array::<4>("the type of a block").map_err(damaged)?;
            let Some(kind) = kind else {
                return Ok(None);
            };
            let block = self.block(source, kind).map_err(damaged)?;
            if let Some(mut record) = self.frame(&block).map_err(damaged)? {
                record.offset = offset;
                return Ok(Some(record));
            }
        }
    }

    /// Reads a block as a whole, its type having been read, and begins a new section
    /// where it is the header of one.
    fn block<R: Read>(&mut self, source: &mut Source<R>, kind: [u8; 4]) -> Result<Vec<u8>, Why> {
        let mut block = kind.to_vec();
        source.append(&mut block, 4, "the length of a block")?;
        if kind == SECTION_HEADER {
            source.append(&mut block, 4, "the header of a section")?;
            let order: [u8; 4] = [block[8], block[9], block[10], block[11]];
            self.big_endian = match u32::from_be_bytes(order) {
                0x1a2b_3c4d => true,
                0x4d3c_2b1a => false,
                _ => return Err(Why::ByteOrder(order)),
            };
            self.interfaces.clear();
        }
        let front = self.u32(&block, 4);
        if front < LEAST.max(block.len() as u32) || !front.is_multiple_of(4) {
            return Err(Why::BlockLength(front));
        }
        if front > MOST {
            return Err(Why::TooLong {
                what: "a block",
                length: front,
            });
        }
        let rest = front as usize - block.len();
        source.append(&mut block, rest, "a block")?;
        let behind = self.u32(&block, block.len() - 4);
        if behind != front {
            return Err(Why::TwoLengths { front, behind });
        }
        Ok(block)
    }

    /// The frame in a block, if it is of that sort; interfaces are taken note of.
    fn frame(&mut self, block: &[u8]) -> Result<Option<Record>, Why> {
        let what = match self.u32(block, 0) {
            0x0a0d_0d0a => return Ok(None),
            1 => "description of an interface",
            2 => return self.obsolete(block).map(Some),
            3 | 6 => "frame",
            _ => {
                self.passed_over += 1;
                return Ok(None);
            }
        };
        let parsed = match self.big_endian {
            true => parse_block_be(block),
            false => parse_block_le(block),
        };
        let (_, parsed) = parsed.map_err(|_| Why::Overflows(what))?;
        match parsed {
            Block::InterfaceDescription(described) => {
                let interface =
                    self.described(described.linktype.0, described.snaplen, &described.options);
                self.interfaces.push(interface);
                Ok(None)
            }
            Block::EnhancedPacket(packet) => {
                let interface = self.interface(packet.if_id)?;
                Ok(Some(Record {
                    offset: 0,
                    time: interface.time(packet.ts_high, packet.ts_low),
                    link: interface.link,
                    original: packet.origlen,
                    bytes: packet.packet_data().to_vec(),
                }))
            }
            Block::SimplePacket(packet) => {
                let interface = self.interface(0)?;
                let snap = match interface.snap {
                    0 => usize::MAX,
                    snap => snap as usize,
                };
                let captured = packet.packet_data();
                Ok(Some(Record {
                    offset: 0,
                    time: None,
                    link: interface.link,
                    original: packet.origlen,
                    bytes: captured[..captured.len().min(snap)].to_vec(),
                }))
            }
            _ => Ok(None),
        }
    }

    /// A frame in a block of type 2, which nobody should write any more
    /// (draft-ietf-opsawg-pcapng, appendix A).
    fn obsolete(&self, block: &[u8]) -> Result<Record, Why> {
        const HEAD: usize = 28;
        let overflows = Why::Overflows("frame");
        if block.len() < HEAD + 4 {
            return Err(overflows);
        }
        let number = match self.big_endian {
            true => u16::from_be_bytes([block[8], block[9]]),
            false => u16::from_le_bytes([block[8], block[9]]),
        };
        let interface = self.interface(number.into())?;
        let captured = self.u32(block, 20) as usize;
        let bytes = block[HEAD..block.len() - 4].get(..captured);
        Ok(Record {
            offset: 0,
            time: interface.time(self.u32(block, 12), self.u32(block, 16)),
            link: interface.link,
            original: self.u32(block, 24),
            bytes: bytes.ok_or(overflows)?.to_vec(),
        })
    }

    fn described(&self, link: i32, snap: u32, options: &[PcapNGOption<'_>]) -> Interface {
        let option = |code: u16| options.iter().find(|option| option.code.0 == code);
        let units = match option(RESOLUTION).and_then(|option| option.value().first().copied()) {
            None => Some(1_000_000),
            Some(exponent) if exponent & 0x80 == 0 => 10_u64.checked_pow(exponent.into()),
            Some(exponent) => 2_u64.checked_pow((exponent & 0x7f).into()),
        };
        let seconds = option(OFFSET).and_then(|option| option.value().first_chunk::<8>().copied());
        Interface {
            link: (link & 0xffff) as u16,
            snap,
            units,
            seconds: seconds.map_or(0, |bytes| match self.big_endian {
                true => i64::from_be_bytes(bytes),
                false => i64::from_le_bytes(bytes),
            }),
        }
    }

    fn interface(&self, number: u32) -> Result<Interface, Why> {
        let known = usize::try_from(number)
            .ok()
            .and_then(|at| self.interfaces.get(at));
        known.copied().ok_or(Why::NoInterface(number))
    }

    /// The four bytes at `at`, which are there.
    fn u32(&self, block: &[u8], at: usize) -> u32 {
        let bytes = [block[at], block[at + 1], block[at + 2], block[at + 3]];
        match self.big_endian {
            true => u32::from_be_bytes(bytes),
            false => u32::from_le_bytes(bytes),
        }
    }
}

impl Interface {
    fn time(self, high: u32, low: u32) -> Option<Time> {
        let units = self.units?;
        let time = u64::from(high) << 32 | u64::from(low);
        let seconds = i64::try_from(time / units).ok()?;
        let rest = u128::from(time % units) * 1_000_000_000 / u128::from(units);
        Some(Time {
            seconds: seconds.checked_add(self.seconds)?,
            nanoseconds: u32::try_from(rest).ok()?,
        })
    }
}
