//! Inputs that differ a little from others.

use netverdict_policy::generate::Draw;

use crate::MOST;

/// One of the seeds with one to eight changes: bits, bytes, numbers, pieces of itself
/// and of other seeds, and words of the target's language. What comes of it depends on
/// the arguments alone.
///
/// # Panics
/// If there are no seeds.
pub fn mutated(draw: &mut Draw, seeds: &[Vec<u8>], words: &[&[u8]]) -> Vec<u8> {
    let mut input = draw.one(seeds).clone();
    for _ in 0..=draw.below(8) {
        change(draw, &mut input, seeds, words);
    }
    input.truncate(MOST);
    input
}

fn change(draw: &mut Draw, input: &mut Vec<u8>, seeds: &[Vec<u8>], words: &[&[u8]]) {
    let at = draw.below(input.len() + 1);
    let magnitude = 1 + draw.below(7);
    let length = (1 + draw.below(1 << magnitude)).min(input.len() - at);
    let behind = at + length;
    match draw.below(10) {
        0 => input
            .iter_mut()
            .skip(at)
            .take(1)
            .for_each(|byte| *byte ^= 1),
        1 => {
            let bit = 1 << draw.below(8);
            input
                .iter_mut()
                .skip(at)
                .take(1)
                .for_each(|byte| *byte ^= bit);
        }
        2 => {
            let usual = *draw.one(&[0, 1, 0x7f, 0x80, 0xff, b' ', b'\n', b'-', b'[', b'{']);
            let value = match draw.once_in(2) {
                true => u8::try_from(draw.below(256)).unwrap_or(0),
                false => usual,
            };
            input
                .iter_mut()
                .skip(at)
                .take(1)
                .for_each(|byte| *byte = value);
        }
        3 => drop(input.drain(at..behind)),
        // A piece once more, some of them many times.
        4 => {
            let piece = input[at..behind].to_vec();
            let times = if draw.once_in(32) { 64 } else { 1 };
            for _ in 0..times {
                input.splice(at..at, piece.iter().copied());
            }
        }
        5 | 6 => {
            let other = draw.one(seeds);
            let from = draw.below(other.len() + 1);
            let piece = (1 + draw.below(64)).min(other.len() - from);
            let replaced = if draw.once_in(2) { at..behind } else { at..at };
            input.splice(replaced, other[from..from + piece].iter().copied());
        }
        7 | 8 if !words.is_empty() => {
            let word = *draw.one(words);
            let replaced = if draw.once_in(2) { at..behind } else { at..at };
            input.splice(replaced, word.iter().copied());
        }
        _ => {
            let number = *draw.one(&[0_u32, 1, 0xff, 0xffff, 0x7fff_ffff, u32::MAX]);
            let bytes = match draw.below(5) {
                0 => number.to_be_bytes().to_vec(),
                1 => number.to_le_bytes().to_vec(),
                2 => number.to_string().into_bytes(),
                _ => draw.below(300).to_string().into_bytes(),
            };
            let end = (at + bytes.len()).min(input.len());
            input.splice(at..end, bytes);
        }
    }
}
