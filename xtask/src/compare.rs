//! Do two builds of the filter judge alike?

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::{process, run, workspace};

/// Runs the scenarios with both objects and compares every verdict.
pub(crate) fn verdicts(one: &Path, other: &Path) -> Result<()> {
    let netverdict = run::build()?;
    let one = observe(&netverdict, one, "fresh")?;
    let other = observe(&netverdict, other, "committed")?;
    let only_one: Vec<&String> = one.iter().filter(|line| !other.contains(line)).collect();
    let only_other: Vec<&String> = other.iter().filter(|line| !one.contains(line)).collect();
    if only_one.is_empty() && only_other.is_empty() && one.len() == other.len() {
        eprintln!("{} verdicts, all alike", one.len());
        return Ok(());
    }
    for (whose, lines) in [("fresh", &only_one), ("committed", &only_other)] {
        for line in lines {
            eprintln!("{whose} only: {line}");
        }
    }
    bail!(
        "{} verdicts of the fresh filter and {} of the committed one differ in {}",
        one.len(),
        other.len(),
        only_one.len() + only_other.len()
    )
}

/// The verdicts of a run, sorted.
fn observe(netverdict: &PathBuf, object: &Path, name: &str) -> Result<Vec<String>> {
    let folder = workspace::target()?.join("compare").join(name);
    std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    let events = folder.join("events.jsonl");
    if events.exists() {
        std::fs::remove_file(&events).with_context(|| format!("remove {}", events.display()))?;
    }
    let mut command = run::scenarios(netverdict)?;
    command
        .arg("--filter")
        .arg(object)
        .arg("--report-dir")
        .arg(&folder)
        .args(["-o", "json"])
        .stdout(std::process::Stdio::null());
    process::succeed(&mut command)?;
    let text =
        std::fs::read_to_string(&events).with_context(|| format!("read {}", events.display()))?;
    let mut verdicts = parse(&text).with_context(|| format!("read {}", events.display()))?;
    ensure!(
        !verdicts.is_empty(),
        "{} holds no verdict",
        events.display()
    );
    verdicts.sort();
    Ok(verdicts)
}

/// The verdicts among the events, one JSON object a line, without what differs
/// from run to run.
fn parse(events: &str) -> Result<Vec<String>> {
    let mut verdicts = Vec::new();
    for line in events.lines() {
        let mut event: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
        if event.get("type").and_then(Value::as_str) == Some("verdict") {
            without_timing(&mut event);
            verdicts.push(event.to_string());
        }
    }
    Ok(verdicts)
}

fn without_timing(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| name != "micros");
            fields.values_mut().for_each(without_timing);
        }
        Value::Array(items) => items.iter_mut().for_each(without_timing),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_what_counts_and_when_they_came_is_not() {
        let events = concat!(
            r#"{"type":"run-started","filter":"one"}"#,
            "\n",
            r#"{"type":"verdict","probe":"a","outcome":"match","micros":5,"seen":{"micros":3,"x":1}}"#,
            "\n",
            r#"{"type":"verdict","probe":"b","outcome":"mismatch","status":"lost"}"#,
            "\n",
        );
        assert_eq!(
            parse(events).expect("JSON lines"),
            [
                r#"{"outcome":"match","probe":"a","seen":{"x":1},"type":"verdict"}"#,
                r#"{"outcome":"mismatch","probe":"b","status":"lost","type":"verdict"}"#,
            ]
        );
        parse("{").expect_err("half a line");
    }
}
