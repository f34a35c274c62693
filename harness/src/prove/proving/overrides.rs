//! Claim C: what a prefilter lets past a policy that would drop it.

use netverdict_abi::Reason;
use netverdict_policy::frame::{ProbeId, build};
use netverdict_policy::journey::Point;
use netverdict_policy::meaning::{L4, L4Class, PolicyReading};
use netverdict_policy::prove::{Override, overrides};

use super::Proving;
use crate::prove::finding::{Claim, Finding, Side, place, places};
use crate::prove::party::ProveError;
use crate::prove::passage;
use crate::prove::question::Asked;
use crate::prove::shape::Shape;

impl Proving<'_> {
    /// Compares, for every way past the policy, what the prefilter passes with what
    /// the policy behind it says.
    pub(super) fn configuration(&mut self, policy: &PolicyReading<'_>) -> Result<(), ProveError> {
        self.proof.configuration.passages = passage::all(self.policy).len();
        for it in overrides(policy) {
            self.overrides(it)?;
        }
        Ok(())
    }

    fn overrides(&mut self, it: Override) -> Result<(), ProveError> {
        let Override {
            prefilter,
            node_port,
            backend,
            region,
            by_allow_list,
            by_default,
            denied,
            rules,
        } = it;
        let stage = &self.policy.prefilters[prefilter];
        let port = L4::Ports(self.policy.node_ports[node_port].node_port);
        let class = L4Class {
            first: port,
            last: port,
        };
        let asked = Asked::new(self.policy, Point::Uplink, class);
        let addresses = region.prefixes();
        let first = addresses.first().expect("an override is about an address");
        let witness = build(&asked.frame(first.first()), ProbeId(0), [0; 6])?;
        let (policy_reason, _) = denied.first().expect("the policy says something of it");
        let passes = [
            (
                by_allow_list,
                &stage.allow_location,
                Reason::PrefilterAllowBypass,
            ),
            (
                by_default,
                &stage.default_location,
                Reason::PrefilterDefaultBypass,
            ),
        ];
        let mut passes = passes.into_iter().filter(|(does, ..)| *does).peekable();
        let reason = passes.peek().map(|(.., reason)| *reason);
        let by = passes.map(|(_, location, _)| place(location));
        let mut connection = asked.words(self.policy, self.subject.topology, "*");
        if self.policy.node_ports[node_port].backends.len() > 1 {
            let backend = &self.subject.topology.workloads[backend.workload].name;
            connection = format!("{connection}, to its backend {backend}");
        }
        self.proof.findings.push(Finding {
            claim: Claim::Configuration,
            addresses,
            connection,
            policy: Side {
                who: "policy",
                verdict: policy_reason.verdict(),
                reason: Some(*policy_reason),
                rules: places(self.policy, rules),
            },
            other: Side {
                who: "prefilter",
                verdict: netverdict_abi::Verdict::Pass,
                reason,
                rules: ([place(&stage.bypass_location)].into_iter().chain(by)).collect(),
            },
            shape: Shape::Plain,
            witness,
            packet: 0,
        });
        Ok(())
    }
}
