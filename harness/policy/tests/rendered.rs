//! How diagnostics look to the person who has to act on them.

mod disk;

use miette::{GraphicalReportHandler, GraphicalTheme};
use netverdict_policy::diagnostic::{Diagnostic, Report};
use netverdict_policy::frontend;

fn rendered(diagnostics: Vec<Diagnostic>) -> String {
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .with_context_lines(1);
    let mut text = String::new();
    for diagnostic in diagnostics {
        handler
            .render_report(&mut text, &Report::new(diagnostic))
            .expect("a string takes any text");
    }
    text
}

fn of_file(name: &str) -> Vec<Diagnostic> {
    let file = disk::read(&disk::scenarios().join("invalid").join(name));
    frontend::scenario(&file, &mut disk::Disk).expect_err("the file is invalid")
}

#[test]
fn a_misspelt_name() {
    let mut found = of_file("unknown-names.yaml");
    found.retain(|diagnostic| diagnostic.code == "unknown-host");
    insta::assert_snapshot!(rendered(found));
}

#[test]
fn places_in_two_files() {
    let mut found = of_file("duplicate-objects.yaml");
    found.retain(|diagnostic| diagnostic.code == "duplicate-object");
    insta::assert_snapshot!(rendered(found));
}

#[test]
fn a_warning_with_two_places_in_one_file() {
    let mut found = of_file("contradictory-rules.yaml");
    found.retain(|diagnostic| diagnostic.code == "rules-contradict");
    insta::assert_snapshot!(rendered(found));
}

#[test]
fn a_file_that_was_not_read() {
    let diagnostic = frontend::file_too_large("huge.yaml", 100 << 20);
    insta::assert_snapshot!(rendered(vec![diagnostic]));
}

#[test]
fn a_line_that_nobody_could_read() {
    let text = format!("name: x\ntags: [{}1]\nprobes: []\n", "a, ".repeat(100_000));
    let path = "wide.yaml".to_owned();
    let file = std::sync::Arc::new(netverdict_policy::diagnostic::SourceFile { path, text });
    let mut found = frontend::scenario(&file, &mut disk::Disk).expect_err("tags are text");
    found.retain(|diagnostic| diagnostic.code == "wrong-type");
    insta::assert_snapshot!(rendered(found));
}
