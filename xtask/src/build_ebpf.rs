//! `cargo xtask build-ebpf`: the XDP program, from its sources to an object that
//! a kernel loads.

mod digest;
mod strip;
mod toolchain;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};

pub(crate) use self::toolchain::Toolchain;
use crate::{process, workspace};

/// What to build.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Where to write the object [default: ebpf/prebuilt/netverdict-filter.o]
    #[arg(long, value_name = "PATH", conflicts_with = "check")]
    out: Option<PathBuf>,
    /// Build this mistake in; needs --out
    #[arg(long, value_name = "NAME", requires = "out")]
    fault: Option<String>,
    /// Only see whether the committed object was built from the present sources
    #[arg(long, conflicts_with = "install")]
    check: bool,
    /// Install what the build needs and the machine lacks
    #[arg(long)]
    install: bool,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if options.check {
        check()?;
        return Ok(ExitCode::SUCCESS);
    }
    let toolchain = Toolchain::find(options.install)?;
    let out = options.out.clone().unwrap_or_else(workspace::prebuilt);
    build(&toolchain, options.fault.as_deref(), &out)?;
    Ok(ExitCode::SUCCESS)
}

/// Fails unless the committed object carries the digest of the present sources.
pub(crate) fn check() -> Result<()> {
    let path = workspace::prebuilt();
    let object = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
    let digest = digest::of_sources(workspace::root())?;
    // The digest stands in the object as text; nothing else in it could.
    let carried = object
        .windows(digest.len())
        .any(|at| at == digest.as_bytes());
    ensure!(
        carried,
        "ebpf/prebuilt/netverdict-filter.o is stale: it was not built from the sources that are \
         here (digest {digest}); run cargo xtask build-ebpf"
    );
    eprintln!("ebpf/prebuilt/netverdict-filter.o is fresh (digest {digest})");
    Ok(())
}

/// Builds the program, with a fault if one is named, and writes it to `out`.
pub(crate) fn build(toolchain: &Toolchain, fault: Option<&str>, out: &Path) -> Result<()> {
    if let Some(fault) = fault {
        let known = faults()?;
        ensure!(
            known.iter().any(|known| known.name == fault),
            "there is no fault {fault}; there are {}",
            names(&known).join(", ")
        );
    }
    let target = workspace::target()?.join("ebpf");
    let mut cargo = toolchain.cargo(&target)?;
    cargo
        .args(["rustc", "--release", "--package", "netverdict-filter"])
        .args(["--target", TARGET, "-Z", "build-std=core"])
        .env("NETVERDICT_DIGEST", digest::of_sources(workspace::root())?);
    if let Some(fault) = fault {
        // Behind the dashes it concerns the last crate alone: the rest is kept.
        cargo.args(["--", "--cfg", &format!("fault=\"{fault}\"")]);
    }
    process::succeed(&mut cargo)?;

    let built = target.join(TARGET).join("release/netverdict-filter");
    let object = std::fs::read(&built).with_context(|| format!("read {}", built.display()))?;
    let object = strip::strip(&object)?;
    if let Some(path) = toolchain.path_in(&object) {
        bail!("the object holds a path of this machine: {path}");
    }
    if let Some(folder) = out.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
    }
    std::fs::write(out, &object).with_context(|| format!("write {}", out.display()))?;
    eprintln!("{} ({} bytes)", out.display(), object.len());
    Ok(())
}

/// A mistake that can be built in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) name: String,
    /// What the filter then does, in a sentence.
    pub(crate) what: String,
}

/// The mistakes that can be built in, as the program declares them.
pub(crate) fn faults() -> Result<Vec<Fault>> {
    let path = workspace::root().join("ebpf/src/faults.rs");
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let faults = declared_faults(&text);
    ensure!(!faults.is_empty(), "{} declares no fault", path.display());
    Ok(faults)
}

/// Their names.
pub(crate) fn names(faults: &[Fault]) -> Vec<&str> {
    faults.iter().map(|fault| fault.name.as_str()).collect()
}

/// `NAME = "name";`, one a line, behind what it does.
fn declared_faults(text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut doc: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(words) = line.strip_prefix("/// ") {
            doc.push(words);
            continue;
        }
        let declared = line
            .strip_suffix("\";")
            .and_then(|it| it.split_once(" = \""));
        if let Some((_, name)) = declared {
            faults.push(Fault {
                name: name.to_owned(),
                what: doc.join(" "),
            });
        }
        doc.clear();
    }
    faults
}

const TARGET: &str = "bpfel-unknown-none";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_declared_fault_is_found() {
        let text = "/// Else.\nfaults! {\n    /// No prefix\n    /// at all.\n    A = \"a-b\";\n    \
                    /// No port.\n    B = \"c\";\n}\n";
        let fault = |name: &str, what: &str| Fault {
            name: name.to_owned(),
            what: what.to_owned(),
        };
        assert_eq!(
            declared_faults(text),
            [fault("a-b", "No prefix at all."), fault("c", "No port.")]
        );
        let faults = faults().expect("the program's own");
        assert!(names(&faults).contains(&"vlan-not-skipped"));
        for Fault { name, what } in faults {
            assert!(what.ends_with('.'), "{name}: {what}");
        }
    }
}
