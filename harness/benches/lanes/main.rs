//! How fast the lanes are, each beside a bare loop of the system call that it is
//! made of, in the same run: `cargo xtask bench`.
//!
//! Times drift from machine to machine and hour to hour; ratios keep.

mod bare;
mod filter;
mod measure;
mod process;
mod testrun;
mod wire;

use netverdict::object;
use netverdict_lab::isolate::isolated;
use std::process::ExitCode;

fn main() -> ExitCode {
    // `cargo test` runs benchmarks too, with this flag missing.
    if !std::env::args().any(|arg| arg == "--bench") {
        println!("run by `cargo xtask bench`");
        return ExitCode::SUCCESS;
    }
    process::print();
    match isolated(|| match inside() {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("failed to {error}");
            1
        }
    }) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("failed to make namespaces: {error}");
            ExitCode::FAILURE
        }
    }
}

fn inside() -> Result<(), netverdict_lab::LabError> {
    let object = object::open(None).expect("the built-in object");
    testrun::print(&object.bytes)?;
    wire::print(&object.bytes)?;
    filter::print(&object.bytes)
}
