//! The maps of a loaded object, typed.

use aya::Pod;
use aya::maps::lpm_trie::Key;
use aya::maps::{Array, HashMap, Map, MapData, MapError, RingBuf};
use netverdict_abi::{
    BackendKey, COUNTER_COUNT, ConnectionKey, Endpoint, EndpointKey, Flow, FlowKey, Fragment,
    FragmentKey, Lpm4, Lpm6, PolicyKey, Prefilter, PrefilterKey, Settings, Verdicted, map,
};

use super::FilterError;
use super::entries::{Entries, TrieEntry};
use super::error::map_error;
use super::events::EventReader;
use super::per_cpu::PerCpu;
use super::table::Table;

/// A key or value of the layout, as the loader wants it marked.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(super) struct Plain<T>(pub(super) T);

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

type Hash<K, V> = Table<Plain<K>, Plain<V>>;
type Trie<K, V> = Table<Key<Plain<K>>, Plain<V>>;

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
    pub(super) proposed: PerCpu<COUNTER_COUNT>,
    pub(super) events: EventReader,
}

impl Maps {
    /// Takes the maps out of a loaded object.
    pub(super) fn take(bpf: &mut aya::Ebpf) -> Result<Maps, FilterError> {
        // Only the programs use these; the loader need not keep them open, but
        // their keys and values must be those of the layout.
        let _: HashMap<MapData, Plain<FlowKey>, Plain<Flow>> = typed(bpf, map::FLOWS)?;
        let _: HashMap<MapData, Plain<ConnectionKey>, Plain<u32>> = typed(bpf, map::CONNECTIONS)?;
        let _: HashMap<MapData, Plain<FragmentKey>, Plain<Fragment>> = typed(bpf, map::FRAGMENTS)?;
        Ok(Maps {
            generation: typed(bpf, map::GENERATION)?,
            settings: typed(bpf, map::SETTINGS)?,
            prefilters: Table::hash(map::PREFILTERS, taken(bpf, map::PREFILTERS)?)?,
            prefilter_v4: Table::trie(map::PREFILTER_V4, taken(bpf, map::PREFILTER_V4)?)?,
            prefilter_v6: Table::trie(map::PREFILTER_V6, taken(bpf, map::PREFILTER_V6)?)?,
            backends: Table::hash(map::BACKENDS, taken(bpf, map::BACKENDS)?)?,
            endpoints: Table::hash(map::ENDPOINTS, taken(bpf, map::ENDPOINTS)?)?,
            identities_v4: Table::trie(map::IDENTITIES_V4, taken(bpf, map::IDENTITIES_V4)?)?,
            identities_v6: Table::trie(map::IDENTITIES_V6, taken(bpf, map::IDENTITIES_V6)?)?,
            policy: Table::trie(map::POLICY, taken(bpf, map::POLICY)?)?,
            counters: PerCpu::new(map::COUNTERS, taken(bpf, map::COUNTERS)?)?,
            proposed: PerCpu::new(map::PROPOSED, taken(bpf, map::PROPOSED)?)?,
            events: EventReader::new(
                typed::<RingBuf<MapData>>(bpf, map::EVENTS)?,
                PerCpu::new(map::LOST_EVENTS, taken(bpf, map::LOST_EVENTS)?)?,
            ),
        })
    }

    /// Writes the entries of a generation that is not in force.
    pub(super) fn write(&self, entries: &Entries) -> Result<(), FilterError> {
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
        self.prefilters.write(prefilters, hashed)?;
        self.prefilter_v4.write(prefilter_v4, prefixed)?;
        self.prefilter_v6.write(prefilter_v6, prefixed)?;
        self.backends.write(backends, hashed)?;
        self.endpoints.write(endpoints, hashed)?;
        self.identities_v4.write(identities_v4, prefixed)?;
        self.identities_v6.write(identities_v6, prefixed)?;
        self.policy.write(policy, prefixed)
    }

    /// Removes entries; those that are not there were never written.
    pub(super) fn remove(&self, entries: &Entries) -> Result<(), FilterError> {
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
        self.prefilters
            .remove(prefilters, |entry| hashed(entry).0)?;
        self.prefilter_v4
            .remove(prefilter_v4, |entry| prefixed(entry).0)?;
        self.prefilter_v6
            .remove(prefilter_v6, |entry| prefixed(entry).0)?;
        self.backends.remove(backends, |entry| hashed(entry).0)?;
        self.endpoints.remove(endpoints, |entry| hashed(entry).0)?;
        self.identities_v4
            .remove(identities_v4, |entry| prefixed(entry).0)?;
        self.identities_v6
            .remove(identities_v6, |entry| prefixed(entry).0)?;
        self.policy.remove(policy, |entry| prefixed(entry).0)
    }

    /// Everything that stands in the maps, of both generations, in no order.
    pub(super) fn read(&self) -> Result<Entries, FilterError> {
        Ok(Entries {
            prefilters: self.prefilters.read(as_hashed)?,
            prefilter_v4: self.prefilter_v4.read(as_prefixed)?,
            prefilter_v6: self.prefilter_v6.read(as_prefixed)?,
            backends: self.backends.read(as_hashed)?,
            endpoints: self.endpoints.read(as_hashed)?,
            identities_v4: self.identities_v4.read(as_prefixed)?,
            identities_v6: self.identities_v6.read(as_prefixed)?,
            policy: self.policy.read(as_prefixed)?,
        })
    }

    /// The generation in force, whatever the word is, and what holds for it.
    pub(super) fn in_force(&self) -> Result<(u32, Settings), FilterError> {
        let generation = (self.generation.get(&0, 0)).map_err(map_error(map::GENERATION))?;
        // Under a word that is no generation the programs abort: there are no settings.
        let index = generation.min(1);
        let Plain(settings) = (self.settings.get(&index, 0)).map_err(map_error(map::SETTINGS))?;
        Ok((generation, settings))
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

fn hashed<K: Copy, V: Copy>((key, value): &(K, V)) -> (Plain<K>, Plain<V>) {
    (Plain(*key), Plain(*value))
}

pub(super) fn as_hashed<K, V>(Plain(key): Plain<K>, Plain(value): Plain<V>) -> (K, V) {
    (key, value)
}

pub(super) fn as_prefixed<K: Copy, V>(key: Key<Plain<K>>, Plain(value): Plain<V>) -> TrieEntry<K, V>
where
    Plain<K>: Pod,
{
    let Plain(inner) = key.data();
    (key.prefix_len(), inner, value)
}

fn prefixed<K: Copy, V: Copy>(entry: &TrieEntry<K, V>) -> (Key<Plain<K>>, Plain<V>)
where
    Plain<K>: Pod,
{
    let (length, key, value) = entry;
    (Key::new(*length, Plain(*key)), Plain(*value))
}
