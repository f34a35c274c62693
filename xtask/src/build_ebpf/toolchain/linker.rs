//! bpf-linker, which makes one BPF object of LLVM bitcode.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::rustc::Rustc;
use crate::{packages, process, workspace};

/// Why there is no linker that serves.
pub(super) enum Missing {
    /// LLVM's headers and library, to build it with.
    Llvm,
    /// The linker itself, or one with a recent enough LLVM.
    Linker,
}

/// A linker whose LLVM can read what the compiler's LLVM writes.
pub(super) fn find(rustc: &Rustc) -> Result<PathBuf, Missing> {
    let serves = |linker: &PathBuf| llvm_of(linker).is_none_or(|llvm| llvm >= rustc.llvm);
    match workspace::programs(NAME).into_iter().find(serves) {
        Some(linker) => Ok(linker),
        None if llvm_prefix(rustc.llvm).join("include/llvm-c").is_dir() => Err(Missing::Linker),
        None => Err(Missing::Llvm),
    }
}

impl Missing {
    /// What to run to get it.
    pub(super) fn install(&self, rustc: &Rustc) -> Result<Vec<Command>> {
        let llvm = rustc.llvm;
        match self {
            Missing::Llvm => {
                let package = format!("llvm-{llvm}-dev");
                if !packages::is_known(&package) {
                    bail!(
                        "building bpf-linker takes the headers and library of LLVM {llvm}, the \
                         one in this Rust, and apt does not know {package}: get it from \
                         apt.llvm.org, or put a bpf-linker made with LLVM {llvm} on PATH"
                    );
                }
                Ok(vec![packages::install(&[&package])?])
            }
            Missing::Linker => {
                let mut env = Command::new("env");
                env.arg(format!("LLVM_PREFIX={}", llvm_prefix(llvm).display()));
                env.args(["cargo", "install", NAME, "--version", VERSION, "--locked"]);
                env.args(["--no-default-features", "--features"]);
                env.arg(format!("llvm-{llvm}"));
                env.arg("--root").arg(workspace::tools()?);
                env.current_dir(workspace::root());
                Ok(vec![env])
            }
        }
    }
}

const NAME: &str = "bpf-linker";
const VERSION: &str = "0.13.0";

/// Where Debian and apt.llvm.org put it.
fn llvm_prefix(major: u32) -> PathBuf {
    PathBuf::from(format!("/usr/lib/llvm-{major}"))
}

/// The major version of the LLVM library that a program is linked with, where
/// that can be seen: it does not say itself, and one that holds its own LLVM is
/// taken on trust.
fn llvm_of(program: &Path) -> Option<u32> {
    let libraries = process::output(Command::new("ldd").arg(program))?;
    libraries.lines().find_map(llvm_library)
}

/// `libLLVM.so.22.1 => …`, or `libLLVM-17.so.1 => …`.
fn llvm_library(line: &str) -> Option<u32> {
    let name = line.trim_start().strip_prefix("libLLVM")?;
    let digits = name.trim_start_matches(".so.").trim_start_matches('-');
    let end = digits.find(|c: char| !c.is_ascii_digit())?;
    digits[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_llvm_is_in_the_name_of_its_library() {
        for (line, major) in [
            (
                "\tlibLLVM.so.22.1 => /usr/lib/llvm-22/lib/libLLVM.so.22.1 (0x7)",
                Some(22),
            ),
            (
                "\tlibLLVM-17.so.1 => /usr/lib/x86_64-linux-gnu/libLLVM-17.so.1 (0x7)",
                Some(17),
            ),
            ("\tlibLLVM.so => not found", None),
            ("\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x7)", None),
        ] {
            assert_eq!(llvm_library(line), major, "{line}");
        }
    }
}
