//! From YAML text to validated scenarios, with every problem at once.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, SourceFile};
use crate::scenario::Scenario;

/// Where the front end gets files from that a scenario names.
pub trait Files {
    /// The file at `path` as the scenario gives it, relative to the folder of
    /// `from`.
    ///
    /// # Errors
    /// A lower-case fragment that fits "cannot read PATH: {}".
    fn read(&mut self, from: &SourceFile, path: &str) -> Result<Arc<SourceFile>, String>;
}

/// What a YAML file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Every document has `apiVersion` and `kind`.
    Manifest,
    /// Anything else.
    Scenario,
}

/// A scenario, and what its author should know.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The scenario.
    pub scenario: Scenario,
    /// Warnings; no errors.
    pub warnings: Vec<Diagnostic>,
}

/// Tells manifests from scenarios, without validating either.
pub fn kind(_file: &SourceFile) -> FileKind {
    FileKind::Scenario
}

/// Parses and validates a scenario file and all that it names.
///
/// # Errors
/// Everything that is wrong, errors and warnings, in the order of the files'
/// text.
pub fn scenario(
    _file: &Arc<SourceFile>,
    _files: &mut dyn Files,
) -> Result<Checked, Vec<Diagnostic>> {
    Err(Vec::new())
}

/// Validates a manifest file by itself.
pub fn manifest(_file: &Arc<SourceFile>) -> Vec<Diagnostic> {
    Vec::new()
}

/// The JSON Schema of a scenario file.
pub fn schema() -> serde_json::Value {
    serde_json::Value::Null
}
