//! Which sources an object was built from, as one number.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// SHA-256, in hexadecimal, over the names and contents of the program's files
/// and the versions of all it depends on.
pub(super) fn of_sources(root: &Path) -> Result<String> {
    let mut files = Vec::new();
    for folder in ["ebpf/src", "ebpf/abi/src"] {
        list(&root.join(folder), &mut files)?;
    }
    files.extend(["ebpf/Cargo.toml", "ebpf/abi/Cargo.toml"].map(|file| root.join(file)));
    files.sort();

    let mut hash = Sha256::new();
    for path in files {
        let name = path.strip_prefix(root).expect("it lies in the checkout");
        let content = read(&path)?;
        part(&mut hash, name.as_os_str().as_encoded_bytes());
        part(&mut hash, content.as_bytes());
    }
    for line in dependencies(&read(&root.join("Cargo.lock"))?, PACKAGE)? {
        part(&mut hash, line.as_bytes());
    }
    let mut digest = String::new();
    for byte in hash.finalize() {
        write!(digest, "{byte:02x}")?;
    }
    Ok(digest)
}

const PACKAGE: &str = "netverdict-filter";

/// Each part with its length, so that no two lists of parts look alike.
fn part(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

/// Name, version and checksum of everything that `package` needs, sorted. How
/// the lock file writes a dependency is left out: it changes with unrelated ones.
fn dependencies(lock: &str, package: &str) -> Result<BTreeSet<String>> {
    let lock: Lock = toml::from_str(lock).context("read Cargo.lock")?;
    let mut lines = BTreeSet::new();
    let mut wanted = vec![package.to_owned()];
    while let Some(dependency) = wanted.pop() {
        // "name", or "name version" where the name alone is ambiguous.
        let mut words = dependency.split(' ');
        let name = words.next().unwrap_or_default();
        let version = words.next();
        let found = lock.package.iter().find(|package| {
            package.name == name && version.is_none_or(|version| package.version == version)
        });
        let Some(found) = found else {
            bail!("Cargo.lock has no package {dependency}");
        };
        let checksum = found.checksum.as_deref().unwrap_or("-");
        if lines.insert(format!("{name} {} {checksum}", found.version)) {
            wanted.extend(found.dependencies.iter().cloned());
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
        version = 4
        [[package]]
        name = "netverdict-filter"
        version = "0.1.0"
        dependencies = ["a", "b 2.0.0"]
        [[package]]
        name = "a"
        version = "1.0.0"
        checksum = "aa"
        dependencies = ["b 2.0.0"]
        [[package]]
        name = "b"
        version = "1.0.0"
        checksum = "b1"
        [[package]]
        name = "b"
        version = "2.0.0"
        checksum = "b2"
        dependencies = ["a"]
        [[package]]
        name = "unrelated"
        version = "1.0.0"
        checksum = "cc"
    "#;

    #[test]
    fn only_what_the_filter_needs_counts_and_cycles_end() {
        let lines = dependencies(LOCK, "netverdict-filter").expect("a lock file");
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        assert_eq!(
            lines,
            ["a 1.0.0 aa", "b 2.0.0 b2", "netverdict-filter 0.1.0 -"]
        );
        let error = dependencies(LOCK, "missing").expect_err("it is not there");
        assert_eq!(error.to_string(), "Cargo.lock has no package missing");
    }

    #[test]
    fn every_change_changes_the_digest_and_nothing_else_does() {
        let tree = Tree::new("before");
        let before = of_sources(&tree.0).expect("a digest");
        assert_eq!(before.len(), 64);
        let again = of_sources(&tree.0).expect("a digest");
        assert_eq!(again, before, "it is stable");

        for (file, content, changes) in [
            ("ebpf/src/main.rs", "fn main() { }", true),
            ("ebpf/src/deeper/new.rs", "", true),
            ("ebpf/abi/src/lib.rs", "// changed", true),
            ("ebpf/Cargo.toml", "# changed", true),
            ("ebpf/abi/Cargo.toml", "# changed", true),
            ("Cargo.lock", &LOCK.replace("b2", "b3"), true),
            ("Cargo.lock", &LOCK.replace("\"cc\"", "\"dd\""), false),
            ("README.md", "text", false),
        ] {
            let tree = Tree::new("after");
            tree.write(file, content);
            let after = of_sources(&tree.0).expect("a digest");
            assert_eq!(after != before, changes, "{file}: {content}");
        }
    }

    /// A small checkout, gone with the test.
    struct Tree(PathBuf);

    impl Tree {
        fn new(name: &str) -> Tree {
            let folder = format!("xtask-digest-{}-{name}", std::process::id());
            let tree = Tree(std::env::temp_dir().join(folder));
            tree.write("ebpf/src/main.rs", "fn main() {}");
            tree.write("ebpf/abi/src/lib.rs", "");
            tree.write("ebpf/Cargo.toml", "");
            tree.write("ebpf/abi/Cargo.toml", "");
            tree.write("Cargo.lock", LOCK);
            tree
        }

        fn write(&self, file: &str, content: &str) {
            let path = self.0.join(file);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect(file);
            std::fs::write(path, content).expect(file);
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).expect("the folder is ours");
        }
    }
}
