use netverdict_abi::{Guard, PolicyKey, Prefilter, Verdicted, numbered};
use netverdict_policy::generate::{self, Draw};
use netverdict_policy::lower::lower;

use super::super::entries::tests::{TEST_RUN, image};
use super::*;

/// As [`super::super::Filter::install`] sets it.
fn settings(image: &MapImage) -> Settings {
    Settings {
        mode: TEST_RUN.mode(image),
        epoch: 3,
        flows: 4,
    }
}

fn read(entries: &Entries, generation: u32, settings: Settings) -> ReadBack {
    decode(&Held {
        entries,
        generation,
        settings,
        links: Some(TEST_RUN.links),
    })
}

/// Both generations in one map, in another order than they were written.
fn mixed(mut ours: Entries, other: Entries) -> Entries {
    fn mix<T>(ours: &mut Vec<T>, other: Vec<T>) {
        ours.extend(other);
        ours.reverse();
    }
    mix(&mut ours.prefilters, other.prefilters);
    mix(&mut ours.prefilter_v4, other.prefilter_v4);
    mix(&mut ours.prefilter_v6, other.prefilter_v6);
    mix(&mut ours.backends, other.backends);
    mix(&mut ours.endpoints, other.endpoints);
    mix(&mut ours.identities_v4, other.identities_v4);
    mix(&mut ours.identities_v6, other.identities_v6);
    mix(&mut ours.policy, other.policy);
    ours
}

fn count(entries: &Entries) -> usize {
    let Entries {
        prefilters,
        prefilter_v4,
        prefilter_v6,
        backends,
        endpoints,
        identities_v4,
        identities_v6,
        policy,
    } = entries;
    prefilters.len()
        + prefilter_v4.len()
        + prefilter_v6.len()
        + backends.len()
        + endpoints.len()
        + identities_v4.len()
        + identities_v6.len()
        + policy.len()
}

#[test]
fn what_was_written_is_read_back_whatever_stood_there_before() {
    let drawn = |seed| {
        let policy = generate::policy(&mut Draw::seeded(seed));
        lower(&policy).expect("what is drawn compiles")
    };
    let mut before = image();
    let mut filled = 0;
    for seed in 0..400 {
        let mut image = drawn(seed);
        for generation in [0, 1] {
            let ours = Entries::of(&image, &TEST_RUN, generation);
            let other = Entries::of(&before, &TEST_RUN, 1 - generation);
            let (entries, leftovers) = (count(&ours), count(&other));
            let settings = settings(&image);
            let read = read(&mixed(ours, other), generation, settings);
            image.rules.clear();
            let expected = ReadBack {
                image: image.clone(),
                settings,
                generation,
                entries,
                leftovers,
                strays: Vec::new(),
            };
            assert_eq!(read, expected, "seed {seed}, generation {generation}");
            filled += usize::from(entries > 5);
        }
        before = image;
    }
    assert!(filled > 400, "most of them say something: {filled}");
}

