//! The matrix as a picture: who begins down the side, with whom along the top, a
//! field for each pair. A graph of more than a few workloads is a thicket; a grid
//! can be read at any size.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::matrix::{Party, Row};
use crate::model::Policy;

/// Side of a field in pixels.
const FIELD: usize = 22;
/// Width of a character of a name in pixels, roughly.
const CHARACTER: usize = 7;
/// Between things, in pixels.
const GAP: usize = 10;

/// The picture in SVG 1.1. Each field names its connections when pointed at.
pub fn svg(policy: &Policy, rows: &[Row]) -> String {
    let names = |parties: &mut dyn Iterator<Item = Party>| -> Vec<(Party, String)> {
        let mut named = Vec::new();
        for party in parties {
            if !named.iter().any(|(known, _)| *known == party) {
                named.push((party, party.name(policy)));
            }
        }
        named.sort_by_key(|(party, name)| match party {
            Party::Outside(range) => (false, Some(*range), String::new()),
            Party::Workload(_) => (true, None, name.clone()),
        });
        named
    };
    let sources = names(&mut rows.iter().map(|row| row.source));
    let destinations = names(&mut rows.iter().map(|row| row.destination));
    let longest = |names: &[(Party, String)]| {
        let lengths = names.iter().map(|(_, name)| name.chars().count());
        lengths.max().unwrap_or(0) * CHARACTER + 2 * GAP
    };
    let (left, top) = (longest(&sources), longest(&destinations));
    let right = left + destinations.len() * FIELD;
    let bottom = top + sources.len() * FIELD;
    let (width, height) = ((right + GAP).max(LEGEND), bottom + 3 * GAP + FIELD);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"monospace\" font-size=\"11\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    for (index, (_, name)) in sources.iter().enumerate() {
        let (x, y) = (left - GAP, top + index * FIELD + 15);
        let name = escaped(name);
        let _ = writeln!(
            svg,
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"end\">{name}</text>"
        );
    }
    for (index, (_, name)) in destinations.iter().enumerate() {
        let (x, y) = (left + index * FIELD + 15, top - GAP);
        let name = escaped(name);
        let _ = writeln!(
            svg,
            "<text x=\"{x}\" y=\"{y}\" transform=\"rotate(-90 {x} {y})\">{name}</text>"
        );
    }
    fields(&mut svg, rows, &sources, &destinations, (left, top));
    legend(&mut svg, bottom + 2 * GAP);
    svg.push_str("</svg>\n");
    svg
}

fn fields(
    svg: &mut String,
    rows: &[Row],
    sources: &[(Party, String)],
    destinations: &[(Party, String)],
    (left, top): (usize, usize),
) {
    let mut open: BTreeMap<(Party, Party), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        open.entry((row.source, row.destination))
            .or_default()
            .push(row);
    }
    let (width, height) = (destinations.len() * FIELD, sources.len() * FIELD);
    let mut field = |x: usize, y: usize, width: usize, height: usize, colour: &str, title: &str| {
        let title = escaped(title);
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
             fill=\"{colour}\" stroke=\"#ffffff\"><title>{title}</title></rect>"
        );
    };
    // What nothing is open to is the ground of the rest: of most pairs in most
    // clusters there is nothing to say.
    field(left, top, width, height, NOTHING, "nothing");
    for (down, (source, source_name)) in sources.iter().enumerate() {
        for (along, (destination, destination_name)) in destinations.iter().enumerate() {
            let found = open.get(&(*source, *destination)).map(Vec::as_slice);
            let colour = match found {
                None if source == destination => SELF,
                None => continue,
                Some([row]) if row.connections.is_all() => EVERYTHING,
                Some(_) => SOME,
            };
            let rows = found.unwrap_or_default().iter();
            let said: Vec<String> = rows.map(|row| super::described(row)).collect();
            let title = match found {
                None => source_name.clone(),
                Some(_) => format!("{source_name} => {destination_name} : {}", said.join("; ")),
            };
            let (x, y) = (left + along * FIELD, top + down * FIELD);
            field(x, y, FIELD, FIELD, colour, &title);
        }
    }
}

const EVERYTHING: &str = "#1b7837";
const SOME: &str = "#a6dba0";
const NOTHING: &str = "#eeeeee";
const SELF: &str = "#ffffff";
/// Width of the legend in pixels.
const LEGEND: usize = 480;

fn legend(svg: &mut String, y: usize) {
    let words = [
        (EVERYTHING, "all connections"),
        (SOME, "some ports"),
        (NOTHING, "nothing"),
    ];
    for (index, (colour, word)) in words.into_iter().enumerate() {
        let x = GAP + index * LEGEND / 3;
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{FIELD}\" height=\"{FIELD}\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"{}\">{word}</text>",
            x + FIELD + GAP,
            y + 15
        );
    }
}

/// Text as XML has it (XML 1.0 §2.4).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // Not a character of XML 1.0 at all.
            control if control < ' ' && !matches!(control, '\t' | '\n' | '\r') => {
                escaped.push('\u{fffd}');
            }
            plain => escaped.push(plain),
        }
    }
    escaped
}
