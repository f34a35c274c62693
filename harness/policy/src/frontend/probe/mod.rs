//! Reads `probes`: each entry becomes the frames it stands for.

pub(super) mod alone;
mod assemble;
mod destination;
mod expand;
mod frame;
mod origin;
mod sendable;
mod who;

use std::collections::{BTreeMap, BTreeSet};

use netverdict_abi::{Reason, Verdict};

use super::keys::{Key, Shape, Table};
use super::problems::Problems;
use super::read::Fields;
use super::sets::Sets;
use super::suggest::did_you_mean;
use super::tree::{Node, Value};
use crate::diagnostic::{Diagnostic, Location};
use crate::model::Policy;
use crate::scenario::{Expect, OfPolicy, Probe};
use crate::topology::TopologyPlan;
use assemble::SourcePorts;
use expand::Ports;

pub(super) const PROBES: Shape = Shape::List {
    of: &Shape::Mapping(&PROBE),
    least: 1,
};

pub(super) const PROBE: Table = Table {
    what: "a probe",
    keys: &[
        Key::optional(
            "name",
            Shape::Text,
            "Its name in reports, unique in the scenario; 'FROM -> TO' if not given.",
        ),
        Key::required(
            "from",
            Shape::AnyOf(&[
                Shape::Text,
                Shape::List {
                    of: &Shape::Text,
                    least: 1,
                },
            ]),
            "Who sends: a host, a workload, an address, the name of an address set (first and last address of \
             each prefix), 'any-address-in PREFIX' (or SET), 'any-address-outside PREFIX' (or SET: \
             one before and one after), or a list of these.",
        ),
        Key::required(
            "to",
            Shape::Text,
            "Where to: 'WHO:PORT/PROTOCOL' (tcp, udp or sctp), 'WHO/icmp', 'WHO/icmp-echo-reply', \
             'WHO/icmp-type-NUMBER' or 'WHO/protocol-NUMBER', where WHO is a workload (NAME or \
             NAMESPACE/NAME), 'node', a host or an address; a workload's node port means the \
             node's. Or 'WHO/neighbour-solicitation', 'node/arp', 'node/ethertype-0xNNNN'.",
        ),
        Key::required(
            "expect",
            Shape::Choice(&["pass", "drop"]),
            "What is meant to happen: 'pass' is to arrive, 'drop' is to be dropped by the filter, \
             at whatever hook.",
        ),
        Key::optional(
            "reason",
            Shape::Reason,
            "The reason that the filter must give, at the last hook that judges the frame.",
        ),
        Key::optional(
            "proposed",
            Shape::Choice(&["pass", "drop"]),
            "What is meant to happen if policies in dry run (policy.cilium.io/dry-run: \"true\") \
             were enforced, as far as the frame comes now.",
        ),
        Key::optional(
            "frame",
            Shape::Mapping(&frame::FRAME),
            "How the frame differs from a plain one.",
        ),
    ],
};

/// What probes refer to.
pub(super) struct Context<'a> {
    pub(super) topology: &'a TopologyPlan,
    pub(super) policy: &'a Policy,
    pub(super) sets: &'a Sets,
    /// Whether every manifest could be read, so that a node port or a workload
    /// that is not there is the probe's fault.
    pub(super) services_known: bool,
}

/// The values of the keys that hold probes.
#[derive(Clone, Copy, Default)]
pub(super) struct Written<'n> {
    pub(super) probes: Option<&'n Node>,
    pub(super) sequences: Option<&'n Node>,
    pub(super) before_steps: Option<&'n Node>,
    pub(super) steps: Option<&'n Node>,
}

/// Every list of probes in a scenario.
pub(super) struct Lists<'n> {
    /// Those that are judged each by itself.
    alone: &'n [Node],
    /// Those that are judged in order, by the name of their sequence.
    sequences: Vec<(&'n str, &'n [Node])>,
    /// Those that are judged in order before the first step.
    pub(super) before_steps: &'n [Node],
    /// The steps, each of which may have probes.
    pub(super) steps: &'n [Node],
}

