//! Findings as files.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Files of one name, at most.
const MOST_ALIKE: u32 = 1000;

/// Writes a file NAME.EXTENSION into a folder, which is made. One that is there is left
/// as it is: if it says the same, it is the file, else another number is put behind the
/// name.
///
/// # Errors
/// Where the system refuses.
pub fn save(folder: &Path, name: &str, extension: &str, text: &str) -> io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    for number in 1..MOST_ALIKE {
        let behind = match number {
            1 => String::new(),
            _ => format!("-{number}"),
        };
        let path = folder.join(format!("{name}{behind}.{extension}"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(text.as_bytes())?;
                file.sync_all()?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if std::fs::read(&path)? == text.as_bytes() {
                    return Ok(path);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("a thousand files of this name are there"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_never_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let inside = folder.path().join("new");
        let save = |text| save(&inside, "finding", "yaml", text).expect("it is written");
        let first = save("one");
        assert_eq!(first, inside.join("finding.yaml"));
        assert_eq!(save("one"), first);
        assert_eq!(save("other"), inside.join("finding-2.yaml"));
        assert_eq!(save("other"), inside.join("finding-2.yaml"));
        let read = |name: &str| std::fs::read_to_string(inside.join(name)).expect("a file");
        assert_eq!(
            (read("finding.yaml"), read("finding-2.yaml")),
            ("one".into(), "other".into())
        );
    }
}
