//! Comparisons for programs: one JSON object.

use netverdict_policy::coverage::RuleCoverage;
use netverdict_policy::frame::describe;
use serde_json::{Value, json};

use super::finding::{findings, test_name, whom};
use super::outcome::{Outcome, Row};
use super::session::Compared;
use super::text::{BLIND_SPOT, REFERENCE, Sum, notes};

/// All scenarios. `rules` also hands out what the reference was given.
pub fn render(
    all: &[Compared<'_>],
    iptables: &str,
    unread: &[&RuleCoverage],
    rules: bool,
) -> String {
    let scenarios: Vec<Value> = all.iter().map(|it| scenario(it, rules)).collect();
    let unread: Vec<Value> = (unread.iter())
        .map(|rule| {
            let gaps: Vec<String> = rule.gaps.iter().map(ToString::to_string).collect();
            json!({
                "policy": rule.policy.to_string(),
                "field": rule.field,
                "place": rule.location.to_string(),
                "gaps": gaps,
            })
        })
        .collect();
    let whole = json!({
        "reference": REFERENCE,
        "iptables": iptables,
        "scenarios": scenarios,
        "sum": sum(&Sum::of(all)),
        "rules_neither_reads": unread,
        "cannot_see": BLIND_SPOT,
    });
    whole.to_string()
}

fn scenario(compared: &Compared<'_>, rules: bool) -> Value {
    let scenario = &compared.selected.scenario;
    let findings: Vec<Value> = (findings(compared).iter())
        .map(|finding| {
            let places: Vec<Value> = (finding.places.iter())
                .map(|it| json!({ "place": it.location.to_string(), "text": it.text }))
                .collect();
            json!({
                "id": finding.kind.id,
                "message": finding.message,
                "subject": finding.subject,
                "places": places,
            })
        })
        .collect();
    let frames: Vec<Value> = compared
        .rows
        .iter()
        .map(|row| frame(compared, row))
        .collect();
    let mut object = json!({
        "scenario": scenario.file.path,
        "name": scenario.name,
        "findings": findings,
        "frames": frames,
        "notes": notes(compared),
        "sum": sum(&Sum::of([compared])),
    });
    if rules {
        object["rules"] = json!({
            "iptables": compared.rulesets.iptables,
            "ip6tables": compared.rulesets.ip6tables,
            "nft": compared.rulesets.policy,
        });
    }
    object
}

fn frame(compared: &Compared<'_>, row: &Row<'_>) -> Value {
    let scenario = &compared.selected.scenario;
    let mut object = json!({
        "probe": test_name(scenario, row.probe),
        "frame": describe(row.case.journey.frame()),
        "to": whom(scenario, row.case),
        "outcome": row.outcome.slug(),
    });
    if let Some(judged) = &row.deciding {
        object["xdp_reason"] = json!(judged.reason.slug());
    }
    let (key, value) = match &row.outcome {
        Outcome::Equal { arrived } => ("arrives", json!(arrived)),
        Outcome::MorePermissive => return object,
        Outcome::Stricter(cause) => ("cause", json!(cause.slug())),
        Outcome::NotCompared(why) => {
            object["why"] = json!(why.to_string());
            ("not_compared", json!(why.slug()))
        }
        Outcome::Inconclusive(why) => ("why", json!(why)),
    };
    object[key] = value;
    object
}

fn sum(sum: &Sum) -> Value {
    let Sum {
        equal,
        more_permissive,
        stricter,
        stricter_as_meant,
        not_compared,
        inconclusive,
    } = sum;
    json!({
        "equal": equal,
        "more_permissive": more_permissive,
        "stricter": stricter,
        "stricter_as_meant": stricter_as_meant,
        "not_compared": not_compared,
        "inconclusive": inconclusive,
    })
}
