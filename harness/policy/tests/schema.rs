//! The schema that editors use is the one that the reader's tables make.

mod disk;

use std::fs;

/// Set to write the file instead of comparing it.
const REGENERATE: &str = "NETVERDICT_REGENERATE";

#[test]
fn the_committed_schema_is_fresh() {
    let mut schema = serde_json::to_string_pretty(&netverdict_policy::frontend::schema())
        .expect("a schema is JSON");
    schema.push('\n');
    let path = disk::scenarios().join("schema.json");
    if std::env::var_os(REGENERATE).is_some() {
        fs::write(&path, &schema).expect("the schema can be written");
    }
    let committed = fs::read_to_string(&path).expect("scenarios/schema.json exists");
    assert!(
        committed == schema,
        "scenarios/schema.json is stale: run the tests with {REGENERATE}=1"
    );
}
