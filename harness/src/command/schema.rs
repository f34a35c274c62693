//! `netverdict schema`

use super::print::Stream;
use crate::exit::Exit;

/// Prints the JSON Schema of scenario files.
pub fn run() -> Exit {
    let schema = netverdict_policy::frontend::schema();
    let text = serde_json::to_string_pretty(&schema).expect("a schema is plain data");
    Stream::Out.line(&text);
    Exit::AsExpected
}
