//! Puts the reports where the user wants them, whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{json, junit};
use crate::event::Event;

/// A report that could not be written.
#[derive(Debug, Error)]
#[error("cannot write {}: {error}; choose another place for it", path.display())]
pub struct ReportError {
    path: PathBuf,
    error: io::Error,
}

/// Writes `junit.xml`, `results.sarif` and `events.jsonl` into `folder`, which is made if it is
/// missing. Each appears whole or not at all, and replaces the one before. Under
/// sudo they belong to the user who called it.
///
/// # Errors
/// The first report that cannot be written; the others are written if they can be.
pub fn write_reports(folder: &Path, events: &[Event]) -> Result<(), ReportError> {
    let owner = sudo_user();
    make_folder(folder, owner).map_err(|error| ReportError {
        path: folder.to_owned(),
        error,
    })?;
    let put = |name: &str, text: String| {
        let path = folder.join(name);
        replace(folder, &path, text.as_bytes(), owner).map_err(|error| ReportError { path, error })
    };
    let junit = put("junit.xml", junit::render(events));
    let sarif = put("results.sarif", super::sarif_of_run(events));
    let events = put("events.jsonl", json::render(events));
    junit.and(sarif).and(events)
}

/// Writes a capture into `folder`, as [`write_reports`] writes reports.
///
/// # Errors
/// Where it cannot be written.
pub fn write_capture(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), ReportError> {
    let owner = sudo_user();
    let path = folder.join(name);
    let written = make_folder(folder, owner).and_then(|()| replace(folder, &path, bytes, owner));
    written.map_err(|error| ReportError { path, error })
}

/// Writes a file that the user named, as [`write_reports`] writes reports.
///
/// # Errors
/// Where it cannot be written.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let owner = sudo_user();
    let folder = (path.parent()).filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let written = make_folder(folder, owner).and_then(|()| replace(folder, path, bytes, owner));
    written.map_err(|error| ReportError {
        path: path.to_owned(),
        error,
    })
}

fn make_folder(folder: &Path, owner: Option<(u32, u32)>) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        make_folder(parent, owner)?;
    }
    match fs::create_dir(folder) {
        Ok(()) => owner.map_or(Ok(()), |(uid, gid)| chown(folder, Some(uid), Some(gid))),
        // Another run may have made it in the meantime.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

fn replace(folder: &Path, path: &Path, bytes: &[u8], owner: Option<(u32, u32)>) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(".netverdict-")
        .permissions(fs::Permissions::from_mode(0o644))
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    if let Some((uid, gid)) = owner {
        chown(file.path(), Some(uid), Some(gid))?;
    }
    file.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

/// The user and group behind sudo, if we are root on their behalf. Others, such
/// as the user of `sudo -u`, cannot give files away.
fn sudo_user() -> Option<(u32, u32)> {
    let ourselves = fs::metadata("/proc/self").ok()?;
    let id = |name| std::env::var(name).ok()?.parse().ok();
    let user = (id("SUDO_UID")?, id("SUDO_GID")?);
    (ourselves.uid() == 0).then_some(user)
}
