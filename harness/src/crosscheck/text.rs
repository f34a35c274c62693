//! Comparisons for reading.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use netverdict_policy::diagnostic::Severity;
use netverdict_policy::finding::Finding;
use netverdict_policy::frame::describe;

use super::comparable::NotCompared;
use super::finding::findings;
use super::outcome::{Outcome, Row};
use super::session::Compared;
use crate::words::counted;

/// What a comparison cannot show, whatever it found.
pub const BLIND_SPOT: &str = "crosscheck gives both networks the same policy: one that lets in too \
    much is equal in both, and crosscheck cannot see it. `netverdict audit`, `netverdict diff` and \
    probes with `expect` can.";

/// What stands for the reference, and where.
pub const REFERENCE: &str = "reference: kube-proxy's NodePort rules in iptables, network policies \
    in nftables (ingress in `forward`, behind DNAT and in front of masquerading; egress in \
    `prerouting`, as sent), connections tracked, no XDP program";

/// One scenario.
pub fn render(compared: &Compared<'_>, verbose: bool) -> String {
    let scenario = &compared.selected.scenario;
    let mut text = format!("{}: {}\n", scenario.file.path, scenario.name);
    for finding in findings(compared) {
        write_finding(&mut text, &finding);
    }
    let inconclusive = (compared.rows.iter()).filter_map(|row| match &row.outcome {
        Outcome::Inconclusive(why) => Some((row, why)),
        _ => None,
    });
    for (row, why) in inconclusive {
        let frame = describe(row.case.journey.frame());
        let _ = writeln!(text, "  inconclusive  {}, {frame}: {why}", row.probe.name);
    }
    for (why, (frames, example)) in not_compared(compared) {
        let frames = counted(frames, "frame");
        let _ = writeln!(text, "  not compared  {frames}, such as {example}: {why}");
    }
    for note in notes(compared) {
        let _ = writeln!(text, "  note          {note}");
    }
    if verbose {
        for row in &compared.rows {
            let frame = describe(row.case.journey.frame());
            let outcome = in_words(&row.outcome);
            let _ = writeln!(
                text,
                "  frame         {}, {frame}: {outcome}",
                row.probe.name
            );
        }
    }
    let _ = writeln!(text, "  {}", Sum::of([compared]).in_words());
    text
}

/// Both rulesets of a scenario.
pub fn rules(compared: &Compared<'_>) -> String {
    let scenario = &compared.selected.scenario;
    let rulesets = &compared.rulesets;
    format!(
        "# {}: iptables-restore\n{}\n# {0}: ip6tables-restore\n{}\n# {0}: nft -f -\n{}",
        scenario.file.path, rulesets.iptables, rulesets.ip6tables, rulesets.policy
    )
}

fn write_finding(text: &mut String, finding: &Finding) {
    let word = match finding.severity {
        Severity::Error => "DANGER",
        Severity::Warning => "BREAKAGE",
        Severity::Note => "stricter",
    };
    let _ = writeln!(text, "  {word:<12}  {}", finding.message);
    for place in &finding.places {
        let _ = writeln!(text, "                {}: {}", place.location, place.text);
    }
}

/// How many frames are not compared for each reason, and one of them.
fn not_compared(compared: &Compared<'_>) -> BTreeMap<NotCompared, (usize, String)> {
    let mut reasons: BTreeMap<NotCompared, (usize, String)> = BTreeMap::new();
    for row in &compared.rows {
        if let Outcome::NotCompared(why) = &row.outcome {
            let example = || describe(row.case.journey.frame());
            let entry = reasons.entry(*why).or_insert_with(|| (0, example()));
            entry.0 += 1;
        }
    }
    reasons
}

/// What else is not compared.
pub fn notes(compared: &Compared<'_>) -> Vec<String> {
    let scenario = &compared.selected.scenario;
    let mut notes = Vec::new();
    for port in &scenario.policy.node_ports {
        let others = port.backends.len().saturating_sub(1);
        if others > 0 {
            let backends = counted(others, "other backend");
            notes.push(format!(
                "{}, NodePort {}: kube-proxy would deal connections out to {backends} as well; \
                 both networks forward to the first",
                port.service, port.node_port
            ));
        }
    }
    if compared.selected.steps {
        notes.push(format!(
            "{} and their probes are not compared: the reference has one policy",
            counted(scenario.steps.len(), "step")
        ));
    }
    notes
}

fn in_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Equal { arrived: true } => "equal: it arrives in both".to_owned(),
        Outcome::Equal { arrived: false } => "equal: it is stopped in both".to_owned(),
        Outcome::MorePermissive => "XDP is more permissive".to_owned(),
        Outcome::Stricter(cause) => format!("XDP is stricter: {cause}"),
        Outcome::NotCompared(why) => format!("not compared: {why}"),
        Outcome::Inconclusive(why) => format!("inconclusive: {why}"),
    }
}

/// Frames by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Frames that were treated alike.
    pub equal: usize,
    /// Those that XDP alone lets through.
    pub more_permissive: usize,
    /// Those that the reference alone lets through, by a real difference.
    pub stricter: usize,
    /// Those that the reference alone lets through, as meant.
    pub stricter_as_meant: usize,
    /// Those that cannot be compared.
    pub not_compared: usize,
    /// Those of which nothing can be said.
    pub inconclusive: usize,
}

impl Sum {
    /// The sum over scenarios.
    pub fn of<'a>(all: impl IntoIterator<Item = &'a Compared<'a>>) -> Sum {
        let mut sum = Sum::default();
        for Row { outcome, .. } in all.into_iter().flat_map(|compared| &compared.rows) {
            *match outcome {
                Outcome::Equal { .. } => &mut sum.equal,
                Outcome::MorePermissive => &mut sum.more_permissive,
                Outcome::Stricter(cause) if cause.is_meant() => &mut sum.stricter_as_meant,
                Outcome::Stricter(_) => &mut sum.stricter,
                Outcome::NotCompared(_) => &mut sum.not_compared,
                Outcome::Inconclusive(_) => &mut sum.inconclusive,
            } += 1;
        }
        sum
    }

    /// One line.
    pub fn in_words(&self) -> String {
        let Sum {
            equal,
            more_permissive,
            stricter,
            stricter_as_meant,
            not_compared,
            inconclusive,
        } = self;
        let frames =
            equal + more_permissive + stricter + stricter_as_meant + not_compared + inconclusive;
        let mut text = format!(
            "{}: {equal} equal, {more_permissive} where XDP is more permissive (danger), {} where \
             it is stricter",
            counted(frames, "frame"),
            stricter + stricter_as_meant
        );
        if stricter + stricter_as_meant > 0 {
            let _ = write!(text, " ({stricter} breakage, {stricter_as_meant} as meant)");
        }
        let _ = write!(text, ", {not_compared} not compared");
        if *inconclusive > 0 {
            let _ = write!(text, ", {inconclusive} inconclusive");
        }
        text
    }
}
