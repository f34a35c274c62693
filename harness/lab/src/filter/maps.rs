//! The maps of a loaded object, typed.

use aya::Pod;
use aya::maps::lpm_trie::Key;
use aya::maps::{Array, HashMap, LpmTrie, Map, MapData, MapError, RingBuf};
use netverdict_abi::{Lpm4, Lpm6, PrefixRule, REASON_COUNT, Service, ServiceKey, map};

use super::FilterError;
use super::entries::{Entries, TrieEntry};
use super::error::map_error;
use super::per_cpu::PerCpu;

/// A key or value of the layout, as the loader wants it marked.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Plain<T>(T);

macro_rules! plain {
    ($($layout:ty),*) => { $(
        // SAFETY: the layout's types are `repr(C)` integers without padding, as
        // the size assertions in the abi crate state.
        unsafe impl Pod for Plain<$layout> {}
    )* };
}
plain!(ServiceKey, Service, Lpm4, Lpm6, PrefixRule);

type Trie<K> = LpmTrie<MapData, Plain<K>, Plain<PrefixRule>>;

/// Every map of the layout.
pub(super) struct Maps {
    generation: Array<MapData, u32>,
    modes: Array<MapData, u32>,
    services: HashMap<MapData, Plain<ServiceKey>, Plain<Service>>,
    prefilter_v4: Trie<Lpm4>,
    prefilter_v6: Trie<Lpm6>,
    policy_v4: Trie<Lpm4>,
    policy_v6: Trie<Lpm6>,
    pub(super) counters: PerCpu<REASON_COUNT>,
    pub(super) lost_events: PerCpu<1>,
    pub(super) events: RingBuf<MapData>,
}

impl Maps {
    /// Takes the maps out of a loaded object.
    pub(super) fn take(bpf: &mut aya::Ebpf) -> Result<Maps, FilterError> {
        let names: Vec<&str> = (map::ALL.into_iter())
            .filter(|name| bpf.map(name).is_none())
            .collect();
        if !names.is_empty() {
            return Err(FilterError::MissingMaps { names });
        }
        Ok(Maps {
            generation: typed(bpf, map::GENERATION)?,
            modes: typed(bpf, map::MODES)?,
            services: typed(bpf, map::SERVICES)?,
            prefilter_v4: typed(bpf, map::PREFILTER_V4)?,
            prefilter_v6: typed(bpf, map::PREFILTER_V6)?,
            policy_v4: typed(bpf, map::POLICY_V4)?,
            policy_v6: typed(bpf, map::POLICY_V6)?,
            counters: PerCpu::new(map::COUNTERS, taken(bpf, map::COUNTERS)?)?,
            lost_events: PerCpu::new(map::LOST_EVENTS, taken(bpf, map::LOST_EVENTS)?)?,
            events: typed(bpf, map::EVENTS)?,
        })
    }

    pub(super) fn write(&mut self, generation: u32, entries: &Entries) -> Result<(), FilterError> {
        for (key, value) in &entries.services {
            self.services
                .insert(Plain(*key), Plain(*value), 0)
                .map_err(map_error(map::SERVICES))?;
        }
        insert(
            &mut self.prefilter_v4,
            map::PREFILTER_V4,
            &entries.prefilter_v4,
        )?;
        insert(
            &mut self.prefilter_v6,
            map::PREFILTER_V6,
            &entries.prefilter_v6,
        )?;
        insert(&mut self.policy_v4, map::POLICY_V4, &entries.policy_v4)?;
        insert(&mut self.policy_v6, map::POLICY_V6, &entries.policy_v6)?;
        self.modes
            .set(generation, entries.mode, 0)
            .map_err(map_error(map::MODES))
    }

    /// Removes entries; those that are not there were never written.
    pub(super) fn remove(&mut self, entries: &Entries) -> Result<(), FilterError> {
        for (key, _) in &entries.services {
            absent_is_fine(self.services.remove(&Plain(*key))).map_err(map_error(map::SERVICES))?;
        }
        remove(
            &mut self.prefilter_v4,
            map::PREFILTER_V4,
            &entries.prefilter_v4,
        )?;
        remove(
            &mut self.prefilter_v6,
            map::PREFILTER_V6,
            &entries.prefilter_v6,
        )?;
        remove(&mut self.policy_v4, map::POLICY_V4, &entries.policy_v4)?;
        remove(&mut self.policy_v6, map::POLICY_V6, &entries.policy_v6)
    }

    /// Puts a generation in force, for all maps at once.
    pub(super) fn switch_to(&mut self, generation: u32) -> Result<(), FilterError> {
        self.generation
            .set(0, generation, 0)
            .map_err(map_error(map::GENERATION))
    }
}

/// Takes one map, if it is of the kind and has the sizes of the type.
fn typed<M: TryFrom<Map, Error = MapError>>(
    bpf: &mut aya::Ebpf,
    name: &'static str,
) -> Result<M, FilterError> {
    M::try_from(taken(bpf, name)?).map_err(map_error(name))
}

fn taken(bpf: &mut aya::Ebpf, name: &'static str) -> Result<Map, FilterError> {
    (bpf.take_map(name)).ok_or(FilterError::MissingMaps { names: vec![name] })
}

fn insert<K: Copy>(
    trie: &mut Trie<K>,
    name: &'static str,
    entries: &[TrieEntry<K>],
) -> Result<(), FilterError>
where
    Plain<K>: Pod,
{
    for (length, key, value) in entries {
        trie.insert(&Key::new(*length, Plain(*key)), Plain(*value), 0)
            .map_err(map_error(name))?;
    }
    Ok(())
}

fn remove<K: Copy>(
    trie: &mut Trie<K>,
    name: &'static str,
    entries: &[TrieEntry<K>],
) -> Result<(), FilterError>
where
    Plain<K>: Pod,
{
    for (length, key, _) in entries {
        absent_is_fine(trie.remove(&Key::new(*length, Plain(*key)))).map_err(map_error(name))?;
    }
    Ok(())
}

fn absent_is_fine(removed: Result<(), MapError>) -> Result<(), MapError> {
    match removed {
        Err(MapError::KeyNotFound | MapError::ElementNotFound) => Ok(()),
        Err(MapError::SyscallError(call)) if call.io_error.raw_os_error() == Some(libc::ENOENT) => {
            Ok(())
        }
        other => other,
    }
}
