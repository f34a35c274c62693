//! Which folder paths in reports are relative to.

use std::path::{Component, Path, PathBuf};

/// The folder where the user is, and the root of the repository it belongs to.
///
/// Code scanning takes paths as relative to the root, whatever folder the program was
/// called in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    root: PathBuf,
    here: PathBuf,
}

impl Repository {
    /// The repository of a folder: the nearest above it that has `.git`, or itself.
    pub fn around(here: &Path) -> Repository {
        let root = here.ancestors().find(|folder| folder.join(".git").exists());
        Repository {
            root: root.unwrap_or(here).to_owned(),
            here: here.to_owned(),
        }
    }

    /// The repository of the working directory.
    pub fn here() -> Repository {
        // A working directory that is gone leaves paths as they are.
        Repository::around(&std::env::current_dir().unwrap_or_default())
    }

    /// A path as the user wrote it, relative to the root; absolute where it is outside.
    /// Nothing is looked up: links are not followed.
    pub fn relative(&self, path: &str) -> String {
        let mut parts = PathBuf::new();
        for part in self.here.join(path).components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => {
                    parts.pop();
                }
                Component::Prefix(_) | Component::RootDir | Component::Normal(_) => {
                    parts.push(part);
                }
            }
        }
        let inside = parts.strip_prefix(&self.root).unwrap_or(&parts);
        inside.to_string_lossy().into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_root() {
        let root = tempfile::tempdir().expect("a folder");
        let deeper = root.path().join("deploy/prod");
        std::fs::create_dir_all(&deeper).expect("made");
        std::fs::create_dir(root.path().join(".git")).expect("made");
        let repository = Repository::around(&deeper);
        let absolute = root.path().join("a.yaml");
        for (path, expected) in [
            ("a.yaml", "deploy/prod/a.yaml"),
            ("./x//a.yaml", "deploy/prod/x/a.yaml"),
            ("../a.yaml", "deploy/a.yaml"),
            (absolute.to_str().expect("UTF-8"), "a.yaml"),
            ("/etc/hosts", "/etc/hosts"),
        ] {
            assert_eq!(repository.relative(path), expected, "{path}");
        }
        let alone = tempfile::tempdir().expect("a folder");
        assert_eq!(
            Repository::around(alone.path()).relative("a.yaml"),
            "a.yaml"
        );
    }
}
