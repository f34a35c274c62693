//! The files of a git revision, as the `git` program gives them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::{Error, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use netverdict_policy::frontend::MAX_FILE_BYTES;
use thiserror::Error;

use crate::sources::{SourceError, Tree, plain, text_of};

/// How long git may take for one answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most that is read of one answer in bytes.
const MOST_BYTES: u64 = 1 << 30;
/// Links that are followed one after the other.
const MOST_LINKS: usize = 8;

/// Why git gave no files. The texts fit behind "cannot read REV:PATH: ".
#[derive(Debug, Error)]
pub enum GitError {
    /// There is no such program.
    #[error("there is no `git` on this machine: install it, or give folders instead")]
    Missing,
    /// It could not be started, or went away.
    #[error("`git` cannot be run: {0}")]
    Broken(#[from] Error),
    /// It refused, in its own words.
    #[error("git: {0}")]
    Refused(String),
    /// No such revision.
    #[error("git knows no revision '{0}' here; `git log --oneline` lists some")]
    NoRevision(String),
    /// Not in a repository.
    #[error(
        "this folder is in no git repository; run it inside one, or give folders instead of \
         revisions"
    )]
    NoRepository,
    /// The path is not in the tree.
    #[error("revision '{revision}' has no '{path}'")]
    NoPath {
        /// The revision.
        revision: String,
        /// The path, from the top of the repository.
        path: String,
    },
    /// It does not end.
    #[error("`git {0}` did not answer within {PATIENCE:?}")]
    TooLong(String),
    /// It does not stop talking.
    #[error("`git {0}` answers with more than {limit} MiB", limit = MOST_BYTES >> 20)]
    TooMuch(String),
}

/// A file of a revision.
#[derive(Clone, Debug)]
struct Blob {
    id: String,
    bytes: u64,
    is_link: bool,
}

/// The tree of a revision. Paths in it are from the top of the repository.
#[derive(Debug)]
pub struct Revision {
    name: String,
    files: BTreeMap<PathBuf, Blob>,
    folders: BTreeSet<PathBuf>,
    /// Repositories within the repository, whose files git does not have.
    pub submodules: Vec<PathBuf>,
    /// What was read, by id.
    contents: RefCell<BTreeMap<String, Vec<u8>>>,
}

impl Revision {
    /// Reads what files there are, and those below `path` that look like ours. The path
    /// is from the top of the repository, or from here if it begins with `./` or `../`,
    /// as git has it. It comes back as it is in the tree.
    ///
    /// # Errors
    /// See [`GitError`].
    pub fn open(revision: &str, path: &str) -> Result<(Revision, PathBuf), GitError> {
        let refused = |error| match error {
            GitError::Refused(text) if text.contains("not a git repository") => {
                GitError::NoRepository
            }
            other => other,
        };
        let prefix = git(&["rev-parse", "--show-prefix"], None).map_err(refused)?;
        let prefix = String::from_utf8_lossy(&prefix).trim_end().to_owned();
        let asked = format!("{revision}^{{tree}}");
        let tree = git(&["rev-parse", "--verify", "--end-of-options", &asked], None);
        let tree = tree.map_err(|error| match error {
            GitError::Refused(_) => GitError::NoRevision(revision.to_owned()),
            other => other,
        })?;
        let tree = String::from_utf8_lossy(&tree).trim().to_owned();
        let listed = git(&["ls-tree", "-r", "-z", "-l", "--full-tree", &tree], None)?;
        let found = Revision::listed(revision, &listed);
        let from_here = path.starts_with("./") || path.starts_with("../") || path == ".";
        let base = match from_here {
            true => plain(&Path::new(&prefix).join(path)),
            false => plain(Path::new(path)),
        };
        if !found.files.contains_key(&base) && !found.folders.contains(&base) {
            return Err(GitError::NoPath {
                revision: revision.to_owned(),
                path: base.display().to_string(),
            });
        }
        found.fetch(&base)?;
        Ok((found, base))
    }

