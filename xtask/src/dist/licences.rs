//! The licences of everything that is linked in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, MetadataCommand, Package, PackageId};

use crate::workspace;

/// Every package with its licence, and the texts that come with it.
pub(super) fn text() -> Result<String> {
    let metadata = MetadataCommand::new()
        .manifest_path(workspace::root().join("Cargo.toml"))
        .exec()
        .context("cargo metadata")?;
    let packages: BTreeMap<&PackageId, &Package> = (metadata.packages.iter())
        .map(|package| (&package.id, package))
        .collect();
    let resolve = metadata.resolve.as_ref().context("resolved dependencies")?;
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let program = (metadata.packages.iter())
        .find(|package| package.name.as_str() == "netverdict")
        .context("our package")?;
    let mut linked = BTreeSet::from([&program.id]);
    let mut waiting = vec![&program.id];
    while let Some(id) = waiting.pop() {
        let dependencies = nodes.get(id).map_or(&[][..], |node| &node.deps);
        for dependency in dependencies {
            let is_linked =
                (dependency.dep_kinds.iter()).any(|kind| kind.kind == DependencyKind::Normal);
            if is_linked && linked.insert(&dependency.pkg) {
                waiting.push(&dependency.pkg);
            }
        }
    }
    let mut text = String::from("What netverdict is made of, and under which licences.\n");
    let mut foreign: Vec<&Package> = (linked.into_iter())
        .filter_map(|id| packages.get(id).copied())
        .filter(|package| package.source.is_some())
        .collect();
    foreign.sort_by_key(|package| (package.name.to_string(), package.version.clone()));
    for package in foreign {
        let licence = package.license.as_deref().unwrap_or("see below");
        let _ = writeln!(
            text,
            "\n==== {} {}: {licence}\n{}",
            package.name,
            package.version,
            package.repository.as_deref().unwrap_or_default()
        );
        let folder = package.manifest_path.parent().context("a folder")?;
        let mut files: Vec<_> = fs::read_dir(folder)
            .with_context(|| format!("read {folder}"))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                let name = path
                    .file_name()
                    .map(|name| name.to_string_lossy().to_lowercase());
                path.is_file()
                    && name.is_some_and(|name| {
                        ["license", "licence", "copying", "notice", "unlicense"]
                            .iter()
                            .any(|known| name.starts_with(known))
                    })
            })
            .collect();
        files.sort();
        for file in files {
            let _ = writeln!(text, "\n{}", fs::read_to_string(&file)?.trim_end());
        }
    }
    Ok(text)
}
