//! `explore TARGET SECONDS WORK`: looks for inputs that reach what no other reached.
//!
//! Started by `cargo xtask explore`, which builds it so that every branch counts how
//! often it is taken. New inputs go to the folder WORK and are begun with the next
//! time; what a target does not come back from, made small, goes to its corpus. An
//! input that ends the process lies in `WORK/current`: whoever started it keeps that.
//!
//! No library does this here: those that are at hand are under licences that this
//! project does not take (libFuzzer's), or have to be installed by hand.

mod coverage;
mod hunt;
mod minimise;
mod pool;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use netverdict_fuzz::target;

/// Exit code where something was found.
const FOUND: u8 = 1;

/// Exit code of wrong usage, or of a build that counts nothing.
const USAGE: u8 = 2;

/// Bytes of memory that the process may have: a short input needs far less.
const MEMORY: u64 = 4 << 30;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, seconds, work] = arguments.as_slice() else {
        eprintln!("usage: explore TARGET SECONDS WORK");
        return ExitCode::from(USAGE);
    };
    let (Some(target), Ok(seconds)) = (target(name), seconds.parse()) else {
        eprintln!("explore: no target '{name}', or no number of seconds: {seconds}");
        return ExitCode::from(USAGE);
    };
    if coverage::branches() == 0 {
        eprintln!("explore: this build counts no branches; run `cargo xtask explore`");
        return ExitCode::from(USAGE);
    }
    use nix::sys::resource::{Resource, setrlimit};
    if let Err(error) = setrlimit(Resource::RLIMIT_AS, MEMORY, MEMORY) {
        eprintln!("explore: memory cannot be bounded: {error}");
    }
    match hunt::hunt(target, Duration::from_secs(seconds), &PathBuf::from(work)) {
        Ok(report) => {
            println!("{name}: {report}");
            match report.findings {
                0 => ExitCode::SUCCESS,
                _ => ExitCode::from(FOUND),
            }
        }
        Err(error) => {
            eprintln!("explore: {error}");
            ExitCode::from(USAGE)
        }
    }
}
