//! `netverdict matrix`

use std::fmt::Write as _;

use netverdict_lab::capability::{Needs, missing_for};
use netverdict_lab::isolate::isolated;
use netverdict_policy::journey::Point;
use netverdict_policy::matrix::{self, Disagreement, FamilyChoice, World};
use netverdict_policy::model::{L4Protocol, Policy, Ports};

use super::print::{Stream, lacking};
use super::progress::Progress;
use crate::cli::{MatrixArgs, MatrixOutput};
use crate::exit::Exit;
use crate::lane::{LaneKind, Mode};
use crate::matrix::ask::{Asked, Lane, ask};
use crate::matrix::input::{Input, Subject, load};
use crate::object::{self, Object};
use crate::runner::MOST_WORKLOADS;
use crate::words::{counted, verdict_name};

/// Says what is open between all that are there.
pub fn run(args: &MatrixArgs) -> Exit {
    let colour = Stream::Err.colour();
    let input = load(&args.paths, args.world.readings.of_user(), colour);
    with_lane(
        &input,
        args.world.filter.as_deref(),
        (args.lane.into(), args.mode),
        |object, lane| print(args, &input, object, lane),
    )
}

/// Runs `inside` where the lane can run, unless the input is no good.
pub(super) fn with_lane(
    input: &Input,
    filter: Option<&std::path::Path>,
    (lane, mode): (LaneKind, Mode),
    inside: impl FnOnce(&Object, Lane<'_>) -> Exit,
) -> Exit {
    for note in &input.notes {
        Stream::Err.line(note);
    }
    for problem in &input.problems {
        Stream::Err.line(problem);
    }
    if !input.problems.is_empty() {
        return Exit::BadInput;
    }
    if input
        .subjects
        .iter()
        .all(|subject| subject.policy.workloads.is_empty())
    {
        Stream::Err.line("nothing was selected: no workload is under these paths");
        return Exit::NothingSelected;
    }
    let object = match object::open(filter) {
        Ok(object) => object,
        Err(error) => {
            Stream::Err.line(&error.to_string());
            return Exit::BadInput;
        }
    };
    let chosen = Lane::of(lane, mode, &object.bytes);
    let wire = match chosen {
        Lane::Model => return inside(&object, chosen),
        Lane::TestRun(_) => false,
        Lane::Wire(..) => true,
    };
    let largest = (input.subjects.iter()).map(|subject| subject.topology.workloads.len());
    let workloads = largest.max().unwrap_or(0);
    if wire && workloads > MOST_WORKLOADS {
        Stream::Err.line(&format!(
            "--lane wire: {workloads} workloads, and a lab holds {MOST_WORKLOADS}; \
             `--lane testrun` has no such limit"
        ));
        return Exit::BadInput;
    }
    let missing = missing_for(Needs {
        test_run: true,
        wire,
    });
    if !missing.is_empty() {
        let text = lacking(&missing);
        Stream::Err.line(&format!("{text}`--lane model` runs without privileges"));
        return Exit::Lacking;
    }
    match isolated(|| inside(&object, chosen).code()) {
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

fn print(args: &MatrixArgs, input: &Input, _object: &Object, lane: Lane<'_>) -> Exit {
    let mut exit = Exit::AsExpected;
    let several = input.subjects.len() > 1;
    let progress = Progress::new(Some(input.subjects.len()));
    for subject in &input.subjects {
        let world = World::new(&subject.policy, &subject.image);
        progress.show(
            subject
                .name
                .clone()
                .unwrap_or_else(|| "manifests".to_owned()),
        );
        let asked = ask(&world, &subject.topology, lane);
        progress.next();
        let asked = match asked {
            Ok(asked) => asked,
            Err(error) => {
                progress.aside(|| Stream::Err.line(&format!("failed to {error}")));
                return Exit::Inconclusive;
            }
        };
        for note in notes(args, &world, &asked) {
            progress.aside(|| Stream::Err.line(&note));
        }
        for line in faults(&world, &asked, lane) {
            progress.aside(|| Stream::Err.line(&line));
            exit = Exit::Mismatch;
        }
        if args.timing {
            progress.aside(|| Stream::Err.line(&timing(&asked, lane)));
        }
        let rows = matrix::rows(&world, &asked.survey, args.family());
        let text = render(args.output, subject, &rows, several, lane);
        if !text.is_empty() {
            progress.aside(|| Stream::Out.line(&text));
        }
    }
    exit
}

fn render(
    output: MatrixOutput,
    subject: &Subject,
    rows: &[matrix::Row],
    several: bool,
    lane: Lane<'_>,
) -> String {
    let policy = &subject.policy;
    match output {
        MatrixOutput::Text | MatrixOutput::Csv => {
            let mut text = match &subject.name {
                Some(name) if several => format!("# {name}\n"),
                None if several => "# manifests\n".to_owned(),
                _ => String::new(),
            };
            text.push_str(&match output {
                MatrixOutput::Csv => matrix::csv(policy, rows),
                _ => matrix::text(policy, rows),
            });
            text
        }
        MatrixOutput::Json => {
            let mut object = matrix::json(policy, rows);
            object["scenario"] = serde_json::json!(subject.name);
            object["lane"] = serde_json::json!(lane.name());
            object.to_string()
        }
        MatrixOutput::Dot => matrix::dot(policy, rows),
        MatrixOutput::Svg => matrix::svg(policy, rows),
    }
}

fn notes(args: &MatrixArgs, world: &World<'_>, asked: &Asked) -> Vec<String> {
    let mut notes = Vec::new();
    if args.family() == FamilyChoice::V4 {
        match matrix::rows(world, &asked.survey, FamilyChoice::V6).len() {
            0 => {}
            count => notes.push(format!(
                "note: {} of IPv6 not shown: --family 6, or any",
                counted(count, "row")
            )),
        }
    }
    if asked.crowded > 0 {
        notes.push(format!(
            "note: {} of outside addresses belongs whole to workloads, nodes or known hosts: what \
             is said of strangers there was tried with those at other addresses",
            counted(asked.crowded, "range")
        ));
    }
    if asked.untried > 0 {
        notes.push(format!(
            "note: {} not tried on the wire, and not in these rows: what the node itself sends, \
             and what comes from addresses that no host sends from; `--lane testrun` tries them",
            counted(
                usize::try_from(asked.untried).unwrap_or(usize::MAX),
                "connection"
            )
        ));
    }
    if tells_icmp_apart(world.policy) {
        notes.push(
            "note: rules about ICMP are not in these rows: `netverdict explain PATH SRC DST icmp` \
             follows an echo request"
                .to_owned(),
        );
    }
    if !world.policy.node_ports.is_empty() {
        notes.push(
            "note: rows are about the workloads' own addresses and ports: `netverdict explain \
             PATH SRC node 30007/tcp` follows a node port"
                .to_owned(),
        );
    }
    notes
}

fn tells_icmp_apart(policy: &Policy) -> bool {
    let rules = policy.network_policies.iter().flat_map(|each| &each.rules);
    rules.into_iter().any(|rule| match &rule.ports {
        Ports::All => false,
        Ports::Listed(ports) => (ports.iter())
            .any(|port| matches!(port.protocol, L4Protocol::Icmp | L4Protocol::Icmpv6)),
    })
}

/// What the lane got wrong, if anything.
fn faults(world: &World<'_>, asked: &Asked, lane: Lane<'_>) -> Vec<String> {
    if asked.is_right() {
        return Vec::new();
    }
    let lane = lane.name();
    let mut lines = vec![format!(
        "FILTER OR COMPILER WRONG: {lane} and the policy differ in {}; the rows below say what \
         {lane} did",
        counted(
            usize::try_from(asked.survey.disagreed).unwrap_or(usize::MAX),
            "verdict"
        )
    )];
    for disagreement in &asked.survey.disagreements {
        lines.push(format!("  {}", described(world, disagreement)));
    }
    lines.extend(asked.unbalanced.iter().map(|line| format!("  {line}")));
    lines
}

fn described(world: &World<'_>, disagreement: &Disagreement) -> String {
    let Disagreement {
        connection,
        point,
        expected,
        seen,
    } = disagreement;
    let workload = |index: usize| world.policy.workloads[index].to_string();
    let at = match *point {
        Point::Uplink => "the uplink".to_owned(),
        Point::Egress(index) => format!("egress of {}", workload(index)),
        Point::Ingress(index) => format!("ingress of {}", workload(index)),
    };
    let (source, destination) = connection.addresses(world);
    let mut text = format!(
        "{source} to {destination} {}/{}: {at} did {}",
        connection.ports.first,
        connection.protocol,
        verdict_name(*seen)
    );
    let right = verdict_name(expected.verdict());
    let _ = write!(text, ", by the policy it is {right} ({})", expected.slug());
    text
}

fn timing(asked: &Asked, lane: Lane<'_>) -> String {
    let verdicts = asked.survey.verdicts;
    let seconds = asked.verdicts.as_secs_f64();
    format!(
        "timing: {verdicts} verdicts on {} connections; {:.1} ms in {}, {:.2} million a second; \
         {:.1} ms in all, {:.2} times that",
        asked.survey.connections,
        seconds * 1e3,
        lane.name(),
        verdicts as f64 / seconds.max(f64::EPSILON) / 1e6,
        asked.everything.as_secs_f64() * 1e3,
        asked.everything.as_secs_f64() / seconds.max(f64::EPSILON)
    )
}
