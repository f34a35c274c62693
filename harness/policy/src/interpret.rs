//! The filter's meaning in user space: a second opinion on what a map image does
//! to the bytes of a frame, without privileges.

mod parse;

use std::collections::BTreeMap;
use std::net::IpAddr;

use netverdict_abi::Reason;

use crate::image::{MapImage, PolicyImage, RuleId, ServiceImage, SourceVerdict};
use crate::port::ProtoPort;
use crate::prefix::{Family, Prefix};

/// What the filter does with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Why; it implies the verdict.
    pub reason: Reason,
    /// The rule that decided.
    pub rule: RuleId,
}

/// Judges the bytes of a frame by `image`, in the order that [`Reason`] lays
/// down.
pub fn judge(image: &MapImage, frame: &[u8]) -> Judgement {
    if image.pass_all {
        return by_no_rule(Reason::PassAll);
    }
    let flow = match parse::flow(frame) {
        Ok(flow) => flow,
        Err(reason) => return by_no_rule(reason),
    };
    let parse::Flow {
        source,
        protocol,
        destination_port,
    } = flow;
    let node_port = ProtoPort {
        port: destination_port,
        protocol,
    };
    match image.services.get(&node_port) {
        None => by_no_rule(Reason::UnprotectedPort),
        Some(service) => at_service(service, source),
    }
}

fn at_service(service: &ServiceImage, source: IpAddr) -> Judgement {
    if let Some(prefilter) = &service.prefilter {
        let (reason, rule) = match longest_match(&prefilter.allow, source) {
            Some(rule) => (Reason::PrefilterAllowBypass, *rule),
            None if prefilter.default_pass => {
                (Reason::PrefilterDefaultBypass, prefilter.default_rule)
            }
            None => {
                return Judgement {
                    reason: Reason::PrefilterDefaultDrop,
                    rule: prefilter.default_rule,
                };
            }
        };
        if prefilter.bypass_policy {
            return Judgement { reason, rule };
        }
    }
    match &service.policy {
        None => by_no_rule(Reason::PolicyNotSelected),
        Some(policy) => by_policy(policy, source),
    }
}

fn by_policy(policy: &PolicyImage, source: IpAddr) -> Judgement {
    let (reason, rule) = match longest_match(&policy.sources, source) {
        Some(SourceVerdict::Allow(rule)) => (Reason::PolicyAllow, *rule),
        Some(SourceVerdict::Deny(rule)) => (Reason::PolicyDeny, *rule),
        Some(SourceVerdict::NoMatch) | None => (Reason::PolicyDefaultDeny, policy.default_rule),
    };
    Judgement { reason, rule }
}

fn by_no_rule(reason: Reason) -> Judgement {
    Judgement {
        reason,
        rule: RuleId::NONE,
    }
}

/// The value of the longest prefix that holds `address`.
fn longest_match<V>(prefixes: &BTreeMap<Prefix, V>, address: IpAddr) -> Option<&V> {
    (0..=Family::of(address).bits())
        .rev()
        .find_map(|length| prefixes.get(&Prefix::containing(address, length)))
}

#[cfg(test)]
mod tests;
