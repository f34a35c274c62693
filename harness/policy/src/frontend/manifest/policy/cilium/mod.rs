//! Reads `cilium.io/v2 CiliumNetworkPolicy` and
//! `CiliumClusterwideNetworkPolicy`.
//!
//! What Cilium would refuse is an error (Cilium, `pkg/policy/api`,
//! `rule_validation.go`, and the schemas of its resources).

mod icmp;
mod layer7;
mod peers;
mod ports;
mod rule;

use super::draft::{DraftRule, DraftSpec, PolicyObject, given, key_location};
use super::selector;
use crate::diagnostic::Diagnostic;
use crate::frontend::manifest::fields::{Keys, Known};
use crate::frontend::manifest::metadata;
use crate::frontend::problems::{Problems, Rigour};
use crate::frontend::tree::{Node, Value};
use crate::model::{Direction, PolicyKind, RuleAction, Subject};

const OBJECT: Keys = Keys {
    what: "a Cilium policy",
    read: &["metadata", "spec", "specs"],
    ignored: &["apiVersion", "kind", "status"],
};

const SPEC: Keys = Keys {
    what: "a Cilium policy's spec",
    read: &[
        "endpointSelector",
        "nodeSelector",
        "ingress",
        "ingressDeny",
        "egress",
        "egressDeny",
        "enableDefaultDeny",
    ],
    // A note, labels of the rule itself, by which tools find it again, and what
    // is written to Cilium's log.
    ignored: &["description", "labels", "log"],
};

const DEFAULT_DENY: Keys = Keys {
    what: "enableDefaultDeny",
    read: &["ingress", "egress"],
    ignored: &[],
};

const SECTIONS: [(&str, Direction, RuleAction); 4] = [
    ("ingress", Direction::Ingress, RuleAction::Allow),
    ("ingressDeny", Direction::Ingress, RuleAction::Deny),
    ("egress", Direction::Egress, RuleAction::Allow),
    ("egressDeny", Direction::Egress, RuleAction::Deny),
];

/// What a rule is read in.
struct Context<'c> {
    /// The policy's namespace; `None` if it is clusterwide.
    namespace: Option<&'c str>,
    direction: Direction,
    action: RuleAction,
    /// The policy is about nodes.
    of_node: bool,
}

/// Reads one object.
pub(super) fn read(
    kind: PolicyKind,
    document: &Node,
    problems: &mut Problems,
) -> Option<PolicyObject> {
    let object = Known::of(document, &OBJECT, problems)?;
    let name = object
        .need("metadata", "give it metadata with a name", problems)
        .and_then(|node| metadata::name(node, metadata::Subject::Policy, problems));
    let mut name = name;
    if let Some(name) = &mut name
        && kind == PolicyKind::CiliumClusterwide
    {
        name.namespace.clear();
    }
    let namespace = name.as_ref().map_or("", |name| name.namespace.as_str());
    let namespace = (kind == PolicyKind::Cilium).then_some(namespace);
    let mut specs = Vec::new();
    let mut sound = object.whole;
    let spec = given(document, "spec");
    if let Some(node) = spec {
        specs.push(spec_of(node, "spec", namespace, problems));
    }
    let list = given(document, "specs");
    if let Some(node) = list {
        match problems.list(node) {
            Some(items) => {
                for (index, item) in items.iter().enumerate() {
                    specs.push(spec_of(
                        item,
                        &format!("specs[{index}]"),
                        namespace,
                        problems,
                    ));
                }
            }
            None => sound = false,
        }
    }
    if specs.is_empty() && sound {
        problems.error(
            "missing-key",
            &document.location,
            "'spec' is missing",
            "give it a spec with endpointSelector and ingress, ingressDeny, egress or egressDeny; \
             or several as 'specs'",
        );
        return None;
    }
    let specs: Vec<DraftSpec> = specs.into_iter().collect::<Option<_>>()?;
    let name = name?;
    sound.then(|| PolicyObject {
        kind,
        name,
        location: document.location.clone(),
        dry_run: false,
        specs,
    })
}

