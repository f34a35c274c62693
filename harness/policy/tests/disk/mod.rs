//! Reads scenarios from the repository.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use netverdict_policy::diagnostic::SourceFile;
use netverdict_policy::frontend::Files;

/// The folder `scenarios/` of the repository.
pub(crate) fn scenarios() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    normal(&manifest.join("../../scenarios"))
}

/// The file at `path`; it is known by its path below `scenarios/`.
pub(crate) fn read(path: &Path) -> Arc<SourceFile> {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let shown = path.strip_prefix(scenarios()).unwrap_or(path);
    Arc::new(SourceFile {
        path: shown.display().to_string(),
        text,
    })
}

/// Every YAML file below `folder`, sorted, without folders of the given names.
pub(crate) fn yaml_files(folder: &Path, without: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() {
                if !without.contains(&name.as_ref()) {
                    folders.push(path);
                }
            } else if name.ends_with(".yaml") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The files that scenarios name, on disk.
pub(crate) struct Disk;

impl Files for Disk {
    fn read(&mut self, from: &SourceFile, path: &str) -> Result<Arc<SourceFile>, String> {
        let folder = scenarios().join(&from.path);
        let folder = folder.parent().expect("a file has a folder");
        let path = normal(&folder.join(path));
        match path.exists() {
            true => Ok(read(&path)),
            false => Err("no such file".to_owned()),
        }
    }

    fn list(&mut self, from: &SourceFile, path: &str) -> Option<Result<Vec<String>, String>> {
        let base = scenarios().join(&from.path);
        let base = normal(base.parent().expect("a file has a folder"));
        let folder = normal(&base.join(path));
        let relative = |file: PathBuf| {
            let inside = file.strip_prefix(&folder).expect("it is in there");
            Path::new(path).join(inside).display().to_string()
        };
        folder.is_dir().then(|| {
            Ok(yaml_files(&folder, &["invalid"])
                .into_iter()
                .map(relative)
                .collect())
        })
    }
}

/// The path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}
