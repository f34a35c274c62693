//! Takes a failing case apart, piece by piece, as long as it fails in the same way.

mod parts;

use super::{Case, Property};
use parts::simpler;

/// The case without whatever it fails without, by at most so many tries. `fails` says
/// which property does not hold of a case, if any.
pub fn simplify<E>(
    mut case: Case,
    attempts: u32,
    mut fails: impl FnMut(&Case) -> Result<Option<Property>, E>,
) -> Result<Case, E> {
    let mut left = attempts;
    'simpler: loop {
        for candidate in simpler(&case) {
            if left == 0 {
                return Ok(case);
            }
            left -= 1;
            if fails(&candidate)? == Some(candidate.property) {
                case = candidate;
                continue 'simpler;
            }
        }
        return Ok(case);
    }
}

#[cfg(test)]
mod tests;
