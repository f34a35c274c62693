//! Interfaces, and what is attached to them.

use std::collections::BTreeSet;

use netverdict_abi::Hook;
use netverdict_lab::loaded::{Interface, LoadedFilter, Place, Program};
use netverdict_policy::live;

use super::finding::{self, Refined as _};
use super::{Answer, Question};
use crate::lane::Mode;
use crate::words::counted;

/// Looks at every interface that the question is about.
pub(super) fn audit(question: &Question<'_>, answer: &mut Answer) {
    for interface in question.interfaces() {
        match interface.attached[..] {
            [] => bare(question, interface, answer),
            _ => {
                for (place, id) in &interface.attached {
                    // One that has gone since is no longer attached.
                    if let Some(program) = question.loaded.attached.get(id) {
                        attached(question, interface, *place, program, answer);
                    }
                }
            }
        }
    }
    for filter in question.filters() {
        if filter
            .programs
            .iter()
            .any(|it| is_called_ours(question, it))
        {
            layout(question, filter, answer);
        }
    }
    several(question, answer);
}

/// Which program an interface should have, as far as the policy in force and the
/// declared addresses say: `None` where any may be right.
pub(super) fn expected(question: &Question<'_>, interface: &Interface) -> Option<Hook> {
    let held = question.policy();
    let is_link =
        |held: &netverdict_lab::filter::HeldPolicy| held.links.contains_key(&interface.index);
    let workloads = question.declared.policy.workloads.iter();
    let mut own = workloads
        .filter(|workload| !workload.host_network)
        .flat_map(|workload| &workload.addresses);
    // An interface of this number may be another one in a workload's own namespace.
    if own.any(|address| interface.addresses.contains(address)) {
        return Some(Hook::Ingress);
    }
    match held {
        Some(held) if is_link(held) => Some(Hook::Egress),
        // All links of workloads are known: this is none of them.
        Some(held) if !held.links.is_empty() => Some(Hook::Uplink),
        _ => None,
    }
}

fn bare(question: &Question<'_>, interface: &Interface, answer: &mut Answer) {
    let asked_for = question.interfaces.contains(&interface.name);
    if !asked_for && (interface.is_loopback || !interface.is_up) {
        return;
    }
    let name = &interface.name;
    let what = match expected(question, interface) {
        Some(hook) => format!("the {} program should be there", hook.slug()),
        None => "no frame that comes in by it is judged".to_owned(),
    };
    let message = format!("interface {name} has no XDP program: {what}");
    (answer.findings).push(finding::new(&live::NO_PROGRAM, message, name.clone()));
}

fn attached(
    question: &Question<'_>,
    interface: &Interface,
    place: Place,
    program: &Program,
    answer: &mut Answer,
) {
    let name = &interface.name;
    match program.hook(question.print) {
        Some(hook) => {
            right_place(question, interface, hook, program, answer);
            mode(question, interface, place, answer);
        }
        None => stranger(question, interface, program, answer),
    }
    let ours = is_called_ours(question, program);
    if ours && program.maps.is_empty() {
        let message = format!("{} at {name} has no maps", in_words(program));
        (answer.findings).push(finding::new(&live::FOREIGN_LAYOUT, message, name.clone()));
    }
}

/// Whether it is a program of the filter, or is called like one.
fn is_called_ours(question: &Question<'_>, program: &Program) -> bool {
    let hook = program.hook(question.print).or(program.hook_by_name());
    hook.is_some()
}

fn right_place(
    question: &Question<'_>,
    interface: &Interface,
    hook: Hook,
    program: &Program,
    answer: &mut Answer,
) {
    let Some(expected) = expected(question, interface).filter(|expected| *expected != hook) else {
        return;
    };
    let name = &interface.name;
    let why = match expected {
        Hook::Uplink => "it is no workload's link",
        Hook::Egress => "it is where what a workload sends enters the node",
        Hook::Ingress => "it has a workload's address",
    };
    let message = format!(
        "interface {name} has the {} program ({}), where the {} program belongs: {why}",
        hook.slug(),
        in_words(program),
        expected.slug()
    );
    (answer.findings).push(finding::new(&live::WRONG_HOOK, message, name.clone()));
}

fn mode(question: &Question<'_>, interface: &Interface, place: Place, answer: &mut Answer) {
    let is_right = match question.mode {
        Mode::Native => place != Place::Stack,
        Mode::Generic => place == Place::Stack,
    };
    if is_right {
        return;
    }
    let name = &interface.name;
    let meant = match question.mode {
        Mode::Native => "native",
        Mode::Generic => "generic",
    };
    let message = format!(
        "the filter at {name} runs in {} mode, not in {meant} mode",
        place_name(place)
    );
    (answer.findings).push(finding::new(&live::OTHER_MODE, message, name.clone()));
}

