//! Installing what the tests call and the machine lacks.

use std::process::Command;

use anyhow::{Result, bail};

use crate::{privileges, process, workspace};

/// A program, and the package of Debian and Ubuntu that has it.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) package: &'static str,
}

/// Rewrites addresses in front of the services.
pub(crate) const NFT: Program = Program {
    name: "nft",
    package: "nftables",
};

/// Delivers node ports as kube-proxy does, where the filter is held against that.
pub(crate) const IPTABLES: Program = Program {
    name: "iptables",
    package: "iptables",
};

/// The real client of the end-to-end checks.
pub(crate) const CURL: Program = Program {
    name: "curl",
    package: "curl",
};

/// Installs those that are missing, after saying so.
pub(crate) fn ensure(programs: &[Program]) -> Result<()> {
    let missing: Vec<&Program> = programs
        .iter()
        .filter(|program| workspace::find_program(program.name).is_none())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|program| program.package).collect();
    if workspace::find_program("apt-get").is_none() {
        let names: Vec<&str> = missing.iter().map(|program| program.name).collect();
        bail!(
            "this machine lacks {}, and has no apt-get to install it with: \
             install it in the way of this system and try again",
            names.join(" and ")
        );
    }
    eprintln!("installing by apt: {}", packages.join(" "));
    update()?;
    process::succeed(&mut install(&packages)?)
}

/// Fetches the lists of what there is.
pub(crate) fn update() -> Result<()> {
    process::succeed(apt_get()?.arg("update"))
}

/// The command that installs packages by apt.
pub(crate) fn install(packages: &[&str]) -> Result<Command> {
    let mut apt_get = apt_get()?;
    apt_get
        .args(["install", "--yes", "--no-install-recommends"])
        .args(packages);
    Ok(apt_get)
}

/// Whether apt knows a package.
pub(crate) fn is_known(package: &str) -> bool {
    let mut policy = Command::new("apt-cache");
    policy.args(["policy", package]).env("LC_ALL", "C");
    process::output(&mut policy).is_some_and(|text| {
        text.lines().any(|line| {
            line.trim_start()
                .strip_prefix("Candidate:")
                .is_some_and(|version| version.trim() != "(none)")
        })
    })
}

fn apt_get() -> Result<Command> {
    privileges::as_root("apt-get", [("DEBIAN_FRONTEND", "noninteractive".as_ref())])
}
