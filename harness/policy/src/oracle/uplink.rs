//! Steps 4 to 7, at the uplink.

use std::net::IpAddr;

use netverdict_abi::{Hook, Reason};

use super::content::Content;
use super::memory::{Bypass, Memory};
use super::shape::{Carried, Whole};
use super::{Decision, PrefilterStage, Stage, prefilter, read};
use crate::journey::Point;
use crate::model::{Policy, RuleRef};
use crate::port::ProtoPort;

pub(super) fn judge(policy: &Policy, whole: &Whole<'_>, memory: &mut Memory) -> Decision {
    let source = whole.packet.source;
    let denied = prefilter::deny_list(policy, source);
    if !denied.is_empty() {
        // The stage is named though it was not asked.
        let content = match whole.carried() {
            Ok(Carried::All(content) | Carried::First(content)) => Some(content),
            Ok(Carried::Later) => memory.first_fragment(Hook::Uplink, whole),
            Err(_) => None,
        };
        let stage = content.and_then(|content| prefilter_stage(policy, source, content));
        return Decision {
            point: Point::Uplink,
            reason: Reason::PrefilterDeny,
            rules: denied,
            proposed: None,
            stage: stage.map(Stage::Prefilter),
        };
    }
    let content = match read(Hook::Uplink, whole, memory) {
        Ok(content) => content,
        Err(reason) => return Decision::without_rule(Point::Uplink, reason),
    };
    let Content::Ports {
        protocol,
        source: port,
        destination: _,
    } = content
    else {
        return Decision::without_rule(Point::Uplink, Reason::OtherProtocol);
    };
    let Some(stage) = prefilter_stage(policy, source, content) else {
        return Decision::without_rule(Point::Uplink, Reason::NoPrefilter);
    };
    // All of a stage's rules are of one kind: the strongest that there is.
    let by_default =
        (stage.rules.iter()).all(|rule| matches!(rule, RuleRef::PrefilterDefault { .. }));
    let reason = match (stage.passes, stage.bypasses, by_default) {
        (true, false, false) => Reason::PrefilterAllow,
        (true, true, false) => Reason::PrefilterAllowBypass,
        (true, false, true) => Reason::PrefilterDefaultPass,
        (true, true, true) => Reason::PrefilterDefaultBypass,
        (false, _, false) => Reason::PrefilterDeny,
        (false, _, true) => Reason::PrefilterDefaultDrop,
    };
    if stage.passes && stage.bypasses {
        let bypass = Bypass {
            prefilter: stage.prefilter,
            rules: stage.rules.clone(),
        };
        memory.remember_flow(source, port, protocol, bypass);
    }
    Decision {
        point: Point::Uplink,
        reason,
        rules: stage.rules.clone(),
        proposed: None,
        stage: Some(Stage::Prefilter(stage)),
    }
}

fn prefilter_stage(policy: &Policy, source: IpAddr, content: Content) -> Option<PrefilterStage> {
    match content {
        Content::Ports {
            protocol,
            source: _,
            destination,
        } => {
            let port = ProtoPort {
                port: destination,
                protocol,
            };
            prefilter::stage(policy, port, source)
        }
        Content::Icmp { .. } | Content::Other { .. } => None,
    }
}
