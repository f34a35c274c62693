//! Changes for programs: an object each.

use netverdict_policy::diagnostic::Location;
use netverdict_policy::diff::{Effect, End, Mask, Side};
use netverdict_policy::meaning::L4;
use netverdict_policy::prefix::Family;
use serde_json::{Value, json};

use super::edits::Spot;
use super::finding::kind;
use super::human::Told;
use super::witness::Tried;

/// Everything that is known of a change. Counts are strings: they may be beyond what
/// readers of JSON hold exactly.
pub fn object(told: &Told<'_>) -> Value {
    let Told {
        teller,
        change,
        edits,
        ..
    } = *told;
    let ends = |ends: &[End]| -> Vec<String> { ends.iter().map(|end| teller.name(*end)).collect() };
    let behind: Vec<End> = change.behind.iter().map(|it| End::Member(*it)).collect();
    let number = |l4: L4| match l4 {
        L4::Ports(port) => json!(port.port.max(1)),
        L4::Icmp { kind } => json!(kind),
        L4::ForeignIcmp | L4::Other => Value::Null,
    };
    let ports = change.ports.iter().map(|class| {
        let protocol = match class.first {
            L4::Ports(port) => port.protocol.name(),
            L4::Icmp { .. } | L4::ForeignIcmp => "icmp",
            L4::Other => "other",
        };
        json!({ "protocol": protocol, "first": number(class.first), "last": number(class.last) })
    });
    let count = |family| change.addresses.count(family).to_string();
    let causes = Side::BOTH.map(|side| {
        let Some(policy) = teller.policy(side) else {
            return json!([]);
        };
        let causes = change.causes.of(side).iter();
        let told = causes.map(|cause| {
            json!({
                "text": teller.cause(side, policy, *cause),
                "place": cause.location(policy).map(place),
            })
        });
        Value::Array(told.collect())
    });
    let [before, after] = causes;
    let tried = told.tried.each_ref().map(|tried| match tried {
        None => Value::Null,
        Some(Tried {
            packet,
            passes,
            reason,
            hook,
            frames,
            wrong,
        }) => json!({
            "packet": packet,
            "verdict": if *passes { "pass" } else { "drop" },
            "reason": reason,
            "hook": hook,
            "frames": frames.iter().map(|frame| hex(frame)).collect::<Vec<_>>(),
            "wrong": wrong,
        }),
    });
    let [old_tried, new_tried] = tried;
    json!({
        "world": teller.pair.name,
        "kind": kind(change).id,
        "effect": match change.effect {
            Effect::Passes => "newly-passes",
            Effect::Drops => "newly-drops",
        },
        "masked_by": change.masked.map(|mask| match mask {
            Mask::Bypass => "bypass",
            Mask::Prefilter => "prefilter",
        }),
        "from": ends(&change.from),
        "to": ends(&change.to),
        "behind": ends(&behind),
        "ports": ports.collect::<Vec<_>>(),
        "addresses": change.addresses.prefixes().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "ipv4_addresses": count(Family::V4),
        "ipv6_addresses": count(Family::V6),
        "only_family": change.family.map(|family| match family {
            Family::V4 => 4,
            Family::V6 => 6,
        }),
        "sentence": teller.sentence(change, edits),
        "edits": edits.iter().map(|edit| json!({
            "what": edit.what,
            "old": edit.old.as_ref().map(spot),
            "new": edit.new.as_ref().map(spot),
        })).collect::<Vec<_>>(),
        "causes": { "old": before, "new": after },
        "witness": { "lane": told.lane, "old": old_tried, "new": new_tried },
    })
}

fn place(location: &Location) -> Value {
    json!({
        "file": location.file.path,
        "line": location.line,
        "column": location.column,
    })
}

fn spot(spot: &Spot) -> Value {
    let mut object = place(&spot.location);
    object["text"] = json!(spot.text);
    object
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
