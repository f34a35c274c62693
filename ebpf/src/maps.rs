//! The maps. Their sizes here are what a plain loader gets; `netverdict` sets
//! those it needs, by name, before loading.

use aya_ebpf::btf_maps::{Array, HashMap, LpmTrie, PerCpuArray, RingBuf};
use aya_ebpf::macros::btf_map;
use netverdict_abi::{Lpm4, Lpm6, PrefixRule, REASON_COUNT, Service, ServiceKey};

const SERVICES_MAX: usize = 1024;
const PREFIXES_MAX: usize = 65536;
/// Bytes: a power of two, and whole pages.
const EVENTS_SIZE: usize = 256 * 1024;

#[btf_map]
pub(crate) static GENERATION: Array<u32, 1> = Array::new();

#[btf_map]
pub(crate) static MODES: Array<u32, 2> = Array::new();

#[btf_map]
pub(crate) static SERVICES: HashMap<ServiceKey, Service, SERVICES_MAX> = HashMap::new();

#[btf_map]
pub(crate) static PREFILTER_V4: LpmTrie<Lpm4, PrefixRule, PREFIXES_MAX> = LpmTrie::new();

#[btf_map]
pub(crate) static PREFILTER_V6: LpmTrie<Lpm6, PrefixRule, PREFIXES_MAX> = LpmTrie::new();

#[btf_map]
pub(crate) static POLICY_V4: LpmTrie<Lpm4, PrefixRule, PREFIXES_MAX> = LpmTrie::new();

#[btf_map]
pub(crate) static POLICY_V6: LpmTrie<Lpm6, PrefixRule, PREFIXES_MAX> = LpmTrie::new();

#[btf_map]
pub(crate) static COUNTERS: PerCpuArray<u64, REASON_COUNT> = PerCpuArray::new();

/// Of [`netverdict_abi::Event`]: libbpf refuses a ring buffer with a value type.
#[btf_map]
pub(crate) static EVENTS: RingBuf<(), EVENTS_SIZE> = RingBuf::new();

#[btf_map]
pub(crate) static LOST_EVENTS: PerCpuArray<u64, 1> = PerCpuArray::new();
