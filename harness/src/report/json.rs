//! `events.jsonl`: one JSON object a line.

use crate::event::Event;

/// The events as JSON lines.
pub fn render(events: &[Event]) -> String {
    let mut text = String::new();
    for event in events {
        // Only maps with keys that are no strings, and NaN, cannot be written;
        // events hold neither.
        text.push_str(&serde_json::to_string(event).expect("events are plain data"));
        text.push('\n');
    }
    text
}
