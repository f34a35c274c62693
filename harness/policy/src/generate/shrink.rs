//! Fewer and smaller choices that still show the same.

/// Choices that show something, and the next shorter or smaller ones to be tried:
/// away with some, zeros in place of some, smaller numbers.
///
/// Whoever drives it tries the candidate, and says what came of it.
#[derive(Clone, Debug)]
pub struct Shrinker {
    best: Vec<u32>,
    candidate: Option<Vec<u32>>,
    stage: Stage,
    /// Whether anything was accepted since the first stage began.
    has_shrunk: bool,
}

/// Where the next candidate comes from.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Without so many choices from a place on, or with zeros there.
    Cut {
        width: usize,
        at: usize,
        blank: bool,
    },
    /// With a smaller number at a place, the attempt with this number.
    Lower { at: usize, attempt: u32 },
    /// From nowhere.
    Done,
}

/// Choices are taken modulo the number of possibilities, most of which are few: a
/// small number does what a large one did.
const SMALL: u32 = 64;

impl Shrinker {
    /// Nothing is known but that these choices show it.
    pub fn new(mut choices: Vec<u32>) -> Shrinker {
        // Whoever draws past the end draws zeros.
        while choices.last() == Some(&0) {
            choices.pop();
        }
        let mut shrinker = Shrinker {
            stage: Stage::first(choices.len()),
            best: choices,
            candidate: None,
            has_shrunk: false,
        };
        shrinker.advance();
        shrinker
    }

    /// The simplest choices that are known to show it.
    pub fn best(&self) -> &[u32] {
        &self.best
    }

    /// Those to be tried next; `None` if nothing simpler is left to try.
    pub fn candidate(&self) -> Option<&[u32]> {
        self.candidate.as_deref()
    }

    /// The candidate shows it as well.
    pub fn accept(&mut self) {
        let Some(candidate) = self.candidate.take() else {
            return;
        };
        self.best = candidate;
        self.has_shrunk = true;
        self.stage = match self.stage {
            Stage::Cut { width, at, blank } => Stage::Cut {
                width,
                // What was behind a cut is now at its place.
                at: if blank { at + width } else { at },
                blank: false,
            },
            Stage::Lower { at, attempt: _ } => Stage::Lower {
                at: at + 1,
                attempt: 0,
            },
            Stage::Done => Stage::Done,
        };
        self.advance();
    }

    /// The candidate does not show it.
    pub fn reject(&mut self) {
        if self.candidate.take().is_some() {
            self.stage = self.stage.behind();
            self.advance();
        }
    }

    /// Nothing more is tried: the best is what is left.
    pub fn stop(&mut self) {
        self.candidate = None;
        self.stage = Stage::Done;
    }

    /// To the next candidate.
    fn advance(&mut self) {
        loop {
            match self.stage {
                Stage::Done => return,
                Stage::Cut { width: 0, .. } => self.stage = Stage::Lower { at: 0, attempt: 0 },
                Stage::Cut { width, at, .. } if at >= self.best.len() => {
                    self.stage = Stage::Cut {
                        width: width / 2,
                        at: 0,
                        blank: false,
                    };
                }
                Stage::Lower { at, .. } if at >= self.best.len() => {
                    self.stage = match self.has_shrunk {
                        true => Stage::first(self.best.len()),
                        false => Stage::Done,
                    };
                    self.has_shrunk = false;
                }
                Stage::Lower { at, attempt } if attempt > SMALL.min(self.best[at]) => {
                    self.stage = Stage::Lower {
                        at: at + 1,
                        attempt: 0,
                    };
                }
                Stage::Cut { .. } | Stage::Lower { .. } => {
                    let candidate = self.made();
                    if candidate != self.best {
                        self.candidate = Some(candidate);
                        return;
                    }
                    self.stage = self.stage.behind();
                }
            }
        }
    }

