//! From an object's bytes to a program in the kernel.

use aya::programs::{Program, Xdp};
use aya::{Ebpf, EbpfLoader};
use netverdict_abi::map;
use netverdict_policy::image::ImageSizes;

use super::FilterError;

/// Entries that a map has room for at least, so that a small policy can be
/// replaced by a larger one without loading again.
const FLOOR: usize = 512;

/// The object's maps and its one program, which the verifier has accepted.
pub(super) struct Loaded {
    pub(super) bpf: Ebpf,
    pub(super) program: String,
}

/// Creates the maps, with room for two generations, and loads the program.
pub(super) fn load(object: &[u8], sizes: ImageSizes) -> Result<Loaded, FilterError> {
    let mut loader = EbpfLoader::new();
    let ImageSizes {
        services,
        prefilter_v4,
        prefilter_v6,
        policy_v4,
        policy_v6,
    } = sizes;
    for (name, entries) in [
        (map::SERVICES, services),
        (map::PREFILTER_V4, prefilter_v4),
        (map::PREFILTER_V6, prefilter_v6),
        (map::POLICY_V4, policy_v4),
        (map::POLICY_V6, policy_v6),
    ] {
        loader.map_max_entries(name, room_for(entries));
    }
    let mut bpf = loader.load(object)?;
    let program = the_program(&bpf)?;
    xdp(&mut bpf, &program)?.load()?;
    Ok(Loaded { bpf, program })
}

/// Entries of a map that holds two generations of `entries`.
fn room_for(entries: usize) -> u32 {
    u32::try_from(2 * entries.max(FLOOR)).unwrap_or(u32::MAX)
}

fn the_program(bpf: &Ebpf) -> Result<String, FilterError> {
    let mut names = (bpf.programs())
        .filter(|(_, program)| matches!(program, Program::Xdp(_)))
        .map(|(name, _)| name);
    match (names.next(), names.count()) {
        (Some(name), 0) => Ok(name.to_owned()),
        (first, others) => Err(FilterError::Programs {
            found: usize::from(first.is_some()) + others,
        }),
    }
}

/// The XDP program of this name.
pub(super) fn xdp<'a>(bpf: &'a mut Ebpf, name: &str) -> Result<&'a mut Xdp, FilterError> {
    match bpf.program_mut(name) {
        Some(Program::Xdp(program)) => Ok(program),
        _ => Err(FilterError::Programs { found: 0 }),
    }
}
