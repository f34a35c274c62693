//! Differences as findings, as reports take them.

use netverdict_policy::diagnostic::{Label, Severity};
use netverdict_policy::finding::reference::{FILTERING, INBOUND_FILTERING, PUBLIC_FACING};
use netverdict_policy::finding::{Finding, Kind, Standing};
use netverdict_policy::frame::{Body, describe};
use netverdict_policy::journey::Target;
use netverdict_policy::port::ProtoPort;
use netverdict_policy::scenario::{Case, Probe, Scenario};

use super::outcome::{Outcome, Row};
use super::session::Compared;
use crate::words::{counted, rule_words};

/// XDP lets through what the reference stops.
pub static MORE_PERMISSIVE: Kind = Kind {
    id: "crosscheck-more-permissive",
    severity: Severity::Error,
    summary: "XDP lets through what network policy at the pod would stop",
    explanation: "The same frame was sent through two networks of the same shape. Where \
        kube-proxy's iptables rules deliver node ports and an nftables ruleset holds the network \
        policies, it was stopped, and a ruleset that accepts everything shows that it would have \
        arrived. Past the XDP programs it arrived: whoever reads the policies believes in a \
        guard that is not there. The usual cause is a prefilter with `bypass_policy: true`.",
    fix: "Take the bypass away from the prefilter, or narrow its allow list to what the policy \
        allows and set its default to drop.",
    references: &[PUBLIC_FACING, FILTERING, INBOUND_FILTERING],
};

/// XDP drops what the reference lets through.
pub static STRICTER: Kind = Kind {
    id: "crosscheck-stricter",
    severity: Severity::Warning,
    summary: "XDP drops what kube-proxy and network policy let through",
    explanation: "The same frame was sent through two networks of the same shape. It arrived \
        where kube-proxy's iptables rules deliver node ports and an nftables ruleset holds the \
        network policies, and the XDP programs dropped it: a client that works today stops \
        working once they are attached. A prefilter is no part of kube-proxy; that it drops more \
        is what it is for, and is a note.",
    fix: "If the client is meant to get through, let the rule that the finding names allow it.",
    references: &[],
};

/// The differences of a scenario, one for each probe and sort: the first frame speaks
/// for the others.
pub fn findings(compared: &Compared<'_>) -> Vec<Finding> {
    let scenario = &compared.selected.scenario;
    let mut findings: Vec<Finding> = Vec::new();
    let mut seen: Vec<(&str, &Outcome)> = Vec::new();
    for row in &compared.rows {
        let (kind, severity) = match &row.outcome {
            Outcome::MorePermissive => (&MORE_PERMISSIVE, MORE_PERMISSIVE.severity),
            Outcome::Stricter(cause) if cause.is_meant() => (&STRICTER, Severity::Note),
            Outcome::Stricter(_) => (&STRICTER, STRICTER.severity),
            Outcome::Equal { .. } | Outcome::NotCompared(_) | Outcome::Inconclusive(_) => continue,
        };
        let key = (row.probe.name.as_str(), &row.outcome);
        if seen.contains(&key) {
            continue;
        }
        seen.push(key);
        let alike =
            |other: &&Row<'_>| other.probe.name == row.probe.name && other.outcome == row.outcome;
        let frames = compared.rows.iter().filter(alike).count();
        findings.push(Finding {
            kind,
            severity,
            message: message(compared, row, frames),
            fix: None,
            subject: format!("{} {}", whom(scenario, row.case), row.probe.name),
            places: places(compared, row),
            standing: Standing::Counts,
        });
    }
    findings
}

fn message(compared: &Compared<'_>, row: &Row<'_>, frames: usize) -> String {
    let scenario = &compared.selected.scenario;
    let whom = whom(scenario, row.case);
    let sent = describe(row.case.journey.frame());
    let name = &row.probe.name;
    let others = match frames - 1 {
        0 => String::new(),
        more => format!(", and {} of the same probe", counted(more, "more frame")),
    };
    let source = source(row.case);
    match &row.outcome {
        Outcome::MorePermissive => format!(
            "XDP lets {source} through to {whom}, where kube-proxy and the policy at the pod stop \
             it: probe {name}, {sent}{others}"
        ),
        Outcome::Stricter(cause) => format!(
            "XDP keeps {source} from {whom}, where kube-proxy and the policy at the pod let it \
             through: {cause}; probe {name}, {sent}{others}"
        ),
        other => unreachable!("{} is no finding", other.slug()),
    }
}

/// The rule that the filter named, then the probe.
fn places(compared: &Compared<'_>, row: &Row<'_>) -> Vec<Label> {
    let mut places = Vec::new();
    let policy = &compared.selected.scenario.policy;
    let rule = (row.deciding.as_ref()).and_then(|it| compared.selected.image.rule(it.rule));
    if let Some(rule) = rule
        && let Some(location) = policy.location(rule)
    {
        places.push(Label {
            location: location.clone(),
            text: rule_words(policy, rule),
        });
    }
    places.push(Label {
        location: row.probe.location.clone(),
        text: "this probe".to_owned(),
    });
    places
}

/// Such as `default/inventory, NodePort 30007/tcp`.
pub fn whom(scenario: &Scenario, case: &Case) -> String {
    match &case.journey.target {
        Target::Workload {
            workload,
            node_port: Some(port),
        } => match service(scenario, *port) {
            Some(service) => format!("{service}, NodePort {port}"),
            None => {
                let name = &scenario.topology.workloads[*workload].name;
                format!("{name}, NodePort {port}")
            }
        },
        Target::Workload {
            workload,
            node_port: None,
        } => format!("workload {}", scenario.topology.workloads[*workload].name),
        Target::Node => "the node".to_owned(),
        Target::Outside(address) => format!("{address} outside"),
        Target::Undeliverable(_) => "nobody".to_owned(),
    }
}

fn service(scenario: &Scenario, port: ProtoPort) -> Option<String> {
    (scenario.policy.node_ports.iter())
        .find(|it| it.node_port == port)
        .map(|it| it.service.to_string())
}

/// The sender's address.
fn source(case: &Case) -> String {
    match &case.journey.frame().body {
        Body::Ip(packet) => packet.source.to_string(),
        Body::Arp { sender, .. } => sender.to_string(),
        Body::Other { .. } => "a frame without address".to_owned(),
    }
}

/// Where the probe stands, as `FILE::NAME`, for `--test`.
pub fn test_name(scenario: &Scenario, probe: &Probe) -> String {
    format!("{}::{}", scenario.file.path, probe.name)
}
