//! Claim A: what the maps say otherwise than the policy.

use std::collections::BTreeSet;

use netverdict_abi::Reason;
use netverdict_policy::frame::{ProbeId, build};
use netverdict_policy::image::MapImage;
use netverdict_policy::interpret;
use netverdict_policy::model::Policy;
use netverdict_policy::oracle;
use netverdict_policy::prove::{Difference, Group, Mismatch, Proposed};

use super::Proving;
use crate::prove::finding::{Claim, Finding, Side, places};
use crate::prove::party::ProveError;
use crate::prove::question::Asked;
use crate::prove::shape::Shape;
use crate::words::counted;

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

/// A policy, and maps that should mean it.
#[derive(Clone, Copy)]
struct Compared<'a> {
    policy: &'a Policy,
    maps: &'a MapImage,
    /// In what respect, in front of a sentence.
    as_what: &'static str,
}

impl Proving<'_> {
    /// What the maps say otherwise than the policy: about packets a finding, else a
    /// line.
    pub(super) fn mismatches(&mut self, mismatches: Vec<Mismatch>) -> Result<(), ProveError> {
        let enforced = Compared {
            policy: self.policy,
            maps: self.held,
            as_what: "",
        };
        self.of(enforced, mismatches)
    }

    /// What they propose otherwise, held against the policy as if it were in force.
    pub(super) fn proposed(&mut self) -> Result<(), ProveError> {
        let Some(proposed) = Proposed::of(self.policy, self.held) else {
            return Ok(());
        };
        self.proof.program.proposes = true;
        let comparison = proposed.comparison();
        let compared = Compared {
            policy: proposed.policy(),
            maps: proposed.image(),
            as_what: "as proposed, ",
        };
        self.of(compared, proposed.beside_questions(&comparison))?;
        let at_workloads = |group: &&Group| !group.members().is_empty();
        for group in comparison.groups().iter().filter(at_workloads) {
            if !(self.how.more)(0) {
                self.proof.interrupted = true;
                break;
            }
            self.proof.maps.questions += group.classes.len();
            self.of(compared, comparison.of_group(group))?;
        }
        Ok(())
    }

    fn of(&mut self, compared: Compared<'_>, mismatches: Vec<Mismatch>) -> Result<(), ProveError> {
        for mismatch in mismatches {
            match mismatch {
                Mismatch::Difference(difference) => self.difference(compared, difference)?,
                other => {
                    let words = format!("{}{}", compared.as_what, self.in_words(&other));
                    self.proof.maps.differing.push(words);
                }
            }
        }
        Ok(())
    }

    fn difference(
        &mut self,
        compared: Compared<'_>,
        difference: Difference,
    ) -> Result<(), ProveError> {
        let Compared {
            policy,
            maps,
            as_what,
        } = compared;
        let Difference {
            question,
            class,
            members,
            region,
            by_policy,
            by_image,
        } = difference;
        let asked = Asked::new(policy, question.point, class);
        let addresses = region.prefixes();
        let first = addresses.first().expect("a difference is about an address");
        let (point, spec) = (question.point, asked.frame(first.first()));
        let mut memory = oracle::Memory::untracked();
        let decision = oracle::judge(policy, point, &spec, &mut memory);
        let witness = build(&spec, ProbeId(0), [0; 6])?;
        let mut memory = interpret::Memory::untracked();
        let judged = interpret::judge(maps, point, &witness, &mut memory);
        let words = asked.words(policy, self.subject.topology, "*");
        let mut connection = format!("{as_what}{words}");
        if members.len() > 1 {
            let others = counted(members.len() - 1, "workload");
            connection = format!("{connection} (and {others} guarded alike)");
        }
        self.proof.findings.push(Finding {
            claim: Claim::Maps,
            addresses,
            connection,
            policy: Side {
                who: "policy",
                verdict: by_policy.verdict(),
                reason: Some(by_policy),
                rules: places(policy, decision.rules),
            },
            other: Side {
                who: "maps",
                verdict: by_image.verdict(),
                reason: Some(by_image),
                rules: places(policy, maps.rule(judged.rule)),
            },
            shape: Shape::Plain,
            witness,
            packet: 0,
        });
        Ok(())
    }

    /// What differs though no packet shows it.
    fn in_words(&self, mismatch: &Mismatch) -> String {
        let workload = |index: usize| match self.policy.workloads.get(index) {
            Some(workload) => workload.to_string(),
            None => format!("workload {index}"),
        };
        let numbered = |number: u32| workload(usize::try_from(number).unwrap_or(usize::MAX));
        let slugs = |reasons: &Option<[Reason; 2]>| match reasons {
            Some([listed, default]) => format!("{} and {}", listed.slug(), default.slug()),
            None => "none".to_owned(),
        };
        match mismatch {
            Mismatch::PassAll => "the maps let every packet pass".to_owned(),
            Mismatch::Difference(_) => unreachable!("it is about packets"),
            Mismatch::Endpoint {
                address,
                by_policy,
                by_image,
            } => {
                let nobody = || "nobody".to_owned();
                let by_policy = by_policy.map_or_else(nobody, workload);
                let by_image = by_image.map_or_else(nobody, numbered);
                format!("{address} is {by_policy} by the policy, {by_image} by the maps")
            }
            Mismatch::Backend {
                node_port,
                workload,
                port,
                is_of_policy,
            } => {
                let who = numbered(*workload);
                let by = if *is_of_policy { "policy" } else { "maps" };
                format!("by the {by} alone, {node_port} bypasses the policy to {who} {port}")
            }
            Mismatch::Prefilter {
                node_port,
                by_policy,
                by_image,
            } => format!(
                "the prefilter of {node_port} is {} by the policy, {} by the maps",
                slugs(by_policy),
                slugs(by_image)
            ),
            Mismatch::Otherwise {
                direction,
                members,
                by_policy,
                by_image,
            } => format!(
                "where no rule decides, {direction} of {} is {} by the policy, {} by the maps",
                workload(members[0]),
                by_policy.slug(),
                by_image.slug()
            ),
            Mismatch::Proposed {
                workload: index,
                family,
                direction,
                is_of_policy,
            } => {
                let by = if *is_of_policy { "policy" } else { "maps" };
                let who = workload(*index);
                format!(
                    "by the {by} alone, something is proposed for {direction} of {who} ({family})"
                )
            }
            Mismatch::Unread(unread) => format!("nothing leads to it: {unread:?}"),
        }
    }
}
