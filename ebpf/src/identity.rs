//! What tells a built object from another, readable without loading it.
//!
//! The sections are such that loaders skip them: nothing in here costs a map.
//! Each value has its own, for two of different alignment would make two sections
//! of one name, which the BTF cannot describe.

use netverdict_abi::LAYOUT_VERSION;

/// The layout that the object was built against.
#[used]
#[unsafe(link_section = ".netverdict.layout")]
#[unsafe(no_mangle)]
static NETVERDICT_LAYOUT: u32 = LAYOUT_VERSION;

/// SHA-256 of the sources it was built from, in hexadecimal; zeros in a build
/// that `cargo xtask build-ebpf` did not make.
#[used]
#[unsafe(link_section = ".netverdict.digest")]
#[unsafe(no_mangle)]
static NETVERDICT_DIGEST: [u8; DIGEST_LENGTH] = digest();

const DIGEST_LENGTH: usize = 64;

const fn digest() -> [u8; DIGEST_LENGTH] {
    let Some(text) = option_env!("NETVERDICT_DIGEST") else {
        return [b'0'; DIGEST_LENGTH];
    };
    let Some(digest) = text.as_bytes().first_chunk() else {
        panic!("NETVERDICT_DIGEST is shorter than 64 characters");
    };
    *digest
}
