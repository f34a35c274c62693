//! Claim C: what a prefilter lets past a policy that would drop it.

use netverdict_abi::{Reason, Verdict};
use netverdict_policy::frame::{ProbeId, build};
use netverdict_policy::journey::Point;
use netverdict_policy::meaning::{L4, L4Class, PolicyReading};
use netverdict_policy::oracle;
use netverdict_policy::port::ProtoPort;

use super::Proving;
use crate::prove::finding::{Claim, Finding, Side, places};
use crate::prove::party::ProveError;
use crate::prove::passage::{self, Passage};
use crate::prove::question::Asked;
use crate::prove::shape::Shape;

impl Proving<'_> {
    /// Compares, for every way past the policy, what the prefilter passes with what
    /// the policy behind it says.
    pub(super) fn configuration(
        &mut self,
        by_policy: &PolicyReading<'_>,
    ) -> Result<(), ProveError> {
        for passage in passage::all(self.policy) {
            self.proof.configuration.passages += 1;
            self.passage(&passage, by_policy)?;
        }
        Ok(())
    }

    fn passage(
        &mut self,
        passage: &Passage<'_>,
        by_policy: &PolicyReading<'_>,
    ) -> Result<(), ProveError> {
        let at = |point, port| {
            let class = one_port(port);
            Asked::new(self.policy, point, class)
        };
        let backend = passage.backend();
        let uplink = at(Point::Uplink, passage.node_port());
        let behind = at(Point::Ingress(backend.workload), passage.target());
        let answers = by_policy.answer(&uplink.question);
        let answers = answers.zip(&by_policy.answer(&behind.question));
        for ((prefilter, policy), region) in answers.regions() {
            if !bypasses(prefilter) || policy.verdict() == Verdict::Pass {
                continue;
            }
            let addresses = region.prefixes();
            let Some(peer) = addresses.first().map(|prefix| prefix.first()) else {
                continue;
            };
            let rules = |asked: &Asked| {
                let mut memory = oracle::Memory::untracked();
                let spec = asked.frame(peer);
                let decision = oracle::judge(self.policy, asked.point(), &spec, &mut memory);
                places(self.policy, decision.rules)
            };
            let finding = Finding {
                claim: Claim::Configuration,
                addresses,
                connection: uplink.words(self.policy, self.subject.topology, "*"),
                policy: Side {
                    who: "policy",
                    verdict: policy.verdict(),
                    reason: Some(policy),
                    rules: rules(&behind),
                },
                other: Side {
                    who: "prefilter",
                    verdict: prefilter.verdict(),
                    reason: Some(prefilter),
                    rules: rules(&uplink),
                },
                shape: Shape::Plain,
                witness: build(&uplink.frame(peer), ProbeId(0), [0; 6])?,
                packet: 0,
            };
            self.proof.findings.push(finding);
        }
        Ok(())
    }
}

/// A class of one port.
fn one_port(port: ProtoPort) -> L4Class {
    L4Class {
        first: L4::Ports(port),
        last: L4::Ports(port),
    }
}

fn bypasses(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::PrefilterAllowBypass | Reason::PrefilterDefaultBypass
    )
}
