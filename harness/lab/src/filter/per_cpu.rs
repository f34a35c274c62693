//! A per-CPU array of counters, summed.

use std::os::fd::{AsFd as _, OwnedFd};

use aya::maps::{Map, MapData, PerCpuArray};

use super::FilterError;
use super::error::map_error;
use crate::bpf::{self, BatchLookup};

/// An array of `N` counters with one value for each possible CPU.
pub(super) struct PerCpu<const N: usize> {
    name: &'static str,
    map: PerCpuArray<MapData, u64>,
    descriptor: OwnedFd,
    cpus: usize,
}

impl<const N: usize> PerCpu<N> {
    pub(super) fn new(name: &'static str, map: Map) -> Result<PerCpu<N>, FilterError> {
        let Map::PerCpuArray(data) = &map else {
            return Err(FilterError::Map {
                name,
                problem: "it is no per-CPU array".to_owned(),
            });
        };
        let descriptor =
            (data.fd().as_fd().try_clone_to_owned()).map_err(|source| FilterError::System {
                doing: "duplicate a map's descriptor",
                source,
            })?;
        let map: PerCpuArray<MapData, u64> = map.try_into().map_err(map_error(name))?;
        if map.len() as usize != N {
            return Err(FilterError::Map {
                name,
                problem: format!("it has {} entries, not {N}", map.len()),
            });
        }
        let cpus = aya::util::nr_cpus().map_err(|(_, source)| FilterError::System {
            doing: "count the processors",
            source,
        })?;
        Ok(PerCpu {
            name,
            map,
            descriptor,
            cpus,
        })
    }

    /// Each counter's sum over all CPUs.
    pub(super) fn sums(&self) -> Result<[u64; N], FilterError> {
        match self.in_one_call() {
            // Per-CPU arrays have batch operations since Linux 5.13.
            Err(_) => self.one_by_one(),
            sums => sums,
        }
    }

    fn in_one_call(&self) -> Result<[u64; N], FilterError> {
        let mut keys = [0u32; N];
        let mut values = vec![0u64; N * self.cpus];
        bpf::lookup_batch(BatchLookup {
            map: self.descriptor.as_fd(),
            keys: &mut keys,
            values: &mut values,
            stride: self.cpus,
        })
        .map_err(|source| FilterError::System {
            doing: "read the counters",
            source,
        })?;
        let mut sums = [0; N];
        for (key, per_cpu) in keys.iter().zip(values.chunks_exact(self.cpus)) {
            sums[*key as usize % N] = per_cpu.iter().sum();
        }
        Ok(sums)
    }

    fn one_by_one(&self) -> Result<[u64; N], FilterError> {
        let mut sums = [0; N];
        for (index, sum) in (0u32..).zip(&mut sums) {
            let values = self.map.get(&index, 0).map_err(map_error(self.name))?;
            *sum = values.iter().sum();
        }
        Ok(sums)
    }
}
