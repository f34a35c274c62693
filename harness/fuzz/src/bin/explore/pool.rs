//! Inputs to begin with.

use netverdict_policy::generate::Draw;

/// Inputs each of which reached something new.
pub(crate) struct Pool {
    inputs: Vec<Vec<u8>>,
}

impl Pool {
    pub(crate) fn new() -> Pool {
        Pool { inputs: Vec::new() }
    }

    pub(crate) fn add(&mut self, input: Vec<u8>) {
        self.inputs.push(input);
    }

    pub(crate) fn len(&self) -> usize {
        self.inputs.len()
    }

    /// One to change and a few to take pieces from. Short ones are preferred, as a
    /// change of them is more likely to matter; and now and then the newest.
    pub(crate) fn some(&self, draw: &mut Draw) -> Vec<Vec<u8>> {
        (0..3).map(|_| self.one(draw).clone()).collect()
    }

    fn one(&self, draw: &mut Draw) -> &Vec<u8> {
        let count = self.inputs.len();
        if draw.once_in(4) {
            return &self.inputs[count - 1 - draw.below(count.min(32))];
        }
        let first = &self.inputs[draw.below(count)];
        (0..draw.below(4)).fold(first, |shortest, _| {
            let other = draw.one(&self.inputs);
            if other.len() < shortest.len() {
                other
            } else {
                shortest
            }
        })
    }
}
