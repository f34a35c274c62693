//! Inputs on disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The committed inputs of a target, by file name.
///
/// # Errors
/// If the folder is there and cannot be read.
pub fn corpus(target: &str) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    files(&folder(target))
}

/// Where the committed inputs of a target lie.
pub fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target)
}

/// Writes an input to a folder, which is made if need be.
///
/// # Errors
/// If it cannot be written.
pub fn keep(folder: &Path, name: &str, input: &[u8]) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let path = folder.join(name);
    fs::write(&path, input)?;
    Ok(path)
}

/// The files of a folder, sorted; none where there is no folder.
pub(crate) fn files(folder: &Path) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut paths: Vec<PathBuf> = (fs::read_dir(folder)?)
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    paths.sort();
    (paths.into_iter())
        .map(|path| fs::read(&path).map(|bytes| (path, bytes)))
        .collect()
}

/// The files below a folder of the repository's scenarios whose path fits.
///
/// # Panics
/// If they cannot be read: the repository has them.
pub(crate) fn of_scenarios(fits: fn(&Path) -> bool) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut paths = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            match path.is_dir() {
                true => folders.push(path),
                false if fits(&path) => paths.push(path),
                false => {}
            }
        }
    }
    paths.sort();
    (paths.iter())
        .map(|path| fs::read(path).expect("a readable file"))
        .filter(|text| text.len() <= crate::MOST)
        .collect()
}
