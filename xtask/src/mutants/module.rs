//! What is mutated: the code that decides verdicts.

use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, Result};

/// A module of netverdict-policy, with everything inside it but its tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Module {
    /// What is right
    Oracle,
    /// From a policy to the contents of the maps
    Lower,
    /// What the maps do to a frame
    Interpret,
    /// Prefixes, and sets of them
    Prefix,
}

impl Module {
    pub(super) const ALL: [Module; 4] = [
        Module::Oracle,
        Module::Lower,
        Module::Interpret,
        Module::Prefix,
    ];

    /// Its files, relative to the checkout.
    pub(super) fn files(self, root: &Path) -> Result<Vec<String>> {
        let mut files = Vec::new();
        for name in self.names() {
            files.push(format!("{SOURCES}/{name}.rs"));
            let folder = format!("{SOURCES}/{name}");
            if root.join(&folder).is_dir() {
                list(root, &folder, &mut files)?;
            }
        }
        Ok(files)
    }

    fn names(self) -> &'static [&'static str] {
        match self {
            Module::Oracle => &["oracle"],
            Module::Lower => &["lower"],
            Module::Interpret => &["interpret"],
            Module::Prefix => &["prefix", "address_set"],
        }
    }
}

/// Where the modules lie.
pub(super) const SOURCES: &str = "harness/policy/src";

fn list(root: &Path, folder: &str, files: &mut Vec<String>) -> Result<()> {
    for entry in std::fs::read_dir(root.join(folder)).with_context(|| format!("list {folder}"))? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().context("sources have names in UTF-8")?;
        let path = format!("{folder}/{name}");
        let is_tests = name == "tests" || name == "tests.rs";
        if entry.file_type()?.is_dir() {
            if !is_tests {
                list(root, &path, files)?;
            }
        } else if name.ends_with(".rs") && !is_tests {
            files.push(path);
        }
    }
    Ok(())
}

/// One of several parts of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    /// From 1 to `count`.
    index: usize,
    count: usize,
}

impl Shard {
    /// Every `count`-th of them.
    pub(super) fn of(self, files: Vec<String>) -> Vec<String> {
        files
            .into_iter()
            .skip(self.index - 1)
            .step_by(self.count)
            .collect()
    }
}

impl FromStr for Shard {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Shard, &'static str> {
        let parsed = text
            .split_once('/')
            .and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        match parsed {
            Some((index, count)) if (1..=count).contains(&index) => Ok(Shard { index, count }),
            _ => Err("a part is I/N with I from 1 to N, such as 2/4"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    #[test]
    fn every_module_has_files_and_none_is_a_test() {
        for module in Module::ALL {
            let files = module.files(workspace::root()).expect("the sources");
            for file in &files {
                assert!(workspace::root().join(file).is_file(), "{file}");
                assert!(!file.contains("tests"), "{file}");
            }
        }
        let oracle = Module::Oracle
            .files(workspace::root())
            .expect("the sources");
        let rule = format!("{SOURCES}/oracle/rule.rs");
        assert!(oracle.contains(&rule), "{oracle:?}");
    }

    #[test]
    fn parts_share_all_files_between_them() {
        let files: Vec<String> = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        let part = |text: &str| text.parse::<Shard>().expect(text).of(files.clone());
        assert_eq!(part("1/1"), files);
        assert_eq!(part("1/2"), ["a", "c", "e"]);
        assert_eq!(part("2/2"), ["b", "d"]);
        for text in ["0/2", "3/2", "1", "a/b", "1/0", "/"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
