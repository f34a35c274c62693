//! `cargo xtask dist`: a tarball that runs on any Linux of this architecture.

mod licences;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::{privileges, process, workspace};

/// What is built.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Cargo's profile: `dev` is built faster
    #[arg(long, default_value = "release")]
    profile: String,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let target = Target::find()?;
    let program = build(&target, &options.profile)?;
    runs_alone(&program)?;

    let name = format!("netverdict-{}-{}", env!("CARGO_PKG_VERSION"), target.triple);
    let folder = workspace::target()?.join("dist");
    let staged = folder.join(&name);
    if staged.exists() {
        fs::remove_dir_all(&staged).with_context(|| format!("empty {}", staged.display()))?;
    }
    stage(&program, &staged)?;
    let tarball = pack(&folder, &name)?;
    println!("{}", tarball.display());
    Ok(ExitCode::SUCCESS)
}

/// What it is built for, and how it gets by without the system's libraries.
struct Target {
    triple: String,
    flags: &'static str,
}

impl Target {
    /// musl, where its standard library is installed; else the host's own, glibc linked
    /// in. Nothing is downloaded.
    fn find() -> Result<Target> {
        let architecture = std::env::consts::ARCH;
        let musl = format!("{architecture}-unknown-linux-musl");
        let folder = process::output(Command::new("rustc").args([
            "--print",
            "target-libdir",
            "--target",
            &musl,
        ]));
        let is_there = folder.is_some_and(|folder| Path::new(folder.trim()).is_dir());
        if is_there {
            return Ok(Target {
                triple: musl,
                flags: "",
            });
        }
        eprintln!("no standard library for {musl} (`rustup target add {musl}`): linking glibc in");
        Ok(Target {
            triple: format!("{architecture}-unknown-linux-gnu"),
            flags: "-C target-feature=+crt-static",
        })
    }
}

/// Builds the program, stripped.
fn build(target: &Target, profile: &str) -> Result<PathBuf> {
    let of_profile = profile.to_uppercase().replace('-', "_");
    process::succeed(
        workspace::cargo()
            .args(["build", "--locked", "--package", "netverdict"])
            // With a target named, flags are for it alone, not for build scripts.
            .args(["--target", &target.triple, "--profile", profile])
            .env("RUSTFLAGS", target.flags)
            .env(format!("CARGO_PROFILE_{of_profile}_STRIP"), "symbols"),
    )?;
    let folder = match profile {
        "dev" => "debug",
        profile => profile,
    };
    let built = workspace::target()?.join(&target.triple).join(folder);
    Ok(built.join("netverdict"))
}

/// Sees that the program works where there is nothing but itself and its input: no
/// library, no loader, no /proc.
fn runs_alone(program: &Path) -> Result<()> {
    let empty = workspace::target()?.join("dist/empty");
    if empty.exists() {
        fs::remove_dir_all(&empty).context("empty a folder")?;
    }
    fs::create_dir_all(&empty).context("make a folder")?;
    fs::copy(program, empty.join("netverdict")).context("copy the program")?;
    let incident = workspace::root().join("scenarios/incident");
    copy(&incident, &empty.join("scenarios"))?;
    for (args, said) in [
        (&["--version"][..], env!("CARGO_PKG_VERSION")),
        (&["check", "/scenarios"], ""),
    ] {
        let mut command = inside(&empty)?;
        command.arg("/netverdict").args(args);
        eprintln!("+ {}", process::line(&command));
        let output = command.output().context("run it in an empty root")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() || !text.contains(said) {
            bail!(
                "in an empty root it ends with {}: {text}{}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
    fs::remove_dir_all(&empty).context("take the folder away")
}

/// What changes the root to a folder.
fn inside(root: &Path) -> Result<Command> {
    let mut command = if privileges::is_root()? {
        Command::new("chroot")
    } else {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--root"]);
        command
    };
    command.arg(root).env_clear();
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    Ok(command)
}

/// Puts everything where it stands in the tarball.
fn stage(program: &Path, staged: &Path) -> Result<()> {
    let make = |folder: &str| -> Result<PathBuf> {
        let folder = staged.join(folder);
        fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        Ok(folder)
    };
    let top = make("")?;
    fs::copy(program, top.join("netverdict")).context("copy the program")?;
    for name in ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"] {
        let from = workspace::root().join(name);
        fs::copy(&from, top.join(name)).with_context(|| format!("copy {name}"))?;
    }
    let scenarios = make("scenarios")?;
    let schema = workspace::root().join("scenarios/schema.json");
    fs::copy(schema, scenarios.join("schema.json")).context("copy the schema")?;
    fs::write(top.join("THIRD-PARTY.txt"), licences::text()?).context("write the licences")?;
    let completions = make("completions")?;
    for (shell, name) in [
        ("bash", "netverdict.bash"),
        ("zsh", "_netverdict"),
        ("fish", "netverdict.fish"),
        ("elvish", "netverdict.elv"),
        ("powershell", "_netverdict.ps1"),
    ] {
        let script = process::output(Command::new(program).args(["completions", shell]));
        let script = script.with_context(|| format!("netverdict completions {shell}"))?;
        fs::write(completions.join(name), script).context("write completions")?;
    }
    let man = make("man/man1")?;
    process::succeed(Command::new(program).arg("man").arg(man))
}

/// The tarball, and its digest beside it: the same bytes for the same content.
fn pack(folder: &Path, name: &str) -> Result<PathBuf> {
    let file = format!("{name}.tar.gz");
    let tarball = folder.join(&file);
    let epoch = std::env::var("SOURCE_DATE_EPOCH").unwrap_or_else(|_| "0".to_owned());
    process::succeed(
        Command::new("tar")
            .current_dir(folder)
            .args([
                "--create",
                "--use-compress-program",
                "gzip --no-name --best",
            ])
            .args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner"])
            .args(["--mode=u=rwX,go=rX", &format!("--mtime=@{epoch}")])
            .args(["--file", &file, name]),
    )?;
    let bytes = fs::read(&tarball).context("read the tarball")?;
    let digest: String = (Sha256::digest(bytes).iter())
        .map(|byte| format!("{byte:02x}"))
        .collect();
    fs::write(folder.join("SHA256SUMS"), format!("{digest}  {file}\n")).context("write digests")?;
    Ok(tarball)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("read {}", from.display()))? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), &to).with_context(|| format!("copy {}", to.display()))?;
        }
    }
    Ok(())
}