fn spec_of(
    node: &Node,
    path: &str,
    namespace: Option<&str>,
    problems: &mut Problems,
) -> Option<DraftSpec> {
    let fields = Known::of(node, &SPEC, problems)?;
    let about = about(node, namespace, problems);
    let of_node = given(node, "nodeSelector").is_some();
    let mut rules: Vec<Option<DraftRule>> = Vec::new();
    let mut lists = true;
    for (section, direction, action) in SECTIONS {
        let Some(section_node) = given(node, section) else {
            continue;
        };
        let context = Context {
            namespace,
            direction,
            action,
            of_node,
        };
        lists &= matches!(section_node.value, Value::List(_));
        for (index, item) in problems
            .list(section_node)
            .unwrap_or(&[])
            .iter()
            .enumerate()
        {
            let field = format!("{path}.{section}[{index}]");
            rules.push(rule::read(item, field, &context, problems));
        }
    }
    if rules.is_empty() && fields.whole && lists {
        problems.fault(Diagnostic::error(
            "policy-without-rules",
            &node.location,
            "a policy without rules enforces nothing, and Cilium rejects it",
            "to deny everything to the workloads it selects, write 'ingress: [{}]'",
        ));
        if problems.rigour() == Rigour::Refuse {
            return None;
        }
    }
    let isolates = match rules.is_empty() {
        false => isolates(node, problems),
        // Nobody enforces what Cilium rejects.
        true => Some((false, false)),
    };
    let (subject, selector_location, beyond) = about?;
    let mut rules: Vec<DraftRule> = rules.into_iter().collect::<Option<_>>()?;
    let (ingress, egress) = isolates?;
    if let Some((key, words)) = beyond {
        let location = key_location(node, key).unwrap_or(&node.location);
        for rule in &mut rules {
            rule.gaps.whole(format!("{path}.{key}"), location, &*words);
        }
    }
    (fields.whole && lists).then_some(DraftSpec {
        subject,
        isolates_ingress: ingress,
        isolates_egress: egress,
        rules,
        selector_location,
    })
}

/// Whom the spec is about, where that stands, and what keeps it from being
/// enforced: the key and words.
type About = (
    Subject,
    crate::diagnostic::Location,
    Option<(&'static str, String)>,
);

fn about(node: &Node, namespace: Option<&str>, problems: &mut Problems) -> Option<About> {
    match (given(node, "endpointSelector"), given(node, "nodeSelector")) {
        (Some(selector), None) => {
            let terms = selector::cilium(selector, problems)?;
            let (workloads, beyond) = selector::subject(terms, namespace, problems)?;
            Some((
                Subject::Workloads(workloads),
                selector.location.clone(),
                beyond.map(|words| ("endpointSelector", words)),
            ))
        }
        (None, Some(selector)) => {
            if namespace.is_some() {
                problems.error(
                    "node-selector-namespaced",
                    key_location(node, "nodeSelector").unwrap_or(&node.location),
                    "nodes are in no namespace: Cilium rejects 'nodeSelector' here",
                    "use a CiliumClusterwideNetworkPolicy, or 'endpointSelector'",
                );
                return None;
            }
            let terms = selector::cilium(selector, problems)?;
            Some((
                Subject::Nodes(selector::plain(terms)),
                selector.location.clone(),
                Some((
                    "nodeSelector",
                    "not enforced: what a node itself sends and receives passes no hook of a \
                     workload"
                        .to_owned(),
                )),
            ))
        }
        (Some(_), Some(_)) => {
            problems.error(
                "selectors-combined",
                key_location(node, "nodeSelector").unwrap_or(&node.location),
                "a spec is about endpoints or about nodes, not both",
                "write two specs, under 'specs'",
            );
            None
        }
        (None, None) => {
            problems.error(
                "missing-key",
                &node.location,
                "'endpointSelector' is missing",
                "say whom it is about: endpointSelector: {matchLabels: {…}}, or {} for every \
                 workload of the namespace",
            );
            None
        }
    }
}

/// Whether the spec asks for default deny of ingress, and of egress: where it
/// has rules of that direction, denying ones included, unless it says otherwise
/// (Cilium, `Rule.Sanitize`).
fn isolates(node: &Node, problems: &mut Problems) -> Option<(bool, bool)> {
    let filled = |section: &str| matches!(node.get(section).map(|node| &node.value), Some(Value::List(items)) if !items.is_empty());
    let mut ingress = filled("ingress") || filled("ingressDeny");
    let mut egress = filled("egress") || filled("egressDeny");
    if let Some(own) = given(node, "enableDefaultDeny") {
        let fields = Known::of(own, &DEFAULT_DENY, problems)?;
        if let Some(node) = given(own, "ingress") {
            ingress = problems.boolean(node)?;
        }
        if let Some(node) = given(own, "egress") {
            egress = problems.boolean(node)?;
        }
        if !fields.whole {
            return None;
        }
    }
    Some((ingress, egress))
}
