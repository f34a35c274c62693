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

    /// One to change and a few to take pieces from; half of the time of the newest.
    pub(crate) fn some(&self, draw: &mut Draw) -> Vec<Vec<u8>> {
        let count = self.inputs.len();
        let newest = draw.once_in(2);
        let mut pick = || match newest {
            true => count - 1 - draw.below(count.min(32)),
            false => draw.below(count),
        };
        (0..3).map(|_| self.inputs[pick()].clone()).collect()
    }
}