    /// What the stage makes of the best.
    fn made(&self) -> Vec<u32> {
        let mut choices = self.best.clone();
        match self.stage {
            Stage::Cut { width, at, blank } => {
                let end = (at + width).min(choices.len());
                match blank {
                    true => choices[at..end].fill(0),
                    false => drop(choices.drain(at..end)),
                }
            }
            Stage::Lower { at, attempt } => {
                let value = choices[at];
                choices[at] = match attempt < SMALL.min(value) {
                    true => attempt,
                    false => value / 2,
                };
            }
            Stage::Done => {}
        }
        choices
    }
}

impl Stage {
    fn first(length: usize) -> Stage {
        Stage::Cut {
            width: length.next_power_of_two(),
            at: 0,
            blank: false,
        }
    }

    /// Where to go on if this came to nothing.
    fn behind(self) -> Stage {
        match self {
            Stage::Cut {
                width,
                at,
                blank: false,
            } => Stage::Cut {
                width,
                at,
                blank: true,
            },
            Stage::Cut {
                width,
                at,
                blank: true,
            } => Stage::Cut {
                width,
                at: at + width,
                blank: false,
            },
            Stage::Lower { at, attempt } => Stage::Lower {
                at,
                attempt: attempt + 1,
            },
            Stage::Done => Stage::Done,
        }
    }
}

/// Shortens `choices` as long as `shows` holds, by at most `attempts` tries. It holds
/// for `choices`, and for what is returned.
pub fn shrink(
    choices: Vec<u32>,
    attempts: usize,
    mut shows: impl FnMut(&[u32]) -> bool,
) -> Vec<u32> {
    let mut shrinker = Shrinker::new(choices);
    for _ in 0..attempts {
        match shrinker.candidate() {
            None => break,
            Some(candidate) if shows(candidate) => shrinker.accept(),
            Some(_) => shrinker.reject(),
        }
    }
    shrinker.best
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

    #[test]
    fn zeros_at_the_end_are_no_choices() {
        let shrinker = Shrinker::new(vec![3, 0, 0]);
        assert_eq!(shrinker.best(), [3]);
        assert_eq!(Shrinker::new(vec![0, 0]).candidate(), None);
    }

    /// A rejected candidate leaves no trace; an accepted one is what the next is made
    /// of.
    #[test]
    fn candidates_are_made_of_the_best() {
        let mut shrinker = Shrinker::new(vec![5, 6]);
        assert_eq!(shrinker.candidate(), Some(&[][..]));
        shrinker.reject();
        assert_eq!(shrinker.candidate(), Some(&[0, 0][..]));
        shrinker.reject();
        assert_eq!(shrinker.candidate(), Some(&[6][..]));
        assert_eq!(shrinker.best(), [5, 6]);
        shrinker.accept();
        assert_eq!(shrinker.best(), [6]);
        assert_eq!(shrinker.candidate(), Some(&[][..]));
    }

    #[test]
    fn it_ends_when_it_is_told_to() {
        let mut shrinker = Shrinker::new(vec![5, 6]);
        shrinker.reject();
        shrinker.stop();
        assert_eq!((shrinker.best(), shrinker.candidate()), (&[5, 6][..], None));
        shrinker.reject();
        assert_eq!(shrinker.candidate(), None);
    }

    /// Where nothing simpler shows it, every way is tried once and that is the end.
    #[test]
    fn it_ends() {
        let mut shrinker = Shrinker::new(vec![70, 2, 300]);
        let mut seen = Vec::new();
        while let Some(candidate) = shrinker.candidate() {
            assert_ne!(candidate, shrinker.best());
            seen.push(candidate.to_vec());
            assert!(seen.len() < 1_000, "without end");
            shrinker.reject();
        }
        assert_eq!(shrinker.best(), [70, 2, 300]);
        for expected in [[70, 2, 150], [35, 2, 300], [70, 1, 300], [63, 2, 300]] {
            assert!(seen.contains(&expected.to_vec()), "{expected:?}");
        }
        shrinker.accept();
        assert_eq!(shrinker.best(), [70, 2, 300], "there is nothing to accept");
    }
}
