//! Audits of texts.

use std::sync::Arc;

use netverdict_policy::audit::{Auditor, Options, World};
use netverdict_policy::diagnostic::{Location, Severity, SourceFile};
use netverdict_policy::finding::Finding;
use netverdict_policy::frontend::{
    ClusterOptions, FileKind, Files, kind, readable_cluster, readable_scenario,
};

struct NoFiles;

impl Files for NoFiles {
    fn read(&mut self, _: &SourceFile, _: &str) -> Result<Arc<SourceFile>, String> {
        Err("there are none here".to_owned())
    }
}

/// Everything found in a scenario or in manifests, which may hold no mistakes but those
/// that audits report.
pub(crate) fn audit(text: &str, options: &Options) -> Vec<Finding> {
    let file = Arc::new(SourceFile {
        path: "audited.yaml".to_owned(),
        text: text.to_owned(),
    });
    let readable = match kind(&file) {
        FileKind::Scenario => readable_scenario(&file, &mut NoFiles),
        FileKind::Manifest => readable_cluster(&[Arc::clone(&file)], &ClusterOptions::default()),
    };
    let mut errors = readable.diagnostics.iter();
    let error = errors.find(|it| it.severity == Severity::Error);
    assert_eq!(error, None, "{text}");
    let mut auditor = Auditor::new(options.clone());
    for policy in &readable.policies {
        auditor.look(&World {
            policy,
            coverage: &readable.coverage,
            diagnostics: &readable.diagnostics,
            outside_reaches: true,
            scenario: Some(&Location::new(&file, 0, 0)),
        });
    }
    auditor.finish(&readable.files)
}

/// `SEVERITY at LINE:COLUMN` of those of a kind that count.
pub(crate) fn places(findings: &[Finding], id: &str) -> Vec<String> {
    (findings.iter())
        .filter(|finding| finding.kind.id == id && finding.counts())
        .map(|finding| {
            let place = finding.location().expect("it has a place");
            let severity = format!("{:?}", finding.severity).to_lowercase();
            format!("{severity} at {}:{}", place.line, place.column)
        })
        .collect()
}
