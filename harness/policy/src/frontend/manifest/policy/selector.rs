//! Label selectors, as Kubernetes and as Cilium read them.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::given;
use super::entity;
use crate::diagnostic::{Diagnostic, Location};
use crate::frontend::manifest::fields::{Keys, Known};
use crate::frontend::problems::Problems;
use crate::frontend::tree::{Entry, Node};
use crate::model::{EndpointSelector, Entity, Namespaces, Operator, Requirement, Selector};

/// The label in which Cilium keeps a pod's namespace.
const POD_NAMESPACE: &str = "io.kubernetes.pod.namespace";

/// Before the key of a namespace's label, where Cilium gives it to its pods.
const NAMESPACE_LABEL: &str = "io.cilium.k8s.namespace.labels.";

/// Most characters of a label's name and of its value.
const LONGEST: usize = 63;

const SELECTOR: Keys = Keys {
    what: "a label selector",
    read: &["matchLabels", "matchExpressions"],
    ignored: &[],
};

const EXPRESSION: Keys = Keys {
    what: "an entry of matchExpressions",
    read: &["key", "operator", "values"],
    ignored: &[],
};

#[derive(Clone, Copy)]
enum Word {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

const OPERATORS: [(&str, Word); 4] = [
    ("In", Word::In),
    ("NotIn", Word::NotIn),
    ("Exists", Word::Exists),
    ("DoesNotExist", Word::DoesNotExist),
];

/// A requirement of a Cilium selector.
#[derive(Clone, Debug)]
pub(super) struct Term {
    /// It is about a `reserved:` label, which no pod has.
    reserved: bool,
    requirement: Requirement,
    /// Where its key stands.
    location: Location,
}

/// Whom the selector of a Cilium peer names.
#[derive(Clone, Debug)]
pub(super) enum Selected {
    Workloads(EndpointSelector),
    Entity(Entity),
    /// Somebody that labels of workloads cannot tell, in words.
    Unknown(String),
}

/// A selector of Kubernetes.
pub(super) fn kubernetes(node: &Node, problems: &mut Problems) -> Option<Selector> {
    let no_source: Split = |key, _, _| Some((false, key.to_owned()));
    let terms = requirements(node, no_source, problems)?;
    Some(Selector(
        terms.into_iter().map(|term| term.requirement).collect(),
    ))
}

/// A selector of Cilium, whose keys may say where a label comes from.
pub(super) fn cilium(node: &Node, problems: &mut Problems) -> Option<Vec<Term>> {
    requirements(node, source, problems)
}

/// All requirements without what they say of their source: those of nodes.
pub(super) fn plain(terms: Vec<Term>) -> Selector {
    Selector(terms.into_iter().map(|term| term.requirement).collect())
}

/// Whom a peer names: pods of the policy's own namespace, unless it says
/// otherwise; of every one where the policy has none.
///
/// Cilium, `getEndpointSelector` in `pkg/k8s/apis/cilium.io/utils`: a selector
/// of `reserved:` labels is left as it is; one that names
/// `io.kubernetes.pod.namespace` or a namespace's label decides for itself.
pub(super) fn peer(
    mut terms: Vec<Term>,
    own_namespace: Option<&str>,
    problems: &mut Problems,
) -> Option<Selected> {
    let any_reserved = terms.iter().any(|term| term.reserved);
    if let [term] = terms.as_slice()
        && term.reserved
        && is_positive(&term.requirement)
    {
        let entity = reserved(term, problems)?;
        return Some(match is_there(&term.requirement) {
            true => Selected::Entity(entity),
            false => Selected::Unknown(
                "a 'reserved:' label has no value, so that this selects nobody".to_owned(),
            ),
        });
    }
    for term in terms.iter().filter(|term| term.reserved) {
        reserved(term, problems)?;
    }
    if (terms.iter()).any(|term| term.reserved && is_positive(&term.requirement)) {
        return Some(Selected::Unknown(
            "a 'reserved:' label and other requirements together select by labels that the front \
             end does not know; nobody is meant here"
                .to_owned(),
        ));
    }
    // What remains of 'reserved:' is that it is not there, as with every pod.
    terms.retain(|term| !term.reserved);
    if any_reserved && !terms.iter().any(|term| is_positive(&term.requirement)) {
        return Some(Selected::Unknown(
            "everybody but a 'reserved:' label is no set of workloads; nobody is meant here"
                .to_owned(),
        ));
    }
    let says = |term: &Term| {
        let key = &term.requirement.key;
        key == POD_NAMESPACE || key.starts_with(NAMESPACE_LABEL)
    };
    let namespaces = match own_namespace {
        Some(own) if !any_reserved && !terms.iter().any(says) => Namespaces::Named(own.to_owned()),
        Some(_) | None => named_namespace(&mut terms),
    };
    Some(Selected::Workloads(EndpointSelector {
        namespaces,
        labels: plain(terms),
    }))
}

/// Whom a policy is about, and in words what else its selector asks for.
///
/// Cilium overwrites what the selector of a namespaced policy says of the
/// namespace by the policy's own.
pub(super) fn subject(
    mut terms: Vec<Term>,
    own_namespace: Option<&str>,
    problems: &mut Problems,
) -> Option<(EndpointSelector, Option<String>)> {
    let mut beyond = None;
    for term in terms.iter().filter(|term| term.reserved) {
        reserved(term, problems)?;
        if is_positive(&term.requirement) {
            let key = &term.requirement.key;
            beyond = Some(format!(
                "'reserved:{key}' is no workload, and what it sends and receives passes no hook \
                 of one"
            ));
        }
    }
    match beyond {
        // No workload has a key with a colon, so this selects none.
        Some(_) => (terms.iter_mut())
            .filter(|term| term.reserved)
            .for_each(|term| term.requirement.key.insert_str(0, "reserved:")),
        None => terms.retain(|term| !term.reserved),
    }
    let Some(own) = own_namespace else {
        let namespaces = named_namespace(&mut terms);
        let labels = plain(terms);
        return Some((EndpointSelector { namespaces, labels }, beyond));
    };
    for term in &terms {
        if let Some(other) = single(term, POD_NAMESPACE)
            && other != own
        {
            problems.warn(
                "foreign-namespace",
                &term.location,
                format!("the policy is about the namespace '{own}', whatever it says of '{other}'"),
                format!(
                    "Cilium puts the policy's own namespace in its place: move the policy to \
                     '{other}', or use a CiliumClusterwideNetworkPolicy"
                ),
            );
        }
    }
    terms.retain(|term| single(term, POD_NAMESPACE).is_none());
    let namespaces = Namespaces::Named(own.to_owned());
    let labels = plain(terms);
    Some((EndpointSelector { namespaces, labels }, beyond))
}

/// Takes a requirement out that names one namespace.
fn named_namespace(terms: &mut Vec<Term>) -> Namespaces {
    let found = terms
        .iter()
        .position(|term| single(term, POD_NAMESPACE).is_some());
    match found.map(|at| terms.remove(at)) {
        Some(term) => {
            let name = single(&term, POD_NAMESPACE).expect("it was found by its one value");
            Namespaces::Named(name.to_owned())
        }
        None => Namespaces::All,
    }
}

/// The one value that a requirement leaves to the label of this key.
fn single<'t>(term: &'t Term, key: &str) -> Option<&'t str> {
    match &term.requirement.operator {
        Operator::In(values) if term.requirement.key == key && values.len() == 1 => {
            values.first().map(String::as_str)
        }
        Operator::In(_) | Operator::NotIn(_) | Operator::Exists | Operator::DoesNotExist => None,
    }
}

