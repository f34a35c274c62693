//! Counts as Prometheus reads them: its text format, version 0.0.4, for a textfile
//! collector or a push gateway.

use prometheus::{IntCounterVec, Opts, Registry, TextEncoder};

use crate::event::{CountedNodePort, CountedRule, Counts, Event, NodePortCount, RuleCount};

/// How often rules of network policies decided.
const VERDICTS: &str = "netverdict_verdicts_total";
const VERDICT_LABELS: [&str; 9] = [
    "scenario",
    "lane",
    "policy",
    "kind",
    "namespace",
    "name",
    "direction",
    "rule",
    "verdict",
];

/// What came from outside to node ports.
const NODE_PORTS: &str = "netverdict_node_port_packets_total";
const NODE_PORT_LABELS: [&str; 7] = [
    "scenario",
    "lane",
    "service",
    "node_port",
    "protocol",
    "source",
    "verdict",
];

/// The counts of a run, sorted. Metrics without a series are left out, as the format
/// knows none.
///
/// # Errors
/// What the encoder says: no run leads there.
pub fn render(events: &[Event]) -> Result<String, prometheus::Error> {
    let registry = Registry::new();
    let verdicts = counter(
        &registry,
        VERDICTS,
        "Frames that a rule of a network policy decided about, as the filter named it; the \
         proposed policy is the current one with what is in dry run.",
        &VERDICT_LABELS,
    )?;
    let node_ports = counter(
        &registry,
        NODE_PORTS,
        "Frames sent from outside to a node port, by whether a prefilter or policy declares their \
         source.",
        &NODE_PORT_LABELS,
    )?;
    for event in events {
        let Event::Counts(Counts {
            suite,
            rules,
            node_ports: ports,
            ..
        }) = event
        else {
            continue;
        };
        let lane = suite.lane_and_mode();
        let place = [suite.scenario.as_str(), lane.as_str()];
        for RuleCount { rule, frames } in rules {
            let CountedRule {
                policy,
                kind,
                namespace,
                name,
                direction,
                rule,
                verdict,
            } = rule;
            let labels: [&str; 7] = [policy, kind, namespace, name, direction, rule, verdict];
            let labels = [&place[..], &labels].concat();
            verdicts
                .get_metric_with_label_values(&labels)?
                .inc_by(*frames);
        }
        for NodePortCount { node_port, frames } in ports {
            let CountedNodePort {
                service,
                node_port,
                protocol,
                source,
                verdict,
            } = node_port;
            let port = node_port.to_string();
            let labels: [&str; 5] = [service, port.as_str(), protocol, source, verdict];
            let labels = [&place[..], &labels].concat();
            node_ports
                .get_metric_with_label_values(&labels)?
                .inc_by(*frames);
        }
    }
    TextEncoder::new().encode_to_string(&registry.gather())
}

fn counter(
    registry: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<IntCounterVec, prometheus::Error> {
    let counter = IntCounterVec::new(Opts::new(name, help), labels)?;
    registry.register(Box::new(counter.clone()))?;
    Ok(counter)
}
