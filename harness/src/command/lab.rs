//! `netverdict lab`

use std::ffi::OsString;
use std::fmt::Write;
use std::net::IpAddr;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitCode;

use netverdict_abi::{Hook, Reason};
use netverdict_lab::capability::{Needs, missing_for};
use netverdict_lab::filter::{Connections, Events, Filter, Install, Links};
use netverdict_lab::isolate::{isolated, signals, wait_reaping};
use netverdict_lab::{Lab, LabError, Purpose};
use netverdict_policy::port::Protocol;
use netverdict_policy::topology::{TopologyPlan, Zone};

use super::print::{Stream, lacking};
use crate::cli::LabArgs;
use crate::exit::Exit;
use crate::lanes::kernel::xdp_mode;
use crate::load::load;
use crate::object::{self, Object};
use crate::select::Loaded;

/// Brings the network up, runs the command in it, and ends with its status.
pub fn run(args: &LabArgs) -> ExitCode {
    let loaded = match one_scenario(args) {
        Ok(loaded) => loaded,
        Err(text) => return refuse(&text, Exit::BadInput),
    };
    let object = match object::open(args.filter.as_deref()) {
        Ok(object) => object,
        Err(error) => return refuse(&error.to_string(), Exit::BadInput),
    };
    let inside = match member(args.inside.as_deref(), &loaded.scenario.topology) {
        Ok(inside) => inside,
        Err(text) => return refuse(&text, Exit::BadInput),
    };
    let missing = missing_for(Needs {
        test_run: false,
        wire: true,
    });
    if !missing.is_empty() {
        return refuse(&lacking(&missing), Exit::Lacking);
    }
    let status = isolated(|| match session(args, &loaded, &object, &inside) {
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

fn one_scenario(args: &LabArgs) -> Result<Loaded, String> {
    let mut input = load(std::slice::from_ref(&args.scenario), Stream::Err.colour());
    if !input.problems.is_empty() {
        let texts: Vec<&str> = input
            .problems
            .iter()
            .map(|problem| problem.text.as_str())
            .collect();
        return Err(texts.join("\n"));
    }
    match (input.scenarios.pop(), input.scenarios.len()) {
        (Some(loaded), 0) => Ok(loaded),
        (None, _) => Err(format!("{} holds no scenario", args.scenario.display())),
        (Some(_), others) => Err(format!(
            "{} holds {} scenarios; `lab` takes one file",
            args.scenario.display(),
            others + 1
        )),
    }
}

/// The member to run in: the one named, else the first external host, else the
/// first host, else the node.
fn member(named: Option<&str>, topology: &TopologyPlan) -> Result<String, String> {
    let hosts = || topology.hosts.iter().map(|host| host.name.as_str());
    let known: Vec<&str> = hosts()
        .chain(
            topology
                .workloads
                .iter()
                .map(|workload| workload.name.as_str()),
        )
        .chain(["node"])
        .collect();
    match named {
        Some(name) if known.contains(&name) => Ok(name.to_owned()),
        Some(name) => Err(format!(
            "--in {name}: the scenario has {}",
            known.join(", ")
        )),
        None => {
            let external = topology
                .hosts
                .iter()
                .find(|host| host.zone == Zone::External);
            let chosen = external
                .map(|host| host.name.as_str())
                .or_else(|| hosts().next());
            Ok(chosen.unwrap_or("node").to_owned())
        }
    }
}

fn session(args: &LabArgs, loaded: &Loaded, object: &Object, inside: &str) -> Result<u8, LabError> {
    let topology = &loaded.scenario.topology;
    let mut filter = Filter::load(&object.bytes, loaded.image.sizes())?;
    // Real clients want their answers: connections are remembered.
    filter.install(
        &loaded.image,
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
    Stream::Err.line(&who_is_where(&loaded.scenario.name, topology, inside));
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

fn who_is_where(name: &str, topology: &TopologyPlan, inside: &str) -> String {
    let addresses = |addresses: &[IpAddr]| {
        addresses
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut text = format!("{name}\n");
    let here = |member: &str| {
        if member == inside {
            "  <- you are here"
        } else {
            ""
        }
    };
    for host in &topology.hosts {
        let zone = match host.zone {
            Zone::Internal => "internal",
            Zone::External => "external",
        };
        let (name, at) = (&host.name, addresses(&host.addresses));
        let _ = writeln!(text, "  {zone:<9} {name:<14} {at}{}", here(name));
    }
    let node = addresses(&topology.node);
    let _ = writeln!(
        text,
        "  {:<9} {:<14} {node}{}",
        "node",
        "node",
        here("node")
    );
    for workload in &topology.workloads {
        let (name, at) = (&workload.name, addresses(&workload.addresses));
        let _ = writeln!(text, "  {:<9} {name:<14} {at}{}", "workload", here(name));
    }
    let url = |address: &IpAddr, port: u16| match address {
        IpAddr::V4(address) => format!("http://{address}:{port}/"),
        IpAddr::V6(address) => format!("http://[{address}]:{port}/"),
    };
    for forward in topology
        .forwards
        .iter()
        .filter(|f| f.node_port.protocol == Protocol::Tcp)
    {
        for node in &topology.node {
            let _ = writeln!(
                text,
                "  try: curl -m 2 {}",
                url(node, forward.node_port.port)
            );
        }
    }
    for workload in &topology.workloads {
        let served = (workload.listen.iter()).filter(|port| port.protocol == Protocol::Tcp);
        for port in served {
            for address in &workload.addresses {
                let _ = writeln!(text, "  try: curl -m 2 {}", url(address, port.port));
            }
        }
    }
    text
}
