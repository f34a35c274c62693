use std::sync::Arc;

use netverdict_policy::diagnostic::SourceFile;
use netverdict_policy::frontend::{self, Files};

use super::*;

/// No scenario of these tests names a file.
struct NoFiles;

impl Files for NoFiles {
    fn read(&mut self, _from: &SourceFile, path: &str) -> Result<Arc<SourceFile>, String> {
        Err(format!("{path} is not there"))
    }
}

fn loaded(path: &str, tag: &str) -> Loaded {
    let probe =
        |name| format!("  - {{ name: {name}, from: 192.0.2.1, to: node/icmp, expect: pass }}\n");
    let text = format!(
        "name: a test\ntags: [{tag}]\ntopology: {{ node: {{ addresses: [192.0.2.10] }} }}\n\
         probes:\n{}{}",
        probe("inside"),
        probe("outside"),
    );
    let file = Arc::new(SourceFile {
        path: path.to_owned(),
        text,
    });
    let checked = frontend::scenario(&file, &mut NoFiles).expect("a valid scenario");
    Loaded {
        scenario: Arc::new(checked.scenario),
        image: Arc::new(checked.image),
    }
}

fn all() -> Vec<Loaded> {
    vec![
        loaded("a.yaml", "one"),
        loaded("b.yaml", "two"),
        loaded("c.yaml", "two"),
    ]
}

fn chosen(selection: &Selection) -> Vec<String> {
    let chosen = selection.choose(&all());
    let names = |selected: &Selected| {
        let path = selected.scenario.file.path.clone();
        selected
            .probes()
            .map(move |probe| format!("{path}::{}", probe.name))
            .collect::<Vec<_>>()
    };
    chosen.scenarios.iter().flat_map(names).collect()
}

#[test]
fn names_select_and_exclude() {
    for (tests, expected) in [
        (
            &["^inside$"][..],
            &["a.yaml::inside", "b.yaml::inside", "c.yaml::inside"][..],
        ),
        (&["a.yaml::"], &["a.yaml::inside", "a.yaml::outside"]),
        (&["!inside", "!^b"], &["a.yaml::outside", "c.yaml::outside"]),
        (
            &["side", "!a.yaml", "!outside"],
            &["b.yaml::inside", "c.yaml::inside"],
        ),
        (&["nothing of that name"], &[]),
    ] {
        let tests = tests.iter().map(|test| test.parse().expect(test)).collect();
        let selection = Selection {
            tests,
            ..Selection::default()
        };
        assert_eq!(chosen(&selection), expected);
    }
}

#[test]
fn tags_select_scenarios() {
    let selection = Selection {
        tags: vec!["one".to_owned()],
        ..Selection::default()
    };
    assert_eq!(chosen(&selection), ["a.yaml::inside", "a.yaml::outside"]);
}

/// Together the shards have every scenario once.
#[test]
fn shards_part_the_scenarios() {
    let whole = chosen(&Selection::default());
    for count in 1..6 {
        let mut together = Vec::new();
        for index in 1..=count {
            let shard = Some(format!("{index}/{count}").parse().expect("a shard"));
            let selection = Selection {
                shard,
                ..Selection::default()
            };
            assert!(!selection.choose(&all()).nothing_at_all);
            together.extend(chosen(&selection));
        }
        together.sort();
        assert_eq!(together, whole, "{count} shards");
    }
}

#[test]
fn what_is_no_shard() {
    for text in ["", "1", "0/2", "3/2", "1/0", "a/b", "1/2/3", "-1/2"] {
        assert_eq!(text.parse::<Shard>(), Err(ShardError), "{text}");
    }
}

/// A probe of a sequence is another probe without those before it.
#[test]
fn what_was_before_in_a_sequence_is_selected_with_it() {
    let text = "name: a test\ntopology: { node: { addresses: [192.0.2.10] } }\n\
                probes: [{ name: alone, from: 192.0.2.1, to: node/icmp, expect: pass }]\n\
                sequences:\n  \
                one: [{ name: a, from: 192.0.2.1, to: node/icmp, expect: pass },\n    \
                { name: b, from: 192.0.2.1, to: node/icmp, expect: pass },\n    \
                { name: c, from: 192.0.2.1, to: node/icmp, expect: pass }]\n  \
                two: [{ name: d, from: 192.0.2.1, to: node/icmp, expect: pass }]\n";
    let file = Arc::new(SourceFile {
        path: "s.yaml".to_owned(),
        text: text.to_owned(),
    });
    let checked = frontend::scenario(&file, &mut NoFiles).expect("a valid scenario");
    let loaded = Loaded {
        scenario: Arc::new(checked.scenario),
        image: Arc::new(checked.image),
    };
    for (test, expected) in [
        ("^alone$", &["alone"][..]),
        ("^a$", &["a"]),
        ("^b$", &["a", "b"]),
        ("^(c|d)$", &["a", "b", "c", "d"]),
    ] {
        let selection = Selection {
            tests: vec![test.parse().expect("a filter")],
            ..Selection::default()
        };
        let chosen = selection.choose(std::slice::from_ref(&loaded));
        let names: Vec<&str> = (chosen.scenarios[0].probes())
            .map(|probe| probe.name.as_str())
            .collect();
        assert_eq!(names, expected, "{test}");
    }
}

/// Steps run all together or not at all: each changes what the one before left.
#[test]
fn a_step_is_selected_by_its_name_or_by_that_of_a_probe_around_it() {
    let text = "name: a test
topology: { node: { addresses: [192.0.2.10] }, workloads: { web: { labels: {} } } }
probes:
  - { name: flows, from: web, to: node/icmp, expect: pass }
before_steps:
  - { name: early, from: web, to: node/icmp, expect: pass }
steps:
  - name: one
    connections: keep
    labels: { web: { a: b } }
    probes: [{ name: late, from: web, to: node/icmp, expect: pass }]
";
    let file = Arc::new(SourceFile {
        path: "a.yaml".to_owned(),
        text: text.to_owned(),
    });
    let checked = frontend::scenario(&file, &mut NoFiles).expect("a valid scenario");
    let loaded = [Loaded {
        scenario: Arc::new(checked.scenario),
        image: Arc::new(checked.image),
    }];
    for (test, expected) in [
        (".", Some((1, true, 2))),
        ("^flows$", Some((1, false, 0))),
        ("^step one$", Some((0, true, 2))),
        ("^early$", Some((0, true, 2))),
        ("^late$", Some((0, true, 2))),
        ("nothing of that name", None),
    ] {
        let selection = Selection {
            tests: vec![test.parse().expect(test)],
            ..Selection::default()
        };
        let chosen = selection.choose(&loaded).scenarios;
        let seen = (chosen.first()).map(|selected| {
            let live = selected.live_probes().count();
            (selected.probes.len(), selected.steps, live)
        });
        assert_eq!(seen, expected, "{test}");
    }
}
