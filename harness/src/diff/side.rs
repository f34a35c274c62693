//! One side of a diff: what its argument names, read.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use thiserror::Error;

use super::git::{GitError, Revision};
use crate::matrix::input::{self, Input, Readings};
use crate::sources::{Disk, Reader, Tree, find_in, plain};

/// What one argument names.
#[derive(Debug)]
pub struct Loaded {
    /// The argument.
    pub argument: String,
    /// What is put before paths of this side: `HEAD~1:`, or nothing.
    pub prefix: String,
    /// The path that the argument names, from which others are told.
    pub base: PathBuf,
    /// Whether that is a file.
    pub is_file: bool,
    /// What is in it.
    pub input: Input,
}

/// Why an argument names nothing.
#[derive(Debug, Error)]
pub enum SideError {
    /// Neither a path nor a revision.
    #[error(
        "{0}: there is no such file or folder; a git revision is written REV:PATH, such as \
         'HEAD~1:policies', or 'HEAD~1:' for all of it"
    )]
    NoPath(String),
    /// Nothing before the colon.
    #[error("{0}: there is no revision before the colon; write 'HEAD{0}'")]
    NoRevision(String),
    /// See [`GitError`].
    #[error("cannot read {argument}: {error}")]
    Git {
        /// The argument.
        argument: String,
        /// Why.
        error: GitError,
    },
    /// Files that cannot be read.
    #[error("{}", .0.join("\n"))]
    Files(Vec<String>),
    /// Nothing of ours in it.
    #[error(
        "{0}: no manifest and no scenario is in it (files named *.yaml, *.yml, or JSON \
         manifests; folders named 'manifests' or 'invalid' are entered only if named)"
    )]
    Nothing(String),
}

/// Reads what an argument names. A path that exists wins over a revision.
///
/// # Errors
/// See [`SideError`]; what is wrong inside files is among the input's problems.
pub fn load(argument: &str, readings: Readings, colour: bool) -> Result<Loaded, SideError> {
    let (tree, base, prefix, submodules) = open(argument)?;
    let files = find_in(&*tree, std::slice::from_ref(&base))
        .map_err(|errors| SideError::Files(errors.iter().map(ToString::to_string).collect()))?;
    if files.is_empty() {
        return Err(SideError::Nothing(argument.to_owned()));
    }
    let is_file = !tree.is_folder(&base).unwrap_or(false);
    let mut input = input::read(&files, &mut Reader::of(tree), readings, colour);
    input.notes.extend(submodules.iter().map(|path| {
        let path = path.display();
        format!(
            "note: {prefix}{path} is a submodule: git does not have its files, they are not read"
        )
    }));
    Ok(Loaded {
        argument: argument.to_owned(),
        prefix,
        base: plain(&base),
        is_file,
        input,
    })
}

type Opened = (Rc<dyn Tree>, PathBuf, String, Vec<PathBuf>);

fn open(argument: &str) -> Result<Opened, SideError> {
    if Path::new(argument).exists() {
        let base = PathBuf::from(argument);
        return Ok((Rc::new(Disk), base, String::new(), Vec::new()));
    }
    let (revision, path) = match argument.split_once(':') {
        None => return Err(SideError::NoPath(argument.to_owned())),
        Some(("", _)) => return Err(SideError::NoRevision(argument.to_owned())),
        Some(both) => both,
    };
    let opened = Revision::open(revision, path).map_err(|error| SideError::Git {
        argument: argument.to_owned(),
        error,
    })?;
    let (tree, base) = opened;
    let submodules = (tree.submodules.iter())
        .filter(|path| path.starts_with(&base))
        .cloned();
    let submodules = submodules.collect();
    Ok((Rc::new(tree), base, format!("{revision}:"), submodules))
}
