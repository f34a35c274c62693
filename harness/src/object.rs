//! The filter object: the one built in, or another.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use netverdict_lab::object::inspect;
use thiserror::Error;

/// The ELF reader wants the bytes aligned as in a file that is mapped.
#[repr(C, align(32))]
struct Aligned<Bytes: ?Sized>(Bytes);

static BUILT_IN: &Aligned<[u8]> =
    &Aligned(*include_bytes!("../../ebpf/prebuilt/netverdict-filter.o"));

/// Why a filter object cannot be used.
#[derive(Debug, Error)]
pub enum ObjectError {
    /// The system refuses.
    #[error("cannot read the filter object {}: {error}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// It is not one of ours.
    #[error("{} is no filter object that netverdict can run: {error}", path.display())]
    Foreign {
        /// The path.
        path: PathBuf,
        /// What it lacks.
        error: netverdict_lab::object::ObjectError,
    },
}

/// A filter object and the digest of its sources.
#[derive(Clone, Debug)]
pub struct Object {
    /// The ELF file.
    pub bytes: Cow<'static, [u8]>,
    /// 64 hexadecimal digits.
    pub digest: String,
}

/// The object at `path`, or the one built in.
///
/// # Errors
/// A file that cannot be read, or is none of ours.
pub fn open(path: Option<&Path>) -> Result<Object, ObjectError> {
    let (path, bytes) = match path {
        None => (Path::new("the built-in object"), Cow::Borrowed(&BUILT_IN.0)),
        Some(path) => {
            let bytes = std::fs::read(path).map_err(|error| ObjectError::Unreadable {
                path: path.to_owned(),
                error,
            })?;
            (path, Cow::Owned(bytes))
        }
    };
    let info = inspect(&bytes).map_err(|error| ObjectError::Foreign {
        path: path.to_owned(),
        error,
    })?;
    Ok(Object {
        bytes,
        digest: info.digest,
    })
}

/// What `--version` prints behind the name.
pub fn version() -> String {
    let version = env!("CARGO_PKG_VERSION");
    match inspect(&BUILT_IN.0) {
        Ok(info) => format!(
            "{version} (filter {}, map layout {})",
            info.digest, info.layout
        ),
        Err(error) => format!("{version} (filter unusable: {error})"),
    }
}
