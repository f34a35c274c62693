//! Reads a scenario document and what it names.

use std::collections::BTreeSet;

use super::choices::{self, CHOICES};
use super::keys::{Key, Shape, Table};
use super::link::{self, Linked, Setting};
use super::manifest::{self, Objects};
use super::network::{self, Network};
use super::prefilter::{self, DENY_LIST, PREFILTER, Prefilters};
use super::probe::{self, PROBES};
use super::problems::Problems;
use super::read::Fields;
use super::sets::{self, SET, Sets};
use super::sources::Sources;
use super::steps::{self, STEP};
use super::suggest::did_you_mean;
use super::tree::Node;
use crate::coverage::Coverage;
use crate::diagnostic::{Diagnostic, SourceFile};
use crate::image::MapImage;
use crate::lower::lower;
use crate::model::{Choices, Policy};
use crate::scenario::{Probe, Scenario, Step, Xfail};
use crate::topology::TopologyPlan;

/// The keys of a scenario.
pub(super) const SCENARIO: Table = Table {
    what: "a scenario",
    keys: &[
        Key::required("name", Shape::Text, "One line that reports show."),
        Key::optional(
            "why",
            Shape::Text,
            "Why the scenario exists: what went wrong, or would, and for whom.",
        ),
        Key::optional(
            "tags",
            Shape::List {
                of: &Shape::Text,
                least: 0,
            },
            "Words to select scenarios by, with --tag.",
        ),
        Key::optional(
            "xfail",
            Shape::Mapping(&XFAIL),
            "The probes that this deployment is known to fail: these, all of their cases, and no \
             others.",
        ),
        Key::required(
            "topology",
            Shape::Mapping(&network::TOPOLOGY),
            "Who is there, and at which addresses.",
        ),
        Key::optional(
            "address_sets",
            Shape::Named(&SET),
            "Lists of prefixes by name, for prefilters and probes.",
        ),
        Key::optional(
            "manifests",
            Shape::List {
                of: &Shape::Text,
                least: 0,
            },
            "Files with Kubernetes and Cilium manifests, or folders of them, relative to the \
             scenario. Manifests may also stand in the scenario's own file, as documents behind \
             it.",
        ),
        Key::optional(
            "choices",
            Shape::Mapping(&CHOICES),
            "Readings of policies that upstream leaves open.",
        ),
        Key::optional(
            "prefilter",
            Shape::List {
                of: &Shape::AnyOf(&[Shape::Mapping(&PREFILTER), Shape::Mapping(&DENY_LIST)]),
                least: 0,
            },
            "What the XDP prefilter does at each node port that it guards; an entry with 'deny' \
             alone holds for every port.",
        ),
        Key::optional(
            "sequences",
            Shape::Named(&PROBES),
            "Probes by the name of their sequence: they are sent in order, each alone, and \
             connections and fragments are remembered from one to the next. The source port is \
             40000 if not given.",
        ),
        Key::optional(
            "probes",
            PROBES,
            "The frames that are sent, and what is meant to happen to them; without any, and \
             without sequences, nothing would be proven. Each is judged as if nothing had been \
             before it.",
        ),
        Key::optional(
            "before_steps",
            PROBES,
            "Probes that are sent in order before the first step, such as a connection that is \
             established by then: the steps remember it.",
        ),
        Key::optional(
            "steps",
            Shape::List {
                of: &Shape::Mapping(&STEP),
                least: 1,
            },
            "Changes of the policy, one after the other, each while the frames of 'probes' are sent \
             over and over: what is sent before a change is judged as before, what is sent after \
             it as after it, and what is on its way in the meantime by either, at each hook.",
        ),
    ],
};

const XFAIL: Table = Table {
    what: "xfail",
    keys: &[
        Key::required("reason", Shape::Text, "What is wrong with the deployment."),
        Key::required(
            "probes",
            Shape::List {
                of: &Shape::Text,
                least: 1,
            },
            "Names of the probes that must mismatch.",
        ),
    ],
};

