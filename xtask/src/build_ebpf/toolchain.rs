//! Compilers and linkers that can make a BPF object.
//!
//! Two ways lead there: a nightly toolchain of rustup with the library's source,
//! or Debian's rustc with its source package, told to accept what only nightly
//! has. Either wants bpf-linker, with an LLVM no older than the compiler's.

mod linker;
mod rustc;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use self::rustc::Rustc;
use crate::{packages, process, workspace};

/// All that a build takes.
pub(crate) struct Toolchain {
    rustc: Rustc,
    linker: PathBuf,
}

impl Toolchain {
    /// Looks for one and, if asked to, installs what is missing.
    ///
    /// # Errors
    /// Says which commands to run if nothing serves.
    pub(crate) fn find(install: bool) -> Result<Toolchain> {
        if !install {
            return match look()? {
                Ok(toolchain) => Ok(toolchain),
                Err(steps) => {
                    let lines: Vec<String> = steps.iter().map(process::line).collect();
                    bail!(
                        "the XDP program cannot be built here. Run\n\n    {}\n\nthen try \
                         again, or let cargo xtask build-ebpf --install do it",
                        lines.join("\n    ")
                    )
                }
            };
        }
        // An error may be for want of what is installed now.
        if let Ok(Ok(toolchain)) = look() {
            return Ok(toolchain);
        }
        eprintln!("installing what the XDP program is built with");
        if workspace::find_program("apt-get").is_some() {
            // On a fresh machine apt knows nothing before.
            packages::update()?;
        }
        // What has to be installed depends on what was installed before: the
        // linker's LLVM on the compiler's.
        for _ in 0..MOST_STEPS {
            match look()? {
                Ok(toolchain) => return Ok(toolchain),
                Err(steps) => {
                    for mut step in steps {
                        process::succeed(&mut step)?;
                    }
                }
            }
        }
        bail!("what was installed for building the XDP program does not serve")
    }

    /// A cargo that builds for BPF, into `target`.
    pub(crate) fn cargo(&self, target: &Path) -> Result<Command> {
        let mut flags = vec![
            OsString::from("--cfg=bpf_target_arch=\"x86_64\""),
            // The BTF is made from it.
            "-Cdebuginfo=2".into(),
            "-Clink-arg=--btf".into(),
            {
                let mut flag = OsString::from("-Clinker=");
                flag.push(&self.linker);
                flag
            },
        ];
        for (path, name) in self.paths() {
            let mut flag = OsString::from("--remap-path-prefix=");
            flag.push(path);
            flag.push("=");
            flag.push(name);
            flags.push(flag);
        }
        let flags = flags.join(OsString::from("\x1f").as_os_str());

        let mut cargo = self.rustc.cargo();
        cargo
            .current_dir(workspace::root())
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_ENCODED_RUSTFLAGS", flags);
        Ok(cargo)
    }

    /// A path of this machine that is in the bytes of an object, if any is.
    pub(crate) fn path_in(&self, object: &[u8]) -> Option<String> {
        let mut paths: Vec<PathBuf> = self.paths().into_iter().map(|(path, _)| path).collect();
        // The home of a service may be the root folder, which is in every path.
        paths.extend(std::env::home_dir().filter(|home| home.parent().is_some()));
        let held = |path: &PathBuf| {
            let mut path = path.as_os_str().as_encoded_bytes().to_vec();
            path.push(b'/');
            object.windows(path.len()).any(|at| at == path)
        };
        let path = paths.into_iter().find(held)?;
        Some(path.display().to_string())
    }

    /// Paths of this machine that sources come from, and what stands for each in
    /// the object.
    fn paths(&self) -> Vec<(PathBuf, &'static str)> {
        let mut paths = vec![(workspace::root().to_owned(), "netverdict")];
        for sources in self.rustc.library_sources() {
            paths.push((sources, "rust"));
        }
        paths.extend(registries().into_iter().map(|path| (path, "registry")));
        paths
    }
}

/// What is here, or the next commands on the way to a toolchain.
fn look() -> Result<Result<Toolchain, Vec<Command>>> {
    Ok(match rustc::find()? {
        Ok(rustc) => match linker::find(&rustc) {
            Ok(linker) => Ok(Toolchain { rustc, linker }),
            Err(missing) => Err(missing.install(&rustc)?),
        },
        Err(steps) => Err(steps),
    })
}

/// A compiler, then its LLVM, then the linker; and once to see that all is there.
const MOST_STEPS: usize = 4;

/// Folders of downloaded crates, one for each registry: even the name of the
/// registry is the machine's business.
fn registries() -> Vec<PathBuf> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let Some(sources) = home.map(|home| home.join("registry/src")) else {
        return Vec::new();
    };
    let mut folders: Vec<PathBuf> = std::fs::read_dir(&sources)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    folders.sort();
    // Before the first build there is none; the longer prefix wins later.
    folders.insert(0, sources);
    folders
}
