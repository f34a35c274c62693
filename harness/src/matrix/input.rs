//! What the matrix is of: all manifests together are one cluster, and each
//! scenario is a world of its own.

use std::path::PathBuf;
use std::sync::Arc;

use netverdict_policy::diagnostic::{Diagnostic, Severity, SourceFile};
use netverdict_policy::frontend::{self, ClusterOptions, FileKind, HostNetwork};
use netverdict_policy::image::MapImage;
use netverdict_policy::lower::lower;
use netverdict_policy::model::{Choices, Policy};
use netverdict_policy::topology::TopologyPlan;

use crate::load::render;
use crate::sources::{Reader, find};

/// Readings that the user may choose; `None` leaves it to the scenario, or to
/// what is usual.
#[derive(Clone, Copy, Debug)]
pub struct Readings {
    /// See [`Choices::ip_blocks_match_workloads`]; usually they do here.
    pub ip_blocks_match_workloads: Option<bool>,
    /// See [`Choices::cidrs_match_workloads`].
    pub cidrs_match_workloads: Option<bool>,
    /// What pods in the node's network are.
    pub host_network: HostNetwork,
}

/// A policy, the network around it, and what it was compiled to.
#[derive(Debug)]
pub struct Subject {
    /// The scenario's name; `None` for the manifests.
    pub name: Option<String>,
    /// The policy.
    pub policy: Policy,
    /// The network.
    pub topology: TopologyPlan,
    /// What the policy was compiled to.
    pub image: MapImage,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Input {
    /// The cluster of all manifests first, then scenarios in the order of their
    /// paths.
    pub subjects: Vec<Subject>,
    /// What is wrong, ready to print.
    pub problems: Vec<String>,
    /// What is worth knowing, ready to print.
    pub notes: Vec<String>,
}

/// Reads everything under `paths`.
pub fn load(paths: &[PathBuf], readings: Readings, colour: bool) -> Input {
    let mut input = Input::default();
    let files = match find(paths) {
        Ok(files) => files,
        Err(errors) => {
            input.problems = errors.iter().map(ToString::to_string).collect();
            return input;
        }
    };
    let mut reader = Reader::default();
    let mut manifests: Vec<Arc<SourceFile>> = Vec::new();
    let mut scenarios = Vec::new();
    for path in &files {
        match reader.open(path) {
            Ok(file) => match frontend::kind(&file) {
                FileKind::Manifest => manifests.push(file),
                FileKind::Scenario => scenarios.push(file),
            },
            Err(error) => input.problems.push(error.to_string()),
        }
    }
    if !manifests.is_empty() {
        input.cluster(&manifests, readings, colour);
    }
    for file in scenarios {
        match frontend::scenario(&file, &mut reader) {
            Ok(checked) => {
                input.note(&checked.warnings, colour);
                let mut policy = checked.scenario.policy;
                let choices = chosen(policy.choices, readings);
                let image = match choices == policy.choices {
                    true => Ok(checked.image),
                    false => {
                        policy.choices = choices;
                        lower(&policy)
                    }
                };
                let (name, topology) = (checked.scenario.name, checked.scenario.topology);
                input.add(Some(name), policy, topology, image, colour);
            }
            Err(diagnostics) => input.note(&diagnostics, colour),
        }
    }
    input
}

fn chosen(mut choices: Choices, readings: Readings) -> Choices {
    let Readings {
        ip_blocks_match_workloads,
        cidrs_match_workloads,
        host_network: _,
    } = readings;
    if let Some(chosen) = ip_blocks_match_workloads {
        choices.ip_blocks_match_workloads = chosen;
    }
    if let Some(chosen) = cidrs_match_workloads {
        choices.cidrs_match_workloads = chosen;
    }
    choices
}

impl Input {
    fn cluster(&mut self, files: &[Arc<SourceFile>], readings: Readings, colour: bool) {
        let usual = Choices {
            // What a matrix on paper is asked: analysers read it like that.
            ip_blocks_match_workloads: true,
            ..Choices::default()
        };
        let options = ClusterOptions {
            choices: chosen(usual, readings),
            host_network: readings.host_network,
        };
        match frontend::cluster(files, &options) {
            Ok(cluster) => {
                self.note(&cluster.notes, colour);
                self.notes.push(cluster.coverage.to_string());
                let image = lower(&cluster.policy);
                self.add(None, cluster.policy, cluster.topology, image, colour);
            }
            Err(diagnostics) => self.note(&diagnostics, colour),
        }
    }

    fn add(
        &mut self,
        name: Option<String>,
        policy: Policy,
        topology: TopologyPlan,
        image: Result<MapImage, Vec<Diagnostic>>,
        colour: bool,
    ) {
        match image {
            Ok(image) => self.subjects.push(Subject {
                name,
                policy,
                topology,
                image,
            }),
            Err(diagnostics) => self.note(&diagnostics, colour),
        }
    }

    fn note(&mut self, diagnostics: &[Diagnostic], colour: bool) {
        for diagnostic in diagnostics {
            let text = render(diagnostic, colour);
            match diagnostic.severity {
                Severity::Note | Severity::Warning => self.notes.push(text),
                Severity::Error => self.problems.push(text),
            }
        }
    }
}
