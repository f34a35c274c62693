//! What a probe that is not as expected says of itself. The policies are read
//! from text; what was seen is made up where no lane could see it.

use std::sync::Arc;
use std::time::Duration;

use netverdict::event::{ProbeOutcome, Verdict};
use netverdict::lane::{Lane, Mode};
use netverdict::observation::{Judged, Observation, Seen, Witness};
use netverdict::suite::{Finding, Suite};
use netverdict_abi::Reason;
use netverdict_policy::diagnostic::SourceFile;
use netverdict_policy::frontend::{self, Checked, Files};
use netverdict_policy::image::RuleId;
use netverdict_policy::interpret::judge;
use netverdict_policy::oracle::decide;
use netverdict_policy::{frame, frame::ProbeId};

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
    let xfail = if xfail {
        "xfail: { reason: known, probes: [it] }\n"
    } else {
        ""
    };
    let text = format!(
        "name: a test\n{xfail}topology:\n  node: {{ addresses: [192.0.2.10] }}\n  \
         workloads: {{ inventory: {{ labels: {{ app: inventory }} }} }}\n\
         manifests: [service.yaml, policy.yaml]\n{prefilter}probes:\n  \
         - {{ name: it, from: 198.51.100.7, to: \"inventory:30007/tcp\", expect: {expect} }}\n"
    );
    let file = Arc::new(SourceFile {
        path: "test.yaml".to_owned(),
        text,
    });
    frontend::scenario(&file, &mut Manifests { policy }).expect("a valid scenario")
}

/// What the interpreter sees of the only probe.
fn modelled(checked: &Checked) -> Finding {
    let case = &checked.scenario.probes[0].cases[0];
    let bytes = frame::build(&case.frame, ProbeId(1), [2; 6]).expect("a frame");
    let judgement = judge(&checked.image, &bytes);
    let judged = Judged {
        reason: judgement.reason,
        rule: judgement.rule,
    };
    let seen = match judged.reason.verdict() {
        netverdict_abi::Verdict::Pass => Seen::Passed,
        netverdict_abi::Verdict::Drop => Seen::Dropped,
        netverdict_abi::Verdict::Abort => Seen::Aborted,
    };
    Ok(Observation {
        seen,
        judged: Some(judged),
        witness: None,
    })
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
    let decision = decide(&scenario.policy, &probe.cases[0].frame);
    suite.verdict(probe, &[decision], &[finding], Duration::from_micros(1))
}

fn modelled_verdict(checked: &Checked) -> Verdict {
    verdict(checked, Lane::Model, modelled(checked))
}

const OPEN: &str = "  ingress: [{ fromCIDR: [0.0.0.0/0] }]\n";
const INTERNAL: &str = "  ingress: [{ fromCIDR: [10.0.0.0/8] }]\n";
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

#[test]
fn other_parties_are_wrong() {
    let native = Lane::Wire(Mode::Native);
    let judged = |reason, rule| {
        Some(Judged {
            reason,
            rule: RuleId(rule),
        })
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
            seen(Seen::Delivered, judged(Reason::UnprotectedPort, 0), None),
            ProbeOutcome::FilterMismatch,
        ),
        (
            "filter_drops_for_another_reason",
            "drop",
            seen(Seen::Dropped, judged(Reason::Truncated, 0), arrives),
            ProbeOutcome::FilterMismatch,
        ),
        (
            "no_trace",
            "drop",
            seen(Seen::NotSeen, None, None),
            ProbeOutcome::Error,
        ),
        (
            "unjudged",
            "drop",
            seen(Seen::Delivered, None, None),
            ProbeOutcome::Error,
        ),
        (
            "vacuous",
            "drop",
            seen(
                Seen::Dropped,
                judged(Reason::PolicyDefaultDeny, 1),
                Some(Witness::Vacuous),
            ),
            ProbeOutcome::Error,
        ),
        (
            "broken_lane",
            "drop",
            Err("the books do not balance".to_owned()),
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

    let unprotected = Judged {
        reason: Reason::UnprotectedPort,
        rule: RuleId::NONE,
    };
    let filter = Ok(Observation {
        seen: Seen::Passed,
        judged: Some(unprotected),
        witness: None,
    });
    assert_eq!(
        verdict(&open, Lane::TestRun, filter).outcome,
        ProbeOutcome::FilterMismatch
    );
    let broken = Err("broken".to_owned());
    assert_eq!(
        verdict(&open, Lane::TestRun, broken).outcome,
        ProbeOutcome::Error
    );
}