    /// What `git ls-tree -r -z -l` lists: mode, type, id and size, then behind a tab
    /// the path, each entry up to a zero byte.
    fn listed(name: &str, listed: &[u8]) -> Revision {
        let mut revision = Revision {
            name: name.to_owned(),
            files: BTreeMap::new(),
            folders: BTreeSet::from([PathBuf::new()]),
            submodules: Vec::new(),
            contents: RefCell::default(),
        };
        for entry in listed.split(|byte| *byte == 0) {
            let Some(tab) = entry.iter().position(|byte| *byte == b'\t') else {
                continue;
            };
            let about = String::from_utf8_lossy(&entry[..tab]);
            let path = PathBuf::from(String::from_utf8_lossy(&entry[tab + 1..]).into_owned());
            let [mode, sort, id, bytes] = about.split_ascii_whitespace().collect::<Vec<_>>()[..]
            else {
                continue;
            };
            let mut folder = path.parent();
            while let Some(next) = folder {
                revision.folders.insert(next.to_owned());
                folder = next.parent();
            }
            if sort == "commit" {
                revision.submodules.push(path);
                continue;
            }
            let blob = Blob {
                id: id.to_owned(),
                bytes: bytes.parse().unwrap_or(0),
                is_link: mode == "120000",
            };
            revision.files.insert(path, blob);
        }
        revision
    }

    /// Reads in one go what is likely to be asked for.
    fn fetch(&self, base: &Path) -> Result<(), GitError> {
        let ours = |path: &Path| {
            let extension = path.extension().and_then(OsStr::to_str);
            path == base || matches!(extension, Some("yaml" | "yml" | "json"))
        };
        let below = (self.files.iter()).filter(|(path, _)| path.starts_with(base) && ours(path));
        let wanted = below.filter(|(_, blob)| blob.bytes <= MAX_FILE_BYTES);
        let mut ids: Vec<&str> = wanted.map(|(_, blob)| blob.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(());
        }
        let asked = ids.join("\n") + "\n";
        let answer = git(&["cat-file", "--batch"], Some(asked.into_bytes()))?;
        let mut rest = &answer[..];
        let mut contents = self.contents.borrow_mut();
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let head = String::from_utf8_lossy(&rest[..end]).into_owned();
            let [id, "blob", bytes] = head.split(' ').collect::<Vec<_>>()[..] else {
                return Err(GitError::Refused(head));
            };
            let bytes: usize = bytes.parse().unwrap_or(usize::MAX);
            let body = rest[end + 1..].get(..bytes);
            let body = body.ok_or_else(|| GitError::Refused(format!("{head}: cut short")))?;
            contents.insert(id.to_owned(), body.to_vec());
            // A line feed ends each.
            rest = rest[end + 1 + bytes..].get(1..).unwrap_or_default();
        }
        Ok(())
    }

    fn bytes(&self, blob: &Blob) -> std::io::Result<Vec<u8>> {
        if let Some(bytes) = self.contents.borrow().get(&blob.id) {
            return Ok(bytes.clone());
        }
        let bytes = git(&["cat-file", "blob", &blob.id], None).map_err(Error::other)?;
        (self.contents.borrow_mut()).insert(blob.id.clone(), bytes.clone());
        Ok(bytes)
    }

    /// The file at the path, links followed.
    fn blob(&self, path: &Path) -> std::io::Result<&Blob> {
        let mut path = plain(path);
        for _ in 0..MOST_LINKS {
            let blob = self.files.get(&path).ok_or_else(|| {
                let name = &self.name;
                Error::new(
                    ErrorKind::NotFound,
                    format!("revision '{name}' has no such file"),
                )
            })?;
            if !blob.is_link {
                return Ok(blob);
            }
            let target = self.bytes(blob)?;
            let target = String::from_utf8_lossy(&target).into_owned();
            path = plain(&path.parent().unwrap_or(Path::new("")).join(target));
        }
        Err(Error::other("links lead round in a circle"))
    }
}

impl Tree for Revision {
    fn is_folder(&self, path: &Path) -> std::io::Result<bool> {
        let path = plain(path);
        if self.folders.contains(&path) {
            return Ok(true);
        }
        self.blob(&path).map(|_| false)
    }

