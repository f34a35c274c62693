//! Programs of the system that are run.

use std::env;
use std::path::{Path, PathBuf};

/// Where system tools are, beyond what a user's PATH names.
const SYSTEM: [&str; 2] = ["/usr/sbin", "/sbin"];

/// Where a tool is.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(SYSTEM.map(PathBuf::from))
        .map(|directory| directory.join(name))
        .find(|candidate| is_program(candidate))
}

/// Where a tool is, or its name, so that starting it gives the error.
pub(crate) fn path_of(name: &str) -> PathBuf {
    find(name).unwrap_or_else(|| PathBuf::from(name))
}

fn is_program(candidate: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    candidate
        .metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
