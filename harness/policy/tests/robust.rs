//! Whatever the input, the front end answers, and with places that exist.

mod memory;

use memory::{Memory, file};
use netverdict_policy::diagnostic::Diagnostic;
use netverdict_policy::frontend;
use proptest::prelude::*;

const SCENARIO: &str = include_str!("../../../scenarios/incident/as-deployed.yaml");
const SERVICE: &str = include_str!("../../../scenarios/incident/manifests/inventory-service.yaml");
const POLICY: &str = include_str!("../../../scenarios/cidr/manifests/nested-except-policy.yaml");
const SHAPES: &str = include_str!("../../../scenarios/shapes/fragments.yaml");

/// An edit of a text: cut `length` characters at a place and put others there.
fn edit() -> impl Strategy<Value = (prop::sample::Index, usize, String)> {
    let inserted = prop_oneof![
        Just(String::new()),
        "[\\[\\]{}:,\\-#&*!|>'\"%@` \n]{1,3}",
        "[0-9a-f./:]{1,6}",
        any::<char>().prop_map(String::from),
        Just("null".to_owned()),
        Just("- {}\n".to_owned()),
        Just("é\u{feff}".to_owned()),
        Just("99999999999999999999".to_owned()),
    ];
    (any::<prop::sample::Index>(), 0..12_usize, inserted)
}

fn edited(text: &str, edits: &[(prop::sample::Index, usize, String)]) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for (at, length, inserted) in edits {
        let start = at.index(characters.len() + 1);
        let end = (start + length).min(characters.len());
        characters.splice(start..end, inserted.chars());
    }
    characters.into_iter().collect()
}

fn check(diagnostics: &[Diagnostic]) {
    for diagnostic in diagnostics {
        assert!(!diagnostic.message.is_empty(), "{diagnostic:?}");
        for label in &diagnostic.labels {
            let location = &label.location;
            let text = &location.file.text;
            let end = location.offset + location.length;
            assert!(text.is_char_boundary(location.offset), "{diagnostic:?}");
            assert!(text.is_char_boundary(end), "{diagnostic:?}");
            // YAML 1.2 §5.4: a lone carriage return breaks the line as well.
            let before = text[..location.offset]
                .replace("\r\n", " \n")
                .replace('\r', "\n");
            let line = before.matches('\n').count() + 1;
            let column = before
                .rsplit('\n')
                .next()
                .map_or(0, |rest| rest.chars().count())
                + 1;
            assert_eq!(
                (location.line as usize, location.column as usize),
                (line, column),
                "{diagnostic:?}"
            );
        }
    }
}

proptest! {
    #[test]
    fn edited_files_are_read_or_refused(
        scenario in prop_oneof![Just(SCENARIO), Just(SHAPES)],
        scenario_edits in prop::collection::vec(edit(), 0..4),
        service_edits in prop::collection::vec(edit(), 0..3),
        policy_edits in prop::collection::vec(edit(), 0..3),
    ) {
        let service = edited(SERVICE, &service_edits);
        let policy = edited(POLICY, &policy_edits);
        let text = edited(scenario, &scenario_edits);
        let memory = Memory::default()
            .with("manifests/inventory-service.yaml", &service)
            .with("manifests/inventory-policy-open.yaml", &policy)
            .with("../manifests/inventory-service.yaml", &service)
            .with("../manifests/inventory-policy-internal.yaml", &policy);
        match memory.read(&text) {
            Ok(checked) => check(&checked.warnings),
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                check(&problems);
            }
        }
        frontend::kind(&file("f", &text));
        check(&frontend::manifest(&file("f", &policy)));
    }

    #[test]
    fn anything_is_read_or_refused(text in "\\PC*") {
        if let Err(problems) = Memory::default().read(&text) {
            check(&problems);
        }
    }
}