/// What a document says, as far as it could be read.
pub(super) struct Outline<'n> {
    name: Option<&'n str>,
    why: Option<&'n str>,
    tags: BTreeSet<String>,
    xfail: Option<Xfail>,
    /// `None` without a network.
    pub(super) judged: Option<Judged>,
}

/// Reads the document, and the manifests behind it in the same file; `None` if
/// something is wrong.
pub(super) fn read(
    node: &Node,
    behind: &[Node],
    sources: &mut Sources<'_>,
    problems: &mut Problems,
) -> Option<(Scenario, MapImage, Coverage)> {
    let Outline {
        name,
        why,
        tags,
        xfail,
        judged,
    } = outline(node, behind, sources, problems)?;
    if problems.any_error() {
        return None;
    }
    let Judged {
        topology,
        policy,
        image,
        probes,
        before_steps,
        steps,
        coverage,
    } = judged?;
    let scenario = Scenario {
        file: std::sync::Arc::clone(&node.location.file),
        name: name?.to_owned(),
        why: why.unwrap_or_default().to_owned(),
        tags,
        xfail,
        topology,
        policy,
        probes,
        before_steps,
        steps,
    };
    Some((scenario, image?, coverage))
}

/// Reads as much of the document as can be read; `None` if it is no mapping.
pub(super) fn outline<'n>(
    node: &'n Node,
    behind: &[Node],
    sources: &mut Sources<'_>,
    problems: &mut Problems,
) -> Option<Outline<'n>> {
    let fields = Fields::of(node, &SCENARIO, problems)?;
    let name = fields.get("name").and_then(|node| problems.text(node));
    let why = fields.get("why").and_then(|node| problems.text(node));
    let tags = tags(fields.get("tags"), problems);
    let network = fields
        .get("topology")
        .and_then(|node| network::read(node, problems));
    let sets = match fields.get("address_sets") {
        Some(node) => sets::read(node, network.as_ref(), sources, problems),
        None => Sets::new(),
    };
    let mut objects = manifests(fields.get("manifests"), sources, problems);
    manifest::read_behind(behind, &mut objects, problems);
    let choices = choices::read(fields.get("choices"), problems);
    let prefilters = match fields.get("prefilter") {
        Some(node) => {
            let expected_to_fail = fields.get("xfail").is_some();
            prefilter::read(node, &sets, expected_to_fail, problems)
        }
        None => Prefilters::default(),
    };
    let parts = network.map(|network| Parts {
        services_known: !objects.broken,
        network,
        objects,
        prefilters,
        choices,
        sets,
    });
    let written = probe::Written {
        probes: fields.get("probes"),
        sequences: fields.get("sequences"),
        before_steps: fields.get("before_steps"),
        steps: fields.get("steps"),
    };
    let lists = probe::Lists::of(node, written, problems);
    let mut named = BTreeSet::new();
    let expected_to_fail = fields.get("xfail").is_some();
    let judged = parts.map(|parts| {
        judge(
            parts,
            &lists,
            expected_to_fail,
            sources,
            &mut named,
            problems,
        )
    });
    if judged.is_none() {
        named.extend(lists.given_names());
    }
    let xfail = fields
        .get("xfail")
        .and_then(|node| xfail(node, &named, problems));
    Some(Outline {
        name,
        why,
        tags,
        xfail,
        judged,
    })
}

fn tags(node: Option<&Node>, problems: &mut Problems) -> BTreeSet<String> {
    let items = node.and_then(|node| problems.list(node)).unwrap_or(&[]);
    (items.iter())
        .filter_map(|item| problems.text(item).map(str::to_owned))
        .collect()
}

