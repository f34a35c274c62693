use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use netverdict_policy::audit::{CATALOGUE, Options};
use netverdict_policy::finding::Catalogue;

use super::given::{audit, places};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/audit/fixtures")
}

fn fixture(name: &str) -> String {
    let path = folder().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What the first lines of a file say that must be found: `# expect: SEVERITY at PLACE`.
fn expected(text: &str) -> Vec<String> {
    (text.lines())
        .map_while(|line| line.strip_prefix("# expect: "))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_rule_has_a_file_where_it_speaks_and_one_where_it_does_not() {
    let mut wrong = Vec::new();
    for kind in CATALOGUE {
        let bad = fixture(&format!("{}.bad.yaml", kind.id));
        let found = places(&audit(&bad, &Options::default()), kind.id);
        if found.is_empty() || found != expected(&bad) {
            wrong.push(format!("{}.bad.yaml: {found:#?}", kind.id));
        }
        let good = fixture(&format!("{}.good.yaml", kind.id));
        let found = places(&audit(&good, &Options::default()), kind.id);
        if !found.is_empty() {
            wrong.push(format!("{}.good.yaml: {found:#?}", kind.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_is_of_a_rule() {
    let known: BTreeSet<String> = (CATALOGUE.iter())
        .flat_map(|kind| ["bad", "good"].map(|which| format!("{}.{which}.yaml", kind.id)))
        .collect();
    for entry in fs::read_dir(folder()).expect("a folder") {
        let name = entry.expect("an entry").file_name();
        assert!(known.contains(name.to_str().expect("a name")), "{name:?}");
    }
}

#[test]
fn every_rule_is_told_apart_explained_and_referred_to() {
    let ids: BTreeSet<&str> = CATALOGUE.iter().map(|kind| kind.id).collect();
    assert_eq!(ids.len(), CATALOGUE.len());
    for kind in CATALOGUE {
        assert!(!kind.summary.ends_with('.'), "{}", kind.id);
        assert!(kind.explanation.len() > 100, "{}", kind.id);
        assert!(!kind.fix.is_empty(), "{}", kind.id);
        let mitigates = |it: &&netverdict_policy::finding::Reference| {
            it.catalogue == Catalogue::AttackMitigation
        };
        assert!(
            kind.references.iter().any(|it| mitigates(&it)),
            "{}",
            kind.id
        );
    }
}
