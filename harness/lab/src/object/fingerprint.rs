//! What an object is in the kernel once it is loaded: the tags of its programs, and the
//! shapes of its maps.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use aya_obj::generated::{BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_VALUE, bpf_insn};
use aya_obj::{Function, Object};
use netverdict_abi::Hook;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::ObjectError;

/// By what a loaded object is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// By hook.
    pub programs: [ProgramPrint; 3],
    /// Its maps by name.
    pub maps: BTreeMap<String, MapShape>,
}

/// By what one program of an object is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramPrint {
    /// Its tag as kernels before Linux 6.18 work it out, and as those since do.
    pub tags: [Tag; 2],
    /// Names of the maps that it uses.
    pub maps: BTreeSet<String>,
}

/// The kernel's digest of a program's instructions, without the numbers of its maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(pub [u8; 8]);

/// Kind and sizes of a map; how many entries it has room for depends on the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapShape {
    /// `enum bpf_map_type` of include/uapi/linux/bpf.h.
    pub kind: u32,
    /// Bytes of a key.
    pub key_size: u32,
    /// Bytes of a value.
    pub value_size: u32,
}

impl Fingerprint {
    /// The hook whose program has this tag.
    pub fn hook_of(&self, tag: Tag) -> Option<Hook> {
        (Hook::ALL.into_iter()).find(|hook| self.programs[*hook as usize].tags.contains(&tag))
    }
}

impl std::fmt::Display for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Works out what an object will be in the kernel, without loading it.
///
/// # Errors
/// Where the loader could not load it either.
pub fn fingerprint(object: &[u8]) -> Result<Fingerprint, ObjectError> {
    let unreadable = |error: &dyn std::error::Error| ObjectError::Unloadable(error.to_string());
    let mut object = Object::parse(object).map_err(|error| unreadable(&error))?;
    // Stand-ins for descriptors, by which maps are found again in the instructions.
    let mut maps: Vec<(String, aya_obj::Map)> = object.maps.drain().collect();
    maps.sort_by(|a, b| a.0.cmp(&b.0));
    let text: HashSet<usize> = object
        .functions
        .keys()
        .map(|(section, _)| *section)
        .collect();
    let numbered = (1..)
        .zip(&maps)
        .map(|(number, (name, map))| (name.as_str(), number, map));
    (object.relocate_maps(numbered, &text)).map_err(|error| unreadable(&error))?;
    (object.relocate_calls(&text)).map_err(|error| unreadable(&error))?;

    let program = |hook: Hook| -> Result<ProgramPrint, ObjectError> {
        let name = hook.program();
        let found = (object.programs.get(name))
            .and_then(|program| object.functions.get(&program.function_key()));
        let function = found.ok_or(ObjectError::NoSymbol { name })?;
        Ok(ProgramPrint {
            tags: tags(function),
            maps: used(function, &maps),
        })
    };
    let [uplink, egress, ingress] = Hook::ALL.map(program);
    Ok(Fingerprint {
        programs: [uplink?, egress?, ingress?],
        maps: (maps.iter())
            .map(|(name, map)| {
                let shape = MapShape {
                    kind: map.map_type(),
                    key_size: map.key_size(),
                    value_size: map.value_size(),
                };
                (name.clone(), shape)
            })
            .collect(),
    })
}

/// `bpf_prog_calc_tag` of kernel/bpf/core.c: the first bytes of a digest of the
/// instructions, in which references to maps are zero.
fn tags(function: &Function) -> [Tag; 2] {
    let mut bytes = Vec::with_capacity(function.instructions.len() * size_of::<bpf_insn>());
    let mut in_reference = false;
    for instruction in &function.instructions {
        let is_reference = refers_to_map(instruction);
        let value = match is_reference || in_reference {
            true => 0,
            false => instruction.imm,
        };
        in_reference = is_reference;
        bytes.push(instruction.code);
        bytes.push(instruction.dst_reg() | instruction.src_reg() << 4);
        bytes.extend(instruction.off.to_ne_bytes());
        bytes.extend(value.to_ne_bytes());
    }
    let first = |digest: &[u8]| Tag(*digest.first_chunk().expect("a digest is longer"));
    [first(&Sha1::digest(&bytes)), first(&Sha256::digest(&bytes))]
}

/// The maps that a function's instructions refer to.
fn used(function: &Function, maps: &[(String, aya_obj::Map)]) -> BTreeSet<String> {
    (function.instructions.iter())
        .filter(|instruction| refers_to_map(instruction))
        .filter_map(|instruction| {
            let number = usize::try_from(instruction.imm).ok()?;
            Some(maps.get(number.checked_sub(1)?)?.0.clone())
        })
        .collect()
}

/// Whether it is the first half of an instruction that loads a map, or an address in
/// one.
fn refers_to_map(instruction: &bpf_insn) -> bool {
    /// `BPF_LD | BPF_IMM | BPF_DW`.
    const LOAD_WIDE: u8 = 0x18;
    let source = u32::from(instruction.src_reg());
    instruction.code == LOAD_WIDE && (source == BPF_PSEUDO_MAP_FD || source == BPF_PSEUDO_MAP_VALUE)
}

#[cfg(test)]
mod tests {
    use netverdict_abi::map;

    use super::*;

    const COMMITTED: &[u8] = include_bytes!("../../../../ebpf/prebuilt/netverdict-filter.o");

    #[test]
    fn programs_differ_and_use_maps_of_the_layout() {
        let print = fingerprint(COMMITTED).expect("the committed object");
        for hook in Hook::ALL {
            let program = &print.programs[hook as usize];
            assert_eq!(program.tags.map(|tag| print.hook_of(tag)), [Some(hook); 2]);
            assert!(program.maps.contains(map::GENERATION), "{hook:?}");
        }
        let used: BTreeSet<&str> = (print.programs.iter())
            .flat_map(|program| program.maps.iter().map(String::as_str))
            .collect();
        for name in map::ALL {
            assert!(
                used.contains(name) && print.maps.contains_key(name),
                "{name}"
            );
        }
        assert_eq!(print.hook_of(Tag([0; 8])), None);
    }

    /// Given one instruction that is another, the programs that hold it have other tags.
    #[test]
    fn an_instruction_more_or_less_shows() {
        let print = fingerprint(COMMITTED).expect("the committed object");
        let mut changed = COMMITTED.to_vec();
        // r0 = XDP_PASS; (Documentation/bpf/standardization)
        let pass = [0xb7, 0, 0, 0, 2, 0, 0, 0];
        let at = (changed.windows(8).position(|bytes| bytes == pass)).expect("something passes");
        changed[at + 4] = 1;
        let changed = fingerprint(&changed).expect("it is well formed");
        assert_ne!(changed.programs, print.programs);
        assert_eq!(changed.maps, print.maps);
    }
}
