//! The maps of a filter that somebody else loaded: read by the kernel's numbers, never
//! written.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use aya::Pod;
use aya::maps::lpm_trie::Key;
use aya_obj::generated::bpf_map_type::{
    self, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_LPM_TRIE,
};
use netverdict_abi::{Settings, map};

use super::decode::{Held, decode};
use super::entries::Entries;
use super::error::refused;
use super::maps::{Plain, as_hashed, as_prefixed};
use super::read_back::ReadBack;
use super::table::Table;
use super::{FilterError, entries};
use crate::bpf::by_id;

/// How often all maps are read, if somebody replaces the policy meanwhile.
const ATTEMPTS: usize = 5;

/// What the maps of a loaded filter say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldPolicy {
    /// Under the generation in force.
    pub in_force: ReadBack,
    /// What they would say if the other generation were in force: the policy before,
    /// or one that was written and never put in force.
    pub beside: ReadBack,
    /// Interfaces by which workloads' frames enter the node, with the numbers of these
    /// workloads, in the generation in force. Without those that are not checked.
    pub links: BTreeMap<u32, BTreeSet<u32>>,
    /// Maps that there are none of, read as empty: those that no program uses.
    pub absent: BTreeSet<&'static str>,
}

/// Reads the policy maps with these names and numbers. What is not among them but for the
/// generation and its settings is taken for empty.
///
/// # Errors
/// Where one of those two is missing, a map refuses, or the policy does not hold still.
pub fn read_held(maps: &BTreeMap<String, u32>) -> Result<HeldPolicy, FilterError> {
    let opened = Opened::all(maps)?;
    let mut before = opened.word()?;
    for _ in 0..ATTEMPTS {
        let entries = opened.entries()?;
        let after = opened.word()?;
        if before == after {
            return Ok(understood(&entries, after, opened.absent()));
        }
        before = after;
    }
    Err(FilterError::Map {
        name: map::GENERATION,
        problem: format!("the policy was replaced each of {ATTEMPTS} times that it was read"),
    })
}

/// The generation in force, and what holds for both.
type Word = (u32, [Settings; 2]);

fn understood(
    entries: &Entries,
    (generation, settings): Word,
    absent: BTreeSet<&'static str>,
) -> HeldPolicy {
    let read = |generation: u32, index: u32| {
        let mut read = decode(&Held {
            entries,
            generation,
            settings: settings[(index & 1) as usize],
            links: None,
        });
        if !absent.is_empty() {
            // What the settings say of other maps cannot be held against them.
            read.strays.retain(|stray| stray.map != map::SETTINGS);
        }
        read
    };
    // As the programs abort under any other word, there is no other generation to it.
    let index = generation.min(1);
    let mut links: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for (key, value) in &entries.endpoints {
        if u32::from(key.generation) == generation && value.link != 0 {
            links.entry(value.link).or_default().insert(value.number);
        }
    }
    HeldPolicy {
        in_force: read(generation, index),
        beside: read(1 - index, 1 - index),
        links,
        absent,
    }
}

/// Descriptors of the maps, which cannot be written by.
struct Opened<'a>(BTreeMap<&'a str, OwnedFd>);

impl<'a> Opened<'a> {
    fn all(maps: &'a BTreeMap<String, u32>) -> Result<Opened<'a>, FilterError> {
        let wanted: BTreeSet<&str> = POLICY_MAPS.into_iter().collect();
        let opened = (maps.iter())
            .filter(|(name, _)| wanted.contains(name.as_str()))
            .map(|(name, id)| {
                let descriptor = by_id::map_to_read(*id).map_err(|source| FilterError::System {
                    doing: "open a map for reading",
                    source,
                })?;
                Ok((name.as_str(), descriptor))
            });
        Ok(Opened(opened.collect::<Result<_, FilterError>>()?))
    }

    fn absent(&self) -> BTreeSet<&'static str> {
        let names = POLICY_MAPS.into_iter();
        names.filter(|name| !self.0.contains_key(name)).collect()
    }

    fn word(&self) -> Result<Word, FilterError> {
        let generation: u32 = self.element(map::GENERATION, 0)?;
        let settings = |index| {
            let Plain(settings) = self.element::<Plain<Settings>>(map::SETTINGS, index)?;
            Ok::<_, FilterError>(settings)
        };
        Ok((generation, [settings(0)?, settings(1)?]))
    }

    fn element<V: Pod>(&self, name: &'static str, index: u32) -> Result<V, FilterError> {
        let map = self.shaped::<u32, V>(name, BPF_MAP_TYPE_ARRAY)?;
        by_id::lookup(map, &index).map_err(refused(name))
    }

    /// The map, if it is of this kind, with keys and values of these sizes.
    fn shaped<K, V>(
        &self,
        name: &'static str,
        kind: bpf_map_type,
    ) -> Result<BorrowedFd<'_>, FilterError> {
        let map = (self.0.get(name)).ok_or(FilterError::MissingMaps { names: vec![name] })?;
        let facts = by_id::map_info(map.as_fd()).map_err(refused(name))?;
        let found = [facts.type_, facts.key_size, facts.value_size];
        let [key, value] = [size_of::<K>(), size_of::<V>()].map(|size| u32::try_from(size).ok());
        match [Some(kind as u32), key, value] == found.map(Some) {
            true => Ok(map.as_fd()),
            false => Err(FilterError::Map {
                name,
                problem: "it is of another kind, or has keys or values of other sizes".to_owned(),
            }),
        }
    }

    fn entries(&self) -> Result<Entries, FilterError> {
        Ok(Entries {
            prefilters: self.hash(map::PREFILTERS)?,
            prefilter_v4: self.trie(map::PREFILTER_V4)?,
            prefilter_v6: self.trie(map::PREFILTER_V6)?,
            backends: self.hash(map::BACKENDS)?,
            endpoints: self.hash(map::ENDPOINTS)?,
            identities_v4: self.trie(map::IDENTITIES_V4)?,
            identities_v6: self.trie(map::IDENTITIES_V6)?,
            policy: self.trie(map::POLICY)?,
        })
    }

    fn hash<K, V>(&self, name: &'static str) -> Result<Vec<(K, V)>, FilterError>
    where
        Plain<K>: Pod,
        Plain<V>: Pod,
    {
        if !self.0.contains_key(name) {
            return Ok(Vec::new());
        }
        let map = self.shaped::<Plain<K>, Plain<V>>(name, BPF_MAP_TYPE_HASH)?;
        Table::opened(name, map)?.read(as_hashed)
    }

    fn trie<K: Copy, V>(
        &self,
        name: &'static str,
    ) -> Result<Vec<entries::TrieEntry<K, V>>, FilterError>
    where
        Plain<K>: Pod,
        Plain<V>: Pod,
    {
        if !self.0.contains_key(name) {
            return Ok(Vec::new());
        }
        let map = self.shaped::<Key<Plain<K>>, Plain<V>>(name, BPF_MAP_TYPE_LPM_TRIE)?;
        Table::opened(name, map)?.read(as_prefixed)
    }
}

/// The maps that a policy stands in.
pub const POLICY_MAPS: [&str; 10] = [
    map::GENERATION,
    map::SETTINGS,
    map::PREFILTERS,
    map::PREFILTER_V4,
    map::PREFILTER_V6,
    map::BACKENDS,
    map::ENDPOINTS,
    map::IDENTITIES_V4,
    map::IDENTITIES_V6,
    map::POLICY,
];
