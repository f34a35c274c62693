//! Loaded filters that are made up.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use netverdict_abi::{Hook, Mode as Bits, Settings};
use netverdict_lab::filter::{HeldPolicy, ReadBack};
use netverdict_lab::loaded::{Interface, Loaded, LoadedFilter, Map, Place, Program};
use netverdict_lab::object::{Fingerprint, Tag, fingerprint};
use netverdict_policy::diagnostic::Severity;
use netverdict_policy::frontend::HostNetwork;
use netverdict_policy::image::{MapImage, RuleId, Verdict};
use netverdict_policy::prefix::Prefix;

use super::{Answer, Question, audit, scope};
use crate::lane::Mode;
use crate::matrix::input::{Readings, Subject, load};
use crate::object;

/// Numbers of the programs, by hook.
const IDS: [u32; 3] = [11, 12, 13];

struct World {
    declared: Subject,
    print: Fingerprint,
    loaded: Loaded,
    mode: Mode,
}

impl World {
    /// Everything as it should be, seen from the node.
    fn new() -> World {
        World::of("../scenarios/prefilter/allow-list.yaml")
    }

    fn of(path: &str) -> World {
        let readings = Readings {
            ip_blocks_match_workloads: None,
            cidrs_match_workloads: None,
            host_network: HostNetwork::AsWorkloads,
        };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let mut input = load(&[path], readings, false);
        assert_eq!(input.problems, [""; 0]);
        let declared = input.subjects.pop().expect("a scenario");
        let print = object::open(None).expect("the built-in object");
        let print = fingerprint(&print.bytes).expect("it can be loaded");
        let programs = Hook::ALL.map(|hook| program(hook, &print)).to_vec();
        let maps = (1..).zip(&print.maps).map(|(id, (name, shape))| {
            let map = Map {
                id,
                name: name.clone(),
                shape: *shape,
                has_types: true,
            };
            (name.clone(), map)
        });
        let held = HeldPolicy {
            in_force: read_back(&declared.image, 1, Bits::TRACK),
            beside: read_back(&MapImage::default(), 0, 0),
            links: BTreeMap::from([(101, BTreeSet::from([0]))]),
            absent: BTreeSet::new(),
        };
        let filter = LoadedFilter {
            maps: maps.collect(),
            programs,
            misshapen: Vec::new(),
            policy: Some(Ok(held)),
        };
        let attached = [Hook::Uplink, Hook::Egress].map(|hook| program(hook, &print));
        World {
            loaded: Loaded {
                interfaces: vec![
                    interface(1, "lo", &[]),
                    interface(100, "uplink", &[(Place::Driver, IDS[0])]),
                    interface(101, "w0", &[(Place::Driver, IDS[1])]),
                ],
                attached: attached.into_iter().map(|it| (it.id, it)).collect(),
                filters: vec![filter],
            },
            declared,
            print,
            mode: Mode::Native,
        }
    }

    fn held(&mut self) -> &mut HeldPolicy {
        let policy = self.loaded.filters[0].policy.as_mut();
        policy.expect("it is read").as_mut().expect("it is whole")
    }

    fn question(&self) -> Question<'_> {
        Question {
            declared: &self.declared,
            print: &self.print,
            loaded: &self.loaded,
            interfaces: &[],
            mode: self.mode,
        }
    }

    fn answer(&self) -> Answer {
        audit(&self.question())
    }

    /// Severity and id of each finding.
    fn found(&self) -> Vec<(Severity, &'static str)> {
        let findings = self.answer().findings.into_iter();
        findings.map(|it| (it.severity, it.kind.id)).collect()
    }

    fn messages(&self) -> String {
        let findings = self.answer().findings.into_iter();
        findings.map(|it| it.message + "\n").collect()
    }
}

fn program(hook: Hook, print: &Fingerprint) -> Program {
    Program {
        id: IDS[hook as usize],
        name: hook.program()[..15].to_owned(),
        tag: print.programs[hook as usize].tags[1],
        loaded_by: 0,
        has_types: true,
        maps: vec![1],
    }
}

