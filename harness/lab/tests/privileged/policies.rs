//! The programs and their maps, without a network.

use libtest_mimic::Failed;
use netverdict_abi::{Event, Hook, Reason};
use netverdict_lab::filter::{Connections, Events, Filter, FilterError, Install, Links};
use netverdict_lab::wire::probe_of;
use netverdict_policy::frame::{FrameSpec, ProbeId};
use netverdict_policy::image::{IdentityId, ImageSizes, MapImage};
use netverdict_policy::journey::Sender;
use netverdict_policy::prefix::Prefix;

use crate::Case;
use crate::given::{self, BILLING_V4, INVENTORY_V4, INVENTORY_V6, PREFILTERED, WEB_V4, rule};

pub(crate) const CASES: &[Case] = &[
    ("an_installed_policy_is_what_the_programs_do", judges),
    ("a_policy_replaces_the_one_before", replaces),
    ("events_are_sent_for_what_was_asked", reports),
    ("a_policy_that_does_not_fit_changes_nothing", too_large),
    ("an_object_that_is_none_is_refused", refuses),
];

const DROP: u32 = 1;
const PASS: u32 = 2;

/// In a test run, which has no links.
fn quietly(events: Events) -> Install {
    Install {
        events,
        track: false,
        links: Links::Unchecked,
        connections: Connections::Keep,
    }
}

/// The bytes of a frame; the hooks do not look at its destination's MAC address.
fn bytes(spec: &FrameSpec, id: u32) -> Vec<u8> {
    given::Probe::new(id, Sender::Outside, spec).frame
}

fn grpc(source: &str) -> FrameSpec {
    let inventory = if source.contains(':') {
        INVENTORY_V6
    } else {
        INVENTORY_V4
    };
    given::between(source, inventory, given::syn(50051))
}

fn judges() -> Result<(), Failed> {
    let mut filter = given::filter();
    filter.install(&given::image(), quietly(Events::None))?;
    let before = filter.counters()?;
    let prefiltered = |source| given::packet(source, given::syn(PREFILTERED));
    let judged = [
        (
            Hook::Uplink,
            prefiltered("10.1.2.3"),
            Reason::PrefilterAllow,
        ),
        (
            Hook::Uplink,
            prefiltered("11.0.0.0"),
            Reason::PrefilterDefaultDrop,
        ),
        (Hook::Ingress, grpc("10.1.2.3"), Reason::PolicyAllow),
        (Hook::Ingress, grpc("10.66.0.1"), Reason::PolicyDeny),
        (Hook::Ingress, grpc("11.0.0.0"), Reason::PolicyNoMatch),
        (Hook::Ingress, grpc("2001:db8:a::1"), Reason::PolicyAllow),
        (Hook::Ingress, grpc("2001:db8:b::1"), Reason::PolicyNoMatch),
        (Hook::Egress, grpc(WEB_V4), Reason::PolicyAllow),
        (Hook::Egress, grpc(BILLING_V4), Reason::PolicyNotSelected),
        (Hook::Egress, grpc("10.1.2.3"), Reason::ForeignSource),
    ];
    let mut expected = before;
    for (hook, spec, reason) in &judged {
        let action = match reason.verdict() {
            netverdict_abi::Verdict::Pass => PASS,
            _ => DROP,
        };
        assert_eq!(
            filter.test_run(*hook, &bytes(spec, 1))?,
            action,
            "{hook:?} {reason:?}"
        );
        expected[*hook as usize][*reason as usize] += 1;
        assert_eq!(filter.counters()?, expected, "{hook:?} {reason:?}");
    }
    let ids = Hook::ALL.map(|hook| filter.program_id(hook));
    assert!(
        ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2],
        "{ids:?}"
    );
    for hook in Hook::ALL {
        let verified = filter.verified_instructions(hook);
        assert!(verified.is_some_and(|count| count > 100), "{verified:?}");
    }
    Ok(())
}

