//! What the matrix is of: all manifests together are one cluster, and each
//! scenario is a world of its own.

use std::path::PathBuf;
use std::sync::Arc;

use netverdict_policy::diagnostic::{Diagnostic, Severity, SourceFile};
use netverdict_policy::frontend::{self, ClusterOptions, FileKind, HostNetwork};
use netverdict_policy::image::MapImage;
use netverdict_policy::lower::lower;
use netverdict_policy::model::{Choices, Policy};
use netverdict_policy::scenario::{Scenario, Step, Xfail};
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
    /// The scenario's file; `None` for the manifests.
    pub file: Option<Arc<SourceFile>>,
    /// The policy.
    pub policy: Policy,
    /// The network.
    pub topology: TopologyPlan,
    /// What the policy was compiled to.
    pub image: MapImage,
    /// What the scenario says is wrong with it.
    pub xfail: Option<Xfail>,
    /// What the scenario makes of the policy, in order.
    pub steps: Vec<Step>,
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
    match find(paths) {
        Ok(files) => read(&files, &mut Reader::default(), readings, colour),
        Err(errors) => Input {
            problems: errors.iter().map(ToString::to_string).collect(),
            ..Input::default()
        },
    }
}

/// Reads these files, wherever they come from.
pub fn read(files: &[PathBuf], reader: &mut Reader, readings: Readings, colour: bool) -> Input {
    let mut input = Input::default();
    let mut manifests: Vec<Arc<SourceFile>> = Vec::new();
    let mut scenarios = Vec::new();
    for path in files {
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
        match frontend::scenario(&file, reader) {
            Ok(checked) => {
                input.note(&checked.warnings, colour);
                let subject = of_scenario(checked.scenario, checked.image, readings);
                input.add(subject, colour);
            }
            Err(diagnostics) => input.note(&diagnostics, colour),
        }
    }
    input
}

/// A scenario as a subject, in the readings that the user chose.
fn of_scenario(
    scenario: Scenario,
    image: MapImage,
    readings: Readings,
) -> Result<Subject, Vec<Diagnostic>> {
    let Scenario {
        file,
        name,
        mut policy,
        topology,
        xfail,
        mut steps,
        ..
    } = scenario;
    let read = |policy: &mut Policy, image| {
        let choices = chosen(policy.choices, readings);
        if choices == policy.choices {
            return Ok(image);
        }
        policy.choices = choices;
        lower(policy)
    };
    let image = read(&mut policy, image)?;
    for step in &mut steps {
        step.image = read(&mut step.policy, std::mem::take(&mut step.image))?;
    }
    Ok(Subject {
        name: Some(name),
        file: Some(file),
        policy,
        topology,
        image,
        xfail,
        steps,
    })
}

/// The choices, but for what the user chose otherwise.
pub fn chosen(mut choices: Choices, readings: Readings) -> Choices {
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
                let subject = lower(&cluster.policy).map(|image| Subject {
                    name: None,
                    file: None,
                    policy: cluster.policy,
                    topology: cluster.topology,
                    image,
                    xfail: None,
                    steps: Vec::new(),
                });
                self.add(subject, colour);
            }
            Err(diagnostics) => self.note(&diagnostics, colour),
        }
    }

    fn add(&mut self, subject: Result<Subject, Vec<Diagnostic>>, colour: bool) {
        match subject {
            Ok(subject) => self.subjects.push(subject),
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
