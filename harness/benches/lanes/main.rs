//! How fast things are, each beside a bare loop of what it is made of, in the same
//! run: `cargo xtask bench`.
//!
//! Times drift from machine to machine and hour to hour; ratios keep. With
//! arguments, only the parts that they name are measured.

mod bare;
mod filter;
mod fuzz;
mod gates;
mod images;
mod install;
mod matrix;
mod measure;
mod mutate;
mod process;
mod prove;
mod testrun;
mod wire;

use std::process::ExitCode;

use netverdict::object;
use netverdict_lab::isolate::isolated;

/// What can be measured, in the order in which it is.
const PARTS: [&str; 12] = [
    "start", "audit", "diff", "process", "mutate", "testrun", "wire", "matrix", "prove", "fuzz",
    "filter", "install",
];

/// Measures, and says so.
type Part = fn() -> std::io::Result<()>;

/// Those that stand before a merge.
const GATES: [(&str, Part); 3] = [
    ("start", gates::start),
    ("audit", gates::audit),
    ("diff", gates::diff),
];

fn main() -> ExitCode {
    // `cargo test` runs benchmarks too, with this flag missing.
    if !std::env::args().any(|arg| arg == "--bench") {
        println!("run by `cargo xtask bench`");
        return ExitCode::SUCCESS;
    }
    let named: Vec<String> = (std::env::args().skip(1))
        .filter(|arg| arg != "--bench")
        .collect();
    if let Some(unknown) = named.iter().find(|name| !PARTS.contains(&name.as_str())) {
        eprintln!("there is no part {unknown}: there are {}", PARTS.join(", "));
        return ExitCode::FAILURE;
    }
    let wanted = |part: &str| named.is_empty() || named.iter().any(|name| name == part);
    for (part, print) in GATES {
        if wanted(part)
            && let Err(error) = print()
        {
            eprintln!("failed to measure {part}: {error}");
            return ExitCode::FAILURE;
        }
    }
    if wanted("process") {
        process::print();
    }
    if wanted("mutate") {
        mutate::print();
    }
    match isolated(|| match inside(wanted) {
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

fn inside(wanted: impl Fn(&str) -> bool) -> Result<(), Box<dyn std::error::Error>> {
    let object = object::open(None)?;
    let object = &object.bytes[..];
    for part in PARTS.into_iter().filter(|part| wanted(part)) {
        match part {
            "testrun" => testrun::print(object)?,
            "wire" => wire::print(object)?,
            "matrix" => matrix::print(object)?,
            "prove" => prove::print(object)?,
            "fuzz" => fuzz::print(object)?,
            "filter" => filter::print(object)?,
            "install" => install::print(object)?,
            _ => {}
        }
    }
    Ok(())
}
