//! Damaged frames.

use super::Draw;

/// Fewest bytes of a frame that a program can be run on.
const LEAST: usize = 14;

/// Most bytes of a frame that is made up.
const MOST: usize = 120;

/// The frame with up to four bits, bytes or words changed, cut short, or drawn
/// out; or any bytes at all. At least 14 bytes.
pub fn damaged(draw: &mut Draw, mut frame: Vec<u8>) -> Vec<u8> {
    if draw.once_in(16) {
        let length = LEAST + draw.below(MOST - LEAST);
        frame = (0..length).map(|_| byte(draw)).collect();
        // Else hardly any would be of a known kind.
        let kind = draw.one(&[
            [0x08, 0x00],
            [0x86, 0xdd],
            [0x81, 0x00],
            [0x88, 0xa8],
            [0, 0],
        ]);
        frame[12..14].copy_from_slice(kind);
    }
    for _ in 0..=draw.below(4) {
        // Headers are at the front.
        let within = frame.len().min(90);
        let at = match draw.once_in(4) {
            true => draw.below(frame.len()),
            false => 12 + draw.below(within - 12),
        };
        match draw.below(8) {
            0 | 1 => frame[at] ^= 1 << draw.below(8),
            2 => frame[at] = byte(draw),
            3 => frame[at] = *draw.one(&[0, 0xff, 0x45, 0x60, 0x80]),
            4 => {
                // A later tag, header or packet in place of an earlier one.
                let from = draw.below(frame.len());
                let length = (1 + draw.below(20)).min(frame.len() - from.max(at));
                frame.copy_within(from..from + length, at);
            }
            5 => frame.truncate(LEAST + draw.below(frame.len() - LEAST + 1)),
            6 => {
                let behind: Vec<u8> = draw.some(40, byte);
                frame.extend(behind);
            }
            _ => {
                let inserted = [*draw.one(&[0x81, 0x88, 0x08, 0x86]), byte(draw), 0, 0];
                frame.splice(at..at, inserted);
            }
        }
    }
    frame
}

fn byte(draw: &mut Draw) -> u8 {
    u8::try_from(draw.below(256)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every frame is long enough to be run, and few are left as they were.
    #[test]
    fn what_is_damaged_can_still_be_run() {
        let whole: Vec<u8> = (0..60).collect();
        let mut shapes = std::collections::BTreeSet::new();
        for seed in 0..2_000 {
            let frame = damaged(&mut Draw::seeded(seed), whole.clone());
            assert!(frame.len() >= LEAST, "{}", frame.len());
            shapes.insert(frame);
        }
        assert!(shapes.len() > 1_800, "{}", shapes.len());
    }

    #[test]
    fn a_frame_of_the_fewest_bytes_is_damaged_too() {
        for seed in 0..500 {
            damaged(&mut Draw::seeded(seed), vec![0; LEAST]);
        }
    }
}
