//! What a probe that is not as expected says of itself. The policies are read
//! from text; what was seen is made up where no lane could see it.

use std::sync::Arc;
use std::time::Duration;

use netverdict::event::{ProbeOutcome, SkipReason, Verdict};
use netverdict::lane::{Lane, Mode};
use netverdict::lanes::{Work, model};
use netverdict::observation::{Judged, Observation, Seen, Witness};
use netverdict::runner::decisions;
use netverdict::suite::{Finding, NoFinding, Suite};
use netverdict_abi::Reason;
use netverdict_policy::diagnostic::SourceFile;
use netverdict_policy::frame::ProbeId;
use netverdict_policy::frontend::{self, Checked, Files};
use netverdict_policy::image::RuleId;
use netverdict_policy::journey::Point;
use netverdict_policy::scenario::Probe;

const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata: { name: inventory }
spec:
  type: NodePort
  selector: { app: inventory }
  ports: [{ port: 50051, nodePort: 30007 }]
";

/// One manifest and one policy, whatever their names.
struct Manifests {
    policy: &'static str,
}

impl Files for Manifests {
    fn read(&mut self, _from: &SourceFile, path: &str) -> Result<Arc<SourceFile>, String> {
        let text = match path {
            "service.yaml" => SERVICE.to_owned(),
            _ => format!(
                "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{ name: p }}\n\
                 spec:\n  endpointSelector: {{ matchLabels: {{ app: inventory }} }}\n{}",
                self.policy
            ),
        };
        let path = path.to_owned();
        Ok(Arc::new(SourceFile { path, text }))
    }
}

/// A scenario with this policy, prefilter and probe, and an xfail if asked for.
fn scenario(policy: &'static str, prefilter: &str, expect: &str, xfail: bool) -> Checked {
    let way = "from: 198.51.100.7, to: \"inventory:30007/tcp\"";
    of_probe(policy, prefilter, way, expect, xfail)
}

