//! The incident, from process start to exit.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::measure::{ROUNDS, timed};

/// The median time of `netverdict run scenarios/incident`, all lanes and modes.
pub(crate) fn print() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let reports = tempfile::tempdir().expect("a folder for reports");
    let mut run = || {
        let status = Command::new(env!("CARGO_BIN_EXE_netverdict"))
            .current_dir(&workspace)
            .args(["run", "scenarios/incident", "--report-dir"])
            .arg(reports.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if status.success() {
            Ok(())
        } else {
            Err(std::io::Error::other(status.to_string()))
        }
    };
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..=ROUNDS {
        times.push(timed(&mut run).expect("the incident is as expected"));
    }
    // The first run warms the page cache.
    times.remove(0);
    times.sort();
    println!(
        "netverdict run scenarios/incident, all lanes and modes: {:.0} ms (fastest {:.0}, slowest {:.0}; asked: under 500)",
        times[times.len() / 2].as_secs_f64() * 1e3,
        times[0].as_secs_f64() * 1e3,
        times[times.len() - 1].as_secs_f64() * 1e3,
    );
}
