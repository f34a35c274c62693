//! The mutants of the incident, and of everything, from process start to exit.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::measure::{ROUNDS, timed};

/// The median times of `netverdict mutate`.
pub(crate) fn print() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (path, asked) in [
        ("scenarios/incident", "; asked: under 2000"),
        ("scenarios", ""),
    ] {
        let mut run = || {
            let status = Command::new(env!("CARGO_BIN_EXE_netverdict"))
                .current_dir(&workspace)
                .args(["mutate", path])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()?;
            match status.success() {
                true => Ok(()),
                false => Err(std::io::Error::other(status.to_string())),
            }
        };
        // The first run warms the page cache.
        let mut times: Vec<Duration> = (0..=ROUNDS)
            .map(|_| timed(&mut run).expect("every mutant is judged"))
            .skip(1)
            .collect();
        times.sort();
        println!(
            "netverdict mutate {path}: {:.0} ms (fastest {:.0}, slowest {:.0}{asked})",
            times[times.len() / 2].as_secs_f64() * 1e3,
            times[0].as_secs_f64() * 1e3,
            times[times.len() - 1].as_secs_f64() * 1e3,
        );
    }
}
