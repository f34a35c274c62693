//! Writes a spec of a Cilium policy.

mod peers;
mod ports;

use super::super::Unwritable;
use super::super::yaml::{Map, Yaml};
use super::{Named, selector};
use crate::model::{
    Direction, EndpointSelector, Namespaces, NetworkPolicy, PolicyKind, Requirement, Rule,
    RuleAction, Subject,
};

/// The sections, in the order in which rules are read.
const SECTIONS: [(&str, Direction, RuleAction); 4] = [
    ("ingress", Direction::Ingress, RuleAction::Allow),
    ("ingressDeny", Direction::Ingress, RuleAction::Deny),
    ("egress", Direction::Egress, RuleAction::Allow),
    ("egressDeny", Direction::Egress, RuleAction::Deny),
];

pub(super) fn spec(policy: &NetworkPolicy) -> Result<Map, Unwritable> {
    let cannot = |why: &str| Unwritable::because(Named(policy, None).to_string(), why);
    if policy.rules.is_empty() {
        return Err(cannot("without rules Cilium refuses it"));
    }
    let mut map = match &policy.subject {
        Subject::Workloads(workloads) => {
            Map::default().with("endpointSelector", subject(policy, workloads)?)
        }
        Subject::Nodes(labels) => {
            let labels = selector::write(&labels.0, key);
            Map::default().with("nodeSelector", labels)
        }
    };
    let has = |direction| policy.rules.iter().any(|rule| rule.direction == direction);
    let default_deny = Map::default()
        .with_some(
            "ingress",
            unless_usual(policy.isolates_ingress, has(Direction::Ingress)),
        )
        .with_some(
            "egress",
            unless_usual(policy.isolates_egress, has(Direction::Egress)),
        );
    map = map.with_some("enableDefaultDeny", default_deny.some());
    for (section, direction, action) in SECTIONS {
        let of_section = |rule: &&Rule| (rule.direction, rule.action) == (direction, action);
        let rules: Vec<Yaml> = (policy.rules.iter().filter(of_section))
            .map(|one| rule(policy, one).map(Yaml::from))
            .collect::<Result<_, _>>()?;
        map = map.with_some(section, (!rules.is_empty()).then_some(Yaml::List(rules)));
    }
    Ok(map)
}

fn unless_usual(chosen: bool, usual: bool) -> Option<bool> {
    (chosen != usual).then_some(chosen)
}

/// Whom the policy is about: a namespaced one its own namespace, whatever it says.
fn subject(policy: &NetworkPolicy, workloads: &EndpointSelector) -> Result<Map, Unwritable> {
    let cannot = |why: &str| Unwritable::because(Named(policy, None).to_string(), why);
    let EndpointSelector { namespaces, labels } = workloads;
    let namespaced = policy.kind == PolicyKind::Cilium;
    let named = match namespaces {
        Namespaces::Named(name) if namespaced && *name == policy.name.namespace => None,
        Namespaces::Named(_) | Namespaces::All if namespaced => {
            return Err(cannot("it is about workloads of its own namespace"));
        }
        Namespaces::Named(name) => Some(peers::in_namespace(name)),
        Namespaces::All => None,
        Namespaces::Labelled(_) => return Err(cannot(peers::LABELLED)),
    };
    let requirements: Vec<&Requirement> = named.iter().chain(&labels.0).collect();
    Ok(selector::write(requirements, key))
}

fn rule(policy: &NetworkPolicy, rule: &Rule) -> Result<Map, Unwritable> {
    let cannot = |why: &str| Unwritable::because(Named(policy, Some(rule)).to_string(), why);
    let own = match policy.kind {
        PolicyKind::Cilium => Some(policy.name.namespace.as_str()),
        PolicyKind::CiliumClusterwide | PolicyKind::Kubernetes => None,
    };
    let Rule {
        direction,
        action: _,
        peers: who,
        ports: what,
        location: _,
    } = rule;
    let mut map = Map::default();
    if let Some((key, list)) = peers::write(who, what, *direction, own).map_err(cannot)? {
        map = map.with(key, list);
    }
    if let Some((key, list)) = ports::write(what).map_err(cannot)? {
        map = map.with(key, list);
    }
    Ok(map)
}

/// A label's key, so that no part of it is taken for the label's source.
fn key(key: &str) -> String {
    // Of a `reserved:` label the source is part of the key.
    let is_plain = key.starts_with("reserved:")
        || !(key.contains(':') || key.starts_with('$') || key.starts_with("reserved."));
    match is_plain {
        true => key.to_owned(),
        false => format!("k8s:{key}"),
    }
}
