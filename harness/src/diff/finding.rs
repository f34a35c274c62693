//! Changes in the shape that every report takes findings in.

use netverdict_policy::diagnostic::{Label, Severity};
use netverdict_policy::diff::{Change, Effect, Mask, Side};
use netverdict_policy::finding::reference::{
    FILTERING, INBOUND_FILTERING, LATERAL, PUBLIC_FACING, SEGMENTATION,
};
use netverdict_policy::finding::{Finding, Kind, Standing};

use super::edits::Edit;
use super::words::Teller;

/// Somebody from outside the cluster newly gets in.
pub static NEWLY_EXPOSED: Kind = Kind {
    id: "newly-exposed",
    severity: Severity::Error,
    summary: "something is newly open to addresses outside the cluster",
    explanation: "The change lets packets in from beyond the uplink that were dropped before.",
    fix: "Narrow the line that lets them in, or accept the finding if they are meant.",
    references: &[PUBLIC_FACING, FILTERING, SEGMENTATION, INBOUND_FILTERING],
};

/// The policy was widened where something in front of it decides.
pub static MASKED_WIDENING: Kind = Kind {
    id: "masked-widening",
    severity: Severity::Error,
    summary: "the policy layer was widened, and something in front of it hides that",
    explanation: "No verdict changes today, for a prefilter decides before the policy is asked. \
                  Once it is changed, the policy behind it lets in what it did not before.",
    fix: "Narrow the policy again: each layer should hold by itself.",
    references: &[PUBLIC_FACING, FILTERING, SEGMENTATION],
};

/// The policy was narrowed where something in front of it decides.
pub static MASKED_NARROWING: Kind = Kind {
    id: "masked-narrowing",
    severity: Severity::Note,
    summary: "the policy layer was narrowed, and something in front of it hides that",
    explanation: "No verdict changes, for a prefilter decides before the policy is asked. A \
                  bypass lets the same sources in as before.",
    fix: "If they are meant to stay out, take the bypass away as well.",
    references: &[FILTERING],
};

/// Somebody inside newly gets somewhere.
pub static NEWLY_REACHABLE: Kind = Kind {
    id: "newly-reachable",
    severity: Severity::Warning,
    summary: "a workload newly gets somewhere",
    explanation: "The change lets packets of workloads, or of the node, pass that were dropped \
                  before.",
    fix: "Narrow the line that lets them, or accept the finding if they are meant.",
    references: &[LATERAL, SEGMENTATION],
};

/// Somebody no longer gets somewhere.
pub static NEWLY_BLOCKED: Kind = Kind {
    id: "newly-blocked",
    severity: Severity::Note,
    summary: "packets that passed are dropped",
    explanation: "The change drops packets that passed before: intended, or an outage.",
    fix: "Make sure that nobody needs the connection any more.",
    references: &[],
};

/// Each kind that a diff finds.
pub static KINDS: [&Kind; 5] = [
    &NEWLY_EXPOSED,
    &MASKED_WIDENING,
    &MASKED_NARROWING,
    &NEWLY_REACHABLE,
    &NEWLY_BLOCKED,
];

/// Of which kind a change is.
pub fn kind(change: &Change) -> &'static Kind {
    match (change.masked, change.effect) {
        (Some(Mask::Bypass | Mask::Prefilter), Effect::Passes) => &MASKED_WIDENING,
        (Some(Mask::Bypass | Mask::Prefilter), Effect::Drops) => &MASKED_NARROWING,
        (None, Effect::Passes) if change.exposes() => &NEWLY_EXPOSED,
        (None, Effect::Passes) => &NEWLY_REACHABLE,
        (None, Effect::Drops) => &NEWLY_BLOCKED,
    }
}

/// A change as a finding. Its places are lines of the new side, and where that has none,
/// of the old.
pub fn finding(teller: &Teller<'_>, change: &Change, edits: &[Edit]) -> Finding {
    let kind = kind(change);
    let news = edits.iter().filter_map(|edit| {
        let new = edit.new.as_ref()?;
        Some(Label {
            location: new.location.clone(),
            text: (edit.old.as_ref()).map_or("this is new".to_owned(), |old| {
                format!("it was `{}`", old.text)
            }),
        })
    });
    let mut places: Vec<Label> = news.collect();
    let causes = change.causes.of(Side::New);
    if let (true, Some(policy)) = (places.is_empty(), teller.policy(Side::New)) {
        places.extend(causes.iter().filter_map(|cause| {
            Some(Label {
                location: cause.location(policy)?.clone(),
                text: String::new(),
            })
        }));
    }
    if places.is_empty() {
        places.extend(edits.iter().filter_map(|edit| {
            Some(Label {
                location: edit.old.as_ref()?.location.clone(),
                text: "this is gone".to_owned(),
            })
        }));
    }
    let ports = super::words::ports(&change.ports);
    let (from, to) = (teller.names(&change.from), teller.names(&change.to));
    Finding {
        kind,
        severity: kind.severity,
        message: teller.sentence(change, edits),
        fix: None,
        subject: format!("{from} to {to} {ports}"),
        places,
        standing: Standing::Counts,
    }
}
