//! The maps of a loaded object, typed.

use aya::Pod;
use aya::maps::lpm_trie::Key;
use aya::maps::{Array, HashMap, LpmTrie, Map, MapData, MapError, RingBuf};
use netverdict_abi::{
    BackendKey, COUNTER_COUNT, ConnectionKey, Endpoint, EndpointKey, Flow, FlowKey, Fragment,
    FragmentKey, Lpm4, Lpm6, PolicyKey, Prefilter, PrefilterKey, Settings, Verdicted, map,
};

use super::FilterError;
use super::entries::{Entries, TrieEntry};
use super::error::map_error;
use super::events::EventReader;
use super::per_cpu::PerCpu;

/// A key or value of the layout, as the loader wants it marked.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Plain<T>(T);

macro_rules! plain {
    ($($layout:ty),*) => { $(
        // SAFETY: integers, or `repr(C)` structs of the layout made of integers
        // without padding, as the size assertions in the abi crate state.
        unsafe impl Pod for Plain<$layout> {}
    )* };
}
plain!(
    u32,
    Settings,
    PrefilterKey,
    Prefilter,
    Lpm4,
    Lpm6,
    Verdicted,
    BackendKey,
    EndpointKey,
    Endpoint,
    PolicyKey,
    FlowKey,
    Flow,
    ConnectionKey,
    FragmentKey,
    Fragment
);

type Hash<K, V> = HashMap<MapData, Plain<K>, Plain<V>>;
type Trie<K, V> = LpmTrie<MapData, Plain<K>, Plain<V>>;

/// The maps of the layout that user space writes or reads.
pub(super) struct Maps {
    generation: Array<MapData, u32>,
    settings: Array<MapData, Plain<Settings>>,
    prefilters: Hash<PrefilterKey, Prefilter>,
    prefilter_v4: Trie<Lpm4, Verdicted>,
    prefilter_v6: Trie<Lpm6, Verdicted>,
    backends: Hash<BackendKey, u32>,
    endpoints: Hash<EndpointKey, Endpoint>,
    identities_v4: Trie<Lpm4, u32>,
    identities_v6: Trie<Lpm6, u32>,
    policy: Trie<PolicyKey, Verdicted>,
    pub(super) counters: PerCpu<COUNTER_COUNT>,
    pub(super) events: EventReader,
}

impl Maps {
    /// Takes the maps out of a loaded object.
    pub(super) fn take(bpf: &mut aya::Ebpf) -> Result<Maps, FilterError> {
        // Only the programs use these; the loader need not keep them open, but
        // their keys and values must be those of the layout.
        let _: Hash<FlowKey, Flow> = typed(bpf, map::FLOWS)?;
        let _: Hash<ConnectionKey, u32> = typed(bpf, map::CONNECTIONS)?;
        let _: Hash<FragmentKey, Fragment> = typed(bpf, map::FRAGMENTS)?;
        Ok(Maps {
            generation: typed(bpf, map::GENERATION)?,
            settings: typed(bpf, map::SETTINGS)?,
            prefilters: typed(bpf, map::PREFILTERS)?,
            prefilter_v4: typed(bpf, map::PREFILTER_V4)?,
            prefilter_v6: typed(bpf, map::PREFILTER_V6)?,
            backends: typed(bpf, map::BACKENDS)?,
            endpoints: typed(bpf, map::ENDPOINTS)?,
            identities_v4: typed(bpf, map::IDENTITIES_V4)?,
            identities_v6: typed(bpf, map::IDENTITIES_V6)?,
            policy: typed(bpf, map::POLICY)?,
            counters: PerCpu::new(map::COUNTERS, taken(bpf, map::COUNTERS)?)?,
            events: EventReader::new(
                typed::<RingBuf<MapData>>(bpf, map::EVENTS)?,
                PerCpu::new(map::LOST_EVENTS, taken(bpf, map::LOST_EVENTS)?)?,
            ),
        })
    }