impl<'n> Lists<'n> {
    /// Takes apart what a scenario says.
    pub(super) fn of(scenario: &Node, written: Written<'n>, problems: &mut Problems) -> Lists<'n> {
        let Written {
            probes,
            sequences,
            before_steps,
            steps,
        } = written;
        const HELP: &str =
            "add entries such as {from: HOST, to: \"WORKLOAD:PORT/tcp\", expect: pass}";
        let mut list = |node: &'n Node, empty: &str| {
            let items = problems.list(node).unwrap_or(&[]);
            if items.is_empty() && matches!(node.value, Value::List(_)) {
                problems.error("no-probes", &node.location, empty, HELP);
            }
            items
        };
        let alone = probes.map_or(&[][..], |node| {
            list(
                node,
                "the scenario has no probes, so it would prove nothing",
            )
        });
        let mut by_name = Vec::new();
        let entries = match sequences {
            Some(node) => match &node.value {
                Value::Map(entries) => entries.as_slice(),
                _ => &[],
            },
            None => &[],
        };
        for entry in entries {
            by_name.push((
                entry.key.as_str(),
                list(&entry.value, "the sequence has no probes"),
            ));
        }
        let before = before_steps.map_or(&[][..], |node| list(node, "no probe is sent before"));
        if let Some(node) = sequences {
            problems.named(node);
        }
        let entries_of_steps = steps.and_then(|node| problems.list(node)).unwrap_or(&[]);
        live(probes, before_steps, steps, problems);
        let nothing = probes.is_none() && entries.is_empty();
        if nothing && matches!(scenario.value, Value::Map(_)) {
            problems.error(
                "no-probes",
                &scenario.location,
                "a scenario needs the key 'probes', or 'sequences'",
                HELP,
            );
        }
        Lists {
            alone,
            sequences: by_name,
            before_steps: before,
            steps: entries_of_steps,
        }
    }

    /// Names that probes are given, where the probes cannot be read.
    pub(super) fn given_names(&self) -> Vec<String> {
        (self.every().filter_map(|item| item.get("name")))
            .filter_map(|node| plain_text(node).map(str::to_owned))
            .collect()
    }

    fn every(&self) -> impl Iterator<Item = &'n Node> {
        let sequences = self.sequences.iter().flat_map(|(_, items)| items.iter());
        let of_steps = (self.steps.iter())
            .filter_map(|step| match &step.get("probes")?.value {
                Value::List(items) => Some(items.as_slice()),
                _ => None,
            })
            .flatten();
        (self.alone.iter().chain(sequences))
            .chain(self.before_steps)
            .chain(of_steps)
    }
}

/// Reads every probe; only those that are whole are returned. `named` gets the
/// names of all of them.
pub(super) fn read(
    lists: &Lists<'_>,
    context: &Context<'_>,
    named: &mut BTreeSet<String>,
    problems: &mut Problems,
) -> Vec<Probe> {
    let given = given_names(lists.every(), problems);
    named.extend(given.keys().map(|name| (*name).to_owned()));
    let mut source_ports = SourcePorts::default();
    let mut probes = Vec::new();
    for item in lists.alone {
        let mut ports = Ports::Distinct(&mut source_ports);
        probes.extend(probe(item, None, context, named, &mut ports, problems));
    }
    for (number, (name, items)) in lists.sequences.iter().enumerate() {
        for item in *items {
            let mut ports = Ports::Same;
            let read = probe(item, Some(name), context, named, &mut ports, problems);
            probes.extend(read.map(|probe| Probe {
                sequence: Some(number),
                ..probe
            }));
        }
    }
    probes
}

/// Reads probes that are judged in order, in one memory with others; `label` goes
/// in front of names that are not given. After [`read`].
pub(super) fn in_order(
    items: &[Node],
    label: &str,
    context: &Context<'_>,
    named: &mut BTreeSet<String>,
    problems: &mut Problems,
) -> Vec<Probe> {
    (items.iter())
        .filter_map(|item| {
            probe(
                item,
                Some(label),
                context,
                named,
                &mut Ports::Same,
                problems,
            )
        })
        .map(|probe| Probe {
            sequence: Some(0),
            ..probe
        })
        .collect()
}

/// Steps need traffic that flows, and what comes before them needs steps.
fn live(
    probes: Option<&Node>,
    before_steps: Option<&Node>,
    steps: Option<&Node>,
    problems: &mut Problems,
) {
    match (steps, before_steps) {
        (Some(node), _) if probes.is_none() => problems.error(
            "steps-without-traffic",
            &node.location,
            "nothing is sent while the steps change the policy",
            "add 'probes': their frames are the traffic, and say what is judged before the first \
             step",
        ),
        (Some(node), _) if matches!(&node.value, Value::List(items) if items.is_empty()) => {
            problems.error(
                "empty-list",
                &node.location,
                "there are no steps",
                "add one, or leave the key out",
            );
        }
        (None, Some(node)) => problems.error(
            "before-no-steps",
            &node.location,
            "'before_steps' is what steps remember, and there are no steps",
            "add 'steps', or make it one of the 'sequences'",
        ),
        (Some(_) | None, _) => {}
    }
}

