//! Cases by the choices they are drawn from, for proptest to try and to shrink.

use std::cell::Cell;
use std::rc::Rc;

use netverdict_policy::generate::{Draw, Shrinker};
use proptest::prelude::Rng as _;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::{Case, Property};

/// Cases for a property.
#[derive(Clone, Copy, Debug)]
pub struct CasesOf(pub Property);

/// A case, and simpler ones.
#[derive(Clone, Debug)]
pub struct Choices {
    property: Property,
    seed: u64,
    /// Once something simpler is asked for.
    shrinker: Option<Shrinker>,
    /// Whether nothing simpler is wanted any more.
    enough: Rc<Cell<bool>>,
}

impl Strategy for CasesOf {
    type Tree = Choices;
    type Value = Case;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<CasesOf> {
        Ok(Choices {
            property: self.0,
            seed: runner.rng().next_u64(),
            shrinker: None,
            enough: Rc::default(),
        })
    }
}

impl ValueTree for Choices {
    type Value = Case;

    fn current(&self) -> Case {
        let mut draw = match &self.shrinker {
            None => Draw::seeded(self.seed),
            Some(shrinker) => {
                let choices = shrinker.candidate().unwrap_or(shrinker.best());
                Draw::replayed(choices.to_vec())
            }
        };
        Case::draw(self.property, &mut draw)
    }

    /// What is current fails: on to something simpler.
    fn simplify(&mut self) -> bool {
        match &mut self.shrinker {
            Some(shrinker) => shrinker.accept(),
            None => {
                let mut draw = Draw::seeded(self.seed);
                Case::draw(self.property, &mut draw);
                self.shrinker = Some(Shrinker::new(draw.taken().to_vec()));
            }
        }
        self.is_open()
    }

    /// What is current does not fail: back to what did, and on to something else.
    fn complicate(&mut self) -> bool {
        if let Some(shrinker) = &mut self.shrinker {
            match self.enough.get() {
                true => shrinker.stop(),
                false => shrinker.reject(),
            }
        }
        self.is_open()
    }
}

impl Choices {
    /// Set once time is over: the runner then ends with the simplest case so far.
    pub fn enough(&self) -> Rc<Cell<bool>> {
        Rc::clone(&self.enough)
    }

    /// Whether there is something left to try.
    fn is_open(&self) -> bool {
        (self.shrinker.as_ref()).is_some_and(|shrinker| shrinker.candidate().is_some())
    }
}

#[cfg(test)]
mod tests {
    use proptest::test_runner::{TestCaseError, TestError};

    use super::*;
    use crate::fuzz::Seed;

    /// The runner ends with the simplest case that fails, and draws it again.
    #[test]
    fn the_runner_shrinks_to_what_matters() {
        let mut runner = Seed(1).runner(0, 5_000);
        let tree = CasesOf(Property::Agreement)
            .new_tree(&mut runner)
            .expect("cases are not refused");
        let first = tree.current();
        let workloads = first.policy.workloads.len();
        assert!(
            workloads > 1 && !first.policy.network_policies.is_empty(),
            "{first:?}"
        );
        let found = runner.run_one(tree, |case| match case.policy.workloads.len() {
            1 => Ok(()),
            _ => Err(TestCaseError::fail("two workloads")),
        });
        let Err(TestError::Fail(_, simplest)) = found else {
            panic!("it fails: {found:?}");
        };
        assert_eq!(simplest.policy.workloads.len(), 2);
        assert!(simplest.policy.network_policies.is_empty());
        assert!(simplest.policy.prefilters.is_empty());
    }

    /// When it is enough, what fails is what is left.
    #[test]
    fn the_runner_ends_with_what_it_has() {
        let mut runner = Seed(1).runner(0, 5_000);
        let tree = CasesOf(Property::Agreement)
            .new_tree(&mut runner)
            .expect("cases are not refused");
        let (first, enough) = (tree.current(), tree.enough());
        let tries = Cell::new(0);
        let found = runner.run_one(tree, |_| {
            tries.set(tries.get() + 1);
            match tries.get() {
                1 => Err(TestCaseError::fail("it fails")),
                _ => {
                    enough.set(true);
                    Ok(())
                }
            }
        });
        assert!(matches!(found, Err(TestError::Fail(_, case)) if case == first));
        assert_eq!(tries.get(), 2);
    }

    /// A tree whose candidates are all refused comes back to what it began with.
    #[test]
    fn what_cannot_be_simpler_stays() {
        let mut runner = Seed(7).runner(3, 0);
        let mut tree = CasesOf(Property::DenyNeverWidens)
            .new_tree(&mut runner)
            .expect("cases are not refused");
        let first = tree.current();
        assert!(tree.simplify());
        assert_ne!(tree.current(), first);
        while tree.complicate() {}
        assert_eq!(tree.current(), first);
    }
}
