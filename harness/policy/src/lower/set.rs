//! Sets of small numbers, ascending.

/// A set of `u32`s: 64 neighbours in a word, words without a member left out.
/// Thousands of sets over thousands of numbers stay small, full or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Set {
    /// (index, bits that are set, at least one), ascending by index.
    words: Vec<(u32, u64)>,
}

impl Set {
    /// Adds a number that is not below any member.
    pub(super) fn push(&mut self, number: u32) {
        let (index, bit) = (number / 64, 1 << (number % 64));
        match self.words.last_mut() {
            Some((last, bits)) if *last == index => *bits |= bit,
            last => {
                debug_assert!(last.is_none_or(|(last, _)| *last < index), "ascending");
                self.words.push((index, bit));
            }
        }
    }

    /// Members, ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + Clone {
        (self.words.iter()).flat_map(|(index, bits)| {
            let mut rest = *bits;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(index * 64 + bit)
            })
        })
    }

    /// What is in both.
    #[must_use]
    pub(super) fn and(&self, other: &Set) -> Set {
        self.merge(other, |mine, others| mine & others)
    }

    /// What is in either.
    #[must_use]
    pub(super) fn or(&self, other: &Set) -> Set {
        self.merge(other, |mine, others| mine | others)
    }

    /// What is in this one only.
    #[must_use]
    pub(super) fn without(&self, other: &Set) -> Set {
        self.merge(other, |mine, others| mine & !others)
    }

    fn merge(&self, other: &Set, combine: impl Fn(u64, u64) -> u64) -> Set {
        let mut words = Vec::new();
        let (mut mine, mut others) = (self.words.as_slice(), other.words.as_slice());
        loop {
            let index = match (mine.first(), others.first()) {
                (Some((a, _)), Some((b, _))) => *a.min(b),
                (Some((index, _)), None) | (None, Some((index, _))) => *index,
                (None, None) => return Set { words },
            };
            let bits = combine(take(&mut mine, index), take(&mut others, index));
            if bits != 0 {
                words.push((index, bits));
            }
        }
    }
}

/// The word with this index, if it comes first.
fn take(words: &mut &[(u32, u64)], index: u32) -> u64 {
    match words.split_first() {
        Some(((first, bits), rest)) if *first == index => {
            *words = rest;
            *bits
        }
        _ => 0,
    }
}

/// From numbers in ascending order; they may repeat.
impl FromIterator<u32> for Set {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Set {
        let mut set = Set::default();
        for number in numbers {
            set.push(number);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn behaves_as_a_set() {
        let some: Vec<BTreeSet<u32>> = [
            &[][..],
            &[0],
            &[0, 63, 64, 129],
            &[64, 65, 4_000_000_000],
            &[63, 129, 200],
        ]
        .map(|numbers| numbers.iter().copied().collect())
        .to_vec();
        let set = |numbers: &BTreeSet<u32>| numbers.iter().copied().collect::<Set>();
        for a in &some {
            assert_eq!(&set(a).iter().collect::<BTreeSet<_>>(), a);
            for b in &some {
                assert_eq!(set(a).and(&set(b)), set(&(a & b)), "{a:?} and {b:?}");
                assert_eq!(set(a).or(&set(b)), set(&(a | b)), "{a:?} or {b:?}");
                assert_eq!(
                    set(a).without(&set(b)),
                    set(&(a - b)),
                    "{a:?} without {b:?}"
                );
            }
        }
        assert_eq!(
            (0..130).collect::<Set>().iter().collect::<Vec<_>>(),
            (0..130).collect::<Vec<_>>()
        );
    }
}
