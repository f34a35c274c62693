//! The programs that load rules, in the calling thread's namespace.

use std::fmt;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use crate::capability::tool;
use crate::error::LabError;
use crate::isolate::NETNS_DIRECTORY;

/// What stands behind a command named `iptables`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Backend {
    /// `ip_tables` in the kernel.
    Legacy,
    /// nf_tables in the kernel, through its layer of compatibility.
    Nft,
}

impl Backend {
    /// `legacy` or `nft`, as in the names of the programs.
    pub const fn name(self) -> &'static str {
        match self {
            Backend::Legacy => "legacy",
            Backend::Nft => "nft",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The programs of iptables, of both families and with one backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Iptables {
    /// Which backend they have.
    pub backend: Backend,
    /// `-legacy`, `-nft`, or nothing where the machine has only one.
    infix: &'static str,
}

const FAMILIES: [&str; 2] = ["iptables", "ip6tables"];
const JOBS: [&str; 2] = ["restore", "save"];

impl Iptables {
    /// What the machine has: with this backend, or with the one that its `iptables`
    /// has, or any.
    pub fn find(wanted: Option<Backend>) -> Option<Iptables> {
        let named = |backend: Backend, infix| Iptables { backend, infix };
        let plain = plain_backend().map(|backend| named(backend, ""));
        let candidates = [
            plain,
            Some(named(Backend::Nft, "-nft")),
            Some(named(Backend::Legacy, "-legacy")),
        ];
        (candidates.into_iter().flatten())
            .filter(|it| wanted.is_none_or(|wanted| it.backend == wanted))
            .find(Iptables::is_complete)
    }

    fn is_complete(&self) -> bool {
        (FAMILIES.iter())
            .all(|family| (JOBS.iter()).all(|job| tool::find(&self.program(family, job)).is_some()))
    }

    fn program(&self, family: &str, job: &str) -> String {
        format!("{family}{}-{job}", self.infix)
    }

    /// # Errors
    /// If there are rules that are not the lab's own.
    pub(super) fn check_nothing_is_there(&self) -> Result<(), LabError> {
        let listed = run("nft", &["list", "tables"], "")?;
        let foreign = listed
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && *line != OWN_TABLE);
        if let Some(found) = foreign {
            return Err(LabError::ForeignRules {
                found: found.to_owned(),
            });
        }
        if self.backend == Backend::Nft {
            // All of its rules are tables of nft.
            return Ok(());
        }
        for family in FAMILIES {
            let saved = run(&self.program(family, "save"), &[], "")?;
            if let Some(rule) = saved.lines().find(|line| line.starts_with("-A ")) {
                return Err(LabError::ForeignRules {
                    found: format!("{family}: {rule}"),
                });
            }
        }
        Ok(())
    }

    /// Loads the rules of both families.
    pub(super) fn restore(&self, v4: &str, v6: &str) -> Result<(), LabError> {
        for (family, rules) in FAMILIES.into_iter().zip([v4, v6]) {
            run(&self.program(family, "restore"), &["--noflush"], rules)?;
        }
        Ok(())
    }
}

/// What the lab itself loads: see `network::node_ports`.
const OWN_TABLE: &str = "table inet netverdict";

/// What the program that is called `iptables` and nothing else has behind it; releases
/// before 1.8 do not say, and have only one.
fn plain_backend() -> Option<Backend> {
    let output = Command::new(tool::find("iptables")?)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stdout);
    Some(match said.contains("nf_tables") {
        true => Backend::Nft,
        false => Backend::Legacy,
    })
}

/// Loads a ruleset.
pub(super) fn nft(ruleset: &str) -> Result<(), LabError> {
    run("nft", &["-f", "-"], ruleset).map(drop)
}

/// Runs a program and returns what it prints.
fn run(program: &str, arguments: &[&str], input: &str) -> Result<String, LabError> {
    let doing = || format!("run {program}");
    let path: PathBuf = tool::path_of(program);
    let mut child = Command::new(path)
        .args(arguments)
        // The usual lock is the host's, and this namespace is nobody else's.
        .env(
            "XTABLES_LOCKFILE",
            format!("{NETNS_DIRECTORY}/xtables.lock"),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(LabError::system(doing()))?;
    let mut stdin = child.stdin.take().expect("it was asked for");
    let Output {
        status,
        stdout,
        stderr,
    } = std::thread::scope(|scope| {
        // It may print before it has read everything. If it ends early, it says why.
        scope.spawn(move || {
            let _ = stdin.write_all(input.as_bytes());
        });
        child.wait_with_output()
    })
    .map_err(LabError::system(doing()))?;
    match status.success() {
        true => Ok(String::from_utf8_lossy(&stdout).into_owned()),
        false => Err(LabError::Rules {
            tool: program.to_owned(),
            said: String::from_utf8_lossy(&stderr).trim().to_owned(),
        }),
    }
}
