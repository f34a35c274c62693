//! Fewer and smaller choices that still show the same.

/// Shortens `choices` as long as `shows` holds, by at most `attempts` tries: away
/// with some, zeros in place of some, smaller numbers. It holds for `choices`, and for
/// what is returned.
pub fn shrink(
    mut choices: Vec<u32>,
    attempts: usize,
    mut shows: impl FnMut(&[u32]) -> bool,
) -> Vec<u32> {
    let mut left = attempts;
    let mut attempt = |candidate: &[u32]| -> Option<bool> {
        left = left.checked_sub(1)?;
        Some(shows(candidate))
    };
    // Whoever draws past the end draws zeros.
    while choices.last() == Some(&0) {
        choices.pop();
    }
    loop {
        let before = choices.clone();
        let mut width = choices.len().next_power_of_two().max(1);
        while width > 0 {
            let mut at = 0;
            while at < choices.len() {
                let end = (at + width).min(choices.len());
                let mut shorter = choices.clone();
                shorter.drain(at..end);
                let mut blank = choices.clone();
                blank[at..end].fill(0);
                let mut smaller = None;
                for candidate in [shorter, blank] {
                    if candidate == choices {
                        continue;
                    }
                    match attempt(&candidate) {
                        None => return choices,
                        Some(true) => {
                            smaller = Some(candidate);
                            break;
                        }
                        Some(false) => {}
                    }
                }
                match smaller {
                    Some(smaller) if smaller.len() < choices.len() => choices = smaller,
                    Some(smaller) => {
                        choices = smaller;
                        at = end;
                    }
                    None => at = end,
                }
            }
            width /= 2;
        }
        for at in 0..choices.len() {
            // Choices are taken modulo the number of possibilities, most of which are
            // few: a small number does what a large one did.
            for value in (0..64.min(choices[at])).chain([choices[at] / 2]) {
                if value >= choices[at] {
                    continue;
                }
                let mut lower = choices.clone();
                lower[at] = value;
                match attempt(&lower) {
                    None => return choices,
                    Some(true) => {
                        choices = lower;
                        break;
                    }
                    Some(false) => {}
                }
            }
        }
        if choices == before {
            return choices;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_goes() {
        let noise: Vec<u32> = (0..200).map(|n| n * 7919 + 1).collect();
        let shows = |choices: &[u32]| choices.iter().any(|choice| choice % 10 == 7);
        assert!(shows(&noise));
        assert_eq!(shrink(noise, 10_000, shows), [7]);
    }

    #[test]
    fn attempts_are_counted() {
        let mut tries = 0;
        let choices = shrink((1..1000).collect(), 25, |_| {
            tries += 1;
            false
        });
        assert_eq!((tries, choices.len()), (25, 999));
    }
}
