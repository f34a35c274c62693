//! From a policy back to YAML: what the front end reads to the same policy.
//!
//! A counterexample that a machine found is worth something once a person can read
//! it, run it, and keep it. [`scenario`] writes a policy, its network and packets as
//! one file, its manifests behind the scenario as documents of their own; only what a
//! step applies are files beside it. It reads them again, so that what it gives means
//! what it was asked for.

mod frame;
mod policy;
mod prefilter;
mod probe;
mod same;
mod service;
mod steps;
mod topology;
mod workload;
mod yaml;

use std::sync::Arc;

use netverdict_abi::Reason;
use thiserror::Error;

use crate::diagnostic::{Diagnostic, Severity, SourceFile};
use crate::frontend::{self, Checked, Files};
use crate::journey::Journey;
use crate::model::{Choices, Policy};
use crate::scenario::{Connections, Expect};
use crate::topology::TopologyPlan;
use yaml::{Map, Yaml};

pub use same::{difference, journey_difference};

/// What is to be written.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// The name of its file, without extension: the manifests of its steps are named
    /// after it.
    pub file: &'a str,
    /// One line that reports show.
    pub name: &'a str,
    /// Why the scenario exists.
    pub why: &'a str,
    /// Words to select it by.
    pub tags: &'a [&'a str],
    /// Why the deployment is known to fail, and the names of the probes that show
    /// it, if it is.
    pub xfail: Option<(&'a str, &'a [&'a str])>,
    /// The policy.
    pub policy: &'a Policy,
    /// The network of that policy.
    pub topology: &'a TopologyPlan,
    /// At least one.
    pub probes: Vec<DraftProbe<'a>>,
    /// Packets before the first step, in order; none without steps.
    pub before_steps: Vec<DraftProbe<'a>>,
    /// Policies that follow, in order.
    pub steps: Vec<DraftStep<'a>>,
}

/// A policy that follows another.
#[derive(Clone, Debug)]
pub struct DraftStep<'a> {
    /// What becomes of connections made before.
    pub connections: Connections,
    /// The policy: who is there, and the services, are those of the draft.
    pub policy: &'a Policy,
    /// Packets under it, in order, whatever their `sequence` says.
    pub probes: Vec<DraftProbe<'a>>,
}

/// A scenario as files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The text of its file.
    pub text: String,
    /// The files that its steps apply.
    pub manifests: Vec<Manifest>,
}

/// A file with manifests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The path, relative to the folder of the scenario.
    pub path: String,
    /// The text.
    pub text: String,
}

/// A packet, and what is meant to happen to it.
#[derive(Clone, Debug)]
pub struct DraftProbe<'a> {
    /// Its name, unique in the scenario; empty for one that is made from who sends
    /// and where to.
    pub name: &'a str,
    /// The packet on its way through the network of the draft.
    pub journey: &'a Journey,
    /// The verdict that is expected.
    pub expect: Expect,
    /// The reason that is expected, if it matters.
    pub reason: Option<Reason>,
    /// The sequence that it is part of; those of one number are sent in the order of
    /// the draft. Without, it is judged by itself.
    pub sequence: Option<usize>,
}

/// No YAML of scenarios and manifests says it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{what} cannot be written: {why}")]
pub struct Unwritable {
    /// What it is about, such as `policy default/shop, rule 2`.
    pub what: String,
    /// Why not.
    pub why: String,
}

impl Unwritable {
    fn because(what: impl Into<String>, why: impl Into<String>) -> Unwritable {
        Unwritable {
            what: what.into(),
            why: why.into(),
        }
    }
}

/// A scenario file that the front end reads to these policies, this network and these
/// packets. Places in files are those of the text, and the rules of a policy
/// stand by section: `ingress`, `ingressDeny`, `egress`, `egressDeny`.
///
/// # Errors
/// What has no form in YAML, or would be read as something else.
pub fn scenario(draft: &Draft<'_>) -> Result<Written, Unwritable> {
    let steps = steps::write(draft)?;
    let written = Written {
        text: yaml::file(&documents(draft, steps.entries)?)?,
        manifests: steps.manifests,
    };
    same::hold(draft, &read_back(&written)?)?;
    Ok(written)
}

/// One line that can be put under `probes` of a scenario with this policy and
/// network.
///
/// # Errors
/// A frame that probes cannot describe.
pub fn probe(
    policy: &Policy,
    topology: &TopologyPlan,
    probe: &DraftProbe<'_>,
) -> Result<String, Unwritable> {
    let network = probe::Network { policy, topology };
    let line = Yaml::List(vec![network.probe(probe)?.into()]);
    yaml::emit(&one_line_each(line))
}

