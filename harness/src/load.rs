//! From paths to valid scenarios, or every problem at once.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use miette::{GraphicalReportHandler, GraphicalTheme};
use netverdict_policy::coverage::Coverage;
use netverdict_policy::diagnostic::{Diagnostic, Severity, SourceFile};
use netverdict_policy::frontend::{self, ClusterOptions, FileKind};
use netverdict_policy::lower::lower;

use crate::event::Problem;
use crate::select::Loaded;
use crate::sources::{Reader, SourceError, find};

/// What was found under the paths of the command line.
#[derive(Debug, Default)]
pub struct Input {
    /// Valid scenarios, in the order of their paths.
    pub scenarios: Vec<Loaded>,
    /// Manifest files named or found; all of them together are one cluster.
    pub manifests: usize,
    /// How much of the policies is enforced, those of the manifests first; a rule
    /// that several scenarios share is listed once.
    pub coverage: Coverage,
    /// What is wrong; empty if everything is valid.
    pub problems: Vec<Problem>,
    /// Warnings and notes, ready to print.
    pub warnings: Vec<String>,
}

/// Reads and validates everything under `paths`.
pub fn load(paths: &[PathBuf], colour: bool) -> Input {
    let mut input = Input::default();
    let files = match find(paths) {
        Ok(files) => files,
        Err(errors) => {
            input.problems.extend(errors.iter().map(source_problem));
            return input;
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
            Err(error) => input.problems.push(source_problem(&error)),
        }
    }
    input.manifests = manifests.len();
    if !manifests.is_empty() {
        input.cluster(&manifests, colour);
    }
    for file in &scenarios {
        input.scenario(file, &mut reader, colour);
    }
    input.list_each_rule_once();
    input
}

impl Input {
    fn cluster(&mut self, files: &[Arc<SourceFile>], colour: bool) {
        match frontend::cluster(files, &ClusterOptions::default()) {
            Ok(cluster) => {
                self.report(&cluster.notes, colour);
                if let Err(diagnostics) = lower(&cluster.policy) {
                    self.report(&diagnostics, colour);
                }
                self.coverage.extend(cluster.coverage);
            }
            Err(diagnostics) => self.report(&diagnostics, colour),
        }
    }

    fn scenario(&mut self, file: &Arc<SourceFile>, reader: &mut Reader, colour: bool) {
        match frontend::scenario(file, reader) {
            Ok(checked) => {
                self.report(&checked.warnings, colour);
                self.coverage.extend(checked.coverage);
                self.scenarios.push(Loaded {
                    scenario: Arc::new(checked.scenario),
                    image: Arc::new(checked.image),
                });
            }
            Err(diagnostics) => self.report(&diagnostics, colour),
        }
    }

    /// Puts every network policy of every scenario in dry run, also those of steps, and
    /// compiles them anew; says of how many. What then does not fit into the maps is a
    /// problem.
    pub fn put_in_dry_run(&mut self, colour: bool) -> usize {
        let mut policies = 0;
        for mut loaded in std::mem::take(&mut self.scenarios) {
            let scenario = Arc::make_mut(&mut loaded.scenario);
            scenario.put_in_dry_run();
            policies += scenario.policy.dry_run.len();
            let mut compiled = lower(&scenario.policy).map(|image| loaded.image = Arc::new(image));
            for step in &mut scenario.steps {
                let image = lower(&step.policy).map(|image| step.image = image);
                compiled = compiled.and(image);
            }
            match compiled {
                Ok(()) => self.scenarios.push(loaded),
                Err(diagnostics) => self.report(&diagnostics, colour),
            }
        }
        policies
    }

    fn report(&mut self, diagnostics: &[Diagnostic], colour: bool) {
        for diagnostic in diagnostics {
            match diagnostic.severity {
                Severity::Warning | Severity::Note => {
                    self.warnings.push(render(diagnostic, colour));
                }
                Severity::Error => self.problems.push(problem(diagnostic, colour)),
            }
        }
    }

    fn list_each_rule_once(&mut self) {
        let mut seen = BTreeSet::new();
        self.coverage.rules.retain(|rule| {
            let place = (rule.location.file.path.clone(), rule.location.offset);
            seen.insert((place, rule.field.clone()))
        });
    }
}

/// Says what is wrong with a file as such.
pub fn source_problem(error: &SourceError) -> Problem {
    let (code, path) = match error {
        SourceError::Io { path, .. } => ("file-unreadable", path),
        SourceError::TooLarge { path } => ("file-too-large", path),
        SourceError::Empty { path } => ("file-empty", path),
        SourceError::NotText { path, .. } => ("file-not-text", path),
    };
    Problem {
        code: code.to_owned(),
        file: Some(path.display().to_string()),
        text: error.to_string(),
    }
}

/// What a diagnostic says is wrong.
pub fn problem(diagnostic: &Diagnostic, colour: bool) -> Problem {
    Problem {
        code: diagnostic.code.to_owned(),
        file: (diagnostic.labels.first()).map(|label| label.location.to_string()),
        text: render(diagnostic, colour),
    }
}

/// The diagnostic with its excerpt.
pub fn render(diagnostic: &Diagnostic, colour: bool) -> String {
    let theme = if colour {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(100)
        .with_links(false);
    let mut text = String::new();
    let report = netverdict_policy::diagnostic::Report::new(diagnostic.clone());
    if handler.render_report(&mut text, &report).is_err() {
        text.clone_from(&diagnostic.message);
    }
    text
}
