//! Prefilters and deny lists.

use std::collections::BTreeSet;

use super::Draw;
use super::cluster::NODE_PORTS;
use super::places::{nowhere, prefix};
use crate::model::{DefaultAction, ListedSource, Policy, Prefilter};
use crate::port::{ProtoPort, Protocol};

/// Adds up to three prefilters, and sometimes a deny list for every port.
pub(super) fn add(draw: &mut Draw, policy: &mut Policy) {
    if draw.once_in(3) {
        policy.deny_list = listed(draw, policy, 2);
    }
    let mut taken = BTreeSet::new();
    for _ in 0..draw.below(4) {
        // Mostly where a service stands.
        let node_port = match policy.node_ports.get(draw.below(4)) {
            Some(service) => service.node_port,
            None => ProtoPort {
                port: *draw.one(&NODE_PORTS),
                protocol: *draw.one(&Protocol::ALL),
            },
        };
        let (deny, mut allow) = (listed(draw, policy, 2), listed(draw, policy, 3));
        let default = *draw.one(&[DefaultAction::Pass, DefaultAction::Drop]);
        // One that passes nobody, or drops nobody, is refused as a mistake.
        if allow.is_empty() && (deny.is_empty() || default == DefaultAction::Drop) {
            allow.push(one_source(draw, policy));
        }
        let prefilter = Prefilter {
            node_port,
            deny,
            allow,
            default,
            bypass_policy: draw.once_in(2),
            location: nowhere(),
            allow_location: nowhere(),
            default_location: nowhere(),
            bypass_location: nowhere(),
        };
        if taken.insert(node_port) {
            policy.prefilters.push(prefilter);
        }
    }
}

fn listed(draw: &mut Draw, policy: &Policy, most: usize) -> Vec<ListedSource> {
    draw.some(most, |draw| one_source(draw, policy))
}

fn one_source(draw: &mut Draw, policy: &Policy) -> ListedSource {
    ListedSource {
        prefix: prefix(draw, policy),
        location: nowhere(),
    }
}
