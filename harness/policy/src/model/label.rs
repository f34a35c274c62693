//! Labels, and requirements on them.

use std::collections::{BTreeMap, BTreeSet};

/// Label keys and values, source prefixes (`k8s:`) removed.
pub type Labels = BTreeMap<String, String>;

/// Requirements that labels must all meet; none are met by any labels.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector(pub Vec<Requirement>);

/// One entry of `matchLabels` or `matchExpressions`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirement {
    /// The label's key, without source prefix.
    pub key: String,
    /// What is required of it.
    pub operator: Operator,
}

/// What is required of a label (Kubernetes, `LabelSelectorRequirement`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// It is there, with one of these values. An entry of `matchLabels` is one
    /// with a single value.
    In(BTreeSet<String>),
    /// It is not there, or has another value.
    NotIn(BTreeSet<String>),
    /// It is there.
    Exists,
    /// It is not there.
    DoesNotExist,
}
