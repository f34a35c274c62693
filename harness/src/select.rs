//! Which scenarios and probes a run is about.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use netverdict_policy::image::MapImage;
use netverdict_policy::scenario::{Probe, Scenario};
use regex::Regex;
use thiserror::Error;

use crate::event::Part;

mod part;

/// A valid scenario with its compiled policy.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// Its image.
    pub image: Arc<MapImage>,
}

/// A scenario with the probes that are to run.
#[derive(Clone, Debug)]
pub struct Selected {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// Its image.
    pub image: Arc<MapImage>,
    /// Indices into the scenario's probes, ascending; at least one, or the steps
    /// are to run.
    pub probes: Vec<usize>,
    /// Whether the steps are to run: all of them, with their probes, since each
    /// changes what the one before left.
    pub steps: bool,
}

impl Selected {
    /// The probes that are to run, in the scenario's order.
    pub fn probes(&self) -> impl Iterator<Item = &Probe> {
        self.probes
            .iter()
            .map(|index| &self.scenario.probes[*index])
    }

    /// The probes that are to run before the first step and after each.
    pub fn live_probes(&self) -> impl Iterator<Item = &Probe> {
        let of_steps = self.scenario.steps.iter().flat_map(|step| &step.probes);
        (self.scenario.before_steps.iter().chain(of_steps)).filter(|_| self.steps)
    }
}

/// A filter on names: a regular expression, negated by a leading `!`.
#[derive(Clone, Debug)]
pub struct NameFilter {
    regex: Regex,
    excludes: bool,
}

impl FromStr for NameFilter {
    type Err = regex::Error;

    fn from_str(text: &str) -> Result<Self, regex::Error> {
        let (excludes, pattern) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        Ok(NameFilter {
            regex: Regex::new(pattern)?,
            excludes,
        })
    }
}

/// Part of a run: `I/N`, the `I`th of `N`, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    count: usize,
}

/// Why a text is no [`Shard`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected I/N with 1 <= I <= N, as in 2/5")]
pub struct ShardError;

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, ShardError> {
        let (index, count) = text.split_once('/').ok_or(ShardError)?;
        let number = |digits: &str| digits.parse::<usize>().map_err(|_| ShardError);
        let (index, count) = (number(index)?, number(count)?);
        if (1..=count).contains(&index) {
            Ok(Shard { index, count })
        } else {
            Err(ShardError)
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// A probe runs if no excluding filter matches its name, and any other
    /// matches it or there is none. The name is tried by itself and with the
    /// scenario's path in front, as `PATH::NAME`.
    pub tests: Vec<NameFilter>,
    /// A scenario runs if it has any of these tags, or there are none.
    pub tags: Vec<String>,
    /// Scenarios are dealt out to shards in turn.
    pub shard: Option<Shard>,
    /// How it is judged, in words that tell one way from another.
    pub judged: String,
}

/// What was selected.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The scenarios of this shard.
    pub scenarios: Vec<Selected>,
    /// Whether all shards together have nothing either.
    pub nothing_at_all: bool,
    /// What these are a part of.
    pub part: Part,
}

impl Selection {
    /// Applies the selection.
    pub fn choose(&self, loaded: &[Loaded]) -> Chosen {
        let all: Vec<Selected> = loaded.iter().filter_map(|loaded| self.of(loaded)).collect();
        let nothing_at_all = all.is_empty();
        let part = part::part(&all, self.shard, &self.judged);
        let scenarios = match self.shard {
            None => all,
            Some(Shard { index, count }) => {
                all.into_iter().skip(index - 1).step_by(count).collect()
            }
        };
        Chosen {
            scenarios,
            nothing_at_all,
            part,
        }
    }

    fn of(&self, loaded: &Loaded) -> Option<Selected> {
        let scenario = &loaded.scenario;
        let tagged =
            self.tags.is_empty() || self.tags.iter().any(|tag| scenario.tags.contains(tag));
        let wanted: Vec<usize> = (0..scenario.probes.len())
            .filter(|index| self.wants(&scenario.file.path, &scenario.probes[*index].name))
            .collect();
        let probes = with_what_was_before(scenario, &wanted);
        let path = &scenario.file.path;
        let steps = (scenario.steps.iter()).any(|step| {
            self.wants(path, &format!("step {}", step.name))
                || (step.probes.iter().chain(&scenario.before_steps))
                    .any(|probe| self.wants(path, &probe.name))
        });
        (tagged && (steps || !probes.is_empty())).then(|| Selected {
            scenario: Arc::clone(scenario),
            image: Arc::clone(&loaded.image),
            probes,
            steps,
        })
    }

    fn wants(&self, path: &str, name: &str) -> bool {
        let full = format!("{path}::{name}");
        let matches =
            |filter: &NameFilter| filter.regex.is_match(name) || filter.regex.is_match(&full);
        let (excluding, including): (Vec<_>, Vec<_>) =
            self.tests.iter().partition(|filter| filter.excludes);
        !excluding.into_iter().any(&matches)
            && (including.is_empty() || including.into_iter().any(&matches))
    }
}

/// Adds, for each probe of a sequence, those before it: without them it would be
/// another probe.
fn with_what_was_before(scenario: &Scenario, wanted: &[usize]) -> Vec<usize> {
    let is_before = |index: usize| {
        let sequence = scenario.probes[index].sequence;
        sequence.is_some()
            && (wanted.iter())
                .any(|wanted| *wanted > index && scenario.probes[*wanted].sequence == sequence)
    };
    (0..scenario.probes.len())
        .filter(|index| wanted.contains(index) || is_before(*index))
        .collect()
}

#[cfg(test)]
mod tests;
