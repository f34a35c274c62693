use std::sync::Arc;

use netverdict_policy::diagnostic::{Label, Location, Severity, SourceFile};
use netverdict_policy::finding::Kind;

use super::*;

static WILDCARD: Kind = Kind {
    id: "wildcard-cidr",
    severity: Severity::Error,
    summary: "everybody is allowed",
    explanation: "",
    fix: "",
    references: &[],
};

/// A finding of `what` in a file with this text.
fn finding(text: &str, what: &str, subject: &str) -> Finding {
    let file = Arc::new(SourceFile {
        path: "policy.yaml".to_owned(),
        text: text.to_owned(),
    });
    let offset = text.find(what).expect("it is there");
    Finding {
        kind: &WILDCARD,
        severity: WILDCARD.severity,
        message: "everybody".to_owned(),
        fix: None,
        subject: subject.to_owned(),
        places: vec![Label {
            location: Location::new(&file, offset, what.len()),
            text: String::new(),
        }],
        standing: Standing::Counts,
    }
}

fn repository() -> Repository {
    Repository::around(Path::new("/nowhere"))
}

#[test]
fn what_is_in_it_is_accepted_wherever_its_line_moves_to() {
    let before = [finding("- 0.0.0.0/0\n", "0.0.0.0/0", "default/a")];
    let baseline = Baseline::of("audit", &before, &repository());
    for (text, subject, accepted) in [
        ("- 0.0.0.0/0\n", "default/a", true),
        ("# moved\n\n   -   0.0.0.0/0\n", "default/a", true),
        ("- 0.0.0.0/0 # another line\n", "default/a", false),
        ("- 0.0.0.0/0\n", "default/b", false),
    ] {
        let mut now = [finding(text, "0.0.0.0/0", subject)];
        let gone = baseline.accept(&mut now, &repository());
        assert_eq!(!now[0].counts(), accepted, "{text} {subject}");
        assert_eq!(gone.is_empty(), accepted, "{text} {subject}");
    }
}

#[test]
fn it_accepts_a_finding_as_often_as_it_was_there() {
    let one = finding("- 0.0.0.0/0\n", "0.0.0.0/0", "default/a");
    let twice = [one.clone(), one.clone()];
    let baseline = Baseline::of("audit", &twice, &repository());
    let mut thrice = [one.clone(), one.clone(), one.clone()];
    assert_eq!(baseline.accept(&mut thrice, &repository()), []);
    assert_eq!(thrice.iter().filter(|it| it.counts()).count(), 1);
    let mut once = [one];
    let gone = baseline.accept(&mut once, &repository());
    assert_eq!(gone.len(), 1);
    assert_eq!(
        gone[0].to_string(),
        "wildcard-cidr: default/a (policy.yaml: - 0.0.0.0/0)"
    );
}

#[test]
fn what_is_suppressed_in_place_is_not_accepted_a_second_time() {
    let mut suppressed = finding("- 0.0.0.0/0\n", "0.0.0.0/0", "default/a");
    suppressed.standing = Standing::Suppressed {
        reason: "public".to_owned(),
        location: suppressed.places[0].location.clone(),
    };
    let baseline = Baseline::of("audit", &[suppressed], &repository());
    assert!(baseline.is_empty());
}

#[test]
fn it_is_written_sorted_and_read_back() {
    let text = "- 10.0.0.0/8\n- 0.0.0.0/0\n";
    let (b, a) = (
        finding(text, "10.0.0.0/8", "default/b"),
        finding(text, "0.0.0.0/0", "default/a"),
    );
    let one = Baseline::of("audit", &[b.clone(), a.clone()], &repository());
    let other = Baseline::of("audit", &[a, b], &repository());
    assert_eq!(one.text(), other.text());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("baseline.json");
    std::fs::write(&path, one.text()).expect("written");
    assert_eq!(Baseline::read(&path, "audit").expect("read"), one);
    let error = Baseline::read(&path, "diff").expect_err("of another command");
    assert!(error.to_string().contains("`netverdict audit`"), "{error}");
}

#[test]
fn what_is_no_baseline_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("baseline.json");
    let missing = Baseline::read(&path, "audit").expect_err("there is none");
    assert!(
        missing.to_string().contains("--write-baseline"),
        "{missing}"
    );
    for (text, said) in [
        ("", "EOF"),
        ("[]", "no baseline"),
        (r#"{"version":"2.1.0","runs":[]}"#, "no baseline"),
        (
            r#"{"format":"netverdict baseline","version":2,"command":"audit","findings":[]}"#,
            "of version 2",
        ),
        (
            r#"{"format":"other","version":1,"command":"audit","findings":[]}"#,
            "\"other\"",
        ),
        (
            r#"{"format":"netverdict baseline","version":1,"command":"audit","findings":[{"file":"a"}]}"#,
            "missing field",
        ),
    ] {
        std::fs::write(&path, text).expect("written");
        let error = Baseline::read(&path, "audit").expect_err(text).to_string();
        assert!(error.contains(said), "{text}: {error}");
        assert!(error.contains("baseline.json"), "{error}");
    }
}
