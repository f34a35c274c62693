//! Reads `steps`: changes that are made while traffic flows.

mod change;

use std::collections::{BTreeMap, BTreeSet};

use super::keys::{Key, Shape, Table};
use super::link::{self, Linked, Setting};
use super::manifest::Objects;
use super::network::Network;
use super::prefilter::{DENY_LIST, PREFILTER, Prefilters};
use super::probe::{self, PROBES};
use super::problems::Problems;
use super::read::Fields;
use super::sets::Sets;
use super::sources::Sources;
use super::tree::Node;
use crate::coverage::Coverage;
use crate::diagnostic::{Diagnostic, Location};
use crate::lower::lower;
use crate::model::{Choices, Policy};
use crate::scenario::{Connections, Step};
use crate::topology::TopologyPlan;

/// The keys of a step.
pub(super) const STEP: Table = Table {
    what: "a step",
    keys: &[
        Key::required(
            "name",
            Shape::Text,
            "Its name in reports, unique in the scenario.",
        ),
        Key::optional("why", Shape::Text, "What the change is for."),
        Key::optional(
            "apply",
            Shape::List {
                of: &Shape::Text,
                least: 1,
            },
            "Files with manifests, or folders of them, relative to the scenario. Their objects are \
             added; those of a kind, namespace and name that is there already replace it.",
        ),
        Key::optional(
            "remove",
            Shape::List {
                of: &Shape::Text,
                least: 1,
            },
            "Objects to take out, as 'KIND NAMESPACE/NAME', or 'KIND NAME' of what is in the \
             namespace default or in none.",
        ),
        Key::optional(
            "labels",
            Shape::Named(&Shape::Named(&Shape::AnyOf(&[Shape::Text, Shape::Null]))),
            "Labels to set, by workload; null takes a label away.",
        ),
        Key::optional(
            "prefilter",
            Shape::List {
                of: &Shape::AnyOf(&[Shape::Mapping(&PREFILTER), Shape::Mapping(&DENY_LIST)]),
                least: 0,
            },
            "The prefilters from then on, in place of those before.",
        ),
        Key::required(
            "connections",
            Shape::Choice(&["keep", "forget"]),
            "What becomes of established connections: 'keep', as upstream does, lets their replies \
             go on passing, also where no new connection may begin; 'forget' cuts them off.",
        ),
        Key::optional(
            "probes",
            PROBES,
            "What is sent once the change is made: in order, each alone, and connections are \
             remembered from 'before_steps' and the steps before. The source port is 40000 if not \
             given.",
        ),
    ],
};

/// What the first step changes.
pub(super) struct Base<'a> {
    pub(super) network: Network,
    pub(super) objects: Objects,
    pub(super) prefilters: Prefilters,
    pub(super) choices: Choices,
    pub(super) sets: &'a Sets,
    /// Who is there, throughout.
    pub(super) topology: &'a TopologyPlan,
    /// Who was there in the step before, which may have been wrong.
    pub(super) last: TopologyPlan,
    /// Before the first step.
    pub(super) policy: &'a Policy,
    /// Whether everything until here could be read.
    pub(super) services_known: bool,
    pub(super) expected_to_fail: bool,
}

/// Reads every step; only those that are whole are returned. What their rules
/// are enforced of is added to `coverage`.
pub(super) fn read(
    items: &[Node],
    mut base: Base<'_>,
    sources: &mut Sources<'_>,
    named: &mut BTreeSet<String>,
    coverage: &mut Coverage,
    problems: &mut Problems,
) -> Vec<Step> {
    let mut names: BTreeMap<&str, &Location> = BTreeMap::new();
    let mut steps = Vec::new();
    for item in items {
        let Some(fields) = Fields::of(item, &STEP, problems) else {
            continue;
        };
        let name = (fields.get("name")).and_then(|node| problems.text(node));
        if let (Some(name), Some(node)) = (name, fields.get("name"))
            && let Some(first) = names.insert(name, &node.location)
        {
            problems.push(
                Diagnostic::error(
                    "duplicate-step",
                    &node.location,
                    format!("there is a step named '{name}' already"),
                    "give each step a name of its own",
                )
                .with_label(first, "the first one"),
            );
        }
        let step = step(item, &fields, name, &mut base, sources, named, problems);
        if let Some((step, of_step)) = step {
            for rule in of_step.rules {
                if !coverage.rules.contains(&rule) {
                    coverage.rules.push(rule);
                }
            }
            steps.push(step);
        }
    }
    steps
}

fn step(
    item: &Node,
    fields: &Fields<'_>,
    name: Option<&str>,
    base: &mut Base<'_>,
    sources: &mut Sources<'_>,
    named: &mut BTreeSet<String>,
    problems: &mut Problems,
) -> Option<(Step, Coverage)> {
    let why = (fields.get("why")).and_then(|node| problems.text(node));
    let connections = (fields.get("connections")).and_then(|node| {
        let words = [("keep", Connections::Keep), ("forget", Connections::Forget)];
        problems.choice(node, &words)
    });
    // What was said of the objects before the step is not said again.
    let mut found = Problems::with(problems.rigour());
    let patches = change::make(item, fields, base, sources, &mut found);
    base.services_known &= !base.objects.broken && !found.any_error();
    let Linked {
        policy,
        topology,
        coverage,
    } = link::link(
        &base.network,
        base.objects.clone(),
        base.prefilters.clone(),
        base.choices,
        Setting::Scenario,
        &mut found,
    );
    let image = match lower(&policy) {
        Ok(image) => Some(image),
        Err(diagnostics) => {
            found.extend(diagnostics);
            None
        }
    };
    if !found.any_error() {
        same_network(item, &base.last, &topology, &mut found);
        if topology == *base.topology {
            change::took_effect(&patches, &policy, &mut found);
        }
    }
    let is_same = topology == *base.topology;
    base.last = topology;
    let is_whole = is_same && !found.any_error();
    problems.adopt(found);
    let items = (fields.get("probes").and_then(|node| problems.list(node))).unwrap_or(&[]);
    let context = probe::Context {
        topology: base.topology,
        policy: if is_whole { &policy } else { base.policy },
        sets: base.sets,
        services_known: base.services_known && is_whole,
    };
    let probes = probe::in_order(items, name.unwrap_or("step"), &context, named, problems);
    let step = Step {
        name: name?.to_owned(),
        why: why.unwrap_or_default().to_owned(),
        policy,
        image: image?,
        connections: connections?,
        probes,
        location: item.location.clone(),
    };
    Some((step, coverage))
}

/// Policies change under traffic; who is there does not.
fn same_network(item: &Node, before: &TopologyPlan, after: &TopologyPlan, problems: &mut Problems) {
    let names = |plan: &TopologyPlan| -> BTreeSet<String> {
        (plan.workloads.iter())
            .map(|workload| workload.name.clone())
            .collect()
    };
    let listed = |names: Vec<&String>| {
        let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
        names.join(", ")
    };
    let (old, new) = (names(before), names(after));
    let (come, gone) = (
        listed(new.difference(&old).collect()),
        listed(old.difference(&new).collect()),
    );
    let what = if !come.is_empty() {
        format!("it adds workloads: {come}")
    } else if !gone.is_empty() {
        format!("it takes workloads away: {gone}")
    } else if before.forwards != after.forwards {
        "it changes where a node port leads".to_owned()
    } else if before != after {
        "it changes addresses or ports of workloads".to_owned()
    } else {
        return;
    };
    problems.error(
        "step-changes-network",
        &item.location,
        format!("a step changes policies, not the network: {what}"),
        "declare whoever takes part before the first step, with their services; steps may change \
         their labels",
    );
}
