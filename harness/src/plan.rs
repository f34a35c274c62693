//! What a run would do: `--list` and `--dry-run`.

use std::fmt::Write;

use netverdict_policy::frame::describe;
use netverdict_policy::oracle::decide;
use netverdict_policy::topology::Zone;

use crate::lane::Lane;
use crate::select::Selected;
use crate::words::{expect_name, verdict_name};

/// The selected probes, one a line.
pub fn list(scenarios: &[Selected]) -> String {
    let mut text = String::new();
    for selected in scenarios {
        for probe in selected.probes() {
            let _ = writeln!(text, "{}::{}", selected.scenario.file.path, probe.name);
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
            let _ = writeln!(text, "    {number} is {}", scenario.policy.location(*rule));
        }
        let _ = writeln!(text, "  frames");
        for probe in selected.probes() {
            let _ = writeln!(
                text,
                "    {} (expect {})",
                probe.name,
                expect_name(probe.expect)
            );
            for case in &probe.cases {
                let decision = decide(&scenario.policy, &case.frame);
                let (verdict, reason) = (verdict_name(decision.verdict()), decision.reason.slug());
                let sent = describe(&case.frame);
                let _ = writeln!(text, "      {sent}  =>  policy: {verdict} ({reason})");
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
        "    node: {node}; the filter is attached to its end of the uplink"
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
            "    workload {}: {}{ports}",
            workload.name,
            addresses(&workload.addresses)
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