/// A change of one field, and what it is found to be; none where it means something
/// else, and the image shows that.
type Break = (&'static str, fn(&mut Entries), Option<Oddity>);

const BREAKS: &[Break] = &[
    ("port", |e| e.prefilters[1].0.port_be = 80_u16.to_be(), None),
    (
        "no port",
        |e| e.prefilters[1].0.port_be = 0,
        Some(Oddity::Port),
    ),
    (
        "protocol",
        |e| e.prefilters[1].0.protocol = 1,
        Some(Oddity::Port),
    ),
    ("generation", |e| e.prefilters[1].0.generation = 0, None),
    (
        "number of the other generation",
        |e| e.prefilters[1].1.id = 1,
        Some(Oddity::Number),
    ),
    (
        "number of the deny list",
        |e| e.prefilters[1].1.id = u32::MAX,
        Some(Oddity::Number),
    ),
    (
        "number of another prefilter",
        |e| e.prefilters[1].1.id = e.prefilters[0].1.id,
        Some(Oddity::Contradiction),
    ),
    (
        "default",
        |e| e.prefilters[1].1.flags ^= Prefilter::DEFAULT_PASS,
        None,
    ),
    (
        "bypass",
        |e| e.prefilters[1].1.flags ^= Prefilter::BYPASSES_POLICY,
        Some(Oddity::Unreachable),
    ),
    (
        "flags",
        |e| e.prefilters[1].1.flags |= 4,
        Some(Oddity::Flags),
    ),
    (
        "default rule",
        |e| e.prefilters[1].1.default_rule += 1,
        None,
    ),
    ("length", |e| e.prefilter_v4[1].0 -= 1, None),
    (
        "no length",
        |e| e.prefilter_v4[1].0 = 31,
        Some(Oddity::PrefixLength),
    ),
    (
        "host bits",
        |e| e.prefilter_v4[1].1.address[3] = 1,
        Some(Oddity::LooseBits),
    ),
    (
        "set",
        |e| e.prefilter_v4[1].1.set += 8,
        Some(Oddity::Unreachable),
    ),
    ("address", |e| e.prefilter_v6[0].1.address[0] ^= 1, None),
    (
        "action",
        |e| e.prefilter_v4[1].2.action = Verdicted::DENY,
        None,
    ),
    (
        "no action",
        |e| e.prefilter_v4[1].2.action = 7,
        Some(Oddity::Action),
    ),
    (
        "allow on the deny list",
        |e| e.prefilter_v4[0].2.action = Verdicted::ALLOW,
        Some(Oddity::Action),
    ),
    (
        "bits of ports",
        |e| e.prefilter_v4[1].2.l4_bits = 8,
        Some(Oddity::Length),
    ),
    ("rule", |e| e.prefilter_v4[1].2.rule += 1, None),
    (
        "rule of no match",
        |e| e.prefilter_v4[2].2.rule = 1,
        Some(Oddity::LooseBits),
    ),
    (
        "backend's prefilter",
        |e| e.backends[0].0.prefilter += 8,
        Some(Oddity::Unreachable),
    ),
    (
        "backend",
        |e| e.backends[0].0.endpoint += 1,
        Some(Oddity::Unreachable),
    ),
    ("backend's port", |e| e.backends[0].0.port_be ^= 1, None),
    (
        "backend's protocol",
        |e| e.backends[0].0.protocol = 17,
        Some(Oddity::Unreachable),
    ),
    (
        "backend's zero",
        |e| e.backends[0].0.zero = 1,
        Some(Oddity::LooseBits),
    ),
    (
        "backend's value",
        |e| e.backends[0].1 = 1,
        Some(Oddity::LooseBits),
    ),
    (
        "workload's address",
        |e| e.endpoints[0].0.address[3] ^= 1,
        None,
    ),
    (
        "workload's address's rest",
        |e| e.endpoints[0].0.address[4] = 1,
        Some(Oddity::LooseBits),
    ),
    (
        "workload's family",
        |e| e.endpoints[0].0.family = 5,
        Some(Oddity::Family),
    ),
    (
        "workload's zero",
        |e| e.endpoints[0].0.zero[1] = 1,
        Some(Oddity::LooseBits),
    ),
    ("workload's number", |e| e.endpoints[0].1.number = 9, None),
    (
        "workload's link",
        |e| e.endpoints[0].1.link = 9,
        Some(Oddity::Link),
    ),
    (
        "guard of the other generation",
        |e| e.endpoints[1].1.ingress.id = 1,
        Some(Oddity::Number),
    ),
    (
        "guard far away",
        |e| e.endpoints[1].1.ingress.id += 1 << 20,
        Some(Oddity::Number),
    ),
    (
        "guard of one address",
        |e| e.endpoints[1].1.ingress.flags ^= Guard::ALLOWS,
        Some(Oddity::Contradiction),
    ),
    (
        "no guard",
        |e| e.endpoints[1].1.ingress.flags ^= Guard::SELECTED,
        Some(Oddity::Flags),
    ),
    (
        "rule without default deny",
        |e| e.endpoints[1].1.egress.default_rule = 1,
        Some(Oddity::Flags),
    ),
    (
        "flags of a guard",
        |e| e.endpoints[1].1.egress.flags |= 8,
        Some(Oddity::Flags),
    ),
    ("identity", |e| e.identities_v4[0].2 += 1, None),
    (
        "no identity",
        |e| e.identities_v4[0].2 = 0,
        Some(Oddity::Identity),
    ),
    (
        "identity's set",
        |e| e.identities_v4[0].1.set += 1,
        Some(Oddity::Unreachable),
    ),
    (
        "identity's host bits",
        |e| e.identities_v6[0].1.address[9] = 1,
        Some(Oddity::LooseBits),
    ),
    ("entry's identity", |e| e.policy[1].1.identity += 1, None),
    (
        "entry's guard",
        |e| e.policy[1].1.guard += 8,
        Some(Oddity::Unreachable),
    ),
    (
        "entry's length",
        |e| e.policy[1].0 += 1,
        Some(Oddity::Length),
    ),
    (
        "entry's length inside the protocol",
        |e| e.policy[1].0 = PolicyKey::FIXED_BITS + 4,
        Some(Oddity::PrefixLength),
    ),
    (
        "entry's length inside the identity",
        |e| e.policy[1].0 = 40,
        Some(Oddity::PrefixLength),
    ),
    (
        "entry's port",
        |e| e.policy[1].1.port[1] |= 1,
        Some(Oddity::LooseBits),
    ),
    ("entry's protocol", |e| e.policy[1].1.protocol = 17, None),
    (
        "entry's zero",
        |e| e.policy[1].1.zero = 1,
        Some(Oddity::LooseBits),
    ),
    (
        "entry's action",
        |e| e.policy[1].2.action = Verdicted::ALLOW,
        None,
    ),
    (
        "entry without action",
        |e| e.policy[1].2.action = Verdicted::NO_MATCH,
        Some(Oddity::Action),
    ),
    (
        "entry's bits",
        |e| e.policy[1].2.l4_bits = 24,
        Some(Oddity::Length),
    ),
    ("entry's rule", |e| e.policy[1].2.rule += 1, None),
];

#[test]
fn whatever_is_changed_shows() {
    let image = image();
    let whole = read(&Entries::of(&image, &TEST_RUN, 1), 1, settings(&image));
    assert_eq!((&whole.image, &whole.strays[..]), (&image, &[][..]));
    for (name, change, oddity) in BREAKS {
        let mut entries = Entries::of(&image, &TEST_RUN, 1);
        change(&mut entries);
        let read = read(&entries, 1, settings(&image));
        let odd: Vec<Oddity> = read.strays.iter().map(|stray| stray.oddity).collect();
        match oddity {
            Some(oddity) => assert!(odd.contains(oddity), "{name}: {:?}", read.strays),
            None => assert_ne!(read.image, image, "{name}"),
        }
    }
}

/// An entry that is taken away.
type Removal = (&'static str, fn(&mut Entries));

#[test]
fn whatever_is_missing_shows() {
    let image = image();
    let whole = Entries::of(&image, &TEST_RUN, 0);
    let removals: [Removal; 8] = [
        ("prefilter", |e| {
            e.prefilters.truncate(e.prefilters.len() - 1)
        }),
        ("IPv4 source", |e| {
            e.prefilter_v4.truncate(e.prefilter_v4.len() - 1)
        }),
        ("IPv6 source", |e| {
            e.prefilter_v6.truncate(e.prefilter_v6.len() - 1)
        }),
        ("backend", |e| e.backends.truncate(e.backends.len() - 1)),
        ("workload", |e| e.endpoints.truncate(e.endpoints.len() - 1)),
        ("IPv4 identity", |e| {
            e.identities_v4.truncate(e.identities_v4.len() - 1)
        }),
        ("IPv6 identity", |e| {
            e.identities_v6.truncate(e.identities_v6.len() - 1)
        }),
        ("entry", |e| e.policy.truncate(e.policy.len() - 1)),
    ];
    for (name, remove) in removals {
        let mut entries = whole.clone();
        remove(&mut entries);
        let read = read(&entries, 0, settings(&image));
        assert_ne!(read.image, image, "{name}");
        assert_eq!(read.entries, count(&whole) - 1, "{name}");
    }
}

/// What the settings keep the programs from looking up is not in the image.
#[test]
fn settings_that_contradict_the_maps_show() {
    let image = image();
    let entries = Entries::of(&image, &TEST_RUN, 0);
    for (bit, differs) in [
        (Mode::DENY_LIST, true),
        (Mode::BYPASS, true),
        (Mode::PASS_ALL, true),
        (1 << 20, false),
    ] {
        let mut settings = settings(&image);
        settings.mode ^= bit;
        let read = read(&entries, 0, settings);
        assert_eq!(read.image != image, differs, "{bit:#x}");
        let said = read.strays.iter().any(|it| it.oddity == Oddity::Settings);
        assert_eq!(said, bit != Mode::PASS_ALL, "{bit:#x}");
    }
}

#[test]
fn a_generation_that_there_is_not_shows() {
    let image = image();
    let read = read(&Entries::of(&image, &TEST_RUN, 0), 2, settings(&image));
    let odd: Vec<Oddity> = read.strays.iter().map(|stray| stray.oddity).collect();
    assert!(odd.contains(&Oddity::Generation), "{odd:?}");
    assert_eq!((read.entries, numbered(1, 0)), (0, 1 << 31));
}
