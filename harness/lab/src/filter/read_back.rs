//! What the maps hold, as the kernel says it.

use std::fmt;

use netverdict_abi::Settings;
use netverdict_policy::image::MapImage;

/// Every policy map, read back and understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadBack {
    /// What the entries say to the programs, under the generation in force. The maps
    /// hold numbers of rules only: [`MapImage::rules`] is empty.
    pub image: MapImage,
    /// What holds for that generation.
    pub settings: Settings,
    /// The generation in force: 0 or 1, unless [`ReadBack::strays`] say otherwise.
    pub generation: u32,
    /// Entries of that generation, strays included, in all maps together.
    pub entries: usize,
    /// Entries of the other generation: of the policy before.
    pub leftovers: usize,
    /// What no policy could have put there.
    pub strays: Vec<Stray>,
}

/// An entry, or a part of one, that no compiled policy has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// The map's name.
    pub map: &'static str,
    /// The entry, as far as it can be read.
    pub entry: String,
    /// What is wrong with it.
    pub oddity: Oddity,
}

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Oddity {
    /// The generation in force is neither 0 nor 1, or another than was installed.
    Generation,
    /// Its prefix ends inside a field that is matched whole.
    PrefixLength,
    /// Bits behind its prefix, or in a field that is always zero, are set.
    LooseBits,
    /// An action that no program knows, or that is none in this map.
    Action,
    /// Its value says another length than its key has.
    Length,
    /// Flags that there are not, or that contradict another field.
    Flags,
    /// A protocol or a port that no prefilter can stand at.
    Port,
    /// An address family that there is not.
    Family,
    /// An identity that stands for no address.
    Identity,
    /// Its number is of the other generation, or beyond all that there can be.
    Number,
    /// Another entry says something else about the same number.
    Contradiction,
    /// No entry of another map leads to it.
    Unreachable,
    /// The interface is not that of the workload's link.
    Link,
    /// The settings are not those that were installed, or say of a map that it is
    /// empty when it is not, or the reverse.
    Settings,
}

impl Oddity {
    /// Completes "the entry …".
    pub const fn describe(self) -> &'static str {
        match self {
            Oddity::Generation => "names no generation that was installed",
            Oddity::PrefixLength => "has a prefix that ends inside a field",
            Oddity::LooseBits => "has bits set that must be zero",
            Oddity::Action => "has an action that means nothing here",
            Oddity::Length => "gives a length that its key does not have",
            Oddity::Flags => "has flags that contradict its other fields, or are none",
            Oddity::Port => "is about a port that no prefilter can have",
            Oddity::Family => "is of an address family that there is not",
            Oddity::Identity => "names an identity that stands for no address",
            Oddity::Number => "has a number that is not of this generation",
            Oddity::Contradiction => "contradicts another entry about the same number",
            Oddity::Unreachable => "is led to by no other entry",
            Oddity::Link => "names an interface that is not the workload's",
            Oddity::Settings => "contradicts what was installed, or the other maps",
        }
    }
}

impl fmt::Display for Stray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stray { map, entry, oddity } = self;
        write!(f, "{map} {entry}: it {}", oddity.describe())
    }
}
