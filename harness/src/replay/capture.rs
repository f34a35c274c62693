//! Captures, read record by record: pcap, and pcapng.
//!
//! Lengths are checked here before anything is read by them, so that a damaged file
//! costs no more memory than a sound one, and the place of the damage is known. What
//! is between the lengths, `pcap_parser` reads.

mod pcap;
mod pcapng;
mod source;

use std::io::Read;

use thiserror::Error;

use source::Source;

/// Most bytes of a record, or of a block of pcapng; as Wireshark has it.
pub const MOST: u32 = 16 << 20;

/// A frame as it was captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where its record begins, in bytes from the start of the file.
    pub offset: u64,
    /// When it was captured, if that is said.
    pub time: Option<Time>,
    /// The number of its link type (the registry of tcpdump.org).
    pub link: u16,
    /// Bytes that it had.
    pub original: u32,
    /// Those of them that were captured.
    pub bytes: Vec<u8>,
}

/// A time since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    /// Whole seconds.
    pub seconds: i64,
    /// The rest, below 10⁹.
    pub nanoseconds: u32,
}

/// What makes the rest of a file unreadable.
#[derive(Debug, Error)]
#[error("at byte {offset}: {why}")]
pub struct Damage {
    /// Where the record or block begins that cannot be read.
    pub offset: u64,
    /// Why it cannot.
    pub why: Why,
}

/// Why a capture cannot be read on.
#[derive(Debug, Error)]
pub enum Why {
    /// The system refuses.
    #[error("cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// Some other file.
    #[error("neither pcap nor pcapng: it begins with {0:02x?}")]
    NoCapture([u8; 4]),
    /// A compressed file.
    #[error("this is compressed with {0}; decompress it first")]
    Compressed(&'static str),
    /// The file ends too early.
    #[error("the file ends within {what}: {there} of {needed} bytes are there")]
    CutShort {
        /// Within what.
        what: &'static str,
        /// Bytes that it has.
        needed: u64,
        /// Bytes that are left.
        there: u64,
    },
    /// A length that no frame has.
    #[error("{what} of {length} bytes, where {MOST} is the most there can be")]
    TooLong {
        /// Of what.
        what: &'static str,
        /// The length.
        length: u32,
    },
    /// A length that no block has.
    #[error("a block cannot be {0} bytes long")]
    BlockLength(u32),
    /// A block whose lengths, in front and behind, differ.
    #[error("a block of {front} bytes ends by saying that it has {behind}")]
    TwoLengths {
        /// In front.
        front: u32,
        /// Behind.
        behind: u32,
    },
    /// What is in a block does not fit into it.
    #[error("the {0} does not fit into its block")]
    Overflows(&'static str),
    /// A section whose byte order cannot be told.
    #[error("a section of unknown byte order, {0:02x?}")]
    ByteOrder([u8; 4]),
    /// A frame of an interface that is not described.
    #[error("a frame of interface {0}, which no block before it describes")]
    NoInterface(u32),
}

/// Records of a capture, in the order of the file, then the damage, if any. Holds one
/// record at a time.
#[derive(Debug)]
pub struct Capture<R> {
    source: Source<R>,
    format: Format,
    ended: bool,
}

#[derive(Debug)]
enum Format {
    Pcap(pcap::Header),
    Pcapng(pcapng::Section),
}

impl<R: Read> Capture<R> {
    /// Reads what a capture begins with.
    ///
    /// # Errors
    /// For what is no capture.
    pub fn open(reader: R) -> Result<Capture<R>, Damage> {
        let mut source = Source::new(reader);
        let format = format(&mut source).map_err(|why| Damage { offset: 0, why })?;
        Ok(Capture {
            source,
            format,
            ended: false,
        })
    }

    /// Blocks that hold no frame and that no frame needs, passed over so far:
    /// statistics, names, comments, what is not known.
    pub fn passed_over(&self) -> u64 {
        match &self.format {
            Format::Pcap(_) => 0,
            Format::Pcapng(section) => section.passed_over(),
        }
    }
}

fn format<R: Read>(source: &mut Source<R>) -> Result<Format, Why> {
    let Some(magic) = source.array::<4>("its first four bytes")? else {
        return Err(Why::Empty);
    };
    match magic {
        [0x0a, 0x0d, 0x0d, 0x0a] => pcapng::Section::open(source, magic).map(Format::Pcapng),
        [0x1f, 0x8b, ..] => Err(Why::Compressed("gzip")),
        [0x28, 0xb5, 0x2f, 0xfd] => Err(Why::Compressed("zstd")),
        [0xfd, b'7', b'z', b'X'] => Err(Why::Compressed("xz")),
        [b'B', b'Z', b'h', _] => Err(Why::Compressed("bzip2")),
        _ => pcap::Header::open(source, magic).map(Format::Pcap),
    }
}

impl<R: Read> Iterator for Capture<R> {
    type Item = Result<Record, Damage>;

    fn next(&mut self) -> Option<Result<Record, Damage>> {
        if self.ended {
            return None;
        }
        let record = match &mut self.format {
            Format::Pcap(header) => header.record(&mut self.source),
            Format::Pcapng(section) => section.record(&mut self.source),
        };
        // After damage, no length can be trusted to lead to the next record.
        self.ended = !matches!(record, Ok(Some(_)));
        record.transpose()
    }
}

#[cfg(test)]
mod tests;
