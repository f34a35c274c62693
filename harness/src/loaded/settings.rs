//! What holds for the policy in force as a whole, and for each of its prefilters.

use netverdict_abi::Mode;
use netverdict_lab::filter::HeldPolicy;
use netverdict_policy::diagnostic::Severity;
use netverdict_policy::finding::Finding;
use netverdict_policy::image::{MapImage, PrefilterImage, Verdict};
use netverdict_policy::live;
use netverdict_policy::model::{DefaultAction, Prefilter};
use netverdict_policy::port::ProtoPort;

use super::finding::{self, Refined as _};
use crate::matrix::input::Subject;

/// Looks at the generation and its settings. `false` if there is nothing more to say: no
/// entry decides anything.
pub(super) fn audit(declared: &Subject, held: &HeldPolicy, findings: &mut Vec<Finding>) -> bool {
    let (now, beside) = (&held.in_force, &held.beside);
    let generation = now.generation;
    let subject = || "generation".to_owned();
    if generation > 1 {
        let message = format!(
            "the generation in force is {generation}, and there are 0 and 1: the programs abort \
             at every frame"
        );
        findings.push(finding::new(&live::GENERATION, message, subject()));
        return false;
    }
    let wanted = declared.image.keys().next().is_some();
    if now.entries == 0 && wanted && !now.image.pass_all {
        let other = 1 - generation;
        let message = match beside.entries {
            0 => format!(
                "generation {generation} is in force and no policy was ever put there: nothing \
                 is protected"
            ),
            entries => format!(
                "generation {generation} is in force and holds no entry, while generation {other} \
                 holds {entries}: nothing is protected"
            ),
        };
        findings.push(finding::new(&live::GENERATION, message, subject()));
        return false;
    }
    if is_declared(declared, &beside.image) && !is_declared(declared, &now.image) {
        let message = format!(
            "generation {generation} is in force, and the declared policy stands beside it, in \
             generation {}",
            1 - generation
        );
        findings.push(finding::new(&live::GENERATION, message, subject()));
    }
    let mode = now.settings.mode;
    if mode & Mode::PASS_ALL != 0 {
        let message =
            "the filter is in pass-all mode: every frame passes, whatever the policy says";
        findings.push(finding::new(
            &live::PASS_ALL,
            message.to_owned(),
            "settings".to_owned(),
        ));
        return false;
    }
    if mode & Mode::TRACK == 0 {
        let message = "the filter does not remember connections: answers are judged as if they \
                       began one";
        findings.push(finding::new(
            &live::UNTRACKED,
            message.to_owned(),
            "settings".to_owned(),
        ));
    }
    true
}

/// Whether it is the declared policy, entry for entry.
fn is_declared(declared: &Subject, image: &MapImage) -> bool {
    let rules = declared.image.rules.clone();
    declared.image
        == MapImage {
            rules,
            pass_all: false,
            ..image.clone()
        }
}

/// Looks at what each loaded prefilter lets pass.
pub(super) fn prefilters(declared: &Subject, image: &MapImage, findings: &mut Vec<Finding>) {
    for (port, stage) in &image.prefilters {
        let own = declared.policy.prefilters.iter();
        let own = own.clone().find(|it| it.node_port == *port);
        allow_list(*port, stage, own, findings);
        default_pass(*port, stage, own, findings);
        bypass(*port, stage, own, findings);
    }
}

fn allow_list(
    port: ProtoPort,
    stage: &PrefilterImage,
    own: Option<&Prefilter>,
    findings: &mut Vec<Finding>,
) {
    let mut listed = stage.sources.values();
    if listed.any(|verdict| matches!(verdict, Verdict::Allow(_))) {
        return;
    }
    let declared = own.map_or(0, |own| own.allow.len());
    // One that only denies needs no allow list.
    if declared == 0 && !stage.sources.is_empty() {
        return;
    }
    let so = match stage.default_pass {
        true => "every source passes by default",
        false => "nobody passes",
    };
    let place = own.map(|own| &own.allow_location);
    let (but, label) = match (own, declared) {
        (None, _) => (", and nobody declared this prefilter".to_owned(), ""),
        (Some(_), 0) => (", as declared".to_owned(), "declared as empty"),
        (Some(_), count) => {
            let noun = if count == 1 {
                "prefix is"
            } else {
                "prefixes are"
            };
            (format!(", though {count} {noun} declared"), "declared here")
        }
    };
    let message = format!("the loaded allow list of {port} is empty: {so}{but}");
    let found = finding::new(&live::EMPTY_ALLOW_LIST, message, port.to_string());
    findings.push(found.at(place, label));
}

fn default_pass(
    port: ProtoPort,
    stage: &PrefilterImage,
    own: Option<&Prefilter>,
    findings: &mut Vec<Finding>,
) {
    if !stage.default_pass {
        return;
    }
    let as_declared = own.is_some_and(|own| own.default == DefaultAction::Pass);
    let severity = match (as_declared, stage.bypass_policy) {
        (false, _) => Severity::Error,
        (true, true) => Severity::Warning,
        (true, false) => Severity::Note,
    };
    let behind = match stage.bypass_policy {
        true => ", and that bypasses the policy",
        false => "",
    };
    let but = compared(as_declared);
    let message = format!("the loaded prefilter of {port} passes unlisted sources{behind}{but}");
    let found = finding::new(&live::DEFAULT_PASS, message, port.to_string());
    let place = own.map(|own| &own.default_location);
    findings.push(found.severe(severity).at(place, "declared here"));
}

fn bypass(
    port: ProtoPort,
    stage: &PrefilterImage,
    own: Option<&Prefilter>,
    findings: &mut Vec<Finding>,
) {
    if !stage.bypass_policy {
        return;
    }
    let as_declared = own.is_some_and(|own| own.bypass_policy);
    let severity = match as_declared {
        true => Severity::Note,
        false => Severity::Error,
    };
    let but = compared(as_declared);
    let message =
        format!("what the loaded prefilter of {port} passes bypasses the workloads' policy{but}");
    let found = finding::new(&live::BYPASS, message, port.to_string());
    let place = own.map(|own| &own.bypass_location);
    findings.push(found.severe(severity).at(place, "declared here"));
}

fn compared(as_declared: bool) -> &'static str {
    match as_declared {
        true => ", as declared",
        false => "; the manifests do not say so",
    }
}
