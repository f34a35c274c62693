//! What somebody else loaded and attached in the network namespace that the process is
//! in. It is read, and never written: maps are opened by descriptors that the kernel
//! refuses to write by.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::c_char;
use std::io;
use std::os::fd::AsFd as _;

use netverdict_abi::Hook;
use thiserror::Error;

use crate::bpf::by_id;
use crate::error::LabError;
use crate::filter::{FilterError, HeldPolicy, POLICY_MAPS, read_held};
use crate::network::interfaces;
use crate::object::{Fingerprint, MapShape, Tag};

pub use crate::network::{Interface, Place};

/// Everything that was found.
#[derive(Debug)]
pub struct Loaded {
    /// The interfaces of the namespace, in the order of their numbers.
    pub interfaces: Vec<Interface>,
    /// The programs attached to them, by the kernel's number.
    pub attached: BTreeMap<u32, Program>,
    /// Filters that an attached program is of.
    pub filters: Vec<LoadedFilter>,
}

/// A program in the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The kernel's number of it.
    pub id: u32,
    /// Its name, of which the kernel keeps 15 characters.
    pub name: String,
    /// The digest of its instructions.
    pub tag: Tag,
    /// The user who loaded it.
    pub loaded_by: u32,
    /// Whether the kernel has its types.
    pub has_types: bool,
    /// The kernel's numbers of its maps.
    pub maps: Vec<u32>,
}

/// A map in the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    /// The kernel's number of it.
    pub id: u32,
    /// Its name, of which the kernel keeps 15 characters.
    pub name: String,
    /// Its kind and sizes.
    pub shape: MapShape,
    /// Whether the kernel has the types of its keys and values.
    pub has_types: bool,
}

/// Programs that share their maps, at least one of them attached in the namespace.
#[derive(Debug)]
pub struct LoadedFilter {
    /// All that share them, in the order of their numbers, wherever they are attached.
    pub programs: Vec<Program>,
    /// The maps by name.
    pub maps: BTreeMap<String, Map>,
    /// Policy maps that its programs should have, and that are missing or of another
    /// shape than in the layout.
    pub misshapen: Vec<&'static str>,
    /// What the policy maps say; `None` if any is misshapen.
    pub policy: Option<Result<HeldPolicy, FilterError>>,
}

/// Why what is loaded cannot be read. The texts fit behind "failed to".
#[derive(Debug, Error)]
pub enum LoadedError {
    /// The kernel does not say what there is.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// The kernel refuses to hand over a program or a map.
    #[error("{doing} {id}: {source}")]
    Refused {
        /// What was being done, such as `open program`.
        doing: &'static str,
        /// The kernel's number.
        id: u32,
        /// What it said.
        #[source]
        source: io::Error,
    },
}

/// Reads what is attached in the namespace of the calling thread, and what belongs to
/// it. `print` says which maps are those of a filter.
///
/// # Errors
/// Where the kernel refuses. What cannot be read of one filter is said with it.
pub fn read(print: &Fingerprint) -> Result<Loaded, LoadedError> {
    let interfaces = interfaces()?;
    let ids: BTreeSet<u32> = (interfaces.iter())
        .flat_map(|interface| interface.attached.iter().map(|(_, id)| *id))
        .collect();
    let mut attached = BTreeMap::new();
    for id in ids {
        // One that has gone meanwhile is attached nowhere.
        if let Some(program) = program(id)? {
            attached.insert(id, program);
        }
    }
    let filters = filters(print, &attached)?;
    Ok(Loaded {
        interfaces,
        attached,
        filters,
    })
}