fn of_probe(
    policy: &'static str,
    prefilter: &str,
    way: &str,
    expect: &str,
    xfail: bool,
) -> Checked {
    let xfail = if xfail {
        "xfail: { reason: known, probes: [it] }\n"
    } else {
        ""
    };
    let text = format!(
        "name: a test\n{xfail}topology:\n  node: {{ addresses: [192.0.2.10] }}\n  \
         workloads:\n    inventory: {{ labels: {{ app: inventory }} }}\n    \
         frontend: {{ labels: {{ app: frontend }} }}\n\
         manifests: [service.yaml, policy.yaml]\n{prefilter}probes:\n  \
         - {{ name: it, {way}, expect: {expect} }}\n"
    );
    let file = Arc::new(SourceFile {
        path: "test.yaml".to_owned(),
        text,
    });
    frontend::scenario(&file, &mut Manifests { policy })
        .unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// What the interpreter sees of the only probe.
fn modelled(checked: &Checked) -> Finding {
    let scenario = &checked.scenario;
    let probes: Vec<&Probe> = scenario.probes.iter().collect();
    let work = Work::of(&scenario.topology, &checked.image, &probes, ProbeId(1), 0);
    model::run(&work.expect("frames with bytes")).remove(0)
}

fn verdict(checked: &Checked, lane: Lane, finding: Finding) -> Verdict {
    let scenario = &checked.scenario;
    let suite = Suite {
        scenario,
        image: &checked.image,
        lane,
        honour_xfail: true,
    };
    let probe = &scenario.probes[0];
    let decisions = decisions(scenario, &[probe]);
    suite.verdict(probe, &decisions, &[finding], Duration::from_micros(1))
}

fn modelled_verdict(checked: &Checked) -> Verdict {
    verdict(checked, Lane::Model, modelled(checked))
}

const OPEN: &str = "  ingress: [{ fromCIDR: [0.0.0.0/0] }]\n";
const INTERNAL: &str = "  ingress: [{ fromCIDR: [10.0.0.0/8] }]\n";
const ANYBODY: &str = "  ingress: [{ fromEndpoints: [{}] }]\n";
/// The second document isolates what `frontend` sends.
const BOTH_ENDS: &str = "  ingress: [{ fromCIDR: [10.0.0.0/8] }]\n---\n\
                         apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n\
                         metadata: { name: q }\nspec:\n  \
                         endpointSelector: { matchLabels: { app: frontend } }\n  \
                         egress: [{ toCIDR: [203.0.113.0/24] }]\n";
const DENIED: &str = "  ingress: [{ fromCIDR: [0.0.0.0/0] }]\n  \
                      ingressDeny: [{ fromCIDRSet: [{ cidr: 198.51.0.0/16 }] }]\n";
const BYPASS: &str = "prefilter:\n  - { node_port: 30007/tcp, bypass_policy: true, \
                      allow: [10.0.0.0/8], default: pass }\n";
const LISTED: &str = "prefilter:\n  - { node_port: 30007/tcp, bypass_policy: true, \
                      allow: [198.51.100.0/24], default: drop }\n";
const SHUT: &str = "prefilter:\n  - { node_port: 30007/tcp, bypass_policy: false, \
                    allow: [10.0.0.0/8], default: drop }\n";

/// Every fault that suffices is named, the deciding one first, and none that
/// does not.
#[test]
fn faults_of_the_policy() {
    for (name, policy, prefilter, expect) in [
        ("open_policy", OPEN, "", "drop"),
        ("bypass_masks_open_policy", OPEN, BYPASS, "drop"),
        ("bypass_of_a_good_policy", INTERNAL, BYPASS, "drop"),
        ("listed_source_bypasses", INTERNAL, LISTED, "drop"),
        ("default_deny", INTERNAL, "", "pass"),
        ("deny_rule", DENIED, "", "pass"),
        ("prefilter_masks_default_deny", INTERNAL, SHUT, "pass"),
        ("prefilter_alone", OPEN, SHUT, "pass"),
    ] {
        let verdict = modelled_verdict(&scenario(policy, prefilter, expect, false));
        assert_eq!(verdict.outcome, ProbeOutcome::PolicyMismatch, "{name}");
        insta::assert_snapshot!(name, verdict.explanation);
    }
}

/// On the way from one workload to the other there are two hooks that could stop
/// it.
#[test]
fn faults_between_workloads() {
    let way = "from: frontend, to: \"inventory:50051/tcp\"";
    for (name, policy, expect) in [
        ("open_to_a_workload", ANYBODY, "drop"),
        ("closed_to_a_workload", INTERNAL, "pass"),
        ("closed_at_both_ends", BOTH_ENDS, "pass"),
    ] {
        let verdict = modelled_verdict(&of_probe(policy, "", way, expect, false));
        assert_eq!(verdict.outcome, ProbeOutcome::PolicyMismatch, "{name}");
        insta::assert_snapshot!(name, verdict.explanation);
    }
}

/// A frame that its lane cannot judge is not judged, and says why.
#[test]
fn what_a_lane_cannot_judge_is_skipped() {
    let reason = SkipReason::ForeignSource;
    let skipped = Err(NoFinding::Skipped(reason));
    let verdict = verdict(&scenario(OPEN, "", "drop", false), Lane::TestRun, skipped);
    assert_eq!(verdict.outcome, ProbeOutcome::Skipped);
    assert_eq!(verdict.skipped, Some(reason));
}

#[test]
fn other_parties_are_wrong() {
    let native = Lane::Wire(Mode::Native);
    let at = |point, reason, rule| Judged {
        point,
        reason,
        rule: RuleId(rule),
        proposed: None,
    };
    // The uplink lets it on, and the workload's hook says this.
    let judged = |reason, rule| {
        let uplink = at(Point::Uplink, Reason::NoPrefilter, 0);
        vec![uplink, at(Point::Ingress(0), reason, rule)]
    };
    let seen = |seen, judged, witness| {
        Ok(Observation {
            seen,
            judged,
            witness,
        })
    };
    let arrives = Some(Witness::Arrives);
    for (name, expect, finding, outcome) in [
        (
            "filter_passes",
            "drop",
            seen(Seen::Delivered, judged(Reason::PolicyNotSelected, 0), None),
            ProbeOutcome::FilterMismatch,
        ),
        (
            "filter_drops_for_another_reason",
            "drop",
            seen(
                Seen::Dropped,
                vec![at(Point::Uplink, Reason::Truncated, 0)],
                arrives,
            ),
            ProbeOutcome::FilterMismatch,
        ),
        (
            "no_trace",
            "drop",
            seen(Seen::NotSeen, Vec::new(), None),
            ProbeOutcome::Error,
        ),
        (
            "unjudged",
            "drop",
            seen(Seen::Delivered, Vec::new(), None),
            ProbeOutcome::Error,
        ),
        (
            "vacuous",
            "drop",
            seen(
                Seen::Dropped,
                judged(Reason::PolicyNoMatch, 1),
                Some(Witness::Vacuous),
            ),
            ProbeOutcome::Error,
        ),
        (
            "broken_lane",
            "drop",
            Err(NoFinding::Inconclusive(
                "the books do not balance".to_owned(),
            )),
            ProbeOutcome::Error,
        ),
    ] {
        let verdict = verdict(&scenario(INTERNAL, "", expect, false), native, finding);
        assert_eq!(verdict.outcome, outcome, "{name}");
        insta::assert_snapshot!(name, verdict.explanation);
    }
}

/// Only a mismatch of the policy kind reproduces a known fault.
#[test]
fn xfail_is_exact() {
    let open = scenario(OPEN, "", "drop", true);
    let reproduced = modelled_verdict(&open);
    assert_eq!(reproduced.outcome, ProbeOutcome::Reproduced);
    assert_eq!(reproduced.explanation, "");

    let mended = modelled_verdict(&scenario(INTERNAL, "", "drop", true));
    assert_eq!(mended.outcome, ProbeOutcome::UnexpectedPass);
    insta::assert_snapshot!("mended", mended.explanation);

    let at = |point, reason| Judged {
        point,
        reason,
        rule: RuleId::NONE,
        proposed: None,
    };
    let unselected = vec![
        at(Point::Uplink, Reason::NoPrefilter),
        at(Point::Ingress(0), Reason::PolicyNotSelected),
    ];
    let filter = Ok(Observation {
        seen: Seen::Passed,
        judged: unselected,
        witness: None,
    });
    assert_eq!(
        verdict(&open, Lane::TestRun, filter).outcome,
        ProbeOutcome::FilterMismatch
    );
    let broken = Err(NoFinding::Inconclusive("broken".to_owned()));
    assert_eq!(
        verdict(&open, Lane::TestRun, broken).outcome,
        ProbeOutcome::Error
    );
}
