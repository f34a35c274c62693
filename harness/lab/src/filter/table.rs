//! A map that policies are written to, many entries in one call.

use std::marker::PhantomData;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use aya::Pod;
use aya::maps::{HashMap, LpmTrie, Map, MapData};

use super::FilterError;
use super::error::{map_error, refused};
use crate::bpf;

/// Entries of one call: enough for a call to cost nothing beside them.
const BATCH: usize = 1024;

/// A hash or a trie with keys and values of these types.
pub(super) struct Table<K, V> {
    name: &'static str,
    descriptor: OwnedFd,
    holds: PhantomData<fn(K, V)>,
}

impl<K: Pod, V: Pod> Table<K, V> {
    /// A hash.
    pub(super) fn hash(name: &'static str, map: Map) -> Result<Table<K, V>, FilterError> {
        let table = Table::over(name, &map)?;
        // Fails unless it is one, with keys and values of these sizes.
        let _: HashMap<MapData, K, V> = map.try_into().map_err(map_error(name))?;
        Ok(table)
    }

    /// A hash or a trie that was opened elsewhere, and seen to have keys and values of
    /// these types.
    pub(super) fn opened(
        name: &'static str,
        map: BorrowedFd<'_>,
    ) -> Result<Table<K, V>, FilterError> {
        let descriptor = (map.try_clone_to_owned()).map_err(|source| FilterError::System {
            doing: "duplicate a map's descriptor",
            source,
        })?;
        Ok(Table {
            name,
            descriptor,
            holds: PhantomData,
        })
    }

    fn over(name: &'static str, map: &Map) -> Result<Table<K, V>, FilterError> {
        let (Map::HashMap(data) | Map::LpmTrie(data)) = map else {
            return Err(FilterError::Map {
                name,
                problem: "it is neither a hash nor a trie".to_owned(),
            });
        };
        Table::opened(name, data.fd().as_fd())
    }

    /// Writes an entry for each item.
    pub(super) fn write<T>(
        &self,
        entries: &[T],
        each: impl Fn(&T) -> (K, V),
    ) -> Result<(), FilterError> {
        for entries in entries.chunks(BATCH) {
            let (keys, values): (Vec<K>, Vec<V>) = entries.iter().map(&each).unzip();
            bpf::update_batch(self.descriptor.as_fd(), &keys, &values)
                .map_err(refused(self.name))?;
        }
        Ok(())
    }

    /// Reads every entry that there is, in no order.
    pub(super) fn read<T>(&self, each: impl Fn(K, V) -> T) -> Result<Vec<T>, FilterError> {
        let mut all = Vec::new();
        bpf::read_batches(
            self.descriptor.as_fd(),
            BATCH,
            |keys: &[K], values: &[V]| {
                all.extend(
                    keys.iter()
                        .zip(values)
                        .map(|(key, value)| each(*key, *value)),
                );
            },
        )
        .map_err(refused(self.name))?;
        Ok(all)
    }

    /// Takes the entry of each item out, if it is there.
    pub(super) fn remove<T>(
        &self,
        entries: &[T],
        each: impl Fn(&T) -> K,
    ) -> Result<(), FilterError> {
        for entries in entries.chunks(BATCH) {
            let keys: Vec<K> = entries.iter().map(&each).collect();
            bpf::remove_batch(self.descriptor.as_fd(), &keys).map_err(refused(self.name))?;
        }
        Ok(())
    }
}

impl<K: Pod, V: Pod> Table<aya::maps::lpm_trie::Key<K>, V> {
    /// A trie; its keys begin with the length of the prefix.
    pub(super) fn trie(name: &'static str, map: Map) -> Result<Self, FilterError> {
        let table = Table::over(name, &map)?;
        // As for a hash.
        let _: LpmTrie<MapData, K, V> = map.try_into().map_err(map_error(name))?;
        Ok(table)
    }
}
