//! Claim A: two readings of every question, as functions of the address.

use std::collections::BTreeSet;

use netverdict_abi::Reason;
use netverdict_policy::chart::Chart;
use netverdict_policy::frame::{ProbeId, build};
use netverdict_policy::image::MapImage;
use netverdict_policy::interpret;
use netverdict_policy::journey::Point;
use netverdict_policy::oracle;
use netverdict_policy::prefix::Family;

use super::Proving;
use crate::prove::finding::{Claim, Finding, Side, places};
use crate::prove::question::Asked;
use crate::prove::shape::Shape;

/// Entries that one of them has and the other lacks, as texts.
pub(super) fn differing(written: &MapImage, held: &MapImage) -> Vec<String> {
    if written == held {
        return Vec::new();
    }
    let [written, held] = [written, held].map(|image| {
        let entries: BTreeSet<String> = image.entries().into_iter().collect();
        entries
    });
    let missing = written.difference(&held).map(|it| format!("missing: {it}"));
    let foreign = held
        .difference(&written)
        .map(|it| format!("not of the policy: {it}"));
    let mut lines: Vec<String> = missing.chain(foreign).collect();
    if lines.is_empty() {
        lines.push("guards or settings differ in what no entry shows".to_owned());
    }
    lines
}

/// What the maps say, with what the programs do at a workload that they do not have.
pub(super) fn with_missing(
    held: Chart<Reason>,
    right: &Chart<Reason>,
    point: Point,
) -> Chart<Reason> {
    let families: Vec<Family> = right.families().collect();
    let foreign = match point {
        Point::Uplink => return held,
        Point::Egress(_) => Reason::ForeignSource,
        Point::Ingress(_) => Reason::ForeignDestination,
    };
    held.or(Chart::constant(&families, foreign))
}

impl Proving<'_> {
    /// A finding for each pair of answers that differ.
    pub(super) fn differing_maps(
        &mut self,
        asked: &Asked,
        right: &Chart<Reason>,
        held: &Chart<Reason>,
    ) {
        for ((by_policy, by_maps), region) in right.zip(held).regions() {
            if by_policy == by_maps {
                continue;
            }
            let addresses = region.prefixes();
            let Some(peer) = addresses.first().map(|prefix| prefix.first()) else {
                continue;
            };
            let spec = asked.frame(peer);
            let point = asked.point();
            let mut memory = oracle::Memory::untracked();
            let decision = oracle::judge(self.policy, point, &spec, &mut memory);
            let Ok(witness) = build(&spec, ProbeId(0), [0; 6]) else {
                continue;
            };
            let mut memory = interpret::Memory::untracked();
            let judged = interpret::judge(self.held, point, &witness, &mut memory);
            self.proof.findings.push(Finding {
                claim: Claim::Maps,
                addresses,
                connection: asked.words(self.policy, self.subject.topology, "*"),
                policy: Side {
                    who: "policy",
                    verdict: by_policy.verdict(),
                    reason: Some(by_policy),
                    rules: places(self.policy, decision.rules),
                },
                other: Side {
                    who: "maps",
                    verdict: by_maps.verdict(),
                    reason: Some(by_maps),
                    rules: places(self.policy, self.held.rule(judged.rule)),
                },
                shape: Shape::Plain,
                witness,
                packet: 0,
            });
        }
    }
}
