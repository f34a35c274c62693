//! Each file of `scenarios/invalid/` gives exactly the diagnostics that its
//! first lines name.

mod disk;

use std::collections::BTreeSet;

use netverdict_policy::diagnostic::{Diagnostic, Severity};
use netverdict_policy::frontend;

/// What a file says that it must give: `# expect: CODE at LINE:COLUMN`, or `at
/// PATH:LINE:COLUMN` where that is another file, by its path below `scenarios/`.
fn expected(text: &str, path: &str) -> BTreeSet<String> {
    (text.lines())
        .map_while(|line| line.strip_prefix('#'))
        .filter_map(|comment| comment.trim().strip_prefix("expect: "))
        .map(|line| {
            let (code, place) = line.split_once(" at ").expect("'CODE at PLACE'");
            match place.matches(':').count() {
                1 => format!("{code} at {path}:{place}"),
                _ => line.to_owned(),
            }
        })
        .collect()
}

fn line(diagnostic: &Diagnostic) -> String {
    format!("{} at {}", diagnostic.code, diagnostic.labels[0].location)
}

#[test]
fn every_invalid_file_gives_its_diagnostics_and_no_others() {
    let files = disk::yaml_files(&disk::scenarios().join("invalid"), &["manifests"]);
    assert!(files.len() >= 14, "{} files", files.len());
    let mut wrong = Vec::new();
    for path in files {
        let file = disk::read(&path);
        let expected = expected(&file.text, &file.path);
        assert!(!expected.is_empty(), "{} expects nothing", file.path);
        let found = match frontend::scenario(&file, &mut disk::Disk) {
            Ok(checked) => {
                wrong.push(format!("{} is valid: {:#?}", file.path, checked.warnings));
                continue;
            }
            Err(found) => found,
        };
        for diagnostic in &found {
            assert!(!diagnostic.message.is_empty() && !diagnostic.help.is_empty());
        }
        assert!(found.iter().any(|d| d.severity == Severity::Error));
        let lines: BTreeSet<String> = found.iter().map(line).collect();
        assert_eq!(lines.len(), found.len(), "{}: {found:#?}", file.path);
        let missing: Vec<&String> = expected.difference(&lines).collect();
        let extra: Vec<&String> = lines.difference(&expected).collect();
        if !(missing.is_empty() && extra.is_empty()) {
            wrong.push(format!(
                "{}: missing {missing:#?}, not expected {extra:#?}",
                file.path
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
