//! Which branches an input took.
//!
//! The compiler puts a counter of 8 bits at every branch and hands over all of a
//! library's in one piece (LLVM, SanitizerCoverage, `inline-8bit-counters`).

use std::sync::Mutex;

/// Begin and length of each piece.
static PIECES: Mutex<Vec<(usize, usize)>> = Mutex::new(Vec::new());

/// Called before `main`, once for each piece.
///
/// # Safety
/// `start` to `stop` are counters that live as long as the process.
#[unsafe(no_mangle)]
unsafe extern "C" fn __sanitizer_cov_8bit_counters_init(start: *mut u8, stop: *mut u8) {
    let length = (stop as usize).saturating_sub(start as usize);
    if let Ok(mut pieces) = PIECES.lock() {
        pieces.push((start as usize, length));
    }
}

/// How many branches are counted.
pub(crate) fn branches() -> usize {
    let pieces = PIECES.lock();
    pieces.map_or(0, |pieces| pieces.iter().map(|(_, length)| length).sum())
}

/// What was seen so far: of each branch, which orders of magnitude.
#[derive(Default)]
pub(crate) struct Seen(Vec<u8>);

impl Seen {
    /// Adds what the counters say, sets them to zero, and tells how many branches were
    /// taken as often as never before.
    pub(crate) fn take(&mut self) -> usize {
        let mut at = 0;
        let mut new = 0;
        self.0.resize(branches(), 0);
        each(|counters| {
            // Most of them are zero: looked at many at once.
            for chunk in counters.chunks_mut(64) {
                let seen = &mut self.0[at..at + chunk.len()];
                at += chunk.len();
                if chunk.iter().fold(0, |any, counter| any | counter) == 0 {
                    continue;
                }
                for (counter, seen) in chunk.iter_mut().zip(seen) {
                    let bit = magnitude(std::mem::take(counter));
                    new += usize::from(*seen & bit != bit);
                    *seen |= bit;
                }
            }
        });
        new
    }

    /// How many branches were taken at all.
    pub(crate) fn reached(&self) -> usize {
        self.0.iter().filter(|seen| **seen != 0).count()
    }
}

/// Sets all counters to zero.
pub(crate) fn reset() {
    each(|counters| counters.fill(0));
}

/// Every piece.
fn each(mut of: impl FnMut(&mut [u8])) {
    let Ok(pieces) = PIECES.lock() else {
        return;
    };
    for (start, length) in pieces.iter() {
        // SAFETY: the compiler handed the piece over as counters that live as long as
        // the process. Nothing but instrumented code writes them, and this program has
        // one thread; code in between may lose an increment, which harms nothing.
        let counters = unsafe { std::slice::from_raw_parts_mut(*start as *mut u8, *length) };
        of(counters);
    }
}

/// One bit for 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, and more.
fn magnitude(count: u8) -> u8 {
    match count {
        0 => 0,
        1 => 1,
        2 => 2,
        3 => 4,
        4..=7 => 8,
        8..=15 => 16,
        16..=31 => 32,
        32..=127 => 64,
        128.. => 128,
    }
}
