//! The files that a scenario names.

use std::sync::Arc;

use super::problems::Problems;
use super::{Files, MAX_FILE_BYTES, file_empty, file_too_large};
use crate::diagnostic::{Location, SourceFile};

/// Reads files once, and remembers in which order.
pub(super) struct Sources<'f> {
    from: Arc<SourceFile>,
    files: &'f mut dyn Files,
    read: Vec<Arc<SourceFile>>,
}

impl<'f> Sources<'f> {
    /// `from` names the files, and counts as the first.
    pub(super) fn new(from: &Arc<SourceFile>, files: &'f mut dyn Files) -> Sources<'f> {
        Sources {
            from: Arc::clone(from),
            files,
            read: vec![Arc::clone(from)],
        }
    }

    /// The files that `path` stands for: itself, or those of a folder.
    pub(super) fn expand(
        &mut self,
        path: &str,
        location: &Location,
        problems: &mut Problems,
    ) -> Vec<String> {
        match self.files.list(&self.from, path) {
            None => vec![path.to_owned()],
            Some(Ok(paths)) => {
                if paths.is_empty() {
                    problems.error(
                        "empty-folder",
                        location,
                        format!("the folder {path} holds no .yaml, .yml or .json file"),
                        "name a folder with manifests",
                    );
                }
                paths
            }
            Some(Err(error)) => {
                problems.error(
                    "file-unreadable",
                    location,
                    format!("cannot list {path}: {error}"),
                    "paths are relative to the folder of the scenario",
                );
                Vec::new()
            }
        }
    }

    /// The file at `path`, which stands at `location`.
    pub(super) fn read(
        &mut self,
        path: &str,
        location: &Location,
        problems: &mut Problems,
    ) -> Option<Arc<SourceFile>> {
        let file = match self.files.read(&self.from, path) {
            Ok(file) => file,
            Err(error) => {
                problems.error(
                    "file-unreadable",
                    location,
                    format!("cannot read {path}: {error}"),
                    "paths are relative to the folder of the scenario",
                );
                return None;
            }
        };
        // The same file under two names is the same place in reports.
        let file = match self.read.iter().find(|known| known.path == file.path) {
            Some(known) => Arc::clone(known),
            None => {
                self.read.push(Arc::clone(&file));
                file
            }
        };
        let bytes = u64::try_from(file.text.len()).unwrap_or(u64::MAX);
        if bytes > MAX_FILE_BYTES {
            problems.push(file_too_large(&file.path, bytes));
            return None;
        }
        if file.text.trim().is_empty() {
            problems.push(file_empty(&file));
            return None;
        }
        Some(file)
    }

    /// Every file read, in order.
    pub(super) fn into_files(self) -> Vec<Arc<SourceFile>> {
        self.read
    }
}
