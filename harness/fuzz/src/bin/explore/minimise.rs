//! Smaller inputs that do the same.

/// Takes away pieces, halves first, as long as `shows` holds, by at most `attempts`
/// tries.
pub(crate) fn minimise(
    mut input: Vec<u8>,
    attempts: usize,
    mut shows: impl FnMut(&[u8]) -> bool,
) -> Vec<u8> {
    let mut left = attempts;
    let mut width = input.len() / 2;
    while width > 0 {
        let mut at = 0;
        while at < input.len() {
            if left == 0 {
                return input;
            }
            left -= 1;
            let mut shorter = input.clone();
            shorter.drain(at..(at + width).min(input.len()));
            match shows(&shorter) {
                true => input = shorter,
                false => at += width,
            }
        }
        width /= 2;
    }
    input
}
