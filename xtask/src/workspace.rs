//! Where things are.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand, Package};

/// The checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the checkout")
}

/// The committed build of the XDP program.
pub(crate) fn prebuilt() -> PathBuf {
    root().join("ebpf/prebuilt/netverdict-filter.o")
}

/// Where builds go: `target`, unless the user's cargo is set up otherwise.
pub(crate) fn target() -> Result<PathBuf> {
    Ok(without_dependencies()?.target_directory.into_std_path_buf())
}

/// Our own packages.
pub(crate) fn packages() -> Result<Vec<Package>> {
    Ok(without_dependencies()?.packages)
}

/// The schema of SARIF, which comes with a package that the tests depend on.
pub(crate) fn sarif_schema() -> Result<PathBuf> {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .exec()
        .context("cargo metadata")?;
    let package = (metadata.packages.iter())
        .find(|package| package.name.as_str() == "serde-sarif")
        .context("the tests depend on serde-sarif")?;
    let folder = package.manifest_path.parent();
    let folder = folder.context("a manifest has a folder")?;
    Ok(folder.join("src/schema.json").into_std_path_buf())
}

fn without_dependencies() -> Result<Metadata> {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cargo metadata")
}

/// The cargo that runs this, in the checkout.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    cargo
}

/// Where tools are installed that belong to this checkout alone.
pub(crate) fn tools() -> Result<PathBuf> {
    Ok(target()?.join("tools"))
}

/// A program on `PATH`, among the administrator's programs, or in [`tools`].
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    programs(name).into_iter().next()
}

/// All programs of that name, in the order in which they are looked for.
pub(crate) fn programs(name: &str) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .chain(tools().ok().map(|tools| tools.join("bin")))
        .map(|folder| folder.join(name))
        .filter(|program| program.is_file())
        .collect()
}
