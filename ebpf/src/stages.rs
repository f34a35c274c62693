//! What is done at a protected port: the prefilter, then the policy.

use netverdict_abi::{PrefixRule, Reason, Service, ServiceKey};

use crate::parse::Flow;
use crate::source::Source;
use crate::{Judgement, faults, maps};

#[inline(always)]
pub(crate) fn judge(generation: u32, flow: Flow<impl Source>) -> Judgement {
    let key = ServiceKey {
        port_be: flow.port_be,
        protocol: flow.protocol,
        generation: generation as u8,
    };
    // SAFETY: entries of the generation in force do not change while it is.
    let Some(service) = (unsafe { maps::SERVICES.get(key) }).copied() else {
        return Reason::UnprotectedPort.into();
    };
    prefilter(&service, flow.source).unwrap_or_else(|| policy(&service, flow.source))
}

/// The prefilter's word, if it has the last one.
#[inline(always)]
fn prefilter(service: &Service, source: impl Source) -> Option<Judgement> {
    if service.flags & Service::HAS_PREFILTER == 0 {
        return None;
    }
    let hit = source.in_prefilter(service.id);
    let bypasses =
        service.flags & Service::PREFILTER_BYPASSES_POLICY != 0 && !faults::BYPASS_IGNORED;
    let default_passes =
        (service.flags & Service::PREFILTER_DEFAULT_PASS != 0) != faults::DEFAULT_FLIPPED;
    let (reason, rule) = match hit {
        Some(entry) if entry.action != PrefixRule::ALLOW => (Reason::Impossible, 0),
        Some(entry) if bypasses => (Reason::PrefilterAllowBypass, entry.rule),
        Some(_) => return None,
        None if !default_passes => (Reason::PrefilterDefaultDrop, service.prefilter_rule),
        None if bypasses => (Reason::PrefilterDefaultBypass, service.prefilter_rule),
        None => return None,
    };
    Some(Judgement { reason, rule })
}

#[inline(always)]
fn policy(service: &Service, source: impl Source) -> Judgement {
    if service.flags & Service::POLICY_SELECTED == 0 {
        return Reason::PolicyNotSelected.into();
    }
    let hit = source.in_policy(service.id);
    let default_deny = Judgement {
        reason: Reason::PolicyDefaultDeny,
        rule: service.policy_rule,
    };
    let Some(PrefixRule { action, rule }) = hit else {
        return default_deny;
    };
    let reason = match faulty(action) {
        PrefixRule::ALLOW => Reason::PolicyAllow,
        PrefixRule::DENY => Reason::PolicyDeny,
        PrefixRule::NO_MATCH => return default_deny,
        _ => return Reason::Impossible.into(),
    };
    Judgement { reason, rule }
}

/// The action itself, unless a fault is built in.
#[inline(always)]
fn faulty(action: u32) -> u32 {
    match action {
        PrefixRule::NO_MATCH if faults::EXCEPT_IGNORED => PrefixRule::ALLOW,
        PrefixRule::ALLOW if faults::DENY_ALLOW_SWAPPED => PrefixRule::DENY,
        PrefixRule::DENY if faults::DENY_ALLOW_SWAPPED => PrefixRule::ALLOW,
        _ => action,
    }
}