fn interface(index: u32, name: &str, attached: &[(Place, u32)]) -> Interface {
    Interface {
        index,
        name: name.to_owned(),
        is_loopback: name == "lo",
        is_up: true,
        addresses: Vec::new(),
        attached: attached.to_vec(),
    }
}

fn read_back(image: &MapImage, generation: u32, mode: u32) -> ReadBack {
    ReadBack {
        image: MapImage {
            // The maps hold numbers only.
            rules: Vec::new(),
            ..image.clone()
        },
        settings: Settings {
            mode,
            ..Settings::default()
        },
        generation,
        entries: image.keys().count(),
        leftovers: 0,
        strays: Vec::new(),
    }
}

#[test]
fn what_is_loaded_as_declared_has_no_finding() {
    assert_eq!(World::new().found(), []);
    assert_eq!(
        World::of("../scenarios/recipes/default-deny-ingress.yaml").found(),
        []
    );
}

#[test]
fn tags_of_either_kind_of_kernel_are_known() {
    let mut world = World::new();
    for (id, program) in &mut world.loaded.attached {
        let hook = IDS.iter().position(|it| it == id).expect("one of them");
        program.tag = world.print.programs[hook].tags[0];
    }
    assert_eq!(world.found(), []);
}

#[test]
fn a_program_is_known_by_its_tag_and_not_by_its_name() {
    let mut world = World::new();
    let uplink = world.loaded.attached.get_mut(&IDS[0]).expect("it is there");
    uplink.name = "anything".to_owned();
    assert_eq!(world.found(), []);
    let uplink = world.loaded.attached.get_mut(&IDS[0]).expect("it is there");
    (uplink.name, uplink.tag) = ("netverdict_upli".to_owned(), Tag([7; 8]));
    assert_eq!(world.found(), [(Severity::Error, "live-wrong-program")]);
    assert!(world.messages().contains("called like the uplink program"));
    assert!(world.answer().unreadable.is_empty());
    let uplink = world.loaded.attached.get_mut(&IDS[0]).expect("it is there");
    uplink.has_types = false;
    assert!(world.answer().unreadable[0].contains("without BTF"));
    let uplink = world.loaded.attached.get_mut(&IDS[0]).expect("it is there");
    uplink.name = "xdp_dispatcher".to_owned();
    assert!(world.messages().contains("it calls other programs in turn"));
}

#[test]
fn links_say_which_program_belongs_where() {
    let mut world = World::new();
    world.loaded.interfaces[1].attached = vec![(Place::Driver, IDS[1])];
    world.loaded.interfaces[2].attached = vec![(Place::Driver, IDS[0])];
    assert_eq!(world.found(), [(Severity::Error, "live-wrong-hook"); 2]);
    // Nobody says which links are workloads'.
    world.held().links.clear();
    assert_eq!(world.found(), []);
    // Where workloads receive, the address says so, whatever the number.
    let address = world.declared.policy.workloads[0].addresses[0];
    world.loaded.interfaces[1].addresses = vec![address];
    let messages = world.messages();
    assert!(messages.contains("where the ingress program belongs: it has a workload's address"));
}

#[test]
fn what_is_down_or_loopback_needs_no_program_unless_it_is_named() {
    let mut world = World::new();
    world.loaded.interfaces.push(interface(102, "eth1", &[]));
    assert_eq!(world.found(), [(Severity::Error, "live-no-program")]);
    world.loaded.interfaces[3].is_up = false;
    assert_eq!(world.found(), []);
    let named = ["lo".to_owned(), "eth1".to_owned()];
    let question = Question {
        interfaces: &named,
        ..world.question()
    };
    assert_eq!(audit(&question).findings.len(), 2);
    assert_eq!(question.unknown(), [""; 0]);
    let named = ["eth2".to_owned()];
    let question = Question {
        interfaces: &named,
        ..world.question()
    };
    assert_eq!(question.unknown(), ["eth2"]);
}

