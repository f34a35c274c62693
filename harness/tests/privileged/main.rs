//! Tests of the whole program on the kernel.

mod agreement;
#[path = "../captures/mod.rs"]
mod captures;
mod clients;
mod crosscheck;
mod diff;
mod fuzz;
mod incident;
mod live;
mod loaded;
mod matrix;
mod objects;
#[path = "../program/mod.rs"]
mod program;
mod prove;
mod replay;
mod rules;
mod run;
mod sabotage;
mod scenarios;
mod side_by_side;
mod signals;
mod unprivileged;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    if let Some(ended) = loaded::play_role() {
        return ended;
    }
    let args = Arguments::from_args();
    let mut trials = scenarios::trials();
    trials.extend(agreement::trials());
    trials.extend(fuzz::trials());
    trials.extend(incident::trials());
    trials.extend(live::trials());
    trials.extend(loaded::trials());
    trials.extend(matrix::trials());
    trials.extend(replay::trials());
    trials.extend(objects::trials());
    trials.extend(rules::trials());
    trials.extend(prove::trials());
    trials.extend(sabotage::trials());
    trials.extend(clients::trials());
    trials.extend(crosscheck::trials());
    trials.extend(diff::trials());
    trials.extend(unprivileged::trials());
    trials.extend(signals::trials());
    trials.extend(side_by_side::trials());
    libtest_mimic::run(&args, trials).exit_code()
}
