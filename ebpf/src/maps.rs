//! The maps. Their sizes here are what a plain loader gets; `netverdict` sets
//! those that hold a policy, by name, before loading.

use aya_ebpf::btf_maps::{Array, HashMap, LpmTrie, LruHashMap, PerCpuArray, RingBuf};
use aya_ebpf::macros::btf_map;
use netverdict_abi::{
    BackendKey, COUNTER_COUNT, ConnectionKey, Endpoint, EndpointKey, Flow, FlowKey, Fragment,
    FragmentKey, Lpm4, Lpm6, PolicyKey, Prefilter, PrefilterKey, Settings, Verdicted,
};

const HASH_MAX: usize = 1024;
const TRIE_MAX: usize = 65536;
/// Far more than is remembered at a time. The kernel gives free entries to
/// processors by the hundred and takes used ones back before the last is given
/// (kernel/bpf/bpf_lru_list.c): a map that is just big enough forgets too soon.
const REMEMBERED_MAX: usize = 16384;
/// Bytes: a power of two, and whole pages.
const EVENTS_SIZE: usize = 256 * 1024;

#[btf_map]
pub(crate) static GENERATION: Array<u32, 1> = Array::new();

#[btf_map]
pub(crate) static SETTINGS: Array<Settings, 2> = Array::new();

#[btf_map]
pub(crate) static PREFILTERS: HashMap<PrefilterKey, Prefilter, HASH_MAX> = HashMap::new();

#[btf_map]
pub(crate) static PREFILTER_V4: LpmTrie<Lpm4, Verdicted, TRIE_MAX> = LpmTrie::new();

#[btf_map]
pub(crate) static PREFILTER_V6: LpmTrie<Lpm6, Verdicted, TRIE_MAX> = LpmTrie::new();

#[btf_map]
pub(crate) static BACKENDS: HashMap<BackendKey, u32, HASH_MAX> = HashMap::new();

#[btf_map]
pub(crate) static ENDPOINTS: HashMap<EndpointKey, Endpoint, HASH_MAX> = HashMap::new();

#[btf_map]
pub(crate) static IDENTITIES_V4: LpmTrie<Lpm4, u32, TRIE_MAX> = LpmTrie::new();

#[btf_map]
pub(crate) static IDENTITIES_V6: LpmTrie<Lpm6, u32, TRIE_MAX> = LpmTrie::new();

#[btf_map]
pub(crate) static POLICY: LpmTrie<PolicyKey, Verdicted, TRIE_MAX> = LpmTrie::new();

#[btf_map]
pub(crate) static FLOWS: LruHashMap<FlowKey, Flow, REMEMBERED_MAX> = LruHashMap::new();

#[btf_map]
pub(crate) static CONNECTIONS: LruHashMap<ConnectionKey, u32, REMEMBERED_MAX> = LruHashMap::new();

#[btf_map]
pub(crate) static FRAGMENTS: LruHashMap<FragmentKey, Fragment, REMEMBERED_MAX> = LruHashMap::new();

#[btf_map]
pub(crate) static COUNTERS: PerCpuArray<u64, COUNTER_COUNT> = PerCpuArray::new();

#[btf_map]
pub(crate) static PROPOSED: PerCpuArray<u64, COUNTER_COUNT> = PerCpuArray::new();

/// Of [`netverdict_abi::Event`]: libbpf refuses a ring buffer with a value type.
#[btf_map]
pub(crate) static EVENTS: RingBuf<(), EVENTS_SIZE> = RingBuf::new();

#[btf_map]
pub(crate) static LOST_EVENTS: PerCpuArray<u64, 1> = PerCpuArray::new();
