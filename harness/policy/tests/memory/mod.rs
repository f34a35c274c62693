//! Scenarios written in the test that reads them.

use std::collections::BTreeMap;
use std::sync::Arc;

use netverdict_policy::diagnostic::{Diagnostic, SourceFile};
use netverdict_policy::frontend::{self, Checked, Files};

/// Files by path.
#[derive(Default)]
pub(crate) struct Memory(BTreeMap<String, Arc<SourceFile>>);

impl Memory {
    /// With these files as well.
    pub(crate) fn with(mut self, path: &str, text: &str) -> Memory {
        self.0.insert(path.to_owned(), file(path, text));
        self
    }

    /// Reads the scenario `text`.
    pub(crate) fn read(mut self, text: &str) -> Result<Checked, Vec<Diagnostic>> {
        frontend::scenario(&file("scenario.yaml", text), &mut self)
    }
}

impl Files for Memory {
    fn read(&mut self, _: &SourceFile, path: &str) -> Result<Arc<SourceFile>, String> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| "no such file".to_owned())
    }
}

/// A file.
pub(crate) fn file(path: &str, text: &str) -> Arc<SourceFile> {
    Arc::new(SourceFile {
        path: path.to_owned(),
        text: text.to_owned(),
    })
}
