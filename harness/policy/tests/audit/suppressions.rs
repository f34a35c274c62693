use netverdict_policy::audit::Options;
use netverdict_policy::finding::Standing;

use super::given::{audit, places};

/// A pod, and a policy in dry run whose annotation is in line 8, with something in front
/// of that line and something at its end.
fn dry_run(above: &str, behind: &str) -> String {
    format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: web, labels: {{app: web}}}}}}\n---\n\
         apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: web\n  \
         annotations:\n{above}    policy.cilium.io/dry-run: \"true\"{behind}\nspec: \
         {{endpointSelector: {{}}, ingress: [{{}}]}}\n"
    )
}

/// Why the dry run may stay, if it may, and what is wrong with suppressions.
fn standing(text: &str) -> (Option<String>, Vec<String>) {
    let findings = audit(text, &Options::default());
    let found = (findings.iter()).find(|it| it.kind.id == "dry-run-left-on");
    let reason = match &found.expect("it is in dry run").standing {
        Standing::Suppressed { reason, .. } => Some(reason.clone()),
        Standing::Counts | Standing::Accepted => None,
    };
    let mut wrong = places(&findings, "suppression-invalid");
    wrong.extend(places(&findings, "suppression-unused"));
    (reason, wrong)
}

#[test]
fn a_comment_at_the_line_or_above_it_lets_a_finding_stay() {
    let stays = (Some("of a trial".to_owned()), Vec::new());
    let comment = "# netverdict: allow dry-run-left-on because of a trial";
    assert_eq!(standing(&dry_run("", &format!(" {comment}"))), stays);
    assert_eq!(standing(&dry_run(&format!("    {comment}\n"), "")), stays);
    let two = format!("    {comment}\n\n    # and more words\n");
    assert_eq!(standing(&dry_run(&two, "")), stays);
}

#[test]
fn an_annotation_lets_a_finding_stay() {
    let annotation = "    netverdict.io/allow.dry-run-left-on: of a trial\n";
    let stays = (Some("of a trial".to_owned()), Vec::new());
    assert_eq!(standing(&dry_run(annotation, "")), stays);
}

#[test]
fn without_a_reason_nothing_stays() {
    let wrong = (None, vec!["warning at 8:38".to_owned()]);
    let comment = " # netverdict: allow dry-run-left-on";
    assert_eq!(standing(&dry_run("", comment)), wrong);
    let comment = " # netverdict: allow dry-run-left-on because";
    assert_eq!(standing(&dry_run("", comment)), wrong);
    let annotation = "    netverdict.io/allow.dry-run-left-on: \"true\"\n";
    let wrong = (None, vec!["warning at 8:42".to_owned()]);
    assert_eq!(standing(&dry_run(annotation, "")), wrong);
}

#[test]
fn what_names_no_rule_or_another_rule_is_reported() {
    let wrong = (None, vec!["warning at 8:38".to_owned()]);
    let comment = " # netverdict: allow dryrun because of a trial";
    assert_eq!(standing(&dry_run("", comment)), wrong);
    let comment = " # netverdict: allow wildcard-cidr because of a trial";
    assert_eq!(standing(&dry_run("", comment)), wrong);
    let comment = " # netverdict: alow dry-run-left-on because of a trial";
    assert_eq!(standing(&dry_run("", comment)), wrong);
    // Nobody may keep quiet about what keeps quiet.
    let comment = " # netverdict: allow suppression-unused because of a trial";
    assert_eq!(standing(&dry_run("", comment)), wrong);
}

#[test]
fn text_that_is_no_comment_suppresses_nothing() {
    let text = dry_run("", "").replace(
        "endpointSelector",
        "description: \"x# netverdict: allow dry-run-left-on because of a trial\", endpointSelector",
    );
    assert_eq!(standing(&text), (None, Vec::new()));
}