/// Whether only what has the label meets it.
fn is_positive(requirement: &Requirement) -> bool {
    matches!(requirement.operator, Operator::In(_) | Operator::Exists)
}

/// Whether a `reserved:` label meets it: they have no value.
fn is_there(requirement: &Requirement) -> bool {
    match &requirement.operator {
        Operator::In(values) => values.contains(""),
        Operator::Exists => true,
        Operator::NotIn(_) | Operator::DoesNotExist => false,
    }
}

fn reserved(term: &Term, problems: &mut Problems) -> Option<Entity> {
    let key = &term.requirement.key;
    let found = entity::reserved(key);
    if found.is_none() {
        let names = entity::names().filter(|name| entity::reserved(name).is_some());
        problems.error(
            "unknown-entity",
            &term.location,
            format!("there is no label 'reserved:{key}'"),
            crate::frontend::suggest::did_you_mean(key, names),
        );
    }
    found
}

/// Splits the source from a key; gives whether it is `reserved` and the rest.
///
/// Cilium, `ParseSource` in `pkg/labels`: `$host` and `reserved.host` mean
/// `reserved:host`.
fn source(text: &str, location: &Location, problems: &mut Problems) -> Option<(bool, String)> {
    if let Some(key) = text.strip_prefix('$') {
        return Some((true, key.to_owned()));
    }
    match text.split_once(':') {
        Some(("k8s" | "any", key)) => Some((false, key.to_owned())),
        Some(("reserved", key)) => Some((true, key.to_owned())),
        Some((source, _)) => {
            problems.error(
                "unsupported-field",
                location,
                format!("labels of the source '{source}' are not understood"),
                "this version understands labels of pods, 'KEY', 'k8s:KEY' or 'any:KEY', and \
                 'reserved:ENTITY'",
            );
            None
        }
        None => Some(match text.strip_prefix("reserved.") {
            Some(key) => (true, key.to_owned()),
            None => (false, text.to_owned()),
        }),
    }
}

/// Takes the source from a key.
type Split = fn(&str, &Location, &mut Problems) -> Option<(bool, String)>;

fn requirements(node: &Node, split: Split, problems: &mut Problems) -> Option<Vec<Term>> {
    let fields = Known::of(node, &SELECTOR, problems)?;
    let mut terms = Vec::new();
    let mut sound = fields.whole;
    if let Some(labels) = given(node, "matchLabels") {
        match problems.named(labels) {
            Some(entries) => sound &= match_labels(entries, split, &mut terms, problems),
            None => sound = false,
        }
    }
    if let Some(expressions) = given(node, "matchExpressions") {
        for item in problems.list(expressions)? {
            match expression(item, split, problems) {
                Some(term) => terms.push(term),
                None => sound = false,
            }
        }
    }
    sound.then_some(terms)
}

