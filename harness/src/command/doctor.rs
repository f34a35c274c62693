//! `netverdict doctor`

use netverdict_lab::capability::{Check, State, survey};
use netverdict_lab::isolate::isolated;

use super::print::Stream;
use crate::cli::{DoctorArgs, Output};
use crate::exit::Exit;

/// Says what this machine can and cannot run.
pub fn run(args: &DoctorArgs) -> Exit {
    let output = args.output;
    // Where the namespaces cannot be had, the survey says so itself.
    match isolated(|| report(output).code()) {
        Ok(code) => Exit::from_code(code),
        Err(_) => Some(report(output)),
    }
    .unwrap_or(Exit::Inconclusive)
}

fn report(output: Output) -> Exit {
    let checks = survey();
    match output {
        Output::Human => Stream::Out.line(&human(&checks)),
        Output::Json => {
            for check in &checks {
                let object = serde_json::json!({
                    "type": "check",
                    "name": check.name,
                    "state": state(check.state),
                    "detail": check.detail,
                    "fix": check.fix,
                });
                Stream::Out.line(&object.to_string());
            }
        }
        Output::Tap => Stream::Out.line(&tap(&checks)),
    }
    if checks.iter().any(|check| check.state == State::Missing) {
        Exit::Lacking
    } else {
        Exit::AsExpected
    }
}

fn human(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        text.push_str(&format!(
            "{:<9} {:<28} {}\n",
            state(check.state),
            check.name,
            check.detail
        ));
        if let Some(fix) = &check.fix {
            text.push_str(&format!("{:<38} to do: {fix}\n", ""));
        }
    }
    let missing = checks
        .iter()
        .filter(|check| check.state == State::Missing)
        .count();
    text.push_str(&match missing {
        0 => "every lane can run here\n".to_owned(),
        missing => format!("{missing} missing; `--lane model` runs everywhere\n"),
    });
    text
}

fn tap(checks: &[Check]) -> String {
    let mut text = format!("TAP version 14\n1..{}\n", checks.len());
    for (index, check) in checks.iter().enumerate() {
        let ok = if check.state == State::Missing {
            "not ok"
        } else {
            "ok"
        };
        let (name, detail) = (check.name, &check.detail);
        text.push_str(&format!("{ok} {} - {name}: {detail}\n", index + 1));
    }
    text
}

const fn state(state: State) -> &'static str {
    match state {
        State::Works => "works",
        State::Degraded => "degraded",
        State::Missing => "missing",
    }
}
