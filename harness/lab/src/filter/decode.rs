//! The entries of the generation in force as a map image: [`Entries::of`] undone,
//! and what it could never have made.
//!
//! What an entry says to the programs is kept even where it is odd, so that the image
//! means what they do; what they cannot reach is not in it.

mod guards;
mod lists;
mod place;

use netverdict_abi::{Mode, Settings, map};
use netverdict_policy::image::MapImage;

use super::entries::Entries;
use super::install::Links;
use super::read_back::{Oddity, ReadBack, Stray};
use guards::Guards;
use lists::Lists;

/// What was read, and what is known about how it was written.
pub(super) struct Held<'a> {
    /// The entries of both generations, in any order.
    pub(super) entries: &'a Entries,
    /// The word that selects a generation.
    pub(super) generation: u32,
    /// What holds for it.
    pub(super) settings: Settings,
    /// Which links endpoints were written with, if that is known.
    pub(super) links: Option<Links>,
}

/// Says what the maps mean.
pub(super) fn decode(held: &Held<'_>) -> ReadBack {
    let Held {
        entries,
        generation,
        settings,
        links,
    } = *held;
    let mut findings = Findings::new(generation);
    if generation > 1 {
        findings.stray(map::GENERATION, generation.to_string(), Oddity::Generation);
    }
    let mut lists = Lists::of(entries, &mut findings);
    let mut guards = Guards::of(entries, &mut findings);
    let mut image = MapImage {
        pass_all: settings.mode & Mode::PASS_ALL != 0,
        deny_list: lists.take_deny_list(&mut findings),
        prefilters: lists.take_prefilters(entries, &mut findings),
        identities: place::identities(entries, &mut findings),
        ..MapImage::default()
    };
    image.endpoints = guards.take_endpoints(entries, links, &mut findings);
    lists.leave(&image, &mut findings);
    image.guards = guards.finish(&mut findings);
    heed(settings, &mut image, &mut findings);
    let Findings {
        ours,
        leftovers,
        mut strays,
        ..
    } = findings;
    // The kernel hands entries over in an order of its own.
    strays.sort_by(|a, b| (a.map, &a.entry, a.oddity).cmp(&(b.map, &b.entry, b.oddity)));
    ReadBack {
        image,
        settings,
        generation,
        entries: ours,
        leftovers,
        strays,
    }
}

/// Takes out of the image what the settings keep the programs from looking up.
fn heed(settings: Settings, image: &mut MapImage, findings: &mut Findings) {
    const KNOWN: u32 = Mode::PASS_ALL
        | Mode::EVENT_ON_DROP
        | Mode::EVENT_ON_PASS
        | Mode::TRACK
        | Mode::DENY_LIST
        | Mode::BYPASS;
    let bypasses = (image.prefilters.values()).any(|stage| !stage.backends.is_empty());
    let looks_up = |bit| settings.mode & bit != 0;
    for (right, what) in [
        (
            looks_up(Mode::DENY_LIST) != image.deny_list.is_empty(),
            "deny list",
        ),
        (looks_up(Mode::BYPASS) == bypasses, "bypass"),
        (settings.mode & !KNOWN == 0, "mode"),
    ] {
        if !right {
            let entry = format!("{what} ({:#x})", settings.mode);
            findings.stray(map::SETTINGS, entry, Oddity::Settings);
        }
    }
    if !looks_up(Mode::DENY_LIST) {
        image.deny_list.clear();
    }
    if !looks_up(Mode::BYPASS) {
        for stage in image.prefilters.values_mut() {
            stage.backends.clear();
        }
    }
}

/// What is counted and found on the way.
struct Findings {
    generation: u32,
    ours: usize,
    leftovers: usize,
    strays: Vec<Stray>,
}

impl Findings {
    fn new(generation: u32) -> Findings {
        Findings {
            generation,
            ours: 0,
            leftovers: 0,
            strays: Vec::new(),
        }
    }

    /// Counts an entry of this generation, and says whether it is the one in force.
    fn is_ours(&mut self, generation: u32) -> bool {
        let ours = generation == self.generation;
        match ours {
            true => self.ours += 1,
            false => self.leftovers += 1,
        }
        ours
    }

    fn stray(&mut self, map: &'static str, entry: String, oddity: Oddity) {
        self.strays.push(Stray { map, entry, oddity });
    }
}

/// The generation that a number is of ([`netverdict_abi::numbered`]).
const fn generation_of(number: u32) -> u32 {
    number >> 31
}

/// A number without its generation.
const fn index_of(number: u32) -> u32 {
    number & 0x7fff_ffff
}

#[cfg(test)]
mod tests;
