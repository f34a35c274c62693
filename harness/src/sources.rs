//! Files and folders named on the command line, read with limits.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use netverdict_policy::diagnostic::SourceFile;
use netverdict_policy::frontend::{Files, MAX_FILE_BYTES};
use thiserror::Error;

/// Folders that are entered only when somebody names them.
const NOT_ENTERED: [&str; 2] = ["invalid", "manifests"];

/// Why a path of the command line cannot be used.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The system refuses.
    #[error("cannot read {}: {error}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Beyond [`MAX_FILE_BYTES`].
    #[error("{} is over {} MiB: too large for a scenario or manifest; split it, or put addresses in a set's own file", path.display(), MAX_FILE_BYTES >> 20)]
    TooLarge {
        /// The path.
        path: PathBuf,
    },
    /// No bytes at all.
    #[error("{} is empty; expected a scenario or manifest in YAML", path.display())]
    Empty {
        /// The path.
        path: PathBuf,
    },
    /// Not UTF-8.
    #[error("{} is not UTF-8 text (first wrong byte at offset {offset})", path.display())]
    NotText {
        /// The path.
        path: PathBuf,
        /// Offset of the first byte that is not UTF-8.
        offset: usize,
    },
}

/// The files that `paths` name, each once, in order; of folders the YAML files and
/// JSON manifests in them, recursively. A folder that holds nothing but its
/// `manifests` stands for them.
///
/// # Errors
/// Every path that cannot be listed.
pub fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Vec<SourceError>> {
    find_in(&Disk, paths)
}

/// The same of another tree.
///
/// # Errors
/// Every path that cannot be listed.
pub fn find_in(tree: &dyn Tree, paths: &[PathBuf]) -> Result<Vec<PathBuf>, Vec<SourceError>> {
    let mut found = Vec::new();
    let mut errors = Vec::new();
    for path in paths {
        match tree.is_folder(path) {
            Ok(true) => {
                let before = found.len();
                list(tree, path, &mut found, &mut errors);
                let manifests = path.join("manifests");
                if found.len() == before && tree.is_folder(&manifests).unwrap_or(false) {
                    list(tree, &manifests, &mut found, &mut errors);
                }
            }
            Ok(false) => found.push(path.clone()),
            Err(error) => errors.push(SourceError::Io {
                path: path.clone(),
                error,
            }),
        }
    }
    let mut seen = BTreeSet::new();
    found.retain(|path| seen.insert(plain(path)));
    if errors.is_empty() {
        Ok(found)
    } else {
        Err(errors)
    }
}

fn list(tree: &dyn Tree, folder: &Path, found: &mut Vec<PathBuf>, errors: &mut Vec<SourceError>) {
    let mut entries = match tree.entries(folder) {
        Ok(entries) => entries,
        Err(error) => {
            return errors.push(SourceError::Io {
                path: folder.to_owned(),
                error,
            });
        }
    };
    entries.sort();
    for (name, is_folder) in entries {
        let path = folder.join(&name);
        if is_folder {
            if !NOT_ENTERED.iter().any(|skip| name == *skip) {
                list(tree, &path, found, errors);
            }
        } else if is_wanted(tree, &path) {
            found.push(path);
        }
    }
}

/// Where files come from.
pub trait Tree: std::fmt::Debug {
    /// Whether there is a folder at the path, or a file.
    ///
    /// # Errors
    /// If there is neither.
    fn is_folder(&self, path: &Path) -> std::io::Result<bool>;

    /// Names of what is in a folder, in any order, and whether each is a folder. A link
    /// to a folder is none: it could lead round in a circle.
    ///
    /// # Errors
    /// If it cannot be listed.
    fn entries(&self, folder: &Path) -> std::io::Result<Vec<(OsString, bool)>>;

    /// The text of a file.
    ///
    /// # Errors
    /// See [`SourceError`].
    fn read(&self, path: &Path) -> Result<String, SourceError>;
}

/// The files of this machine.
#[derive(Clone, Copy, Debug)]
pub struct Disk;

impl Tree for Disk {
    fn is_folder(&self, path: &Path) -> std::io::Result<bool> {
        fs::metadata(path).map(|kind| kind.is_dir())
    }

    fn entries(&self, folder: &Path) -> std::io::Result<Vec<(OsString, bool)>> {
        let entries = fs::read_dir(folder)?;
        (entries.into_iter())
            .map(|entry| {
                let entry = entry?;
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                Ok((entry.file_name(), is_folder))
            })
            .collect()
    }

    fn read(&self, path: &Path) -> Result<String, SourceError> {
        read(path)
    }
}

