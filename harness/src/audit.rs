//! What is dangerous, contradictory or without effect in manifests and scenarios: read
//! from their files, found by [`netverdict_policy::audit`], and put into words.

pub mod human;
pub mod json;
pub mod pages;

use std::path::PathBuf;
use std::sync::Arc;

use netverdict_policy::audit::{Auditor, Options, World, is_reported};
use netverdict_policy::diagnostic::{Diagnostic, Location, Severity, SourceFile};
use netverdict_policy::finding::Finding;
use netverdict_policy::frontend::{self, ClusterOptions, FileKind, Readable};
use netverdict_policy::model::Choices;
use netverdict_policy::topology::{TopologyPlan, Zone};

use crate::event::Problem;
use crate::load::{problem, source_problem};
use crate::matrix::input::{Readings, chosen};
use crate::sources::{Reader, find};

/// What an audit found.
#[derive(Debug, Default)]
pub struct Audited {
    /// Everything found, with what may stay, file by file in the order of the text.
    pub findings: Vec<Finding>,
    /// What makes the input invalid; what could be read beside it was audited.
    pub problems: Vec<Problem>,
    /// How many further warnings and notes `netverdict check` has about the input.
    pub warnings: usize,
    /// Scenarios that were looked over.
    pub scenarios: usize,
    /// Manifest files that were looked over, all together one cluster.
    pub manifests: usize,
    /// Whether the manifests hold policies and no workload, so that nobody can say whom
    /// they select.
    pub without_workloads: bool,
}

/// Looks over everything under the paths. Diagnostics are rendered with colours if those
/// are wanted.
pub fn audit(paths: &[PathBuf], options: &Options, readings: Readings, colour: bool) -> Audited {
    let mut audited = Audited::default();
    let files = match find(paths) {
        Ok(files) => files,
        Err(errors) => {
            audited.problems.extend(errors.iter().map(source_problem));
            return audited;
        }
    };
    let mut reader = Reader::default();
    let (mut manifests, mut scenarios) = (Vec::new(), Vec::new());
    for path in &files {
        match reader.open(path) {
            Ok(file) => match frontend::kind(&file) {
                FileKind::Manifest => manifests.push(file),
                FileKind::Scenario => scenarios.push(file),
            },
            Err(error) => audited.problems.push(source_problem(&error)),
        }
    }
    audited.manifests = manifests.len();
    audited.scenarios = scenarios.len();
    let mut looking = Looking {
        auditor: Auditor::new(options.clone()),
        files: Vec::new(),
        audited,
        colour,
    };
    if !manifests.is_empty() {
        let options = ClusterOptions {
            choices: chosen(Choices::default(), readings),
            host_network: readings.host_network,
        };
        let readable = frontend::readable_cluster(&manifests, &options);
        let cluster = readable.policies.first();
        looking.audited.without_workloads = cluster.is_some_and(|policy| {
            policy.workloads.is_empty() && !policy.network_policies.is_empty()
        });
        looking.look(readable, None);
    }
    for file in &scenarios {
        let mut readable = frontend::readable_scenario(file, &mut reader);
        for policy in &mut readable.policies {
            policy.choices = chosen(policy.choices, readings);
        }
        looking.look(readable, Some(&Location::new(file, 0, 0)));
    }
    let Looking {
        auditor,
        files,
        mut audited,
        colour: _,
    } = looking;
    audited.findings = auditor.finish(&files);
    audited
}

/// An audit under way.
struct Looking {
    auditor: Auditor,
    files: Vec<Arc<SourceFile>>,
    audited: Audited,
    colour: bool,
}

impl Looking {
    fn look(&mut self, readable: Readable, scenario: Option<&Location>) {
        let Readable {
            policies,
            topology,
            coverage,
            diagnostics,
            files,
        } = readable;
        for policy in &policies {
            self.auditor.look(&World {
                policy,
                coverage: &coverage,
                diagnostics: &diagnostics,
                outside_reaches: topology.as_ref().is_none_or(outside_reaches),
                scenario,
            });
        }
        for file in files {
            if !self.files.iter().any(|known| known.path == file.path) {
                self.files.push(file);
            }
        }
        self.report(&diagnostics);
    }

    fn report(&mut self, diagnostics: &[Diagnostic]) {
        for diagnostic in diagnostics {
            match diagnostic.severity {
                Severity::Error => {
                    let problem = problem(diagnostic, self.colour);
                    // A manifest of several scenarios is wrong once.
                    let known = |it: &Problem| it.text == problem.text;
                    if !self.audited.problems.iter().any(known) {
                        self.audited.problems.push(problem);
                    }
                }
                Severity::Warning | Severity::Note => {
                    self.audited.warnings += usize::from(!is_reported(diagnostic));
                }
            }
        }
    }
}

/// Whether somebody outside is beyond the uplink. Where nobody is named, anybody may be.
fn outside_reaches(topology: &TopologyPlan) -> bool {
    let mut hosts = topology.hosts.iter();
    topology.hosts.is_empty() || hosts.any(|host| host.zone == Zone::External)
}

impl Audited {
    /// How many findings count that are at least so bad.
    pub fn counting(&self, least: Severity) -> usize {
        let counts = |finding: &&Finding| finding.counts() && finding.severity >= least;
        self.findings.iter().filter(counts).count()
    }
}
