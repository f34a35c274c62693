//! `netverdict crosscheck`

use netverdict_lab::capability::{Needs, missing_for, missing_iptables};
use netverdict_lab::isolate::{isolated, signals};
use netverdict_lab::reference::Iptables;
use netverdict_policy::coverage::RuleCoverage;

use super::print::{Stream, lacking};
use crate::cli::{CrosscheckArgs, CrosscheckFailOn, CrosscheckOutput};
use crate::crosscheck::json;
use crate::crosscheck::outcome::Outcome;
use crate::crosscheck::session::{Compared, Session};
use crate::crosscheck::text::{self, BLIND_SPOT, REFERENCE, Sum};
use crate::exit::Exit;
use crate::lanes::kernel::Kernel;
use crate::load::{Input, load};
use crate::object::{self, Object};
use crate::runner;
use crate::select::{Selected, Selection};
use crate::words::counted;

/// Holds the filter against iptables and nftables.
pub fn run(args: &CrosscheckArgs) -> Exit {
    let colour = args.output == CrosscheckOutput::Human && Stream::Err.colour();
    let input = load(&args.paths, colour);
    let object = object::open(args.filter.as_deref());
    for problem in &input.problems {
        Stream::Err.line(&problem.text);
    }
    let object = match (object, input.problems.is_empty()) {
        (Ok(object), true) => object,
        (Err(error), _) => {
            Stream::Err.line(&error.to_string());
            return Exit::BadInput;
        }
        (Ok(_), false) => return Exit::BadInput,
    };
    if !input.warnings.is_empty() {
        let warnings = counted(input.warnings.len(), "warning");
        Stream::Err.line(&format!(
            "{warnings} about the input: `netverdict check` shows what"
        ));
    }
    if input.manifests > 0 {
        Stream::Err.line(&format!(
            "{}: manifests have no probes that could be sent; a scenario that lists them under \
             'manifests' has",
            counted(input.manifests, "manifest file")
        ));
    }
    let selection = Selection {
        tests: args.test.clone(),
        tags: args.tag.clone(),
        shard: None,
        judged: "crosscheck".to_owned(),
    };
    let scenarios = selection.choose(&input.scenarios).scenarios;
    if scenarios.is_empty() {
        Stream::Err.line(&format!(
            "nothing was selected out of {}: crosscheck sends the probes of scenarios",
            counted(input.scenarios.len(), "scenario")
        ));
        return Exit::NothingSelected;
    }
    let mut missing = missing_for(Needs {
        test_run: false,
        wire: true,
    });
    let iptables = Iptables::find(args.iptables.map(Into::into));
    missing.extend(missing_iptables(
        iptables.as_ref(),
        args.iptables.map(Into::into),
    ));
    let Some(iptables) = iptables.filter(|_| missing.is_empty()) else {
        Stream::Err.line(&lacking(&missing));
        return Exit::Lacking;
    };
    // The first signal ends it after the scenario at hand, and what was found is printed.
    let _ = signals::note();
    match isolated(|| inside(args, &input, &scenarios, &object, &iptables).code()) {
        Ok(code) => Exit::from_code(code).unwrap_or_else(|| {
            Stream::Err.line(&format!("ended from outside (status {code})"));
            Exit::Inconclusive
        }),
        Err(error) => {
            Stream::Err.line(&format!("failed to make namespaces: {error}"));
            Exit::Lacking
        }
    }
}

fn inside(
    args: &CrosscheckArgs,
    input: &Input,
    scenarios: &[Selected],
    object: &Object,
    iptables: &Iptables,
) -> Exit {
    let kernel = match Kernel::load(&object.bytes, runner::sizes(scenarios), None) {
        Ok(kernel) => kernel,
        Err(error) => {
            Stream::Err.line(&format!("failed to {error}"));
            return match args.filter {
                Some(_) => Exit::BadInput,
                None => Exit::Inconclusive,
            };
        }
    };
    let mut session = Session::new(kernel, args.mode, iptables.clone());
    let mut all = Vec::new();
    let mut failed = false;
    for selected in scenarios {
        if signals::noted().is_some() {
            let left = scenarios.len() - all.len();
            Stream::Err.line(&format!(
                "ended early: {left} of {} not compared",
                scenarios.len()
            ));
            failed = true;
            break;
        }
        match session.compare(selected) {
            Ok(compared) => {
                if args.output == CrosscheckOutput::Human {
                    Stream::Out.line(&text::render(&compared, args.verbose));
                    if args.show_rules {
                        Stream::Out.line(&text::rules(&compared));
                    }
                }
                all.push(compared);
            }
            Err(why) => {
                Stream::Err.line(&format!("{}: {why}", selected.scenario.file.path));
                failed = true;
            }
        }
    }
    let unread: Vec<&RuleCoverage> = input.coverage.incomplete().collect();
    match args.output {
        CrosscheckOutput::Human => end(&all, iptables, &unread),
        CrosscheckOutput::Json => {
            let backend = iptables.backend.name();
            Stream::Out.line(&json::render(&all, backend, &unread, args.show_rules));
        }
    }
    exit(args.fail_on, &all, failed)
}

/// What holds for all scenarios together.
fn end(all: &[Compared<'_>], iptables: &Iptables, unread: &[&RuleCoverage]) {
    for rule in unread {
        let gaps: Vec<String> = rule.gaps.iter().map(ToString::to_string).collect();
        Stream::Out.line(&format!(
            "not compared: {}: {} {}, {}: neither side enforces it as a whole: {}",
            rule.location,
            rule.kind.name(),
            rule.policy,
            rule.field,
            gaps.join("; ")
        ));
    }
    Stream::Out.line(&format!("{REFERENCE} (iptables: {})", iptables.backend));
    Stream::Out.line(BLIND_SPOT);
    Stream::Out.line(&format!(
        "{}, {}",
        counted(all.len(), "scenario"),
        Sum::of(all).in_words()
    ));
}

fn exit(fail_on: CrosscheckFailOn, all: &[Compared<'_>], failed: bool) -> Exit {
    let any = |is: fn(&Outcome) -> bool| all.iter().any(|compared| compared.count(is) > 0);
    let differs = match fail_on {
        CrosscheckFailOn::Danger => any(|outcome| *outcome == Outcome::MorePermissive),
        CrosscheckFailOn::Any => any(Outcome::is_difference),
    };
    if failed || any(|outcome| matches!(outcome, Outcome::Inconclusive(_))) {
        Exit::Inconclusive
    } else if differs {
        Exit::Mismatch
    } else {
        Exit::AsExpected
    }
}
