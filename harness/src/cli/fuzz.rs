//! Arguments of `fuzz`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::fuzz::{Property, Seed};

/// Arguments of `fuzz`.
#[derive(Debug, Args)]
pub struct FuzzArgs {
    /// Cases to try [default: 20000, unless --time is given].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub cases: Option<u64>,
    /// How long to try: 90s, 10m, 8h; plain numbers are seconds.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub time: Option<Duration>,
    /// What cases are drawn from, decimal or 0x… [default: another one each time].
    #[arg(long, value_name = "SEED", allow_hyphen_values = true)]
    pub seed: Option<Seed>,
    /// Only these properties; cases take turns.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME")]
    pub property: Vec<Property>,
    /// Who has a say: everybody, or all but the kernel, without privileges.
    #[arg(long, value_enum, default_value_t)]
    pub lane: FuzzLane,
    /// Another build of the filter, with the same map layout.
    #[arg(long, value_name = "OBJECT", env = "NETVERDICT_FILTER")]
    pub filter: Option<PathBuf>,
    /// Where findings go [default: scenarios/regressions where that is a folder, else
    /// reports].
    #[arg(long, value_name = "DIR")]
    pub save: Option<PathBuf>,
    /// What is printed.
    #[arg(short, long, value_enum, default_value_t)]
    pub output: FuzzOutput,
    /// For the test-suite: let the interpreter read a wrong image.
    #[arg(long, hide = true)]
    pub sabotage: Option<Misread>,
}

/// Lanes that are fast enough to try cases by the thousand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FuzzLane {
    /// Interpret the map image in user space; no privileges.
    Model,
    /// `BPF_PROG_TEST_RUN` on the loaded programs and their real maps as well.
    #[default]
    Testrun,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FuzzOutput {
    /// For reading.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// What the interpreter may be made to read wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Misread {
    /// A prefilter's default.
    DefaultFlipped,
    /// Denies of policies, as allows.
    DenyAsAllow,
}

/// A number and a unit.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err("write a number of seconds, or with a unit: 90s, 10m, 8h".to_owned()),
    };
    let seconds = (digits.parse::<u32>().ok()).filter(|number| *number > 0);
    seconds
        .map(|number| Duration::from_secs(u64::from(number) * unit))
        .ok_or_else(|| "write a whole number from 1, with s, m or h behind it".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        for (text, seconds) in [
            ("90", Some(90)),
            ("90s", Some(90)),
            ("10m", Some(600)),
            ("8h", Some(28_800)),
            ("0", None),
            ("", None),
            ("s", None),
            ("1.5m", None),
            ("-1s", None),
            ("5 m", None),
            ("5d", None),
        ] {
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(duration(text).ok(), expected, "{text:?}");
        }
    }
}
