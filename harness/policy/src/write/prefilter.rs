//! Writes `prefilter`.

use super::yaml::{Map, Yaml};
use crate::model::{DefaultAction, ListedSource, Policy, Prefilter};

/// Every entry; `None` if there is none.
pub(super) fn write(policy: &Policy) -> Option<Yaml> {
    let everywhere = (!policy.deny_list.is_empty())
        .then(|| Yaml::from(Map::default().with("deny", sources(&policy.deny_list))));
    let entries: Vec<Yaml> = (everywhere.into_iter())
        .chain(policy.prefilters.iter().map(|one| entry(one).into()))
        .map(Yaml::on_one_line)
        .collect();
    (!entries.is_empty()).then_some(Yaml::List(entries))
}

fn entry(prefilter: &Prefilter) -> Map {
    let Prefilter {
        node_port,
        deny,
        allow,
        default,
        bypass_policy,
        location: _,
        allow_location: _,
        default_location: _,
        bypass_location: _,
    } = prefilter;
    let default = match default {
        DefaultAction::Pass => "pass",
        DefaultAction::Drop => "drop",
    };
    // An allow list that is there and empty is a mistake; one is needed where there
    // is no deny list.
    let needs_allow = !allow.is_empty() || deny.is_empty();
    Map::default()
        .with("node_port", Yaml::text(node_port))
        .with("bypass_policy", *bypass_policy)
        .with_some("deny", (!deny.is_empty()).then(|| sources(deny)))
        .with_some("allow", needs_allow.then(|| sources(allow)))
        .with("default", default)
}

fn sources(listed: &[ListedSource]) -> Yaml {
    Yaml::texts(listed.iter().map(|source| source.prefix))
}
