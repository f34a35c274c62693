//! Where a generator's choices come from.

/// A stream of choices.
#[derive(Clone, Debug)]
pub struct Draw {
    source: Source,
    taken: Vec<u32>,
}

#[derive(Clone, Debug)]
enum Source {
    /// State of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
    /// Generators, 2014).
    Seeded(u64),
    /// In this order; then zeros.
    Replayed(std::vec::IntoIter<u32>),
}

impl Draw {
    /// The choices of a seed, without end.
    pub fn seeded(seed: u64) -> Draw {
        Draw {
            source: Source::Seeded(seed),
            taken: Vec::new(),
        }
    }

    /// These choices, and behind them zeros: the first of every list, and the
    /// shortest of every kind. Any choices will do.
    pub fn replayed(choices: Vec<u32>) -> Draw {
        Draw {
            source: Source::Replayed(choices.into_iter()),
            taken: Vec::new(),
        }
    }

    /// The choices made so far; replayed, they give the same again.
    pub fn taken(&self) -> &[u32] {
        &self.taken
    }

    /// A number below `end`; 0 if that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let choice = self.next();
        self.taken.push(choice);
        match end {
            0 => 0,
            end => usize::try_from(choice).map_or(0, |choice| choice % end),
        }
    }

    /// True once in `times`, on average; false of the choice 0.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    /// One of a list.
    ///
    /// # Panics
    /// If it is empty.
    pub fn one<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// So many times what `make` makes, 0 to `most`.
    pub fn some<T>(&mut self, most: usize, mut make: impl FnMut(&mut Draw) -> T) -> Vec<T> {
        let count = self.below(most + 1);
        (0..count).map(|_| make(self)).collect()
    }

    /// Any 16 bits.
    pub fn any_u16(&mut self) -> u16 {
        u16::try_from(self.below(1 << 16)).unwrap_or(0)
    }

    fn next(&mut self) -> u32 {
        match &mut self.source {
            Source::Replayed(choices) => choices.next().unwrap_or(0),
            Source::Seeded(state) => {
                *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mut mixed = *state;
                mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                mixed ^= mixed >> 31;
                u32::try_from(mixed >> 32).unwrap_or(0)
            }
        }
    }
}
