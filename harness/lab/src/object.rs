//! What a built filter says of itself, read without loading it.

mod fingerprint;

use netverdict_abi::{DIGEST_SYMBOL, Hook, LAYOUT_SYMBOL, map};
use object::{Object, ObjectSection, ObjectSymbol};
use thiserror::Error;

pub use fingerprint::{Fingerprint, MapShape, ProgramPrint, Tag, fingerprint};

/// Who an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectInfo {
    /// The [`netverdict_abi::LAYOUT_VERSION`] it was built against.
    pub layout: u32,
    /// SHA-256 of its sources, 64 hexadecimal digits; all zeros in a build that
    /// `cargo xtask build-ebpf` did not make.
    pub digest: String,
}

/// Why an object does not say who it is. Fits "cannot read FILE: {}".
#[derive(Debug, Error)]
pub enum ObjectError {
    /// Not an ELF file, or a damaged one.
    #[error("not an ELF object: {0}")]
    Format(#[from] object::read::Error),
    /// Another program's object, or another layout.
    #[error("it has no map {}", names.join(", "))]
    MissingMaps {
        /// The names of the maps.
        names: Vec<&'static str>,
    },
    /// Another program's object, perhaps.
    #[error("it has no symbol {name}, which every object of this layout has")]
    NoSymbol {
        /// The symbol.
        name: &'static str,
    },
    /// The loader cannot make sense of it.
    #[error("it cannot be loaded: {0}")]
    Unloadable(String),
    /// The symbol is there, but its value is not what it should be.
    #[error("the value of its symbol {name} is not {expected}")]
    BadValue {
        /// The symbol.
        name: &'static str,
        /// What was expected.
        expected: &'static str,
    },
}

/// Reads who `object` is.
///
/// # Errors
/// Where it is no ELF object, or does not say.
pub fn inspect(object: &[u8]) -> Result<ObjectInfo, ObjectError> {
    let file = object::File::parse(object)?;
    let names: Vec<&str> = (map::ALL.into_iter())
        .filter(|name| !file.symbols().any(|symbol| symbol.name() == Ok(name)))
        .collect();
    if !names.is_empty() {
        return Err(ObjectError::MissingMaps { names });
    }
    let programs = Hook::ALL.map(Hook::program);
    if let Some(name) =
        (programs.into_iter()).find(|name| !file.symbols().any(|symbol| symbol.name() == Ok(name)))
    {
        return Err(ObjectError::NoSymbol { name });
    }
    let layout = value(&file, LAYOUT_SYMBOL)?;
    let layout = layout.try_into().map_err(|_| ObjectError::BadValue {
        name: LAYOUT_SYMBOL,
        expected: "4 bytes long",
    })?;
    let layout = if file.is_little_endian() {
        u32::from_le_bytes(layout)
    } else {
        u32::from_be_bytes(layout)
    };
    let digest = std::str::from_utf8(value(&file, DIGEST_SYMBOL)?)
        .ok()
        .filter(|text| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .ok_or(ObjectError::BadValue {
            name: DIGEST_SYMBOL,
            expected: "64 hexadecimal digits",
        })?;
    Ok(ObjectInfo {
        layout,
        digest: digest.to_owned(),
    })
}

fn value<'data>(
    file: &object::File<'data>,
    name: &'static str,
) -> Result<&'data [u8], ObjectError> {
    let symbol = file
        .symbols()
        .find(|symbol| symbol.name() == Ok(name) && symbol.is_definition())
        .ok_or(ObjectError::NoSymbol { name })?;
    let section = symbol
        .section_index()
        .ok_or(ObjectError::NoSymbol { name })?;
    let data = file
        .section_by_index(section)?
        .data_range(symbol.address(), symbol.size())?;
    data.ok_or(ObjectError::BadValue {
        name,
        expected: "inside its section",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMITTED: &[u8] = include_bytes!("../../../ebpf/prebuilt/netverdict-filter.o");

    #[test]
    fn the_committed_object_has_this_layout_and_a_digest() {
        let info = inspect(COMMITTED).expect("the committed object");
        assert_eq!(info.layout, netverdict_abi::LAYOUT_VERSION);
        assert_ne!(info.digest, "0".repeat(64), "built by cargo xtask");
    }

    /// Whoever reads it twice may judge by parts of two policies, which no test
    /// shows but by chance. A reference to a map is a relocation.
    #[test]
    fn each_program_reads_the_generation_once() {
        let file = object::File::parse(COMMITTED).expect("an ELF file");
        let generation = file.symbol_by_name(map::GENERATION).expect("a symbol");
        let target = object::RelocationTarget::Symbol(generation.index());
        let in_section = |section: object::Section<'_, '_>| {
            let relocations = section.relocations();
            relocations.filter(|(_, at)| at.target() == target).count()
        };
        for section in file.sections() {
            let expected = match section.name().expect("a name") {
                "xdp.frags" => Hook::ALL.len(),
                _ => 0,
            };
            let name = section.name().expect("a name").to_owned();
            assert_eq!(in_section(section), expected, "{name}");
        }
    }

    #[test]
    fn what_is_no_object_of_ours_is_refused_by_name() {
        // The name stands in the BTF too.
        let renamed = |name: &str| {
            let mut object = COMMITTED.to_vec();
            while let Some(at) = object
                .windows(name.len())
                .position(|window| window == name.as_bytes())
            {
                object[at] = b'x';
            }
            object
        };
        let no_digits = {
            let info = inspect(COMMITTED).expect("the committed object");
            let mut object = COMMITTED.to_vec();
            let at = object
                .windows(64)
                .position(|window| window == info.digest.as_bytes())
                .expect("the digest's own bytes");
            object[at] = b'g';
            object
        };
        for (object, expected) in [
            (b"\x7fELF".to_vec(), "not an ELF object: "),
            (b"apiVersion: v1\n".to_vec(), "not an ELF object: "),
            (renamed("BACKENDS"), "it has no map BACKENDS"),
            (
                renamed("netverdict_egress"),
                "it has no symbol netverdict_egress, which every object of this layout has",
            ),
            (
                renamed(LAYOUT_SYMBOL),
                "it has no symbol NETVERDICT_LAYOUT, which every object of this layout has",
            ),
            (
                renamed(DIGEST_SYMBOL),
                "it has no symbol NETVERDICT_DIGEST, which every object of this layout has",
            ),
            (
                no_digits,
                "the value of its symbol NETVERDICT_DIGEST is not 64 hexadecimal digits",
            ),
        ] {
            let error = inspect(&object).expect_err(expected).to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