fn replaces() -> Result<(), Failed> {
    let mut filter = given::filter();
    let frame = bytes(&given::packet("11.0.0.0", given::syn(PREFILTERED)), 1);
    // Nothing is protected before the first policy, and each of the two
    // generations is used more than once.
    assert_eq!(filter.test_run(Hook::Uplink, &frame)?, PASS);
    for _ in 0..5 {
        for (image, action) in [
            (given::image(), DROP),
            (MapImage::default(), PASS),
            (given::image(), DROP),
            (MapImage::pass_all(), PASS),
        ] {
            filter.install(&image, quietly(Events::None))?;
            assert_eq!(filter.test_run(Hook::Uplink, &frame)?, action);
        }
    }
    Ok(())
}

fn reports() -> Result<(), Failed> {
    let mut filter = given::filter();
    let allowed = bytes(&grpc("10.1.2.3"), 1);
    let denied = bytes(&grpc("10.66.0.1"), 2);
    let pass = (1, Reason::PolicyAllow, rule::INSIDE);
    let drop = (2, Reason::PolicyDeny, rule::EXCEPT);
    for (events, expected) in [
        (Events::None, &[][..]),
        (Events::Drops, &[drop][..]),
        (Events::All, &[pass, drop][..]),
    ] {
        filter.install(&given::image(), quietly(events))?;
        filter.test_run(Hook::Ingress, &allowed)?;
        filter.test_run(Hook::Ingress, &denied)?;
        let mut seen = Vec::new();
        filter.drain(|event: Event| {
            assert_eq!(event.hook, Hook::Ingress as u8);
            seen.push((probe_of(&event), event.reason, event.rule));
        });
        let expected: Vec<_> = (expected.iter())
            .map(|(id, reason, rule)| (Some(ProbeId(*id)), *reason as u8, *rule))
            .collect();
        assert_eq!(seen, expected, "{events:?}");
    }
    assert_eq!(filter.lost_events()?, 0);
    Ok(())
}

fn too_large() -> Result<(), Failed> {
    let mut filter = given::filter();
    filter.install(&given::image(), quietly(Events::None))?;
    let mut image = given::image();
    for number in 0..2000u32 {
        let address = std::net::Ipv4Addr::from_bits(0x0b00_0000 + number);
        (image.identities).insert(Prefix::host(address.into()), IdentityId(256));
    }
    let run = |filter: &Filter, source| filter.test_run(Hook::Ingress, &bytes(&grpc(source), 1));
    for _ in 0..3 {
        let error = filter.install(&image, quietly(Events::None));
        let Err(FilterError::TooLarge { name, needed, .. }) = error else {
            panic!("{error:?}");
        };
        assert_eq!(
            (name, needed),
            ("IDENTITIES_V4", image.sizes().identities_v4)
        );
        assert_eq!(run(&filter, "11.0.0.1")?, DROP);
        assert_eq!(run(&filter, "10.1.2.3")?, PASS);
    }
    // Loaded for it, it fits; twice, for both generations.
    let mut filter = Filter::load(&given::object(), image.sizes())?;
    for _ in 0..4 {
        filter.install(&image, quietly(Events::None))?;
        assert_eq!(run(&filter, "11.0.7.207")?, PASS);
        assert_eq!(run(&filter, "11.0.7.208")?, DROP);
    }
    Ok(())
}

fn refuses() -> Result<(), Failed> {
    let error = Filter::load(b"no ELF file", ImageSizes::default());
    assert!(matches!(error, Err(FilterError::Object(_))), "{error:?}");
    // The name stands in the symbols and in the type information.
    let mut object = given::object();
    let name = b"PREFILTER_V6\0";
    while let Some(at) = (object.windows(name.len())).position(|window| window == name) {
        object[at] = b'X';
    }
    let error = Filter::load(&object, ImageSizes::default());
    let Err(FilterError::MissingMaps { names }) = error else {
        panic!("{error:?}");
    };
    assert_eq!(names, ["PREFILTER_V6"]);
    Ok(())
}