fn documents(draft: &Draft<'_>, steps: Vec<Yaml>) -> Result<Vec<Yaml>, Unwritable> {
    let Draft {
        file: _,
        name,
        why,
        tags,
        xfail,
        policy,
        topology,
        probes,
        before_steps,
        steps: _,
    } = draft;
    let cast = workload::cast(&policy.workloads, topology)?;
    let network = probe::Network { policy, topology };
    let mut alone = Vec::new();
    let mut sequences: Vec<(usize, Vec<Yaml>)> = Vec::new();
    for probe in probes {
        let written = Yaml::from(network.probe(probe)?).on_one_line();
        match probe.sequence {
            None => alone.push(written),
            Some(number) => match sequences.iter_mut().find(|(known, _)| *known == number) {
                Some((_, items)) => items.push(written),
                None => sequences.push((number, vec![written])),
            },
        }
    }
    let sequences: Map = (sequences.into_iter())
        .map(|(number, items)| (format!("sequence-{number}"), Yaml::List(items)))
        .collect();
    let xfail = xfail.map(|(reason, probes)| {
        let probes = Yaml::list(probes.iter().copied());
        Map::default().with("reason", reason).with("probes", probes)
    });
    let scenario = Map::default()
        .with("name", *name)
        .with_some("why", Some(*why).filter(|why| !why.is_empty()))
        .with_some("tags", (!tags.is_empty()).then(|| Yaml::texts(*tags)))
        .with_some("xfail", xfail)
        .with("topology", topology::write(policy, topology, &cast)?)
        .with_some("choices", choices(policy.choices).some())
        .with_some("prefilter", prefilter::write(policy))
        .with_some("sequences", sequences.some())
        .with_some("probes", some(alone))
        .with_some(
            "before_steps",
            some(steps::in_order(&network, before_steps)?),
        )
        .with_some("steps", some(steps));
    let mut documents = vec![scenario.into()];
    documents.extend(topology::nodes(policy, topology));
    documents.extend(cast.pods);
    documents.extend(service::write(policy)?);
    documents.extend(policy::write(policy)?);
    Ok(documents)
}

fn some(list: Vec<Yaml>) -> Option<Yaml> {
    (!list.is_empty()).then_some(Yaml::List(list))
}

fn choices(choices: Choices) -> Map {
    let Choices {
        ip_blocks_match_workloads,
        cidrs_match_workloads,
        cidrs_match_nodes,
        node_reaches_workloads,
    } = choices;
    let usual = Choices::default();
    [
        (
            "ip_blocks_match_workloads",
            ip_blocks_match_workloads,
            usual.ip_blocks_match_workloads,
        ),
        (
            "cidrs_match_workloads",
            cidrs_match_workloads,
            usual.cidrs_match_workloads,
        ),
        (
            "cidrs_match_nodes",
            cidrs_match_nodes,
            usual.cidrs_match_nodes,
        ),
        (
            "node_reaches_workloads",
            node_reaches_workloads,
            usual.node_reaches_workloads,
        ),
    ]
    .into_iter()
    .filter(|(_, chosen, usual)| chosen != usual)
    .map(|(name, chosen, _)| (name.to_owned(), Yaml::from(chosen)))
    .collect()
}

/// The entries of a list, each on a line.
fn one_line_each(list: Yaml) -> Yaml {
    match list {
        Yaml::List(items) => Yaml::List(items.into_iter().map(Yaml::on_one_line).collect()),
        other => other,
    }
}

/// An object of a manifest, without its spec.
fn manifest(version: &str, kind: &str, metadata: Map) -> Map {
    Map::default()
        .with("apiVersion", version)
        .with("kind", kind)
        .with("metadata", metadata)
}

fn read_back(written: &Written) -> Result<Checked, Unwritable> {
    let file = Arc::new(SourceFile {
        path: "written.yaml".to_owned(),
        text: written.text.clone(),
    });
    frontend::scenario(&file, &mut Beside(&written.manifests)).map_err(|problems| {
        let is_error = |problem: &&Diagnostic| problem.severity == Severity::Error;
        match problems.iter().find(is_error).or(problems.first()) {
            Some(problem) => {
                let place = problem.labels.first().map(|label| label.location.text());
                let what = place.unwrap_or_default().to_owned();
                Unwritable::because(what, problem.message.clone())
            }
            None => Unwritable::because("the scenario", "it is not read back"),
        }
    })
}

/// What is written names no other files.
struct Beside<'m>(&'m [Manifest]);

impl Files for Beside<'_> {
    fn read(&mut self, _: &SourceFile, path: &str) -> Result<Arc<SourceFile>, String> {
        match self.0.iter().find(|manifest| manifest.path == path) {
            Some(Manifest { path, text }) => Ok(Arc::new(SourceFile {
                path: path.clone(),
                text: text.clone(),
            })),
            None => Err("there is no such file".to_owned()),
        }
    }
}
