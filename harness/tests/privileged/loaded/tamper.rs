//! Somebody in a namespace of a lab who changes what is loaded, and then runs the audit.
//!
//! It is this very binary, which the lab starts as its command: programs that it attaches
//! stay attached until the audit has ended.

use std::collections::BTreeMap;
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::{Command, ExitCode};

use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{Array, HashMap, Map, MapData};
use aya::programs::xdp::XdpMode;
use aya::programs::{Program, Xdp};
use aya::{Ebpf, EbpfLoader};
use libtest_mimic::Failed;
use netverdict::object;
use netverdict_abi::{Hook, Lpm4, Mode, Prefilter, Verdicted, map};
use netverdict_lab::filter::POLICY_MAPS;
use netverdict_lab::loaded::{Loaded, LoadedFilter, read};
use netverdict_lab::object::{Fingerprint, fingerprint};

use super::kernel;

/// What to do.
pub(super) const ROLE: &str = "NETVERDICT_TEST_TAMPER";
/// The program to run then.
pub(super) const PROGRAM: &str = "NETVERDICT_TEST_PROGRAM";

/// How it ends if something else went wrong than the audit can say.
const BROKEN: u8 = 99;

/// Does what the environment asks for, if anything, and ends as the audit does.
pub(crate) fn play_role() -> Option<ExitCode> {
    let role = std::env::var(ROLE).ok()?;
    let ended = tamper_and_audit(&role).unwrap_or_else(|error| {
        eprintln!("{}", error.message().unwrap_or("it went wrong"));
        BROKEN
    });
    Some(ExitCode::from(ended))
}

/// What lives until the audit has ended.
enum Kept {
    Nothing,
    Link { _link: OwnedFd },
    Loaded { _bpf: Box<Ebpf> },
}

fn tamper_and_audit(role: &str) -> Result<u8, Failed> {
    let print = fingerprint(&object::open(None)?.bytes)?;
    let _kept = tamper(role, &print)?;
    let before = snapshot(&print)?;
    let program = std::env::var_os(PROGRAM).ok_or("no program to run")?;
    let status = Command::new(program)
        .args(std::env::args_os().skip(1))
        .env_remove(ROLE)
        .status()?;
    if snapshot(&print)? != before {
        return Err("the audit changed what is loaded".into());
    }
    let code = status.code().ok_or("a signal ended the audit")?;
    Ok(u8::try_from(code)?)
}

/// Numbers of what is attached, and the contents of every policy map and of what the
/// programs remember.
type Snapshot = (Vec<Vec<u32>>, BTreeMap<u32, Vec<(Vec<u8>, Vec<u8>)>>);

fn snapshot(print: &Fingerprint) -> Result<Snapshot, Failed> {
    let loaded = read(print)?;
    let attached = (loaded.interfaces.iter())
        .map(|interface| interface.attached.iter().map(|(_, id)| *id).collect())
        .collect();
    let mut contents = BTreeMap::new();
    let remembered = [map::FLOWS, map::CONNECTIONS, map::FRAGMENTS];
    for filter in &loaded.filters {
        for name in POLICY_MAPS.into_iter().chain(remembered) {
            if let Some(map) = filter.maps.get(name) {
                contents.insert(map.id, kernel::contents(map.id)?);
            }
        }
    }
    Ok((attached, contents))
}

fn tamper(role: &str, print: &Fingerprint) -> Result<Kept, Failed> {
    match role {
        "foreign-program" => return stranger(false),
        "foreign-maps" => return stranger(true),
        "changed-filter" => return second(&changed()?, "eth0", &[Hook::Uplink]),
        "second-filter" => return second(&object::open(None)?.bytes, "lo", &Hook::ALL),
        _ if role.starts_with("nothing") => return Ok(Kept::Nothing),
        _ => {}
    }
    let loaded: Loaded = read(print)?;
    let [filter] = &loaded.filters[..] else {
        return Err(format!("{} filters", loaded.filters.len()).into());
    };
    match role {
        "empty-allow-list" => empty_allow_list(filter)?,
        "undeclared-entry" => {
            let mut sources = trie(filter, map::PREFILTER_V4)?;
            let set = number_of_prefilter(filter)?.to_ne_bytes();
            let mut address = [0; 8];
            address[..4].copy_from_slice(&set);
            address[4..].copy_from_slice(&[198, 51, 100, 0]);
            let [low, high] = Verdicted::ALLOW.to_ne_bytes();
            let value = [low, high, 0, 0, 1, 0, 0, 0];
            sources.insert(&Key::new(Lpm4::SET_BITS + 24, address), value, 0)?;
        }
        "open-prefilter" => {
            let mut prefilters = prefilters(filter)?;
            let entry = prefilters.iter().next().ok_or("no prefilter")?;
            let (key, [id, flags, rule]) = entry?;
            let open = flags | Prefilter::DEFAULT_PASS | Prefilter::BYPASSES_POLICY;
            prefilters.insert(key, [id, open, rule], 0)?;
        }
        "pass-all" => change_mode(filter, |mode| mode | Mode::PASS_ALL)?,
        "untracked" => change_mode(filter, |mode| mode & !Mode::TRACK)?,
        "other-generation" => {
            let mut word = generation(filter)?;
            let now = word.get(&0, 0)?;
            word.set(0, 1 - now, 0)?;
        }
        "no-generation" => generation(filter)?.set(0, 7, 0)?,
        "wrong-hook" => {
            let id = |hook: Hook| {
                let mut programs = filter.programs.iter();
                let found = programs.find(|program| program.hook(print) == Some(hook));
                found
                    .map(|program| program.id)
                    .ok_or("a program is missing")
            };
            let replaced = kernel::replace(id(Hook::Uplink)?, id(Hook::Egress)?)?;
            if replaced != 1 {
                return Err(format!("{replaced} links replaced").into());
            }
        }
        other => return Err(format!("no role {other}").into()),
    }
    Ok(Kept::Nothing)
}