/// Groups the attached programs by the maps they share, and those of other namespaces
/// with them.
fn filters(
    print: &Fingerprint,
    attached: &BTreeMap<u32, Program>,
) -> Result<Vec<LoadedFilter>, LoadedError> {
    if attached.values().all(|program| program.maps.is_empty()) {
        return Ok(Vec::new());
    }
    let all = all_programs()?;
    let mut filters: Vec<LoadedFilter> = Vec::new();
    let mut seen = BTreeSet::new();
    for first in attached.values() {
        if first.maps.is_empty() || seen.contains(&first.id) {
            continue;
        }
        let of_first: BTreeSet<u32> = first.maps.iter().copied().collect();
        let programs: Vec<Program> = (all.iter())
            .filter(|program| program.maps.iter().any(|id| of_first.contains(id)))
            .cloned()
            .collect();
        seen.extend(programs.iter().map(|program| program.id));
        let ids: BTreeSet<u32> = (programs.iter())
            .flat_map(|program| program.maps.iter().copied())
            .chain(of_first)
            .collect();
        let mut maps = BTreeMap::new();
        for id in ids {
            if let Some(map) = map(id)? {
                maps.insert(map.name.clone(), map);
            }
        }
        let misshapen = misshapen(print, &programs, &maps);
        let policy = misshapen.is_empty().then(|| {
            let numbers = maps
                .values()
                .map(|map| (map.name.clone(), map.id))
                .collect();
            read_held(&numbers)
        });
        filters.push(LoadedFilter {
            programs,
            maps,
            misshapen,
            policy,
        });
    }
    Ok(filters)
}

/// Policy maps that are missing or of another shape, of those that these programs should
/// use; by what a program of this tag, or else of this name, uses in the filter.
fn misshapen(
    print: &Fingerprint,
    programs: &[Program],
    maps: &BTreeMap<String, Map>,
) -> Vec<&'static str> {
    let hooks: BTreeSet<Hook> = (programs.iter())
        .filter_map(|program| program.hook(print).or(program.hook_by_name()))
        .collect();
    let used = |name: &str| {
        let mut used = hooks
            .iter()
            .map(|hook| &print.programs[*hook as usize].maps);
        hooks.is_empty() || used.any(|maps| maps.contains(name))
    };
    let is_right = |name: &str| match maps.get(name) {
        Some(map) => print.maps.get(name) == Some(&map.shape),
        None => !used(name),
    };
    let names = POLICY_MAPS.into_iter();
    names.filter(|name| !is_right(name)).collect()
}

fn all_programs() -> Result<Vec<Program>, LoadedError> {
    let mut programs = Vec::new();
    let mut last = 0;
    // Numbers ascend, so that this ends though programs come and go.
    while let Some(id) = by_id::next_program(last).map_err(refused("look behind program", last))? {
        programs.extend(program(id)?);
        last = id;
    }
    Ok(programs)
}

/// A program, if it is still there.
fn program(id: u32) -> Result<Option<Program>, LoadedError> {
    let opened = match by_id::program(id) {
        Ok(opened) => opened,
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => return Ok(None),
        Err(error) => return Err(refused("open program", id)(error)),
    };
    let info = by_id::program_info(opened.as_fd());
    let (info, maps) = info.map_err(refused("ask about program", id))?;
    Ok(Some(Program {
        id,
        name: name(&info.name),
        tag: Tag(info.tag),
        loaded_by: info.created_by_uid,
        has_types: info.btf_id != 0,
        maps,
    }))
}

/// A map, if it is still there.
fn map(id: u32) -> Result<Option<Map>, LoadedError> {
    let opened = match by_id::map_to_read(id) {
        Ok(opened) => opened,
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => return Ok(None),
        Err(error) => return Err(refused("open map", id)(error)),
    };
    let info = by_id::map_info(opened.as_fd()).map_err(refused("ask about map", id))?;
    Ok(Some(Map {
        id,
        name: name(&info.name),
        shape: MapShape {
            kind: info.type_,
            key_size: info.key_size,
            value_size: info.value_size,
        },
        has_types: info.btf_id != 0,
    }))
}

fn refused(doing: &'static str, id: u32) -> impl Fn(io::Error) -> LoadedError {
    move |source| LoadedError::Refused { doing, id, source }
}

/// The bytes before the first zero.
fn name(bytes: &[c_char]) -> String {
    let bytes: Vec<u8> = (bytes.iter())
        .map(|byte| byte.to_ne_bytes()[0])
        .take_while(|byte| *byte != 0)
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Program {
    /// The hook that it is a program for, by its instructions.
    pub fn hook(&self, print: &Fingerprint) -> Option<Hook> {
        print.hook_of(self.tag)
    }

    /// The hook that its name is that of, whatever it does.
    pub fn hook_by_name(&self) -> Option<Hook> {
        /// `BPF_OBJ_NAME_LEN` of include/uapi/linux/bpf.h, without the final zero.
        const KEPT: usize = 15;
        (Hook::ALL.into_iter()).find(|hook| hook.program().get(..KEPT) == Some(&self.name))
    }
}
