//! `cargo xtask connlist`: does `netverdict matrix` find the connections that
//! np-guard's netpol-analyzer lists? Its test-suite is the one large collection of
//! clusters and answers that nobody here wrote.

mod difference;
mod rows;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};

use self::difference::differences;
use crate::libtest::Tally;
use crate::{privileges, process, run, workspace};

/// Which cases.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// A folder of cases, each a folder with `connlist.txt` and `manifests`; or one
    /// case [default: the corpus beside the checkout]
    folder: Option<PathBuf>,
    /// The lane that is asked
    #[arg(long, default_value = "testrun")]
    lane: String,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let folder = options.folder.clone().unwrap_or_else(corpus);
    let tally = compare_all(&folder, &options.lane)?;
    println!("{tally}");
    Ok(if tally.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Compares the corpus beside the checkout, if it is there: it is not part of the
/// project.
pub(crate) fn all_if_there(lane: &str) -> Result<Tally> {
    let folder = corpus();
    if !folder.is_dir() {
        eprintln!("no {}: np-guard's lists are not compared", folder.display());
        return Ok(Tally::default());
    }
    compare_all(&folder, lane)
}

fn corpus() -> PathBuf {
    workspace::root().join("../shared/corpus/np-guard")
}

/// Every case under the folder counts as one test.
fn compare_all(folder: &Path, lane: &str) -> Result<Tally> {
    let cases = cases(folder)?;
    ensure!(
        !cases.is_empty(),
        "{} holds no folder with a connlist.txt",
        folder.display()
    );
    let netverdict = run::build()?;
    let mut tally = Tally::default();
    for case in cases {
        tally += Tally::of_step(
            &case.display().to_string(),
            compare(&netverdict, &case, lane),
        );
    }
    Ok(tally)
}

fn cases(folder: &Path) -> Result<Vec<PathBuf>> {
    if folder.join(LIST).is_file() {
        return Ok(vec![folder.to_owned()]);
    }
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))?;
    let mut cases = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.join(LIST).is_file() {
            cases.push(path);
        }
    }
    cases.sort();
    Ok(cases)
}

const LIST: &str = "connlist.txt";

fn compare(netverdict: &Path, case: &Path, lane: &str) -> Result<()> {
    let list = case.join(LIST);
    let expected =
        std::fs::read_to_string(&list).with_context(|| format!("read {}", list.display()))?;
    let expected = rows::parse(&expected).with_context(|| format!("read {}", list.display()))?;
    let found = rows::parse(&matrix(netverdict, &case.join("manifests"), lane)?)
        .context("read what netverdict prints")?;
    let differences = differences(&expected, &found);
    for line in &differences {
        eprintln!("  {line}");
    }
    if !differences.is_empty() {
        bail!("{} differences", differences.len());
    }
    eprintln!(
        "  {} rows listed, {} found, no difference",
        expected.len(),
        found.len()
    );
    Ok(())
}

fn matrix(netverdict: &Path, manifests: &Path, lane: &str) -> Result<String> {
    let mut command = match lane {
        "model" => Command::new(netverdict),
        _ => privileges::as_root(netverdict, [])?,
    };
    command.arg("matrix").arg(manifests);
    command.args(["--timing", "--lane", lane]);
    let line = process::line(&command);
    eprintln!("+ {line}");
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("run {line}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    for line in said.lines().filter(|line| line.starts_with("timing:")) {
        eprintln!("  {line}");
    }
    if !output.status.success() {
        eprint!("{said}");
        bail!("{line} ended with {}", output.status);
    }
    String::from_utf8(output.stdout).context("netverdict prints text")
}
