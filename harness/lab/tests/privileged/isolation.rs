//! What is left when an isolated process ends, however it ends: nothing.
//!
//! Each test starts this binary anew, in a role, since isolation comes before
//! any thread.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};

use libtest_mimic::Failed;
use netverdict_lab::filter::Events;
use netverdict_lab::isolate::{isolated, signals, wait_reaping};
use netverdict_lab::{Lab, Purpose, XdpMode};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpid};

use crate::Case;
use crate::given;

pub(crate) const CASES: &[Case] = &[
    ("an_exit_code_comes_out", codes),
    ("a_signal_is_passed_on", passed_on),
    ("a_killed_run_leaves_no_process", killed),
    ("orphans_are_collected", orphans),
];

const ROLE: &str = "NETVERDICT_TEST_ROLE";

/// Plays the role that the environment names, if any.
pub(crate) fn play_role() -> Option<u8> {
    let role = std::env::var(ROLE).ok()?;
    Some(isolated(|| role_inside(&role)).expect("the outer tests had the privileges"))
}

fn role_inside(role: &str) -> u8 {
    match role {
        "seven" => 7,
        "panic" => panic!("as asked"),
        "init" => u8::from(getpid().as_raw() == 1),
        "stop" => {
            kill(getpid(), Signal::SIGTERM).expect("it is our own process");
            unreachable!("the handler ends the process")
        }
        "busy" => busy(),
        "orphans" => {
            // The shell ends at once; the orphan ends first of all, and a second
            // one only when everything ends.
            let mut shell = Command::new("sh");
            shell.args(["-c", "(exit 3) & sleep 99 & exit 5"]);
            let mut child = shell.spawn().expect("sh is everywhere");
            let status = wait_reaping(&mut child).expect("it is our child");
            u8::try_from(status.code().expect("it exited")).expect("5")
        }
        other => panic!("no role {other}"),
    }
}

/// A lab with a filter in it, and a command that outlives everything, holding
/// on to standard output.
fn busy() -> u8 {
    signals::exit_as_usual().expect("handlers can be set");
    let mut filter = given::filter();
    filter
        .install(&given::image(), given::tracking(Events::None))
        .expect("it fits");
    filter.anchor().expect("an anchor");
    let mut lab = Lab::build(&given::plan(1500), Purpose::Clients).expect("a lab");
    lab.attach(&mut filter, XdpMode::Native).expect("attached");
    lab.serve(|_, _| String::new()).expect("served");
    let command = [
        "sh",
        "-c",
        "trap '' TERM HUP INT; sleep 99 & echo ready; wait",
    ];
    let mut child = lab
        .spawn("scanner", &command.map(Into::into))
        .expect("sh is everywhere");
    child.wait().expect("it is our child");
    0
}

fn start(role: &str) -> Result<Child, Failed> {
    Ok(Command::new(std::env::current_exe()?)
        .env(ROLE, role)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?)
}

fn codes() -> Result<(), Failed> {
    for (role, code) in [
        ("seven", 7),
        ("panic", 101),
        ("init", 1),
        ("stop", 128 + 15),
    ] {
        assert_eq!(start(role)?.wait()?.code(), Some(code), "{role}");
    }
    Ok(())
}

/// Starts a busy run, sends it a signal, and waits until nobody holds its
/// standard output any more.
fn ended_by(signal: Signal) -> Result<ExitStatus, Failed> {
    let mut child = start("busy")?;
    let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut line = String::new();
    output.read_line(&mut line)?;
    assert_eq!(line, "ready\n");
    kill(Pid::from_raw(i32::try_from(child.id())?), signal)?;
    let mut rest = String::new();
    output.read_to_string(&mut rest)?;
    Ok(child.wait()?)
}

fn passed_on() -> Result<(), Failed> {
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        assert_eq!(ended_by(signal)?.code(), Some(128 + signal as i32));
    }
    Ok(())
}

fn killed() -> Result<(), Failed> {
    assert_eq!(ended_by(Signal::SIGKILL)?.signal(), Some(9));
    Ok(())
}

fn orphans() -> Result<(), Failed> {
    let mut child = start("orphans")?;
    let mut rest = String::new();
    // `sleep 99` holds it, and does not outlive its namespace.
    (child.stdout.take().expect("it is piped")).read_to_string(&mut rest)?;
    assert_eq!(child.wait()?.code(), Some(5));
    Ok(())
}
