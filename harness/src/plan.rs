//! What a run would do: `--list` and `--dry-run`.

use std::fmt::Write;

use netverdict_policy::frame::describe;
use netverdict_policy::topology::Zone;

use crate::lane::Lane;
use crate::runner::decisions;
use crate::select::Selected;
use crate::words::{expect_name, hook_name, verdict_name};

/// The selected probes, one a line.
pub fn list(scenarios: &[Selected]) -> String {
    let mut text = String::new();
    for selected in scenarios {
        for probe in selected.probes() {
            let _ = writeln!(text, "{}::{}", selected.scenario.file.path, probe.name);
        }
        let scenario = &selected.scenario;
        if !selected.steps {
            continue;
        }
        for probe in &scenario.before_steps {
            let _ = writeln!(text, "{}::{}", scenario.file.path, probe.name);
        }
        for step in &scenario.steps {
            let _ = writeln!(text, "{}::step {}", scenario.file.path, step.name);
            for probe in &step.probes {
                let _ = writeln!(text, "{}::{}", scenario.file.path, probe.name);
            }
        }
    }
    text
}

/// Namespaces, map entries, and frames with what the policy says of them.
pub fn dry_run(scenarios: &[Selected], lanes: &[Lane]) -> String {
    let lanes: Vec<String> = lanes.iter().map(Lane::to_string).collect();
    let mut text = format!("lanes: {}\n", lanes.join(", "));
    for selected in scenarios {
        let scenario = &selected.scenario;
        let _ = writeln!(text, "\n{}: {}", scenario.file.path, scenario.name);
        if let Some(xfail) = &scenario.xfail {
            let _ = writeln!(text, "  expected to fail: {}", xfail.reason);
        }
        namespaces(&mut text, selected);
        let _ = writeln!(text, "  maps");
        for entry in selected.image.entries() {
            let _ = writeln!(text, "    {entry}");
        }
        let _ = writeln!(text, "  rules");
        for (number, rule) in (1..).zip(&selected.image.rules) {
            let place = scenario.policy.location(*rule);
            let place = place.map_or_else(
                || "that the node reaches its workloads".to_owned(),
                ToString::to_string,
            );
            let _ = writeln!(text, "    {number} is {place}");
        }
        let _ = writeln!(text, "  frames");
        let probes: Vec<_> = selected.probes().collect();
        let mut decided = decisions(scenario, &probes).into_iter();
        for probe in probes {
            let in_order = probe.sequence.map_or("", |_| ", in sequence");
            let expect = expect_name(probe.expect);
            let _ = writeln!(text, "    {} (expect {expect}{in_order})", probe.name);
            for case in &probe.cases {
                let said: Vec<String> = (decided.next().into_iter().flatten())
                    .map(|decision| {
                        let verdict = verdict_name(decision.verdict());
                        let hook = hook_name(&scenario.topology, decision.point);
                        format!("{hook} {verdict} ({})", decision.reason.slug())
                    })
                    .collect();
                let sent = describe(case.journey.frame());
                let _ = writeln!(text, "      {sent}  =>  policy: {}", said.join(", "));
            }
        }
    }
    text
}

fn namespaces(text: &mut String, selected: &Selected) {
    let topology = &selected.scenario.topology;
    let addresses = |addresses: &[std::net::IpAddr]| {
        let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        texts.join(", ")
    };
    let _ = writeln!(text, "  namespaces (links of {} bytes MTU)", topology.mtu);
    let _ = writeln!(
        text,
        "    router: the outside; frames are injected at its end of the uplink"
    );
    let node = addresses(&topology.node);
    let _ = writeln!(
        text,
        "    node: {node}; the filter is attached to its end of the uplink, and to both ends of \
         each workload's link"
    );
    for (index, workload) in topology.workloads.iter().enumerate() {
        let ports: Vec<String> = (topology.forwards.iter())
            .filter(|forward| forward.workload == index)
            .map(|forward| format!("{} to {}", forward.node_port, forward.target_port))
            .collect();
        let ports = if ports.is_empty() {
            String::new()
        } else {
            format!("; node port {}", ports.join(", "))
        };
        let _ = writeln!(
            text,
            "    workload {}: {}{ports}{}",
            workload.name,
            addresses(&workload.addresses),
            match workload.host_network {
                true => " (in the node's network, without a namespace of its own)",
                false => "",
            }
        );
    }
    for host in &topology.hosts {
        let zone = match host.zone {
            Zone::Internal => "internal",
            Zone::External => "external",
        };
        let _ = writeln!(
            text,
            "    host {}: {} ({zone}; a namespace of its own in `lab` only)",
            host.name,
            addresses(&host.addresses)
        );
    }
}
