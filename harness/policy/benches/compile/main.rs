//! How long a large cluster takes to compile, and how much memory: a row of
//! `cargo xtask bench`.

mod cluster;
mod manifests;

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use netverdict_policy::frontend::{self, ClusterOptions};
use netverdict_policy::image::MapImage;
use netverdict_policy::lower::lower;

/// Rounds; the median counts.
const ROUNDS: usize = 5;

/// What is measured, each in a process of its own, so that the memory is its own.
const PARTS: [&str; 2] = ["lower", "read"];

fn main() -> ExitCode {
    // `cargo test` runs benchmarks too, with this flag missing.
    if !std::env::args().any(|arg| arg == "--bench") {
        println!("run by `cargo xtask bench`");
        return ExitCode::SUCCESS;
    }
    let part = std::env::args().skip(1).find(|arg| arg != "--bench");
    match part.as_deref() {
        Some("lower") => lowering(),
        Some("read") => reading(),
        Some(other) => {
            eprintln!("there is no part {other}: there are {}", PARTS.join(", "));
            return ExitCode::FAILURE;
        }
        None => {
            let myself = std::env::current_exe().expect("the path of this program");
            for part in PARTS {
                let status = Command::new(&myself).args(["--bench", part]).status();
                if !status.expect("this program can be run").success() {
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    ExitCode::SUCCESS
}

/// From the model of a policy to its image.
fn lowering() {
    let policy = cluster::policy();
    let before = peak_memory();
    let (times, image) = rounds(|| lower(&policy).expect("it fits"));
    let sizes = image.sizes();
    println!(
        "compile {} policies over {} pods: {} (asked: under 2000), peak {} MiB ({} MiB before it \
         began; asked: under 1024); {} guards, {} policy entries, {} + {} identity prefixes",
        policy.network_policies.len(),
        policy.workloads.len(),
        shown(&times),
        mebibytes(peak_memory()),
        mebibytes(before),
        image.guards.len(),
        sizes.policy,
        sizes.identities_v4,
        sizes.identities_v6,
    );
}

/// The same from the text of manifests on.
fn reading() {
    let (files, expected) = {
        let policy = cluster::policy();
        (manifests::files(&policy), policy.network_policies.len())
    };
    let bytes: usize = files.iter().map(|file| file.text.len()).sum();
    let before = peak_memory();
    let mut reading = Vec::new();
    let (times, image) = rounds(|| {
        let started = Instant::now();
        let cluster = frontend::cluster(&files, &ClusterOptions::default());
        let cluster = cluster.unwrap_or_else(|problems| panic!("{}", problems[0].message));
        reading.push(started.elapsed());
        assert_eq!(cluster.policy.network_policies.len(), expected);
        lower(&cluster.policy).expect("it fits")
    });
    reading.sort_unstable();
    println!(
        "the same from {} files of {} KiB in all: {}, of which {:.0} ms to read and link, peak {} \
         MiB ({} MiB before it began); {} policy entries",
        files.len(),
        bytes / 1024,
        shown(&times),
        milliseconds(reading[ROUNDS / 2]),
        mebibytes(peak_memory()),
        mebibytes(before),
        image.sizes().policy,
    );
}

/// The times of all rounds, ascending, and the last image.
fn rounds(mut round: impl FnMut() -> MapImage) -> (Vec<Duration>, MapImage) {
    let mut times = Vec::new();
    let mut last = MapImage::default();
    for _ in 0..ROUNDS {
        let started = Instant::now();
        last = round();
        times.push(started.elapsed());
    }
    times.sort_unstable();
    (times, last)
}

fn shown(times: &[Duration]) -> String {
    format!(
        "{:.0} ms (fastest {:.0}, slowest {:.0})",
        milliseconds(times[ROUNDS / 2]),
        milliseconds(times[0]),
        milliseconds(times[ROUNDS - 1])
    )
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The most memory that this process has had resident so far, in KiB, as Linux
/// counts it (proc_pid_status(5), `VmHWM`).
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn mebibytes(kibibytes: Option<u64>) -> String {
    kibibytes.map_or_else(|| "?".to_owned(), |size| (size / 1024).to_string())
}
