//! The program and its maps, without a network.

use libtest_mimic::Failed;
use netverdict_abi::{Event, Reason};
use netverdict_lab::filter::{Events, Filter, FilterError};
use netverdict_policy::frame::{ProbeId, probe_mac};
use netverdict_policy::image::{ImageSizes, MapImage, RuleId, SourceVerdict};
use netverdict_policy::prefix::Prefix;

use crate::Case;
use crate::given;

pub(crate) const CASES: &[Case] = &[
    ("an_installed_policy_is_what_the_program_does", judges),
    ("a_policy_replaces_the_one_before", replaces),
    ("events_are_sent_for_what_was_asked", reports),
    ("a_policy_that_does_not_fit_changes_nothing", too_large),
    ("an_object_that_is_none_is_refused", refuses),
];

const DROP: u32 = 1;
const PASS: u32 = 2;

fn judges() -> Result<(), Failed> {
    let mut filter = given::filter();
    filter.install(&given::image(), Events::None)?;
    let before = filter.counters()?;
    for (source, port, action) in [
        ("10.1.2.3", 30007, PASS),
        ("10.66.0.1", 30007, DROP),
        ("11.0.0.0", 30007, DROP),
        ("11.0.0.0", 30008, PASS),
        ("2001:db8:a::1", 30007, PASS),
        ("2001:db8:b::1", 30007, DROP),
    ] {
        let spec = given::packet(source, given::syn(port));
        let seen = filter.test_run(&given::frame(&spec, ProbeId(1)))?;
        assert_eq!(seen, action, "{source} to {port}");
    }
    let after = filter.counters()?;
    for (reason, count) in [
        (Reason::PolicyAllow, 2),
        (Reason::PolicyDeny, 1),
        (Reason::PolicyDefaultDeny, 2),
        (Reason::UnprotectedPort, 1),
    ] {
        let index = usize::from(reason as u8);
        assert_eq!(after[index] - before[index], count, "{reason:?}");
    }
    assert_eq!(after.iter().sum::<u64>() - before.iter().sum::<u64>(), 6);
    assert!(filter.program_id() > 0);
    assert!(
        filter
            .verified_instructions()
            .is_some_and(|count| count > 100)
    );
    Ok(())
}

fn replaces() -> Result<(), Failed> {
    let mut filter = given::filter();
    let spec = given::packet("11.0.0.0", given::syn(30007));
    let frame = given::frame(&spec, ProbeId(1));
    // Nothing is protected before the first policy, and each of the two
    // generations is used more than once.
    assert_eq!(filter.test_run(&frame)?, PASS);
    for _ in 0..5 {
        filter.install(&given::image(), Events::None)?;
        assert_eq!(filter.test_run(&frame)?, DROP);
        filter.install(&MapImage::default(), Events::None)?;
        assert_eq!(filter.test_run(&frame)?, PASS);
        filter.install(&given::image(), Events::None)?;
        assert_eq!(filter.test_run(&frame)?, DROP);
        filter.install(&MapImage::pass_all(), Events::None)?;
        assert_eq!(filter.test_run(&frame)?, PASS);
    }
    Ok(())
}

fn reports() -> Result<(), Failed> {
    let mut filter = given::filter();
    let allowed = given::packet("10.1.2.3", given::syn(30007));
    let denied = given::packet("10.66.0.1", given::syn(30007));
    for (events, expected) in [
        (Events::None, &[][..]),
        (Events::Drops, &[(2, Reason::PolicyDeny, 3)][..]),
        (
            Events::All,
            &[(1, Reason::PolicyAllow, 2), (2, Reason::PolicyDeny, 3)][..],
        ),
    ] {
        filter.install(&given::image(), events)?;
        filter.test_run(&given::frame(&allowed, ProbeId(1)))?;
        filter.test_run(&given::frame(&denied, ProbeId(2)))?;
        let mut seen = Vec::new();
        filter.drain(|event: Event| seen.push((event.source_mac, event.reason, event.rule)));
        let expected: Vec<_> = (expected.iter())
            .map(|(id, reason, rule)| (probe_mac(ProbeId(*id)), *reason as u8, *rule))
            .collect();
        assert_eq!(seen, expected, "{events:?}");
    }
    assert_eq!(filter.lost_events()?, 0);
    Ok(())
}

fn too_large() -> Result<(), Failed> {
    let mut filter = given::filter();
    filter.install(&given::image(), Events::None)?;
    let mut image = given::image();
    let service = image.services.values_mut().next().expect("one service");
    let sources = &mut service.policy.as_mut().expect("a policy").sources;
    for number in 0..2000u32 {
        let address = std::net::Ipv4Addr::from_bits(0x0b00_0000 + number);
        sources.insert(
            Prefix::host(address.into()),
            SourceVerdict::Allow(RuleId(9)),
        );
    }
    let frame = |source| given::frame(&given::packet(source, given::syn(30007)), ProbeId(1));
    for _ in 0..3 {
        let error = filter.install(&image, Events::None);
        let Err(FilterError::Map { name, problem }) = error else {
            panic!("{error:?}");
        };
        assert_eq!(name, "POLICY_V4");
        assert!(problem.starts_with("it is full"), "{problem}");
        assert_eq!(filter.test_run(&frame("11.0.0.1"))?, DROP);
        assert_eq!(filter.test_run(&frame("10.1.2.3"))?, PASS);
    }
    // Loaded for it, it fits; twice, for both generations.
    let mut filter = Filter::load(&given::object(), image.sizes())?;
    for _ in 0..4 {
        filter.install(&image, Events::None)?;
        assert_eq!(filter.test_run(&frame("11.0.7.207"))?, PASS);
        assert_eq!(filter.test_run(&frame("11.0.7.208"))?, DROP);
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
