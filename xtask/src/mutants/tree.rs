//! A copy of the checkout to change, so that a run that is cut short leaves no
//! mutant in the one that people work in.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::module::SOURCES;

/// Makes `copy` the same as the checkout at `root`, but that the policy crate does not
/// have the modules `without`. Files that are the same already are left alone, so that
/// they are not built again.
pub(super) fn copy(root: &Path, copy: &Path, without: &[&str]) -> Result<()> {
    let files = sources(root)?;
    std::fs::create_dir_all(copy).with_context(|| format!("make {}", copy.display()))?;
    for file in &files {
        let (from, to) = (root.join(file), copy.join(file));
        let mut content = bytes(&from)?;
        if *file == Path::new(SOURCES).join("lib.rs") {
            content = without_modules(content, without)?;
        }
        if std::fs::read(&to).is_ok_and(|present| present == content) {
            continue;
        }
        let folder = to.parent().context("a file lies in a folder")?;
        std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        std::fs::write(&to, content).with_context(|| format!("write {}", to.display()))?;
    }
    let mut present = BTreeSet::new();
    list(copy, copy, &mut present)?;
    for foreign in present.difference(&files) {
        let path = copy.join(foreign);
        std::fs::remove_file(&path).with_context(|| format!("remove {}", path.display()))?;
    }
    Ok(())
}

/// A crate's root without the declarations of these modules.
fn without_modules(root: Vec<u8>, modules: &[&str]) -> Result<Vec<u8>> {
    let text = String::from_utf8(root).context("sources are in UTF-8")?;
    let is_kept = |line: &&str| {
        let declared = line
            .strip_prefix("pub mod ")
            .and_then(|it| it.strip_suffix(";\n"));
        !declared.is_some_and(|name| modules.contains(&name))
    };
    let kept: String = text.split_inclusive('\n').filter(is_kept).collect();
    Ok(kept.into_bytes())
}

/// SHA-256, in hexadecimal, over the names and contents of the files under `parts`.
pub(super) fn digest(tree: &Path, parts: &[&str]) -> Result<String> {
    let mut files = BTreeSet::new();
    for part in parts {
        let path = tree.join(part);
        if path.is_dir() {
            list(tree, &path, &mut files)?;
        } else {
            files.insert(PathBuf::from(part));
        }
    }
    let mut hash = Sha256::new();
    for file in files {
        let content = bytes(&tree.join(&file))?;
        // Each with its length, so that no two lists of parts look alike.
        for part in [file.as_os_str().as_encoded_bytes(), &content] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    let digest = hash.finalize();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What git knows or would take up, relative to `root`.
fn sources(root: &Path) -> Result<BTreeSet<PathBuf>> {
    let output = Command::new("git")
        .current_dir(root)
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .output()
        .context("run git ls-files")?;
    anyhow::ensure!(output.status.success(), "git ls-files failed");
    let names = String::from_utf8(output.stdout).context("sources have names in UTF-8")?;
    Ok(names
        .split_terminator('\0')
        .map(PathBuf::from)
        .filter(|file| root.join(file).is_file())
        .collect())
}

fn list(tree: &Path, folder: &Path, files: &mut BTreeSet<PathBuf>) -> Result<()> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            list(tree, &path, files)?;
        } else {
            let file = path.strip_prefix(tree).expect("it lies in the tree");
            files.insert(file.to_owned());
        }
    }
    Ok(())
}

fn bytes(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    #[test]
    fn a_copy_is_put_right_again() {
        let name = format!("netverdict-mutants-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let root = workspace::root();
        copy(root, &folder, &[]).expect("a first copy");
        let parts = ["xtask", "Cargo.toml"];
        let whole = digest(&folder, &parts).expect("a digest");
        assert_eq!(whole, digest(root, &parts).expect("a digest"));

        let mutated = folder.join("Cargo.toml");
        std::fs::write(&mutated, "changed").expect("written");
        std::fs::write(folder.join("xtask/foreign"), "").expect("written");
        assert_ne!(whole, digest(&folder, &parts).expect("a digest"));
        let untouched = folder.join("xtask/Cargo.toml");
        let time = |path: &Path| {
            path.metadata()
                .and_then(|it| it.modified())
                .expect("a time")
        };
        let before = time(&untouched);

        copy(root, &folder, &[]).expect("a second copy");
        assert_eq!(whole, digest(&folder, &parts).expect("a digest"));
        assert_eq!(before, time(&untouched));
        std::fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn modules_are_left_out_of_a_root() {
        let root = b"//! Docs.\n\npub mod oracle;\npub mod write;\nmod prove;\n".to_vec();
        let kept = without_modules(root, &["write", "prove"]).expect("a text");
        assert_eq!(kept, b"//! Docs.\n\npub mod oracle;\nmod prove;\n");
    }
}
