//! What the sources of a room may not say.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Words that are at home in one room and have no business in another.
struct Ban {
    /// Where they are banned: a folder or a file.
    room: &'static str,
    words: &'static [&'static str],
    /// Whether tests may say them all the same: `tests.rs`, or what lies in `tests`.
    tests_may: bool,
    why: &'static str,
}

const BANS: [Ban; 6] = [
    Ban {
        room: "harness/src",
        words: &["setns", "unshare"],
        tests_may: false,
        why: "namespaces are changed in harness/lab only",
    },
    Ban {
        room: "harness/policy/src",
        words: &[
            "std::env",
            "std::fs",
            "std::io",
            "std::os",
            "std::process",
            "std::thread",
            "Instant",
            "SystemTime",
            "TcpListener",
            "TcpStream",
            "UdpSocket",
            "println",
            "eprintln",
        ],
        tests_may: false,
        why: "the policy crate does not touch the system",
    },
    Ban {
        room: "harness/policy/src/meaning.rs",
        words: OTHER_READINGS,
        tests_may: true,
        why: "readings that share code share its mistakes",
    },
    Ban {
        room: "harness/policy/src/meaning",
        words: OTHER_READINGS,
        tests_may: true,
        why: "readings that share code share its mistakes",
    },
    Ban {
        room: "harness/policy/src/reference.rs",
        words: ALL_READINGS,
        tests_may: true,
        why: "a reference that shares code with what it is held against is none",
    },
    Ban {
        room: "harness/policy/src/reference",
        words: ALL_READINGS,
        tests_may: true,
        why: "a reference that shares code with what it is held against is none",
    },
];

/// Other modules that say what a policy or an image means.
const OTHER_READINGS: &[&str] = &["oracle", "lower", "interpret"];

/// Those, and the one by sets.
const ALL_READINGS: &[&str] = &["oracle", "lower", "interpret", "meaning"];

/// Every banned word in the Rust sources under `root`, with its place.
pub(super) fn breaches(root: &Path) -> Result<Vec<String>> {
    let mut breaches = Vec::new();
    for ban in &BANS {
        let mut files = Vec::new();
        list(&root.join(ban.room), &mut files)?;
        files.retain(|path| !(ban.tests_may && is_test(path)));
        files.sort();
        for path in files {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("read {}", path.display()))?;
            let name = path.strip_prefix(root).unwrap_or(&path).display();
            for (line, word) in said(&text, ban.words) {
                breaches.push(format!("{name}:{line}: {word}: {}", ban.why));
            }
        }
    }
    Ok(breaches)
}

/// Banned words with their lines, comments left out.
fn said<'a>(text: &str, words: &[&'a str]) -> Vec<(usize, &'a str)> {
    let code = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or(""));
    let mut found = Vec::new();
    for (number, line) in code.enumerate() {
        for word in words {
            if holds(line, word) {
                found.push((number + 1, *word));
            }
        }
    }
    found
}

/// Whether `line` has the whole word.
fn holds(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(part) && !line[at + word.len()..].starts_with(part))
}

fn is_test(path: &Path) -> bool {
    (path.iter()).any(|part| part == "tests" || part == "tests.rs")
}

/// Rust sources in a folder, or the one file.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if folder.is_file() {
        files.push(folder.to_owned());
        return Ok(());
    }
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_told_by_name() {
        for (path, expected) in [
            ("src/meaning.rs", false),
            ("src/meaning/tests.rs", true),
            ("src/meaning/tests/drawn.rs", true),
            ("src/meaning/attests.rs", false),
        ] {
            assert_eq!(is_test(Path::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn whole_words_of_code_count() {
        for (text, expected) in [
            ("libc::setns(fd, 0)", vec![(1, "setns")]),
            ("// setns is not for us\nlet x = 1; // unshare", vec![]),
            (
                "\n\nuse nix::sched::{setns, unshare};",
                vec![(3, "setns"), (3, "unshare")],
            ),
            ("my_setns(); unshared();", vec![]),
        ] {
            assert_eq!(said(text, &["setns", "unshare"]), expected, "{text}");
        }
    }
}
