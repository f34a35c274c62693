//! How long a large cluster takes to compile, and how much memory: a row of
//! `cargo xtask bench`.

mod cluster;

use std::time::Instant;

use netverdict_policy::lower::lower;

/// Rounds; the median counts.
const ROUNDS: usize = 5;

fn main() {
    // `cargo test` runs benchmarks too, with this flag missing.
    if !std::env::args().any(|arg| arg == "--bench") {
        println!("run by `cargo xtask bench`");
        return;
    }
    let policy = cluster::policy();
    let before = peak_memory();
    let mut times = Vec::new();
    let mut sizes = None;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let image = lower(&policy).expect("it fits");
        times.push(started.elapsed());
        sizes = Some((image.guards.len(), image.sizes()));
    }
    times.sort_unstable();
    let (guards, sizes) = sizes.expect("at least one round");
    println!(
        "compile {} policies over {} pods: {:.0} ms (fastest {:.0}, slowest {:.0}), peak {} MiB \
         ({} MiB before it began); {guards} guards, {} policy entries, {} + {} identity prefixes",
        policy.network_policies.len(),
        policy.workloads.len(),
        times[ROUNDS / 2].as_secs_f64() * 1e3,
        times[0].as_secs_f64() * 1e3,
        times[ROUNDS - 1].as_secs_f64() * 1e3,
        mebibytes(peak_memory()),
        mebibytes(before),
        sizes.policy,
        sizes.identities_v4,
        sizes.identities_v6,
    );
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