    fn entries(&self, folder: &Path) -> std::io::Result<Vec<(OsString, bool)>> {
        let folder = plain(folder);
        let inside = |path: &Path| path.parent() == Some(&folder) && path != folder;
        let named = |path: &Path, is_folder| {
            let name = path.file_name()?.to_owned();
            inside(path).then_some((name, is_folder))
        };
        let files = (self.files.keys()).filter_map(|path| named(path, false));
        let folders = self.folders.iter().filter_map(|path| named(path, true));
        Ok(files.chain(folders).collect())
    }

    fn read(&self, path: &Path) -> Result<String, SourceError> {
        let io = |error| SourceError::Io {
            path: path.to_owned(),
            error,
        };
        let blob = self.blob(path).map_err(io)?;
        if blob.bytes > MAX_FILE_BYTES {
            return Err(SourceError::TooLarge {
                path: path.to_owned(),
            });
        }
        text_of(path, self.bytes(blob).map_err(io)?)
    }
}

/// What git answers, within bounds of time and size.
fn git(args: &[&str], input: Option<Vec<u8>>) -> Result<Vec<u8>, GitError> {
    let mut command = Command::new("git");
    command
        .args(args)
        // Nothing is fetched, asked for, or written.
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C")
        .stdin(match input {
            Some(_) => Stdio::piped(),
            None => Stdio::null(),
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => GitError::Missing,
        _ => GitError::Broken(error),
    })?;
    let answer = listen(&mut child, input, args[0]);
    if answer.is_err() {
        // It may have gone by itself.
        let _ = child.kill();
    }
    let status = child.wait()?;
    let (out, err) = answer?;
    match status.success() {
        true => Ok(out),
        false => {
            let text = String::from_utf8_lossy(&err);
            let text = text.trim().trim_start_matches("fatal: ");
            Err(GitError::Refused(text.to_owned()))
        }
    }
}

/// Reads both streams to their ends while the input is written.
fn listen(
    child: &mut Child,
    input: Option<Vec<u8>>,
    name: &str,
) -> Result<(Vec<u8>, Vec<u8>), GitError> {
    let until = Instant::now() + PATIENCE;
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        std::thread::spawn(move || {
            // Who does not listen has said why on its standard error.
            let _ = stdin.write_all(&input);
        });
    }
    let (done, answers) = channel();
    let streams: [(bool, Option<Box<dyn Read + Send>>); 2] = [
        (true, child.stdout.take().map(|it| Box::new(it) as _)),
        (false, child.stderr.take().map(|it| Box::new(it) as _)),
    ];
    for (is_out, stream) in streams {
        let done = done.clone();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = stream.map_or(Ok(0), |stream| {
                stream.take(MOST_BYTES + 1).read_to_end(&mut bytes)
            });
            // Nobody listens any more where time was up.
            let _ = done.send((is_out, read.map(|_| bytes)));
        });
    }
    let (mut out, mut err) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let left = until.saturating_duration_since(Instant::now());
        let answer = answers.recv_timeout(left);
        let (is_out, bytes) = answer.map_err(|_| GitError::TooLong(name.to_owned()))?;
        let bytes = bytes?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(GitError::TooMuch(name.to_owned()));
        }
        *(if is_out { &mut out } else { &mut err }) = bytes;
    }
    Ok((out, err))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_files_folders_links_and_submodules() {
        let listed = b"100644 blob aa      12\ta.yaml\x00120000 blob bb       6\tb/l.yaml\0\
                       160000 commit cc       -\tb/sub\0";
        let revision = Revision::listed("HEAD", listed);
        let entries = |folder: &str| {
            let mut entries = revision.entries(Path::new(folder)).expect("listed");
            entries.sort();
            entries
        };
        assert_eq!(
            entries(""),
            [
                (OsString::from("a.yaml"), false),
                (OsString::from("b"), true)
            ]
        );
        assert_eq!(entries("b"), [(OsString::from("l.yaml"), false)]);
        assert_eq!(revision.submodules, [PathBuf::from("b/sub")]);
        assert!(revision.files[Path::new("b/l.yaml")].is_link);
        assert_eq!(revision.files[Path::new("a.yaml")].bytes, 12);
    }
}
