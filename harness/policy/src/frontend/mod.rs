//! From YAML text to validated scenarios, with every problem at once.
//!
//! `tree` takes any YAML; the readers behind it judge all of it and go on after
//! each problem. A reader that could not read something says so once, and
//! what depends on it keeps silent.

mod addresses;
mod checks;
mod choices;
mod cluster;
mod document;
mod keys;
mod labels;
mod link;
mod manifest;
mod network;
mod prefilter;
mod probe;
mod problems;
mod read;
mod readable;
mod schema;
mod sets;
mod sources;
mod steps;
mod suggest;
mod tree;

use std::sync::Arc;

use crate::coverage::Coverage;
use crate::diagnostic::{Diagnostic, Location, SourceFile};
use crate::image::MapImage;
use crate::model::Policy;
use crate::scenario::{Probe, Scenario};
pub use cluster::{Cluster, ClusterOptions, cluster};
pub use link::HostNetwork;
pub use readable::{Readable, readable_cluster, readable_scenario};

pub use suggest::did_you_mean;

use problems::Problems;
use sources::Sources;

/// Size in bytes beyond which a file is not read: 64 MiB.
pub const MAX_FILE_BYTES: u64 = 64 << 20;

/// Where the front end gets files from that a scenario names.
pub trait Files {
    /// The file at `path` as the scenario gives it, relative to the folder of
    /// `from`. Two paths to the same file should give the same
    /// [`SourceFile::path`].
    ///
    /// # Errors
    /// A lower-case fragment that fits "cannot read PATH: {}".
    fn read(&mut self, from: &SourceFile, path: &str) -> Result<Arc<SourceFile>, String>;

    /// If `path` is a folder, the manifests (`.yaml`, `.yml`, `.json`) in it and
    /// in the folders inside it, in order, as paths for [`Files::read`].
    ///
    /// # Errors
    /// A lower-case fragment that fits "cannot list PATH: {}".
    fn list(&mut self, from: &SourceFile, path: &str) -> Option<Result<Vec<String>, String>> {
        let _ = (from, path);
        None
    }
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
    /// Its policy, compiled.
    pub image: MapImage,
    /// How much of each rule of its manifests is enforced.
    pub coverage: Coverage,
    /// Warnings; no errors.
    pub warnings: Vec<Diagnostic>,
}

/// Tells manifests from scenarios, without validating either.
///
/// What is not YAML is what its lines look like.
pub fn kind(file: &Arc<SourceFile>) -> FileKind {
    let is_manifest = match tree::parse(file, &mut Problems::default()) {
        Some(documents) => !documents.is_empty() && documents.iter().all(manifest::is_manifest),
        None => {
            let text = &file.text;
            let begins = |key: &str| text.lines().any(|line| line.starts_with(key));
            let in_json = text.trim_start().starts_with('{')
                && text.contains("\"apiVersion\"")
                && text.contains("\"kind\"");
            in_json || (begins("apiVersion:") && begins("kind:"))
        }
    };
    if is_manifest {
        FileKind::Manifest
    } else {
        FileKind::Scenario
    }
}

/// Parses and validates a scenario file and all that it names.
///
/// # Errors
/// Everything that is wrong, errors and warnings, in the order of the files'
/// text.
pub fn scenario(file: &Arc<SourceFile>, files: &mut dyn Files) -> Result<Checked, Vec<Diagnostic>> {
    let mut problems = Problems::default();
    let mut sources = Sources::new(file, files);
    let documents = documents(file, &mut problems);
    let scenario = (documents.split_first())
        .and_then(|(first, behind)| document::read(first, behind, &mut sources, &mut problems));
    let any_error = problems.any_error();
    let found = problems.into_sorted(&sources.into_files());
    match scenario {
        Some((scenario, image, coverage)) if !any_error => Ok(Checked {
            scenario,
            image,
            coverage,
            warnings: found,
        }),
        _ => Err(found),
    }
}

/// The scenario of a file, and the manifests behind it; nothing where it is no YAML, or
/// holds nothing.
fn documents(file: &Arc<SourceFile>, problems: &mut Problems) -> Vec<tree::Node> {
    let Some(documents) = tree::parse(file, problems) else {
        return Vec::new();
    };
    if documents.is_empty() {
        problems.push(file_empty(file));
    }
    let mut behind = documents.iter().skip(1);
    if let Some(second) = behind.find(|node| !manifest::is_manifest(node)) {
        problems.error(
            "several-documents",
            &second.location,
            "a scenario file holds one scenario, and manifests behind it",
            "write each scenario to a file of its own; a manifest has 'apiVersion' and 'kind'",
        );
    }
    documents
}

/// Reads an entry of `probes`, such as `- {from: HOST, to: "node:80/tcp", expect: drop}`,
/// as if it stood in the scenario, where `policy` is in force. Address sets have no
/// names here.
///
/// # Errors
/// Everything that is wrong with it; nothing, where it is no entry of a list at all.
pub fn probe(text: &str, scenario: &Scenario, policy: &Policy) -> Result<Probe, Vec<Diagnostic>> {
    probe::alone::read(text, scenario, policy)
}

/// The JSON Schema of a scenario file.
pub fn schema() -> serde_json::Value {
    schema::schema()
}

/// The problem of a file larger than [`MAX_FILE_BYTES`], found before reading
/// it.
pub fn file_too_large(path: &str, bytes: u64) -> Diagnostic {
    let file = Arc::new(SourceFile {
        path: path.to_owned(),
        text: String::new(),
    });
    let (mebibytes, limit) = (bytes >> 20, MAX_FILE_BYTES >> 20);
    Diagnostic::error(
        "file-too-large",
        &Location::new(&file, 0, 0),
        format!("the file has {mebibytes} MiB, more than the {limit} MiB that are read"),
        "split it; an address set may hold millions of prefixes, one a line",
    )
}

/// The problem of a file that says nothing.
pub fn file_empty(file: &Arc<SourceFile>) -> Diagnostic {
    Diagnostic::error(
        "file-empty",
        &Location::new(file, 0, 0),
        "the file is empty, or holds comments only",
        "write something, or remove it",
    )
}