    /// Writes the entries of a generation that is not in force.
    pub(super) fn write(&mut self, entries: &Entries) -> Result<(), FilterError> {
        let Entries {
            prefilters,
            prefilter_v4,
            prefilter_v6,
            backends,
            endpoints,
            identities_v4,
            identities_v6,
            policy,
        } = entries;
        put(&mut self.prefilters, map::PREFILTERS, prefilters)?;
        insert(&mut self.prefilter_v4, map::PREFILTER_V4, prefilter_v4)?;
        insert(&mut self.prefilter_v6, map::PREFILTER_V6, prefilter_v6)?;
        put(&mut self.backends, map::BACKENDS, backends)?;
        put(&mut self.endpoints, map::ENDPOINTS, endpoints)?;
        insert(&mut self.identities_v4, map::IDENTITIES_V4, identities_v4)?;
        insert(&mut self.identities_v6, map::IDENTITIES_V6, identities_v6)?;
        insert(&mut self.policy, map::POLICY, policy)
    }

    /// Removes entries; those that are not there were never written.
    pub(super) fn remove(&mut self, entries: &Entries) -> Result<(), FilterError> {
        let Entries {
            prefilters,
            prefilter_v4,
            prefilter_v6,
            backends,
            endpoints,
            identities_v4,
            identities_v6,
            policy,
        } = entries;
        take_out(&mut self.prefilters, map::PREFILTERS, prefilters)?;
        remove(&mut self.prefilter_v4, map::PREFILTER_V4, prefilter_v4)?;
        remove(&mut self.prefilter_v6, map::PREFILTER_V6, prefilter_v6)?;
        take_out(&mut self.backends, map::BACKENDS, backends)?;
        take_out(&mut self.endpoints, map::ENDPOINTS, endpoints)?;
        remove(&mut self.identities_v4, map::IDENTITIES_V4, identities_v4)?;
        remove(&mut self.identities_v6, map::IDENTITIES_V6, identities_v6)?;
        remove(&mut self.policy, map::POLICY, policy)
    }

    /// Sets what holds for a generation.
    pub(super) fn set(&mut self, generation: u32, settings: Settings) -> Result<(), FilterError> {
        self.settings
            .set(generation, Plain(settings), 0)
            .map_err(map_error(map::SETTINGS))
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

fn put<K: Copy, V: Copy>(
    hash: &mut Hash<K, V>,
    name: &'static str,
    entries: &[(K, V)],
) -> Result<(), FilterError>
where
    Plain<K>: Pod,
    Plain<V>: Pod,
{
    for (key, value) in entries {
        hash.insert(Plain(*key), Plain(*value), 0)
            .map_err(map_error(name))?;
    }
    Ok(())
}

fn take_out<K: Copy, V: Copy>(
    hash: &mut Hash<K, V>,
    name: &'static str,
    entries: &[(K, V)],
) -> Result<(), FilterError>
where
    Plain<K>: Pod,
    Plain<V>: Pod,
{
    for (key, _) in entries {
        absent_is_fine(hash.remove(&Plain(*key))).map_err(map_error(name))?;
    }
    Ok(())
}

fn insert<K: Copy, V: Copy>(
    trie: &mut Trie<K, V>,
    name: &'static str,
    entries: &[TrieEntry<K, V>],
) -> Result<(), FilterError>
where
    Plain<K>: Pod,
    Plain<V>: Pod,
{
    for (length, key, value) in entries {
        trie.insert(&Key::new(*length, Plain(*key)), Plain(*value), 0)
            .map_err(map_error(name))?;
    }
    Ok(())
}

fn remove<K: Copy, V: Copy>(
    trie: &mut Trie<K, V>,
    name: &'static str,
    entries: &[TrieEntry<K, V>],
) -> Result<(), FilterError>
where
    Plain<K>: Pod,
    Plain<V>: Pod,
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
