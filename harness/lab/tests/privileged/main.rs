//! The lab on the real kernel. Everything runs inside one isolated process.

mod clients;
mod crowd;
mod exact;
mod given;
mod isolation;
mod policies;
mod random;
mod read_back;
mod reference;
mod shapes;
mod swaps;
mod verdicts;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use netverdict_lab::capability::{Needs, missing_for};
use netverdict_lab::isolate::isolated;

/// A test and its name.
type Case = (&'static str, fn() -> Result<(), Failed>);

fn main() -> ExitCode {
    if let Some(result) = isolation::play_role() {
        return code(result);
    }
    let arguments = Arguments::from_args();
    let missing: Vec<String> = (missing_for(Needs {
        test_run: true,
        wire: true,
    })
    .iter())
    .map(|missing| format!("{}: {}", missing.what, missing.why))
    .collect();
    if !missing.is_empty() {
        return code(run(arguments, Some(missing.join("; "))));
    }
    match isolated(|| run(arguments, None)) {
        Ok(result) => code(result),
        Err(error) => {
            eprintln!("failed to {error}");
            ExitCode::FAILURE
        }
    }
}

fn code(result: u8) -> ExitCode {
    ExitCode::from(result)
}

fn run(arguments: Arguments, missing: Option<String>) -> u8 {
    let trials = [
        policies::CASES,
        random::CASES,
        read_back::CASES,
        reference::CASES,
        verdicts::CASES,
        exact::CASES,
        crowd::CASES,
        swaps::CASES,
        clients::CASES,
        isolation::CASES,
    ]
    .concat()
    .into_iter()
    .map(|(name, case)| trial(name, case, missing.clone()))
    .collect();
    u8::from(libtest_mimic::run(&arguments, trials).has_failed())
}

fn trial(name: &str, case: fn() -> Result<(), Failed>, missing: Option<String>) -> Trial {
    Trial::ignorable_test(name, move || match missing {
        None => case().map(|()| Completion::Completed),
        Some(missing) if std::env::var("NETVERDICT_REQUIRE_PRIVILEGES").as_deref() == Ok("1") => {
            Err(missing.into())
        }
        Some(missing) => Ok(Completion::ignored_with(missing)),
    })
}
