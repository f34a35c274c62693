use std::sync::Arc;

use netverdict_abi::{Hook, Reason};
use netverdict_policy::diagnostic::SourceFile;
use netverdict_policy::frontend::{self, Files};
use netverdict_policy::scenario::Scenario;

use super::*;
use crate::live::Stage;

/// One file of manifests.
struct Manifests(&'static str);

impl Files for Manifests {
    fn read(&mut self, _from: &SourceFile, path: &str) -> Result<Arc<SourceFile>, String> {
        Ok(Arc::new(SourceFile {
            path: path.to_owned(),
            text: self.0.to_owned(),
        }))
    }
}

/// Before: a partner bypasses the policy, which allows everybody the port 80 and
/// nobody 81. After: the partner does not, and the policy denies 80.
fn scenario() -> (Scenario, MapImage) {
    let manifests = "\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: web }
spec:
  endpointSelector: { matchLabels: { app: web } }
  ingress: [{ fromEntities: [all], toPorts: [{ ports: [{ port: '80', protocol: TCP }] }] }]
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  type: NodePort
  selector: { app: web }
  ports: [{ port: 81, nodePort: 30081 }]
";
    let text = "\
name: a test
topology:
  node: { addresses: [192.0.2.10] }
  hosts: { partner: { zone: external, addresses: [203.0.113.7] } }
  workloads: { web: { labels: { app: web } }, other: { labels: { app: other } } }
manifests: [web.yaml]
prefilter: [{ node_port: 30081/tcp, bypass_policy: true, allow: [203.0.113.0/24], default: drop }]
probes:
  - { from: other, to: 'web:80/tcp', expect: pass }
  - { from: partner, to: 'web:30081/tcp', expect: pass }
  - { from: other, to: 'partner:80/tcp', expect: pass }
steps:
  - name: all change
    labels: { web: { app: web, tier: front } }
    prefilter: [{ node_port: 30081/tcp, bypass_policy: false, allow: [203.0.113.0/24], default: drop }]
    remove: [CiliumNetworkPolicy web]
    connections: keep
";
    let file = Arc::new(SourceFile {
        path: "a.yaml".to_owned(),
        text: text.to_owned(),
    });
    let checked = frontend::scenario(&file, &mut Manifests(manifests));
    let checked = checked.unwrap_or_else(|problems| panic!("{problems:#?}"));
    (checked.scenario, checked.image)
}

/// What a hook says: which, under which generation, why, and whether by a rule of
/// that generation's policy. The rule is the one that the oracle would name.
type Says = (Hook, u8, Reason);

/// Looks rules up, so that the table below is about reasons.
fn said(stages: &[Stage], expected: &Expected, says: &[Says]) -> Vec<Judged> {
    (says.iter())
        .map(|(hook, generation, reason)| {
            let turn = usize::from(*generation != FIRST);
            let decisions = expected.first.iter().chain(
                (expected.behind.iter())
                    .flat_map(|behind| behind.same.iter().flatten().chain(&behind.other)),
            );
            let image = &stages[turn].image;
            let number = decisions
                .filter(|decision| decision.point.hook() == *hook && decision.reason == *reason)
                .find_map(|decision| {
                    let rule = decision.rules.first()?;
                    image.rules.iter().position(|known| known == rule)
                })
                .map_or(0, |index| index + 1);
            Judged {
                hook: *hook,
                generation: *generation,
                reason: *reason,
                rule: u32::try_from(number).expect("few rules"),
                proposed: None,
            }
        })
        .collect()
}

/// The generation of the first policy.
const FIRST: u8 = 1;
/// The other one.
const SECOND: u8 = 0;

#[test]
fn each_hook_says_what_one_of_the_policies_in_force_says() {
    use Hook::{Egress, Ingress, Uplink};
    use Reason::{
        Bypassed, PolicyAllow, PolicyNoMatch, PolicyNotSelected, PrefilterAllow,
        PrefilterAllowBypass,
    };
    let (scenario, image) = scenario();
    let stages = Stage::all(&scenario, &image);
    let turns = Turns {
        images: [&stages[0].image, &stages[1].image],
        first_generation: FIRST,
    };
    let policies = [&stages[0].scenario.policy, &stages[1].scenario.policy];
    let (between, by_node_port, out) = (0, 1, 2);
    let free = |generation| (Egress, generation, PolicyNotSelected);
    let table: &[(usize, &[Says], RangeInclusive<usize>, bool)] = &[
        // From workload to workload: allowed by a rule, then by nobody's asking.
        (
            between,
            &[free(FIRST), (Ingress, FIRST, PolicyAllow)],
            0..=0,
            true,
        ),
        (
            between,
            &[free(SECOND), (Ingress, SECOND, PolicyNotSelected)],
            1..=1,
            true,
        ),
        (
            between,
            &[free(FIRST), (Ingress, SECOND, PolicyNotSelected)],
            0..=1,
            true,
        ),
        (
            between,
            &[free(FIRST), (Ingress, FIRST, PolicyAllow)],
            0..=1,
            true,
        ),
        // The third policy is the first once more.
        (
            between,
            &[free(FIRST), (Ingress, FIRST, PolicyAllow)],
            2..=2,
            true,
        ),
        (
            between,
            &[free(SECOND), (Ingress, FIRST, PolicyAllow)],
            1..=2,
            true,
        ),
        // By the other policy than the one in force.
        (
            between,
            &[free(FIRST), (Ingress, FIRST, PolicyAllow)],
            1..=1,
            false,
        ),
        (
            between,
            &[free(SECOND), (Ingress, SECOND, PolicyNotSelected)],
            0..=0,
            false,
        ),
        (
            between,
            &[free(FIRST), (Ingress, SECOND, PolicyNotSelected)],
            0..=0,
            false,
        ),
        (
            between,
            &[free(FIRST), (Ingress, SECOND, PolicyNotSelected)],
            1..=1,
            false,
        ),
        // The new one first, then the old one.
        (
            between,
            &[free(SECOND), (Ingress, FIRST, PolicyAllow)],
            0..=1,
            false,
        ),
        // What one policy says under the other's generation.
        (
            between,
            &[free(FIRST), (Ingress, FIRST, PolicyNotSelected)],
            0..=1,
            false,
        ),
        (
            between,
            &[free(SECOND), (Ingress, SECOND, PolicyAllow)],
            0..=1,
            false,
        ),
        // What neither says.
        (
            between,
            &[free(FIRST), (Ingress, FIRST, PolicyNoMatch)],
            0..=1,
            false,
        ),
        (
            between,
            &[(Egress, FIRST, PolicyAllow), (Ingress, FIRST, PolicyAllow)],
            0..=1,
            false,
        ),
        // Hooks that are missing, or too many.
        (between, &[], 0..=1, false),
        (between, &[free(FIRST)], 0..=1, false),
        (
            between,
            &[
                free(FIRST),
                (Ingress, FIRST, PolicyAllow),
                (Ingress, FIRST, PolicyAllow),
            ],
            0..=0,
            false,
        ),
        (
            between,
            &[(Ingress, FIRST, PolicyAllow), free(FIRST)],
            0..=0,
            false,
        ),
        (out, &[free(FIRST)], 0..=0, true),
        (out, &[free(SECOND)], 0..=1, true),
        (
            out,
            &[free(FIRST), (Ingress, FIRST, PolicyNotSelected)],
            0..=0,
            false,
        ),
        // What bypassed at the uplink under the first policy does so at the workload
        // under that policy alone.
        (
            by_node_port,
            &[
                (Uplink, FIRST, PrefilterAllowBypass),
                (Ingress, FIRST, Bypassed),
            ],
            0..=0,
            true,
        ),
        (
            by_node_port,
            &[
                (Uplink, FIRST, PrefilterAllowBypass),
                (Ingress, SECOND, PolicyNotSelected),
            ],
            0..=1,
            true,
        ),
        (
            by_node_port,
            &[
                (Uplink, FIRST, PrefilterAllowBypass),
                (Ingress, SECOND, Bypassed),
            ],
            0..=1,
            false,
        ),
        (
            by_node_port,
            &[
                (Uplink, SECOND, PrefilterAllow),
                (Ingress, SECOND, PolicyNotSelected),
            ],
            0..=1,
            true,
        ),
        (
            by_node_port,
            &[
                (Uplink, SECOND, PrefilterAllow),
                (Ingress, FIRST, PolicyNoMatch),
            ],
            1..=2,
            true,
        ),
        // Under the first policy once more, two changes later, it is another flow.
        (
            by_node_port,
            &[
                (Uplink, FIRST, PrefilterAllowBypass),
                (Ingress, FIRST, PolicyNoMatch),
            ],
            0..=2,
            true,
        ),
        (
            by_node_port,
            &[
                (Uplink, FIRST, PrefilterAllowBypass),
                (Ingress, FIRST, PolicyNoMatch),
            ],
            0..=0,
            false,
        ),
    ];
    for (probe, says, over, right) in table {
        let journey = &scenario.probes[*probe].cases[0].journey;
        let expected = Expected::of(policies, journey);
        let said = said(&stages, &expected, says);
        assert_eq!(
            turns.allow(&expected, over.clone(), &said),
            *right,
            "{}: {says:?} over {over:?}\n{expected:#?}",
            scenario.probes[*probe].name,
        );
    }
}

#[test]
fn a_rule_that_did_not_decide_is_wrong() {
    let (scenario, image) = scenario();
    let stages = Stage::all(&scenario, &image);
    let turns = Turns {
        images: [&stages[0].image, &stages[1].image],
        first_generation: FIRST,
    };
    let policies = [&stages[0].scenario.policy, &stages[1].scenario.policy];
    let expected = Expected::of(policies, &scenario.probes[0].cases[0].journey);
    let says = [
        (Hook::Egress, FIRST, Reason::PolicyNotSelected),
        (Hook::Ingress, FIRST, Reason::PolicyAllow),
    ];
    let right = said(&stages, &expected, &says);
    assert!(turns.allow(&expected, 0..=0, &right));
    assert_ne!(right[1].rule, 0);
    for rule in (0..=u32::try_from(image.rules.len()).expect("few") + 1)
        .filter(|rule| *rule != right[1].rule)
    {
        let wrong = [right[0], Judged { rule, ..right[1] }];
        assert!(!turns.allow(&expected, 0..=0, &wrong), "rule {rule}");
    }
}

#[test]
fn a_frame_flips_if_its_verdict_does() {
    let (scenario, image) = scenario();
    let stages = Stage::all(&scenario, &image);
    let journey = &scenario.probes[0].cases[0].journey;
    let flips = |one: usize, other: usize| {
        let policies = [one, other].map(|stage| &stages[stage].scenario.policy);
        Expected::of(policies, journey).flips()
    };
    // Another reason is not another verdict.
    assert!(!flips(0, 1));
    let mut closed = stages[0].scenario.policy.clone();
    closed.network_policies[0].rules.clear();
    assert!(Expected::of([&closed, &stages[0].scenario.policy], journey).flips());
}