/// The objects of the files that a list names.
pub(super) fn manifests(
    node: Option<&Node>,
    sources: &mut Sources<'_>,
    problems: &mut Problems,
) -> Objects {
    let mut objects = Objects::default();
    let mut seen: Vec<(std::sync::Arc<SourceFile>, &Node)> = Vec::new();
    for item in node.and_then(|node| problems.list(node)).unwrap_or(&[]) {
        let Some(path) = problems.text(item) else {
            objects.broken = true;
            continue;
        };
        for path in sources.expand(path, &item.location, problems) {
            let Some(file) = sources.read(&path, &item.location, problems) else {
                objects.broken = true;
                continue;
            };
            if let Some((_, first)) = seen.iter().find(|(other, _)| other.path == file.path) {
                problems.push(
                    Diagnostic::error(
                        "duplicate-manifest",
                        &item.location,
                        format!("{} is listed twice", file.path),
                        "list each manifest once",
                    )
                    .with_label(&first.location, "first listed here"),
                );
                continue;
            }
            manifest::read(&file, &mut objects, problems);
            seen.push((file, item));
        }
    }
    objects
}

/// What probes are judged by.
struct Parts {
    network: Network,
    objects: Objects,
    services_known: bool,
    prefilters: Prefilters,
    choices: Choices,
    sets: Sets,
}

/// What the parts amount to together.
pub(super) struct Judged {
    pub(super) topology: TopologyPlan,
    pub(super) policy: Policy,
    /// `None` where the policy cannot be compiled, which is a problem.
    image: Option<MapImage>,
    probes: Vec<Probe>,
    before_steps: Vec<Probe>,
    pub(super) steps: Vec<Step>,
    pub(super) coverage: Coverage,
}

fn judge(
    parts: Parts,
    lists: &probe::Lists<'_>,
    expected_to_fail: bool,
    sources: &mut Sources<'_>,
    named: &mut BTreeSet<String>,
    problems: &mut Problems,
) -> Judged {
    let Parts {
        network,
        objects,
        services_known,
        prefilters,
        choices,
        sets,
    } = parts;
    let before = problems.errors();
    let Linked {
        policy,
        topology,
        mut coverage,
    } = link::link(
        &network,
        objects.clone(),
        prefilters.clone(),
        choices,
        Setting::Scenario,
        problems,
    );
    let services_known = services_known && problems.errors() == before;
    // What cannot be compiled is wrong with the input, and known without a
    // single frame.
    let image = match lower(&policy) {
        Ok(image) => Some(image),
        Err(diagnostics) => {
            problems.extend(diagnostics);
            None
        }
    };
    let context = probe::Context {
        topology: &topology,
        policy: &policy,
        sets: &sets,
        services_known,
    };
    let probes = probe::read(lists, &context, named, problems);
    let before_steps = probe::in_order(lists.before_steps, "before", &context, named, problems);
    let base = steps::Base {
        network,
        objects,
        prefilters,
        choices,
        sets: &sets,
        topology: &topology,
        last: topology.clone(),
        policy: &policy,
        services_known,
        expected_to_fail,
    };
    let steps = steps::read(lists.steps, base, sources, named, &mut coverage, problems);
    Judged {
        topology,
        policy,
        image,
        probes,
        before_steps,
        steps,
        coverage,
    }
}

fn xfail(node: &Node, named: &BTreeSet<String>, problems: &mut Problems) -> Option<Xfail> {
    let fields = Fields::of(node, &XFAIL, problems)?;
    let reason = fields.get("reason").and_then(|node| problems.text(node));
    let list = fields.get("probes")?;
    let items = problems.list(list)?;
    if items.is_empty() {
        problems.error(
            "xfail-without-probes",
            &list.location,
            "no probe is expected to fail",
            "name the probes that fail in this deployment, or remove 'xfail'",
        );
    }
    let mut probes = BTreeSet::new();
    for item in items {
        let Some(name) = problems.text(item) else {
            continue;
        };
        if !named.contains(name) {
            problems.error(
                "unknown-probe",
                &item.location,
                format!("no probe is named '{name}'"),
                did_you_mean(name, named.iter().map(String::as_str)),
            );
        }
        probes.insert(name.to_owned());
    }
    Some(Xfail {
        reason: reason?.to_owned(),
        probes,
        location: node.location.clone(),
    })
}
