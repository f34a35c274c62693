//! From an object's bytes to programs in the kernel.

use std::os::fd::{AsFd as _, OwnedFd};

use aya::programs::{Program, Xdp};
use aya::{Ebpf, EbpfLoader};
use netverdict_abi::{Hook, map};
use netverdict_policy::image::ImageSizes;

use super::FilterError;
use super::blind::without_kernel_types;
use super::capacity::Capacity;

/// The object's maps and its programs, which the verifier has accepted.
pub(super) struct Loaded {
    pub(super) bpf: Ebpf,
    pub(super) capacity: Capacity,
    /// By hook.
    pub(super) programs: [LoadedProgram; 3],
}

/// A program in the kernel.
pub(super) struct LoadedProgram {
    pub(super) descriptor: OwnedFd,
    pub(super) id: u32,
    pub(super) verified_instructions: Option<u32>,
}

/// Creates the maps, with room for two generations, and loads the programs.
pub(super) fn load(object: &[u8], sizes: ImageSizes) -> Result<Loaded, FilterError> {
    let capacity = Capacity::for_images(sizes)?;
    // The programs read no structure of the kernel, so that there is nothing to
    // relocate.
    let mut bpf = without_kernel_types(|| {
        let mut loader = EbpfLoader::new();
        loader.btf(None);
        for (name, entries) in capacity.maps() {
            loader.map_max_entries(name, entries);
        }
        loader.load(object)
    })?;
    let missing: Vec<&str> = (map::ALL.into_iter())
        .filter(|name| bpf.map(name).is_none())
        .collect();
    if !missing.is_empty() {
        return Err(FilterError::MissingMaps { names: missing });
    }
    let mut load = |hook| loaded(&mut bpf, hook);
    let [uplink, egress, ingress] = Hook::ALL.map(&mut load);
    Ok(Loaded {
        programs: [uplink?, egress?, ingress?],
        bpf,
        capacity,
    })
}

fn loaded(bpf: &mut Ebpf, hook: Hook) -> Result<LoadedProgram, FilterError> {
    let program = xdp(bpf, hook)?;
    program.load()?;
    let info = program.info()?;
    let descriptor =
        (program.fd()?.as_fd().try_clone_to_owned()).map_err(|source| FilterError::System {
            doing: "duplicate a program's descriptor",
            source,
        })?;
    Ok(LoadedProgram {
        descriptor,
        id: info.id(),
        verified_instructions: info.verified_instruction_count(),
    })
}

/// The program of a hook.
pub(super) fn xdp(bpf: &mut Ebpf, hook: Hook) -> Result<&mut Xdp, FilterError> {
    match bpf.program_mut(hook.program()) {
        Some(Program::Xdp(program)) => Ok(program),
        _ => Err(FilterError::NoProgram {
            name: hook.program(),
        }),
    }
}