fn probe(
    item: &Node,
    sequence: Option<&str>,
    context: &Context<'_>,
    named: &mut BTreeSet<String>,
    ports: &mut Ports<'_>,
    problems: &mut Problems,
) -> Option<Probe> {
    let fields = Fields::of(item, &PROBE, problems)?;
    let name = match fields.get("name").and_then(plain_text) {
        Some(name) => Some(name.to_owned()),
        None => made_name(&fields, sequence).map(|base| unique(&base, named)),
    };
    named.extend(name.clone());
    let words = [("pass", Expect::Pass), ("drop", Expect::Drop)];
    let expect = fields
        .get("expect")
        .and_then(|node| Some((problems.choice(node, &words)?, node.location.clone())));
    let proposed = (fields.get("proposed")).and_then(|node| problems.choice(node, &words));
    let reason = fields.get("reason").and_then(|node| reason(node, problems));
    if let (Some((expect, _)), Some(reason), Some(node)) = (&expect, reason, fields.get("reason")) {
        fits(*expect, reason, node, problems);
    }
    let destination = fields
        .get("to")
        .and_then(|node| Some((destination::read(node, context, problems)?, &node.location)));
    let origins = fields
        .get("from")
        .map(|node| origin::read(node, context, problems));
    let frame = match fields.get("frame") {
        Some(node) => frame::read(node, context, problems),
        None => Some(frame::Options::default()),
    };
    let (to, to_location) = destination?;
    let (origins, frame) = (origins?, frame?);
    let to = (&to, to_location);
    let cases = expand::cases(context, to, &origins, &frame, ports, problems);
    let (expect, expect_location) = expect?;
    (!cases.is_empty()).then_some(Probe {
        name: name?,
        expect,
        reason,
        of_policy: OfPolicy::InForce,
        proposed,
        cases,
        sequence: None,
        location: item.location.clone(),
        expect_location,
    })
}

fn plain_text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// The names that probes are given, each once.
fn given_names<'n>(
    items: impl Iterator<Item = &'n Node>,
    problems: &mut Problems,
) -> BTreeMap<&'n str, &'n Location> {
    let mut given: BTreeMap<&str, &Location> = BTreeMap::new();
    for node in items.filter_map(|item| item.get("name")) {
        let Some(name) = problems.text(node) else {
            continue;
        };
        if let Some(first) = given.get(name) {
            problems.push(
                Diagnostic::error(
                    "duplicate-probe-name",
                    &node.location,
                    format!("there is a probe named '{name}' already"),
                    "give each probe a name of its own",
                )
                .with_label(first, "the first one"),
            );
            continue;
        }
        given.insert(name, &node.location);
    }
    given
}

fn made_name(fields: &Fields<'_>, sequence: Option<&str>) -> Option<String> {
    let from = match &fields.get("from")?.value {
        Value::Text(from) => from.clone(),
        Value::List(items) => {
            let names: Vec<&str> = items.iter().filter_map(plain_text).collect();
            names.join(", ")
        }
        _ => return None,
    };
    let to = plain_text(fields.get("to")?)?;
    Some(match sequence {
        Some(sequence) => format!("{sequence}: {from} -> {to}"),
        None => format!("{from} -> {to}"),
    })
}

fn unique(base: &str, taken: &BTreeSet<String>) -> String {
    if !taken.contains(base) {
        return base.to_owned();
    }
    let numbered = (2_u32..).map(|number| format!("{base} #{number}"));
    (numbered.into_iter().find(|name| !taken.contains(name)))
        .expect("there are more numbers than probes")
}

fn reason(node: &Node, problems: &mut Problems) -> Option<Reason> {
    let text = problems.text(node)?;
    let found = (Reason::ALL.iter().copied()).find(|reason| reason.slug() == text);
    if found.is_none() {
        problems.error(
            "unknown-value",
            &node.location,
            format!("'{text}' is not a reason that the filter gives"),
            did_you_mean(text, Reason::ALL.iter().map(|reason| reason.slug())),
        );
    }
    found
}

/// A reason implies its verdict.
fn fits(expect: Expect, reason: Reason, node: &Node, problems: &mut Problems) {
    let (fits, verdict) = match (expect, reason.verdict()) {
        (Expect::Pass, Verdict::Pass) | (Expect::Drop, Verdict::Drop) => (true, ""),
        (_, Verdict::Pass) => (false, "passes"),
        (_, Verdict::Drop) => (false, "is dropped"),
        (_, Verdict::Abort) => (false, "aborts the program"),
    };
    if !fits {
        problems.error(
            "reason-contradicts-expect",
            &node.location,
            format!("a frame with the reason '{}' {verdict}", reason.slug()),
            "change 'expect' or the reason",
        );
    }
}
