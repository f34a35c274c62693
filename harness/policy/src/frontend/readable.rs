//! What can be read, whatever else is wrong: for those who look for faults rather than
//! run anything.

use std::sync::Arc;

use super::cluster::{self, ClusterOptions};
use super::document::{self, Judged};
use super::link::Linked;
use super::problems::{Problems, Rigour};
use super::sources::Sources;
use super::{Files, documents};
use crate::coverage::Coverage;
use crate::diagnostic::{Diagnostic, SourceFile};
use crate::model::Policy;
use crate::topology::TopologyPlan;

/// As much of a scenario or of manifests as could be read.
///
/// Mistakes that leave no doubt what the input does are warnings here, where they are
/// errors elsewhere: prefixes with host bits, exceptions outside their prefix, policies
/// without rules, prefilters without an allow list. The first three are read as Cilium
/// and Kubernetes read them. What is wrong beyond that is missing from the policies.
#[derive(Clone, Debug)]
pub struct Readable {
    /// The policy, and that of each step of a scenario behind it; none where nobody can
    /// say what the network is.
    pub policies: Vec<Policy>,
    /// The network.
    pub topology: Option<TopologyPlan>,
    /// How much of each rule is enforced.
    pub coverage: Coverage,
    /// Everything that is wrong or remarkable, in the order of the files' text.
    pub diagnostics: Vec<Diagnostic>,
    /// Every file that was read, in order.
    pub files: Vec<Arc<SourceFile>>,
}

/// Reads what can be read of a scenario, and of all that it names.
pub fn readable_scenario(file: &Arc<SourceFile>, files: &mut dyn Files) -> Readable {
    let mut problems = Problems::with(Rigour::TakeAsIs);
    let mut sources = Sources::new(file, files);
    let documents = documents(file, &mut problems);
    let judged = (documents.split_first())
        .and_then(|(first, behind)| document::outline(first, behind, &mut sources, &mut problems))
        .and_then(|outline| outline.judged);
    let files = sources.into_files();
    let diagnostics = problems.into_sorted(&files);
    let mut readable = Readable {
        policies: Vec::new(),
        topology: None,
        coverage: Coverage::default(),
        diagnostics,
        files,
    };
    if let Some(Judged {
        topology,
        policy,
        steps,
        coverage,
        ..
    }) = judged
    {
        readable.policies.push(policy);
        let of_steps = steps.into_iter().map(|step| step.policy);
        readable.policies.extend(of_steps);
        readable.topology = Some(topology);
        readable.coverage = coverage;
    }
    readable
}

/// Reads what can be read of manifests, as [`super::cluster`] does.
pub fn readable_cluster(files: &[Arc<SourceFile>], options: &ClusterOptions) -> Readable {
    let mut problems = Problems::with(Rigour::TakeAsIs);
    let Linked {
        policy,
        topology,
        coverage,
    } = cluster::linked(files, options, &mut problems);
    Readable {
        policies: vec![policy],
        topology: Some(topology),
        coverage,
        diagnostics: problems.into_sorted(files),
        files: files.to_vec(),
    }
}
