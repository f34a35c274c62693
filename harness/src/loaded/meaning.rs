//! Packets that are treated otherwise by what is loaded than by what is declared.

use std::collections::BTreeSet;

use netverdict_abi::Verdict;
use netverdict_policy::diagnostic::Severity;
use netverdict_policy::finding::Finding;
use netverdict_policy::frame::{ProbeId, build};
use netverdict_policy::image::MapImage;
use netverdict_policy::interpret;
use netverdict_policy::journey::Point;
use netverdict_policy::live;
use netverdict_policy::model::RuleRef;
use netverdict_policy::oracle;
use netverdict_policy::prefix::Prefix;
use netverdict_policy::prove::{Comparison, Difference, Mismatch};

use super::finding::{self, Refined as _};
use crate::matrix::input::Subject;
use crate::prove::question::Asked;
use crate::words::counted;

/// Prefixes of one finding that its message lists.
const MOST_LISTED: usize = 8;

/// Compares both at every hook, port and address. What shows in an entry alone, though
/// in no packet, [`super::entries`] says.
/// Where maps are missing, only prefilters decide anything.
pub(super) fn audit(
    declared: &Subject,
    image: &MapImage,
    absent: &BTreeSet<&str>,
    findings: &mut Vec<Finding>,
) {
    for mismatch in Comparison::new(&declared.policy, image).mismatches() {
        if let Mismatch::Difference(difference) = mismatch
            && (absent.is_empty() || difference.question.point == Point::Uplink)
        {
            findings.push(found(declared, image, &difference));
        }
    }
}

fn found(declared: &Subject, image: &MapImage, difference: &Difference) -> Finding {
    let Difference {
        question,
        class,
        members,
        region,
        by_policy,
        by_image,
    } = difference;
    let (policy, topology) = (&declared.policy, &declared.topology);
    let asked = Asked::new(policy, question.point, *class);
    let prefixes = region.prefixes();
    let mut about = asked.words(policy, topology, &listed(&prefixes));
    if members.len() > 1 {
        let others = counted(members.len() - 1, "workload");
        about = format!("{about} (and {others} guarded alike)");
    }
    let said = |reason: netverdict_abi::Reason| {
        let verb = match reason.verdict() {
            Verdict::Pass => "passes",
            Verdict::Drop => "is dropped",
            Verdict::Abort => "is aborted",
        };
        match by_policy.verdict() == by_image.verdict() {
            true => format!("{verb} ({})", reason.slug()),
            false => verb.to_owned(),
        }
    };
    let message = format!(
        "{about}: {} as loaded, {} as declared",
        said(*by_image),
        said(*by_policy)
    );
    let severity = match by_policy.verdict() == by_image.verdict() {
        true => Severity::Warning,
        false => Severity::Error,
    };
    let subject = asked.words(policy, topology, "*");
    let mut found = finding::new(&live::OTHER_POLICY, message, subject).severe(severity);
    // A witness names the rules on both sides.
    let first = prefixes
        .first()
        .expect("a difference is about an address")
        .first();
    let spec = asked.frame(first);
    let decision = oracle::judge(
        policy,
        question.point,
        &spec,
        &mut oracle::Memory::untracked(),
    );
    for rule in decision.rules {
        found = found.at(policy.location(rule), "as declared, this decides");
    }
    if let Some(rule) = loaded_rule(image, difference, &spec) {
        found = found.at(
            policy.location(rule),
            "as loaded, the rule of this number does",
        );
    }
    found
}

/// The rule by whose number the loaded entries decide about a packet.
fn loaded_rule(
    image: &MapImage,
    difference: &Difference,
    spec: &netverdict_policy::frame::FrameSpec,
) -> Option<RuleRef> {
    let frame = build(spec, ProbeId(0), [0; 6]).ok()?;
    let mut memory = interpret::Memory::untracked();
    let judged = interpret::judge(image, difference.question.point, &frame, &mut memory);
    image.rule(judged.rule)
}

fn listed(prefixes: &[Prefix]) -> String {
    let shown: Vec<String> = (prefixes.iter().take(MOST_LISTED))
        .map(ToString::to_string)
        .collect();
    match prefixes.len().saturating_sub(MOST_LISTED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more prefixes", shown.join(", ")),
    }
}
