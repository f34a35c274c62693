//! Reads `probes`: each entry becomes the frames it stands for.

mod assemble;
mod destination;
mod expand;
mod frame;
mod origin;
mod sendable;

use std::collections::{BTreeMap, BTreeSet};

use netverdict_abi::{Reason, Verdict};

use super::keys::{Key, Shape, Table};
use super::network::Network;
use super::problems::Problems;
use super::read::Fields;
use super::sets::Sets;
use super::suggest::did_you_mean;
use super::tree::{Node, Value};
use crate::diagnostic::{Diagnostic, Location};
use crate::model::Policy;
use crate::scenario::{Expect, Probe};
use crate::topology::Forward;

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
            "Who sends: a host, an address, the name of an address set (first and last address of \
             each prefix), 'any-address-in PREFIX' (or SET), 'any-address-outside PREFIX' (or SET: \
             one before and one after), or a list of these.",
        ),
        Key::required(
            "to",
            Shape::Text,
            "Where to: 'WORKLOAD:NODEPORT/PROTOCOL' through the node, 'node:PORT/PROTOCOL', \
             'node/icmp', 'node/arp', 'node/neighbour-solicitation', 'node/protocol-NUMBER', \
             'node/ethertype-0xNNNN', or 'ADDRESS:PORT/PROTOCOL'.",
        ),
        Key::required(
            "expect",
            Shape::Choice(&["pass", "drop"]),
            "What is meant to happen: 'pass' is to arrive, 'drop' is to be dropped by the filter.",
        ),
        Key::optional(
            "reason",
            Shape::Reason,
            "The reason that the filter must give.",
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
    pub(super) network: &'a Network,
    pub(super) policy: &'a Policy,
    pub(super) forwards: &'a [Forward],
    pub(super) sets: &'a Sets,
    /// Whether every manifest could be read, so that a node port that is not
    /// there is the probe's fault.
    pub(super) services_known: bool,
}

/// Reads every probe; only those that are whole are returned. `named` gets the
/// names of all of them.
pub(super) fn read(
    node: &Node,
    context: &Context<'_>,
    named: &mut BTreeSet<String>,
    problems: &mut Problems,
) -> Vec<Probe> {
    let items = problems.list(node).unwrap_or(&[]);
    if items.is_empty() && matches!(node.value, Value::List(_)) {
        problems.error(
            "no-probes",
            &node.location,
            "the scenario has no probes, so it would prove nothing",
            "add entries such as {from: HOST, to: \"WORKLOAD:PORT/tcp\", expect: pass}",
        );
    }
    let given = given_names(items, problems);
    named.extend(given.keys().map(|name| (*name).to_owned()));
    let mut probes = Vec::new();
    for item in items {
        let Some(fields) = Fields::of(item, &PROBE, problems) else {
            continue;
        };
        let name = match fields.get("name").and_then(plain_text) {
            Some(name) => Some(name.to_owned()),
            None => made_name(&fields).map(|base| unique(&base, named)),
        };
        named.extend(name.clone());
        let expect = fields.get("expect").and_then(|node| {
            let words = [("pass", Expect::Pass), ("drop", Expect::Drop)];
            Some((problems.choice(node, &words)?, node.location.clone()))
        });
        let reason = fields.get("reason").and_then(|node| reason(node, problems));
        if let (Some((expect, _)), Some(reason), Some(node)) =
            (&expect, reason, fields.get("reason"))
        {
            fits(*expect, reason, node, problems);
        }
        let destination = fields
            .get("to")
            .and_then(|node| Some((destination::read(node, context, problems)?, &node.location)));
        let origins = fields
            .get("from")
            .map(|node| origin::read(node, context, problems));
        let frame = match fields.get("frame") {
            Some(node) => frame::read(node, problems),
            None => Some(frame::Options::default()),
        };
        let (Some((to, to_location)), Some(origins), Some(frame)) = (destination, origins, frame)
        else {
            continue;
        };
        let cases = expand::cases(context, &to, to_location, &origins, &frame, problems);
        if let (Some(name), Some((expect, expect_location)), false) =
            (name, expect, cases.is_empty())
        {
            probes.push(Probe {
                sequence: None,
                name,
                expect,
                reason,
                cases,
                location: item.location.clone(),
                expect_location,
            });
        }
    }
    probes
}

fn plain_text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// The names that probes are given, each once.
fn given_names<'n>(items: &'n [Node], problems: &mut Problems) -> BTreeMap<&'n str, &'n Location> {
    let mut given: BTreeMap<&str, &Location> = BTreeMap::new();
    for node in items.iter().filter_map(|item| item.get("name")) {
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

fn made_name(fields: &Fields<'_>) -> Option<String> {
    let from = match &fields.get("from")?.value {
        Value::Text(from) => from.clone(),
        Value::List(items) => {
            let names: Vec<&str> = items.iter().filter_map(plain_text).collect();
            names.join(", ")
        }
        _ => return None,
    };
    let to = plain_text(fields.get("to")?)?;
    Some(format!("{from} -> {to}"))
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