#[test]
fn the_mode_is_held_against_the_one_that_is_meant() {
    for (place, mode, expected) in [
        (Place::Driver, Mode::Native, 0),
        (Place::Hardware, Mode::Native, 0),
        (Place::Stack, Mode::Native, 1),
        (Place::Stack, Mode::Generic, 0),
        (Place::Driver, Mode::Generic, 1),
    ] {
        let mut world = World::new();
        world.mode = mode;
        world.loaded.interfaces[1].attached = vec![(place, IDS[0])];
        world.loaded.interfaces.remove(2);
        let found = world.found();
        assert_eq!(found.len(), expected, "{place:?} {mode:?}");
        assert!(
            found
                .iter()
                .all(|it| *it == (Severity::Warning, "live-other-mode"))
        );
    }
}

#[test]
fn maps_of_another_layout_are_named() {
    let mut world = World::new();
    let filter = &mut world.loaded.filters[0];
    filter.misshapen = vec!["POLICY", "BACKENDS"];
    filter.policy = None;
    filter.maps.remove("BACKENDS");
    let policy = filter.maps.get_mut("POLICY").expect("it is there");
    policy.shape.key_size = 24;
    assert_eq!(world.found(), [(Severity::Error, "live-foreign-layout"); 2]);
    let messages = world.messages();
    assert!(messages.contains("has no map BACKENDS"), "{messages}");
    assert!(messages.contains("keys of 24 bytes"), "{messages}");
}

#[test]
fn the_old_generation_and_the_declared_one_beside_it_are_told_apart() {
    let mut world = World::new();
    let image = world.declared.image.clone();
    let mut old = image.clone();
    old.prefilters.clear();
    let held = world.held();
    held.in_force = read_back(&old, 0, Bits::TRACK);
    held.beside = read_back(&image, 1, Bits::TRACK);
    let messages = world.messages();
    assert!(
        messages.starts_with(
            "generation 0 is in force, and the declared policy stands beside it, in generation 1"
        ),
        "{messages}"
    );
    assert!(
        world
            .found()
            .contains(&(Severity::Error, "live-missing-entry"))
    );
}

#[test]
fn what_the_manifests_declare_themselves_is_less_severe() {
    let world = World::of("../scenarios/incident/as-deployed.yaml");
    assert_eq!(
        world.found(),
        [
            (Severity::Error, "live-empty-allow-list"),
            (Severity::Warning, "live-default-pass"),
            (Severity::Note, "live-bypass"),
        ]
    );
    let fixed = World::of("../scenarios/incident/fixed.yaml");
    assert_eq!(fixed.found(), [(Severity::Note, "live-default-pass")]);
}

#[test]
fn other_numbers_of_rules_are_a_note() {
    let mut world = World::new();
    for stage in world.held().in_force.image.prefilters.values_mut() {
        for verdict in stage.sources.values_mut() {
            *verdict = Verdict::Allow(RuleId(9));
        }
    }
    assert_eq!(world.found(), [(Severity::Note, "live-other-rules")]);
    assert!(
        world
            .messages()
            .starts_with("3 loaded entries name another rule")
    );
}

#[test]
fn many_entries_are_few_findings() {
    let mut world = World::new();
    let stages = &mut world.held().in_force.image.prefilters;
    let stage = stages.values_mut().next().expect("a prefilter");
    for number in 0..100 {
        let prefix: Prefix = format!("198.51.{number}.0/24").parse().expect("a prefix");
        stage.sources.insert(prefix, Verdict::Allow(RuleId(1)));
    }
    let messages = world.messages();
    let said = "loaded, and declared nowhere: 92 more entries of PREFILTER_V4 30007/tcp";
    assert!(messages.contains(said), "{messages}");
    assert_eq!(messages.matches("declared nowhere").count(), 9);
}

#[test]
fn a_hook_that_cannot_be_seen_is_said_to_be_unseen() {
    let lines = scope(&World::new().question()).join("\n");
    assert!(lines.contains("seen: the uplink program at uplink (native, program 11)"));
    let unseen = "not seen from here: the ingress program; it belongs inside each workload's own";
    assert!(lines.contains(unseen), "{lines}");
    assert_eq!(lines.matches("not seen").count(), 1);
}
