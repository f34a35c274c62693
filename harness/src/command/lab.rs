//! `netverdict lab`

mod members;

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitCode;

use super::print::{Stream, lacking};
use crate::cli::LabArgs;
use crate::exit::Exit;
use crate::lanes::kernel::xdp_mode;
use crate::matrix::input::{Subject, load};
use crate::object::{self, Object};
use crate::runner::MOST_WORKLOADS;
use netverdict_abi::{Hook, Reason};
use netverdict_lab::capability::{Needs, missing_for};
use netverdict_lab::filter::{Connections, Events, Filter, Install, Links};
use netverdict_lab::isolate::{isolated, signals, wait_reaping};
use netverdict_lab::{Lab, LabError, Purpose};

/// Brings the network up, runs the command in it, and ends with its status.
pub fn run(args: &LabArgs) -> ExitCode {
    let mut subject = match one_world(args) {
        Ok(subject) => subject,
        Err(text) => return refuse(&text, Exit::BadInput),
    };
    if subject.name.is_none() {
        members::add_outside(&mut subject);
    }
    let inside = match members::inside(args.inside.as_deref(), &subject) {
        Ok(inside) => inside,
        Err(text) => return refuse(&text, Exit::BadInput),
    };
    if args.list {
        Stream::Out.line(&members::who_is_where(&subject, &inside));
        return Exit::AsExpected.into();
    }
    let object = match object::open(args.filter.as_deref()) {
        Ok(object) => object,
        Err(error) => return refuse(&error.to_string(), Exit::BadInput),
    };
    let missing = missing_for(Needs {
        test_run: false,
        wire: true,
    });
    if !missing.is_empty() {
        return refuse(&lacking(&missing), Exit::Lacking);
    }
    let status = isolated(|| match session(args, &subject, &object, &inside) {
        Ok(status) => status,
        Err(error) => {
            fail(&format!("failed to {error}"));
            Exit::Inconclusive.code()
        }
    });
    match status {
        Ok(status) => ExitCode::from(status),
        Err(error) => refuse(
            &format!("failed to make namespaces: {error}"),
            Exit::Lacking,
        ),
    }
}

fn fail(text: &str) {
    Stream::Err.line(&format!("netverdict: {text}"));
}

fn refuse(text: &str, exit: Exit) -> ExitCode {
    fail(text);
    exit.into()
}

/// The scenario, or the cluster that the manifests are, if it fits in a lab.
fn one_world(args: &LabArgs) -> Result<Subject, String> {
    let mut input = load(&args.paths, args.readings.of_user(), Stream::Err.colour());
    if !input.problems.is_empty() {
        return Err(input.problems.join("\n"));
    }
    let paths: Vec<String> = (args.paths.iter())
        .map(|path| path.display().to_string())
        .collect();
    let paths = paths.join(", ");
    let subject = match (input.subjects.pop(), input.subjects.len()) {
        (Some(subject), 0) => subject,
        (None, _) => return Err(format!("{paths}: neither a scenario nor a manifest")),
        (Some(_), others) => {
            return Err(format!(
                "{paths}: {} worlds, and a lab is of one: a scenario, or manifests, which \
                 together are one cluster",
                others + 1
            ));
        }
    };
    let workloads = subject.topology.workloads.len();
    if subject.name.is_none() && workloads == 0 {
        return Err(format!("{paths}: no workload is among these manifests"));
    }
    if workloads > MOST_WORKLOADS {
        return Err(format!(
            "{paths}: {workloads} workloads, and a lab holds {MOST_WORKLOADS}: name fewer \
             manifests, or ask `netverdict matrix` and `netverdict explain`, whose test runs have \
             no such limit"
        ));
    }
    if subject.name.is_none() {
        // What of them is not enforced is not to be missed.
        for note in &input.notes {
            Stream::Err.line(note);
        }
    }
    Ok(subject)
}

fn session(
    args: &LabArgs,
    subject: &Subject,
    object: &Object,
    inside: &str,
) -> Result<u8, LabError> {
    let topology = &subject.topology;
    let mut filter = Filter::load(&object.bytes, subject.image.sizes())?;
    // Real clients want their answers: connections are remembered.
    filter.install(
        &subject.image,
        Install {
            events: Events::None,
            track: true,
            links: Links::OfLab,
            connections: Connections::Forget,
        },
    )?;
    let mut lab = Lab::build(topology, Purpose::Clients)?;
    lab.attach(&mut filter, xdp_mode(args.mode))?;
    lab.serve(|workload, port| format!("this is {}'s data, served at {port}\n", workload.name))?;
    let shell = std::env::var_os("SHELL").unwrap_or_else(|| OsString::from("/bin/sh"));
    let command = if args.command.is_empty() {
        std::slice::from_ref(&shell)
    } else {
        &args.command
    };
    Stream::Err.line(&members::who_is_where(subject, inside));
    let before = filter.counters()?;
    // An interrupt is the command's own business; ending init ends the lab and
    // everything in it.
    let _ = signals::leave_keyboard_to_child();
    let mut child = lab.spawn(inside, command)?;
    let status = wait_reaping(&mut child).map_err(|source| LabError::System {
        doing: "wait for the command".to_owned(),
        source,
    })?;
    let after = filter.counters()?;
    for hook in Hook::ALL {
        let (before, after) = (before[hook as usize], after[hook as usize]);
        let judged: Vec<String> = (Reason::ALL.iter())
            .filter_map(
                |reason| match after[*reason as usize] - before[*reason as usize] {
                    0 => None,
                    count => Some(format!("{} {count}", reason.slug())),
                },
            )
            .collect();
        if !judged.is_empty() {
            let (hook, judged) = (hook.slug(), judged.join(", "));
            Stream::Err.line(&format!("frames judged at the {hook} hook: {judged}"));
        }
    }
    // As shells do: 128 and the number of the signal that ended it.
    let code = status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    Ok(u8::try_from(code).unwrap_or(u8::MAX))
}