/// Whether a file found in a folder is ours: YAML by its name, JSON if it holds a
/// manifest, for folders hold JSON of every sort.
fn is_wanted(tree: &dyn Tree, path: &Path) -> bool {
    match path.extension().and_then(OsStr::to_str) {
        Some("yaml" | "yml") => true,
        Some("json") => tree.read(path).is_ok_and(|text| is_manifest(&text)),
        _ => false,
    }
}

/// Whether a JSON text is a Kubernetes object. What is broken is one if it looks
/// like one: its reader will say what is wrong.
fn is_manifest(text: &str) -> bool {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) => value.get("apiVersion").is_some() && value.get("kind").is_some(),
        Err(_) => text.contains("\"apiVersion\"") && text.contains("\"kind\""),
    }
}

/// Reads files for the front end, each once.
#[derive(Debug)]
pub struct Reader {
    tree: Rc<dyn Tree>,
    cache: BTreeMap<PathBuf, Arc<SourceFile>>,
}

impl Default for Reader {
    fn default() -> Reader {
        Reader::of(Rc::new(Disk))
    }
}

impl Reader {
    /// A reader of this tree.
    pub fn of(tree: Rc<dyn Tree>) -> Reader {
        Reader {
            tree,
            cache: BTreeMap::new(),
        }
    }

    /// The file at `path`.
    ///
    /// # Errors
    /// See [`SourceError`].
    pub fn open(&mut self, path: &Path) -> Result<Arc<SourceFile>, SourceError> {
        let key = plain(path);
        if let Some(file) = self.cache.get(&key) {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(SourceFile {
            path: key.display().to_string(),
            text: self.tree.read(path)?,
        });
        self.cache.insert(key, Arc::clone(&file));
        Ok(file)
    }
}

impl Files for Reader {
    fn read(&mut self, from: &SourceFile, path: &str) -> Result<Arc<SourceFile>, String> {
        let folder = Path::new(&from.path).parent().unwrap_or(Path::new(""));
        self.open(&folder.join(path)).map_err(|error| match error {
            SourceError::Io { error, .. } => error.to_string(),
            SourceError::TooLarge { .. } => {
                format!(
                    "it is over {} MiB, the most that is read",
                    MAX_FILE_BYTES >> 20
                )
            }
            SourceError::Empty { .. } => "it is empty".to_owned(),
            SourceError::NotText { offset, .. } => {
                format!("it is not UTF-8 text (first wrong byte at offset {offset})")
            }
        })
    }

    fn list(&mut self, from: &SourceFile, path: &str) -> Option<Result<Vec<String>, String>> {
        let base = Path::new(&from.path).parent().unwrap_or(Path::new(""));
        let folder = base.join(path);
        if !self.tree.is_folder(&folder).unwrap_or(false) {
            return None;
        }
        let (mut found, mut errors) = (Vec::new(), Vec::new());
        list(&*self.tree, &folder, &mut found, &mut errors);
        if let Some(error) = errors.into_iter().next() {
            return Some(Err(match error {
                SourceError::Io { error, .. } => error.to_string(),
                other @ (SourceError::TooLarge { .. }
                | SourceError::Empty { .. }
                | SourceError::NotText { .. }) => other.to_string(),
            }));
        }
        let relative = |file: &PathBuf| {
            let inside = file.strip_prefix(&folder).unwrap_or(file);
            Path::new(path).join(inside).display().to_string()
        };
        Some(Ok(found.iter().map(relative).collect()))
    }
}

fn read(path: &Path) -> Result<String, SourceError> {
    let io = |error| SourceError::Io {
        path: path.to_owned(),
        error,
    };
    let file = fs::File::open(path).map_err(io)?;
    let too_large = || SourceError::TooLarge {
        path: path.to_owned(),
    };
    if file.metadata().map_err(io)?.len() > MAX_FILE_BYTES {
        return Err(too_large());
    }
    // A pipe has no size: the limit holds for what is read, too.
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(too_large());
    }
    text_of(path, bytes)
}

/// The text of a file that has these bytes.
///
/// # Errors
/// If it is none, or empty.
pub fn text_of(path: &Path, bytes: Vec<u8>) -> Result<String, SourceError> {
    let text = String::from_utf8(bytes).map_err(|error| SourceError::NotText {
        path: path.to_owned(),
        offset: error.utf8_error().valid_up_to(),
    })?;
    if text.trim().is_empty() {
        return Err(SourceError::Empty {
            path: path.to_owned(),
        });
    }
    Ok(text)
}

/// The path without `.` and, where a plain name stands before it, without `..`.
pub fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(plain.components().next_back(), Some(Component::Normal(_))) =>
            {
                plain.pop();
            }
            Component::ParentDir
            | Component::Normal(_)
            | Component::RootDir
            | Component::Prefix(_) => {
                plain.push(part);
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests;
