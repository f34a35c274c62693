//! What prefilters let past policies that would have denied it.

use std::collections::BTreeSet;

use netverdict_abi::{Reason, Verdict};

use crate::journey::Point;
use crate::meaning::{L4, Named, PolicyReading, Question, bypasses};
use crate::model::{Backend, Direction, Policy, RuleRef};
use crate::port::ProtoPort;
use crate::region::Region;

/// Sources that a prefilter lets on to a backend without its policy being asked, though
/// that would deny them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Index into [`Policy::prefilters`]: its `bypass_location` says why the policy is
    /// not asked.
    pub prefilter: usize,
    /// Index into [`Policy::node_ports`].
    pub node_port: usize,
    /// Whose policy it is, at which port.
    pub backend: Backend,
    /// The sources, at least one.
    pub region: Region,
    /// Whether any of them passes since the allow list holds it; its place is the
    /// prefilter's `allow_location`.
    pub by_allow_list: bool,
    /// Whether any of them passes since that is the default; its place is the
    /// prefilter's `default_location`.
    pub by_default: bool,
    /// What the policy says of them, each with its sources.
    pub denied: Vec<(Reason, Region)>,
    /// What says so, in the policy's order: rules that deny any of them, and the default
    /// deny of each policy that isolates the backend if that decides about any of them.
    pub rules: Vec<RuleRef>,
}

/// Every override of a policy, in the order of prefilters, services, and backends.
pub fn overrides(policy: &PolicyReading<'_>) -> Vec<Override> {
    let Policy {
        prefilters,
        node_ports,
        workloads,
        ..
    } = policy.policy();
    let mut found = Vec::new();
    for (prefilter, stage) in prefilters.iter().enumerate() {
        if !stage.bypass_policy {
            continue;
        }
        let services = node_ports.iter().enumerate();
        for (node_port, service) in services.filter(|(_, it)| it.node_port == stage.node_port) {
            for backend in &service.backends {
                // In the node's network no policy is bypassed: none is asked there.
                if !workloads[backend.workload].host_network {
                    found.extend(at_backend(policy, prefilter, node_port, *backend));
                }
            }
        }
    }
    found
}

fn at_backend(
    policy: &PolicyReading<'_>,
    prefilter: usize,
    node_port: usize,
    backend: Backend,
) -> Option<Override> {
    let port = policy.policy().node_ports[node_port].node_port;
    let at_uplink = policy.answer(&Question {
        point: Point::Uplink,
        l4: L4::Ports(port),
    });
    let asked = Question {
        point: Point::Ingress(backend.workload),
        l4: L4::Ports(ProtoPort {
            port: backend.port,
            protocol: port.protocol,
        }),
    };
    let both = at_uplink.zip(&policy.answer(&asked));
    let overridden = |(uplink, behind): &(Reason, Reason)| {
        bypasses(*uplink) && behind.verdict() == Verdict::Drop
    };
    let region = both.region(overridden);
    if region.is_empty() {
        return None;
    }
    let passes_by = |reason| {
        let by = both.region(|both| overridden(both) && both.0 == reason);
        !by.is_empty()
    };
    let mut denied = both
        .map(|both| overridden(both).then_some(both.1))
        .regions();
    denied.remove(&None);
    let denied: Vec<(Reason, Region)> = (denied.into_iter())
        .filter_map(|(reason, region)| Some((reason?, region)))
        .collect();
    Some(Override {
        prefilter,
        node_port,
        backend,
        by_allow_list: passes_by(Reason::PrefilterAllowBypass),
        by_default: passes_by(Reason::PrefilterDefaultBypass),
        rules: denying(policy, &asked, backend.workload, &denied),
        region,
        denied,
    })
}

/// What denies these sources.
fn denying(
    policy: &PolicyReading<'_>,
    asked: &Question,
    workload: usize,
    denied: &[(Reason, Region)],
) -> Vec<RuleRef> {
    let mut rules = BTreeSet::new();
    for (reason, region) in denied {
        match reason {
            Reason::PolicyDeny => rules.extend(
                (policy.named(workload, Direction::Ingress).iter())
                    .filter(|named| named.denies)
                    .filter(|named| {
                        let held = policy.held(asked, named.policy, named.rule);
                        let matched = named.region.intersect(&held);
                        !matched.intersect(region).is_empty()
                    })
                    .map(Named::rule),
            ),
            _ => rules.extend(
                (policy.isolating(workload, Direction::Ingress))
                    .map(|policy| RuleRef::DefaultDeny { policy }),
            ),
        }
    }
    rules.into_iter().collect()
}