/// Whether all of them could be read.
fn match_labels(
    entries: &[Entry],
    split: Split,
    terms: &mut Vec<Term>,
    problems: &mut Problems,
) -> bool {
    let mut sound = true;
    let mut places: BTreeMap<(bool, String), &Location> = BTreeMap::new();
    for entry in entries {
        let key = (split(&entry.key, &entry.key_location, problems))
            .filter(|(_, key)| is_key(key, &entry.key_location, problems));
        let value = (problems.label_value(&entry.value))
            .filter(|value| is_value(value, &entry.value.location, problems));
        let (Some((reserved, key)), Some(value)) = (key, value) else {
            sound = false;
            continue;
        };
        if let Some(first) = places.insert((reserved, key.clone()), &entry.key_location) {
            sound = false;
            problems.push(
                Diagnostic::error(
                    "duplicate-key",
                    &entry.key_location,
                    format!("the label '{key}' is given twice"),
                    "keep one of the two",
                )
                .with_label(first, "first given here"),
            );
        }
        terms.push(Term {
            reserved,
            requirement: Requirement {
                key,
                operator: Operator::In(BTreeSet::from([value.to_owned()])),
            },
            location: entry.key_location.clone(),
        });
    }
    sound
}

fn expression(item: &Node, split: Split, problems: &mut Problems) -> Option<Term> {
    let fields = Known::of(item, &EXPRESSION, problems)?;
    let key_node = fields.need("key", "name the label that it is about", problems);
    let key = key_node.and_then(|node| {
        let text = problems.text(node)?;
        split(text, &node.location, problems)
            .filter(|(_, key)| is_key(key, &node.location, problems))
    });
    let help = "say what is required of the label: In, NotIn, Exists or DoesNotExist";
    let word = fields
        .need("operator", help, problems)
        .and_then(|node| problems.choice(node, &OPERATORS));
    let mut values = BTreeSet::new();
    let list = given(item, "values");
    for value in list.and_then(|node| problems.list(node)).unwrap_or(&[]) {
        let text = problems.label_value(value)?;
        if !is_value(text, &value.location, problems) {
            return None;
        }
        values.insert(text.to_owned());
    }
    let (word, (reserved, key)) = (word?, key?);
    let place = list.map_or(&item.location, |node| &node.location);
    let operator = match (word, values.is_empty()) {
        (Word::In, false) => Operator::In(values),
        (Word::NotIn, false) => Operator::NotIn(values),
        (Word::Exists, true) => Operator::Exists,
        (Word::DoesNotExist, true) => Operator::DoesNotExist,
        (Word::In | Word::NotIn, true) => {
            problems.error(
                "selector-values",
                place,
                "the operators In and NotIn compare with at least one value",
                "list values: values: [VALUE, …]",
            );
            return None;
        }
        (Word::Exists | Word::DoesNotExist, false) => {
            problems.error(
                "selector-values",
                place,
                "the operators Exists and DoesNotExist take no values",
                "remove 'values', or write In or NotIn to compare with them",
            );
            return None;
        }
    };
    fields.whole.then(|| Term {
        reserved,
        requirement: Requirement { key, operator },
        location: key_node
            .map_or(&item.location, |node| &node.location)
            .clone(),
    })
}

/// Whether it can be the key of a label: an optional domain and `/`, then a
/// name (Kubernetes, `IsQualifiedName`).
fn is_key(text: &str, location: &Location, problems: &mut Problems) -> bool {
    let (domain, name) = match text.split_once('/') {
        Some((domain, name)) => (Some(domain), name),
        None => (None, text),
    };
    // A namespace's label, and Cilium's words before it, are longer together.
    let own = text.strip_prefix(NAMESPACE_LABEL).is_some();
    let domain_fits = domain.is_none_or(|domain| {
        let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        !domain.is_empty() && (own || domain.len() <= 253) && domain.chars().all(inside)
    });
    let fits = domain_fits && !name.is_empty() && (own || is_word(name));
    if !fits {
        problems.error(
            "label-malformed",
            location,
            format!("'{text}' cannot be the key of a label"),
            "a key has up to 63 letters, digits, '-', '_' and '.', with a letter or digit at both \
             ends; a domain and '/' may stand before it",
        );
    }
    fits
}

/// Whether it can be the value of a label (Kubernetes, `IsValidLabelValue`).
fn is_value(text: &str, location: &Location, problems: &mut Problems) -> bool {
    let fits = text.is_empty() || is_word(text);
    if !fits {
        problems.error(
            "label-malformed",
            location,
            format!("'{text}' cannot be the value of a label, so that this selects nothing"),
            "a value has up to 63 letters, digits, '-', '_' and '.', with a letter or digit at \
             both ends, or is empty",
        );
    }
    fits
}

fn is_word(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphanumeric();
    let inside = |c: char| edge(c) || "-_.".contains(c);
    text.len() <= LONGEST
        && text.chars().all(inside)
        && text.starts_with(edge)
        && text.ends_with(edge)
}
