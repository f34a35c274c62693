//! Bytes of a file, counted.

use std::io::{BufReader, ErrorKind, Read};

use super::Why;

/// Reads on, and knows where it is.
#[derive(Debug)]
pub(super) struct Source<R> {
    reader: BufReader<R>,
    /// Bytes read so far.
    pub(super) offset: u64,
}

impl<R: Read> Source<R> {
    pub(super) fn new(reader: R) -> Source<R> {
        Source {
            reader: BufReader::with_capacity(1 << 16, reader),
            offset: 0,
        }
    }

    /// The next `N` bytes; `None` at the end of the file.
    ///
    /// # Errors
    /// Where the file ends within them.
    pub(super) fn array<const N: usize>(
        &mut self,
        what: &'static str,
    ) -> Result<Option<[u8; N]>, Why> {
        let mut bytes = [0; N];
        let there = self.fill(&mut bytes)?;
        match there {
            0 => Ok(None),
            there if there < N => Err(Why::CutShort {
                what,
                needed: N as u64,
                there: there as u64,
            }),
            _ => Ok(Some(bytes)),
        }
    }

    /// The next `length` bytes, behind what is in `bytes` already.
    ///
    /// # Errors
    /// Where the file ends before.
    pub(super) fn append(
        &mut self,
        bytes: &mut Vec<u8>,
        length: usize,
        what: &'static str,
    ) -> Result<(), Why> {
        let before = bytes.len();
        bytes.resize(before + length, 0);
        let there = self.fill(&mut bytes[before..])?;
        if there < length {
            return Err(Why::CutShort {
                what,
                needed: bytes.len() as u64,
                there: (before + there) as u64,
            });
        }
        Ok(())
    }

    /// As many bytes as there are, at most all of `bytes`.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<usize, Why> {
        let mut filled = 0;
        while filled < bytes.len() {
            match self.reader.read(&mut bytes[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.offset += filled as u64;
        Ok(filled)
    }
}
