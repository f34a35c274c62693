//! The number that all cases of a run are drawn from.

use std::fmt;
use std::str::FromStr;

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use thiserror::Error;

/// The seed of a run. Case `i` depends on it and on `i` alone, whoever draws it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(pub u64);

/// Why a text is no [`Seed`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("a seed is a number from 0 to {}, such as 42 or 0x2a", u64::MAX)]
pub struct SeedError;

impl FromStr for Seed {
    type Err = SeedError;

    fn from_str(text: &str) -> Result<Seed, SeedError> {
        let (digits, base) = match text.strip_prefix("0x") {
            Some(digits) => (digits, 16),
            None => (text, 10),
        };
        // `from_str_radix` takes a sign.
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let number = plain.then(|| u64::from_str_radix(digits, base).ok());
        number.flatten().map(Seed).ok_or(SeedError)
    }
}

/// As it can be given again.
impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Seed {
    /// A runner for the case with this number, which shrinks what fails by at most so
    /// many tries.
    pub(super) fn runner(self, case: u64, shrinks: u32) -> TestRunner {
        let config = Config {
            max_shrink_iters: shrinks,
            failure_persistence: None,
            ..Config::default()
        };
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.0.to_le_bytes());
        key[8..16].copy_from_slice(&case.to_le_bytes());
        TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_decimal_or_hexadecimal() {
        for (text, expected) in [
            ("0", Ok(Seed(0))),
            ("42", Ok(Seed(42))),
            ("0x2a", Ok(Seed(42))),
            ("0xFFFFFFFFFFFFFFFF", Ok(Seed(u64::MAX))),
            ("18446744073709551616", Err(SeedError)),
            ("", Err(SeedError)),
            ("0x", Err(SeedError)),
            ("-1", Err(SeedError)),
            ("+1", Err(SeedError)),
            ("2a", Err(SeedError)),
            ("1.5", Err(SeedError)),
            (" 1", Err(SeedError)),
        ] {
            assert_eq!(text.parse(), expected, "{text:?}");
        }
    }
}
