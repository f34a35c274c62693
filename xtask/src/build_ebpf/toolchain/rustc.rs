//! A compiler that has its library's source.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{packages, process, workspace};

/// A compiler that can build the library for another target.
pub(super) struct Rustc {
    kind: Kind,
    /// Major version of its LLVM.
    pub(super) llvm: u32,
    sysroot: PathBuf,
}

enum Kind {
    /// The nightly toolchain of rustup.
    Nightly,
    /// The system's, which passes for a nightly one when told to.
    System(PathBuf),
}

/// The first compiler that serves, or what to run to get one.
pub(super) fn find() -> Result<Result<Rustc, Vec<Command>>> {
    let oldest = oldest_version()?;
    let nightly = Rustc::new(Kind::Nightly, oldest);
    if let Some(rustc) = nightly.filter(Rustc::has_library_sources) {
        return Ok(Ok(rustc));
    }
    let system = Rustc::new(Kind::System(PathBuf::from(SYSTEM_RUSTC)), oldest);
    if let Some(rustc) = system.filter(Rustc::has_library_sources) {
        return Ok(Ok(rustc));
    }
    // Debian's stable releases keep a recent compiler for browsers beside their
    // own, in packages with a name of their own.
    if packages::is_known(DEBIAN_RUSTC) {
        let install = packages::install(&[DEBIAN_RUSTC, DEBIAN_SOURCES])?;
        return Ok(Err(vec![install]));
    }
    let mut rustup = Command::new("rustup");
    rustup.args(["toolchain", "install", "nightly", "--profile", "minimal"]);
    rustup.args(["--component", "rust-src"]);
    Ok(Err(vec![rustup]))
}

impl Rustc {
    /// What there is of this kind, if it is recent enough.
    fn new(kind: Kind, oldest: Version) -> Option<Rustc> {
        let text = process::output(kind.rustc().arg("-vV"))?;
        let found = Described::parse(&text)?;
        let sysroot = process::output(kind.rustc().args(["--print", "sysroot"]))?;
        (found.version >= oldest).then(|| Rustc {
            kind,
            llvm: found.llvm,
            sysroot: PathBuf::from(sysroot.trim_end()),
        })
    }

    /// A cargo that calls this compiler.
    pub(super) fn cargo(&self) -> Command {
        match &self.kind {
            Kind::Nightly => {
                let mut cargo = Command::new("rustup");
                cargo.args(["run", "nightly", "cargo"]);
                // Set by the toolchain that runs this program.
                cargo.env_remove("RUSTC").env_remove("CARGO");
                cargo
            }
            Kind::System(rustc) => {
                let mut cargo = workspace::cargo();
                cargo.env("RUSTC", rustc).env("RUSTC_BOOTSTRAP", "1");
                cargo
            }
        }
    }

    /// Where the library's source lies, by every name the path has.
    pub(super) fn library_sources(&self) -> Vec<PathBuf> {
        let sources = self.sysroot.join(LIBRARY_SOURCES);
        let real = sources.canonicalize().ok();
        std::iter::once(sources).chain(real).collect()
    }

    fn has_library_sources(&self) -> bool {
        let library = self.sysroot.join(LIBRARY_SOURCES).join("library");
        library.join("core/src/lib.rs").is_file()
    }
}

impl Kind {
    fn rustc(&self) -> Command {
        match self {
            Kind::Nightly => {
                let mut rustc = Command::new("rustup");
                rustc.args(["run", "nightly", "rustc"]);
                rustc
            }
            Kind::System(rustc) => Command::new(rustc),
        }
    }
}

const SYSTEM_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_RUSTC: &str = "rustc-web";
const DEBIAN_SOURCES: &str = "rust-web-src";
/// In the sysroot.
const LIBRARY_SOURCES: &str = "lib/rustlib/src/rust";

/// Major and minor.
type Version = (u32, u32);

/// What `rustc -vV` says.
#[derive(Debug, PartialEq, Eq)]
struct Described {
    version: Version,
    llvm: u32,
}

impl Described {
    fn parse(text: &str) -> Option<Described> {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        let llvm = field("LLVM version: ")?.split('.').next()?;
        Some(Described {
            version: version(field("release: ")?)?,
            llvm: llvm.parse().ok()?,
        })
    }
}

fn version(text: &str) -> Option<Version> {
    let mut parts = text.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The oldest compiler that the workspace builds with.
fn oldest_version() -> Result<Version> {
    let manifest: toml::Table = read(&workspace::root().join("Cargo.toml"))?
        .parse()
        .context("read Cargo.toml")?;
    let text = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("package")?.get("rust-version")?.as_str())
        .context("Cargo.toml names no rust-version")?;
    version(text).with_context(|| format!("{text} is not a version"))
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_compiler_says() {
        let nightly = "rustc 1.97.0-nightly (e50aa6fba 2026-05-19)\nbinary: rustc\n\
                       release: 1.97.0-nightly\nLLVM version: 22.1.4\n";
        let debian = "rustc 1.96.0 (built from a source tarball)\nrelease: 1.96.0\n\
                      LLVM version: 22.1\n";
        for (text, expected) in [
            (nightly, Some(((1, 97), 22))),
            (debian, Some(((1, 96), 22))),
            ("release: 1.96.0\n", None),
            ("", None),
        ] {
            let expected = expected.map(|(version, llvm)| Described { version, llvm });
            assert_eq!(Described::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn the_workspace_names_its_oldest_compiler() {
        let oldest = oldest_version().expect("a rust-version");
        assert!(oldest >= (1, 85), "the edition needs that: {oldest:?}");
    }
}