/// A program that is none of the filter's.
fn stranger(
    question: &Question<'_>,
    interface: &Interface,
    program: &Program,
    answer: &mut Answer,
) {
    let name = &interface.name;
    let looks = match (program.hook_by_name(), program.name.as_str()) {
        (Some(hook), _) => format!(
            ": it is called like the {} program, but its instructions are others",
            hook.slug()
        ),
        (None, "xdp_dispatcher") => {
            ": it calls other programs in turn, and netverdict does not look behind it".to_owned()
        }
        (None, _) => String::new(),
    };
    let message = format!(
        "interface {name} has {}, loaded by user {}, with {}, which is none of the filter's{looks}",
        in_words(program),
        program.loaded_by,
        counted(program.maps.len(), "map")
    );
    let found = finding::new(&live::WRONG_PROGRAM, message, name.clone());
    let tags: Vec<String> = (Hook::ALL.into_iter())
        .map(|hook| {
            let [before, since] = question.print.programs[hook as usize].tags;
            format!("{} {since} (before Linux 6.18: {before})", hook.slug())
        })
        .collect();
    let fix = format!(
        "attach the filter; its tags are {}. If this is another build of it, name its object \
         with `--filter`",
        tags.join(", ")
    );
    answer.findings.push(found.fixed_by(fix));
    if !program.has_types && !program.maps.is_empty() {
        answer.unreadable.push(format!(
            "{} at {name} is no build of the filter that is known here, and was loaded without \
             BTF: what its maps hold cannot be told. Load it with its BTF, or, if it is a build \
             of the filter, name its object with `--filter OBJECT`",
            in_words(program)
        ));
    }
}

/// Whether the maps are those of the layout, and every program is loaded.
fn layout(question: &Question<'_>, filter: &LoadedFilter, answer: &mut Answer) {
    let programs: Vec<String> = filter.programs.iter().map(in_words).collect();
    let programs = programs.join(", ");
    for name in &filter.misshapen {
        let shape = question.print.maps.get(*name);
        let problem = match filter.maps.get(*name).map(|map| (map.id, map.shape)) {
            None => format!("has no map {name}"),
            Some((id, found)) => {
                let known = shape
                    .map(|it| format!(", not {}, {} and {}", it.kind, it.key_size, it.value_size));
                format!(
                    "has a map {name} (number {id}) of another shape: kind {}, keys of {} bytes \
                     and values of {}{}",
                    found.kind,
                    found.key_size,
                    found.value_size,
                    known.unwrap_or_default()
                )
            }
        };
        let message = format!("the filter of {programs} {problem}");
        let subject = (*name).to_owned();
        (answer.findings).push(finding::new(&live::FOREIGN_LAYOUT, message, subject));
    }
    let is_there = |hook: &Hook| {
        let mut programs = filter.programs.iter();
        programs.any(|it| it.hook(question.print).or(it.hook_by_name()) == Some(*hook))
    };
    for hook in Hook::ALL.into_iter().filter(|hook| !is_there(hook)) {
        let what = match hook {
            Hook::Uplink => "no prefilter is in the way of what comes in",
            Hook::Egress => "no policy judges what workloads send",
            Hook::Ingress => "no policy judges what workloads receive",
        };
        let slug = hook.slug();
        let message =
            format!("the {slug} program of the filter of {programs} is loaded nowhere: {what}");
        (answer.findings).push(finding::new(
            &live::MISSING_PROGRAM,
            message,
            slug.to_owned(),
        ));
    }
}

/// Filters with maps of their own, side by side.
fn several(question: &Question<'_>, answer: &mut Answer) {
    let mut sides = Vec::new();
    for filter in question.filters() {
        let ours = |id: u32| {
            let mut programs = filter.programs.iter().filter(|program| program.id == id);
            programs.any(|program| program.hook(question.print).is_some())
        };
        let names: BTreeSet<&str> = question
            .interfaces()
            .filter(|it| it.attached.iter().any(|(_, id)| ours(*id)))
            .map(|it| it.name.as_str())
            .collect();
        if !names.is_empty() {
            sides.push(names.into_iter().collect::<Vec<_>>().join(", "));
        }
    }
    if sides.len() > 1 {
        let message = format!(
            "{} filters are attached side by side, each with maps of its own: at {}",
            sides.len(),
            sides.join("; at ")
        );
        let subject = sides.join("; ");
        (answer.findings).push(finding::new(&live::SEVERAL_FILTERS, message, subject));
    }
}

/// `program 17 'netverdict_upli' (tag 0123456789abcdef)`.
fn in_words(program: &Program) -> String {
    let Program { id, name, tag, .. } = program;
    match name.as_str() {
        "" => format!("program {id} without a name (tag {tag})"),
        name => format!("program {id} '{name}' (tag {tag})"),
    }
}

/// `native`, `generic`.
pub(super) fn place_name(place: Place) -> &'static str {
    match place {
        Place::Hardware => "hardware",
        Place::Driver => "native",
        Place::Stack => "generic",
    }
}