fn opened(filter: &LoadedFilter, name: &str) -> Result<MapData, Failed> {
    let map = filter.maps.get(name).ok_or("the map is missing")?;
    Ok(MapData::from_id(map.id)?)
}

fn trie(filter: &LoadedFilter, name: &str) -> Result<LpmTrie<MapData, [u8; 8], [u8; 8]>, Failed> {
    Ok(Map::LpmTrie(opened(filter, name)?).try_into()?)
}

fn prefilters(filter: &LoadedFilter) -> Result<HashMap<MapData, u32, [u32; 3]>, Failed> {
    Ok(Map::HashMap(opened(filter, map::PREFILTERS)?).try_into()?)
}

fn generation(filter: &LoadedFilter) -> Result<Array<MapData, u32>, Failed> {
    Ok(Map::Array(opened(filter, map::GENERATION)?).try_into()?)
}

fn number_of_prefilter(filter: &LoadedFilter) -> Result<u32, Failed> {
    let (_, [id, ..]) = prefilters(filter)?.iter().next().ok_or("no prefilter")??;
    Ok(id)
}

fn empty_allow_list(filter: &LoadedFilter) -> Result<(), Failed> {
    let mut v4 = trie(filter, map::PREFILTER_V4)?;
    let keys: Result<Vec<_>, _> = v4.keys().collect();
    for key in keys? {
        v4.remove(&key)?;
    }
    let mut v6: LpmTrie<MapData, [u8; 20], [u8; 8]> =
        Map::LpmTrie(opened(filter, map::PREFILTER_V6)?).try_into()?;
    let keys: Result<Vec<_>, _> = v6.keys().collect();
    for key in keys? {
        v6.remove(&key)?;
    }
    Ok(())
}

fn change_mode(filter: &LoadedFilter, change: impl Fn(u32) -> u32) -> Result<(), Failed> {
    let index = generation(filter)?.get(&0, 0)?;
    let mut settings: Array<MapData, [u32; 3]> =
        Map::Array(opened(filter, map::SETTINGS)?).try_into()?;
    let [mode, epoch, flows] = settings.get(&index, 0)?;
    settings.set(index, [change(mode), epoch, flows], 0)?;
    Ok(())
}

fn stranger(with_map: bool) -> Result<Kept, Failed> {
    let program = kernel::load_stranger(with_map)?;
    let link = kernel::attach(program.as_fd(), interface("eth0")?)?;
    Ok(Kept::Link { _link: link })
}

/// The filter, but what it drops passes.
fn changed() -> Result<Vec<u8>, Failed> {
    let mut object = object::open(None)?.bytes.into_owned();
    // r6 = XDP_DROP; (Documentation/bpf/standardization), which the compiler chose for
    // the ends of the programs.
    let drop = [0xb7, 6, 0, 0, 1, 0, 0, 0];
    let places: Vec<usize> = (0..object.len() - drop.len())
        .filter(|at| object[*at..].starts_with(&drop))
        .collect();
    for at in &places {
        object[at + 4] = 2;
    }
    match places.is_empty() {
        true => Err("nothing is dropped like that: look for the instruction anew".into()),
        false => Ok(object),
    }
}

/// Loads programs of an object once more and attaches that of the uplink in generic mode.
fn second(object: &[u8], name: &str, hooks: &[Hook]) -> Result<Kept, Failed> {
    let mut bpf = EbpfLoader::new().load(object)?;
    for hook in hooks {
        xdp(&mut bpf, *hook)?.load()?;
    }
    let uplink = xdp(&mut bpf, Hook::Uplink)?;
    uplink.attach_to_if_index(interface(name)?, XdpMode::Skb)?;
    Ok(Kept::Loaded {
        _bpf: Box::new(bpf),
    })
}

fn xdp(bpf: &mut Ebpf, hook: Hook) -> Result<&mut Xdp, Failed> {
    match bpf.program_mut(hook.program()) {
        Some(Program::Xdp(program)) => Ok(program),
        _ => Err(format!("no {} program", hook.slug()).into()),
    }
}

fn interface(name: &str) -> Result<u32, Failed> {
    let name = std::ffi::CString::new(name)?;
    // SAFETY: a terminated string.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(std::io::Error::last_os_error().into()),
        index => Ok(index),
    }
}
