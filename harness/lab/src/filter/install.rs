//! How a policy is put in force.

use std::time::Instant;

use netverdict_abi::Mode;
use netverdict_policy::image::MapImage;

use crate::network::workload_end;

/// Which frames the programs report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Events {
    /// None; counters only.
    None,
    /// Those that do not pass.
    Drops,
    /// All.
    All,
}

impl Events {
    /// Bits of [`Mode`] that ask for events.
    pub(super) const BITS: u32 = Mode::EVENT_ON_DROP | Mode::EVENT_ON_PASS;

    pub(super) const fn bits(self) -> u32 {
        match self {
            Events::None => 0,
            Events::Drops => Mode::EVENT_ON_DROP,
            Events::All => Mode::EVENT_ON_DROP | Mode::EVENT_ON_PASS,
        }
    }
}

/// Whether a workload's frames are taken from its own link only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// From any link, as in test runs, which have none.
    Unchecked,
    /// From the links that a [`crate::Lab`] lays.
    OfLab,
}

impl Links {
    /// [`netverdict_abi::Endpoint::link`] of the workload with this number.
    pub(super) fn link(self, workload: u32) -> u32 {
        match self {
            Links::Unchecked => 0,
            Links::OfLab => {
                let number = usize::try_from(workload).expect("numbers of workloads fit");
                workload_end(number).index
            }
        }
    }
}

/// What becomes of connections, fragments and flows remembered so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connections {
    /// They hold under the new policy as well; but for flows that a prefilter let
    /// bypass the policy, which hold under that prefilter's policy only.
    Keep,
    /// They are forgotten, in the same moment.
    Forget,
}

/// How a policy is put in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Install {
    /// Which frames are reported.
    pub events: Events,
    /// Whether connections and first fragments are remembered
    /// ([`Mode::TRACK`]).
    pub track: bool,
    /// Whether a workload's frames are taken from its own link only.
    pub links: Links,
    /// What becomes of what is remembered already.
    pub connections: Connections,
}

/// A policy was put in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The generation that is in force now: 0 or 1.
    pub generation: u8,
    /// Just before the word was written that selects it: a program that ended by
    /// then ran under the policy before.
    pub started: Instant,
    /// Just after: a program that begins from then on runs under this one.
    pub ended: Instant,
}

impl Install {
    /// The bits of [`Mode`].
    pub(super) fn mode(&self, image: &MapImage) -> u32 {
        let bypasses = (image.prefilters.values()).any(|stage| !stage.backends.is_empty());
        self.events.bits()
            | bit(image.pass_all, Mode::PASS_ALL)
            | bit(self.track, Mode::TRACK)
            | bit(!image.deny_list.is_empty(), Mode::DENY_LIST)
            | bit(bypasses, Mode::BYPASS)
    }

    /// [`netverdict_abi::Endpoint::link`] of the workload with this number.
    pub(super) fn link(&self, workload: u32) -> u32 {
        self.links.link(workload)
    }
}

pub(super) const fn bit(set: bool, bit: u32) -> u32 {
    if set { bit } else { 0 }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use netverdict_policy::image::{PrefilterImage, RuleId};
    use netverdict_policy::port::{ProtoPort, Protocol};

    use super::*;

    const SILENT: Install = Install {
        events: Events::None,
        track: false,
        links: Links::Unchecked,
        connections: Connections::Keep,
    };

    #[test]
    fn the_mode_says_what_to_report_and_what_to_look_up() {
        let denying = MapImage {
            deny_list: BTreeMap::from([("192.0.2.0/24".parse().expect("a prefix"), RuleId(1))]),
            ..MapImage::default()
        };
        let port = ProtoPort {
            port: 80,
            protocol: Protocol::Tcp,
        };
        let bypassing = MapImage {
            prefilters: BTreeMap::from([(
                port,
                PrefilterImage {
                    backends: BTreeSet::from([(0, 8080)]),
                    ..PrefilterImage::default()
                },
            )]),
            ..MapImage::default()
        };
        let with = |events, track| Install {
            events,
            track,
            ..SILENT
        };
        for (image, install, expected) in [
            (MapImage::default(), SILENT, 0),
            (MapImage::pass_all(), SILENT, Mode::PASS_ALL),
            (
                MapImage::default(),
                with(Events::All, false),
                Mode::EVENT_ON_DROP | Mode::EVENT_ON_PASS,
            ),
            (
                MapImage::pass_all(),
                with(Events::Drops, true),
                Mode::PASS_ALL | Mode::EVENT_ON_DROP | Mode::TRACK,
            ),
            (denying, SILENT, Mode::DENY_LIST),
            (bypassing, SILENT, Mode::BYPASS),
        ] {
            assert_eq!(install.mode(&image), expected, "{install:?} {image:?}");
        }
    }

    #[test]
    fn links_are_those_of_the_lab_or_none() {
        let checked = Install {
            links: Links::OfLab,
            ..SILENT
        };
        assert_eq!(SILENT.link(3), 0);
        assert_eq!(checked.link(3), workload_end(3).index);
        assert_ne!(checked.link(3), checked.link(4));
    }
}
