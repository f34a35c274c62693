//! A policy, from the beginning or from a step on, and what decided under it.

use netverdict_policy::hits::Hits;
use netverdict_policy::image::{Key, MapImage};
use netverdict_policy::model::Policy;
use netverdict_policy::oracle::Decision;
use netverdict_policy::scenario::Probe;

use crate::suite::Finding;

/// A policy, and what decided under it.
pub(super) struct Stage<'a> {
    /// The step that brought it; none for what was there before the first.
    pub(super) step: Option<&'a str>,
    pub(super) policy: &'a Policy,
    pub(super) image: &'a MapImage,
    pub(super) hits: Hits,
    /// Frames that something is known about.
    pub(super) frames: u64,
    /// Of these, such as the filter judged otherwise than the interpreter.
    pub(super) unknown_lookups: u64,
}

/// Frames, and what is known about each.
pub(super) struct Frames<'p, 'a> {
    /// Their probes, in the same order.
    pub(super) probes: Vec<&'p Probe>,
    /// What the oracle decides, hook by hook.
    pub(super) decisions: &'a [Vec<Decision>],
    /// What the lane said.
    pub(super) said: &'a [Finding],
    /// What the interpreter says.
    pub(super) modelled: &'a [Finding],
    /// The entries that it found.
    pub(super) keys: &'a [Vec<Key>],
}

impl<'a> Stage<'a> {
    pub(super) fn new(step: Option<&'a str>, policy: &'a Policy, image: &'a MapImage) -> Stage<'a> {
        Stage {
            step,
            policy,
            image,
            hits: Hits::default(),
            frames: 0,
            unknown_lookups: 0,
        }
    }

    /// Takes the frames in, and puts the names of their probes behind `names`, whose
    /// numbers they are known by. Of frames that the lane says nothing about, nothing
    /// is counted.
    pub(super) fn take<'p>(&mut self, names: &mut Vec<&'p str>, frames: Frames<'p, '_>) {
        let mut from = 0;
        for probe in frames.probes {
            let number = names.len();
            names.push(&probe.name);
            for at in from..from + probe.cases.len() {
                let Ok(said) = &frames.said[at] else {
                    continue;
                };
                self.frames += 1;
                let named = (said.judged.iter()).map(|judged| self.image.rule(judged.rule));
                self.hits
                    .take(number, frames.decisions[at].iter().zip(named));
                // The same image, and the same judgement: by the same entries.
                match &frames.modelled[at] {
                    Ok(modelled) if modelled.judged == said.judged => {
                        self.hits.find(frames.keys[at].iter().copied());
                    }
                    Ok(_) | Err(_) => self.unknown_lookups += 1,
                }
            }
            from += probe.cases.len();
        }
    }
}
