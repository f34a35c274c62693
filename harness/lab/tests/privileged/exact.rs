//! Frames through links into the attached programs, counted exactly.

use std::collections::BTreeMap;

use libtest_mimic::Failed;
use netverdict_abi::{Hook, REASON_COUNT, Reason, SENTINEL_ETHERTYPE, Verdict};
use netverdict_lab::filter::{Events, Filter};
use netverdict_lab::wire::{BatchEvidence, Counters, Delivery, MAX_BATCH, Place, Shot, probe_of};
use netverdict_lab::{Attachment, Lab, LabError, Purpose, XdpMode, point_of};
use netverdict_policy::frame::{Fragment, FrameSpec, ProbeId};
use netverdict_policy::image::MapImage;
use netverdict_policy::journey::{Point, Sender};

use crate::Case;
use crate::given::{self, BILLING, BILLING_V4, EXPORTER, INVENTORY, INVENTORY_V4, WEB, WEB_V4};
use crate::shapes::{self, Fate, Shape};

pub(crate) const CASES: &[Case] = &[
    ("native_frames_of_every_shape_meet_their_fate", || {
        fates(XdpMode::Native, 1500)
    }),
    ("generic_frames_of_every_shape_meet_their_fate", || {
        fates(XdpMode::Generic, 1500)
    }),
    ("native_jumbo_frames_meet_their_fate", || {
        fates(XdpMode::Native, 9000)
    }),
    ("generic_jumbo_frames_meet_their_fate", || {
        fates(XdpMode::Generic, 9000)
    }),
    ("native_frames_alone_are_seen_in_order", || {
        one_by_one(XdpMode::Native)
    }),
    ("generic_frames_alone_are_seen_in_order", || {
        one_by_one(XdpMode::Generic)
    }),
    ("the_pass_all_policy_lets_dropped_frames_arrive", witness),
    ("a_later_fragment_is_not_rewritten", unwritten),
    ("a_sentinel_that_is_lost_is_missed", lost_sentinel),
    ("an_unattached_filter_counts_nothing", unattached),
    ("a_mode_is_what_was_asked_for", modes),
    ("two_labs_do_not_see_each_other", side_by_side),
    ("frames_that_do_not_fit_are_refused", refused),
    ("a_workload_without_a_link_sends_nothing", no_link),
];

/// Batches that each shape test sends.
const BATCHES: u32 = 24;

fn fates(mode: XdpMode, mtu: u16) -> Result<(), Failed> {
    let (mut filter, mut lab) = attached(mode, mtu, Events::All)?;
    lab.watch_protocols(&[shapes::ODD_PROTOCOL])?;
    let shapes = shapes::all(mtu);
    let mut next = 0;
    for batch in 0..BATCHES {
        // Every batch begins with another shape, so that each comes to stand
        // beside many others.
        let sent: Vec<Sent<'_>> = (shapes.iter().cycle())
            .skip(batch as usize * 7)
            .take(MAX_BATCH)
            .map(|shape| {
                next += 1;
                Sent {
                    shape,
                    probe: given::Probe::new(next, shape.from, &shape.spec),
                }
            })
            .collect();
        let shots: Vec<Shot<'_>> = sent.iter().map(|sent| sent.probe.shot()).collect();
        let evidence = lab.send(&mut filter, &shots)?;
        check(&sent, &evidence);
    }
    Ok(())
}

struct Sent<'a> {
    shape: &'a Shape,
    probe: given::Probe,
}

/// Compares all that was seen of a batch with all that should be.
fn check(sent: &[Sent<'_>], evidence: &BatchEvidence) {
    assert!(evidence.sentinel_seen);
    assert_eq!(evidence.sent, sent.len());
    assert_eq!(evidence.lost_events, 0);
    assert_eq!(evidence.returned, []);

    let mut judged = Vec::new();
    let mut tapped: BTreeMap<Point, Vec<_>> = BTreeMap::new();
    let mut delivered = Vec::new();
    let mut counters = [[0; REASON_COUNT]; 3];
    for Sent { shape, probe } in sent {
        for (point, reason) in &shape.judged {
            counters[usize::from(point.hook() as u8)][usize::from(*reason as u8)] += 1;
            judged.push((probe.id, *point, *reason));
        }
        if shape.enters() {
            let (point, _) = shape.judged[0];
            let seen = (Some(probe.id), probe.frame.len());
            tapped.entry(point).or_default().push(seen);
        }
        if let Fate::Arrives(place) = shape.fate {
            delivered.push((probe.id, place));
        }
    }
    let name = |id: ProbeId| {
        (sent.iter().find(|sent| sent.probe.id == id))
            .map_or("of no probe", |sent| sent.shape.name.as_str())
    };

    let mut reported: Vec<_> = (evidence.events.iter())
        .map(|event| {
            let hook = Hook::from_code(event.hook).expect("a hook");
            (
                probe_of(event).unwrap_or(ProbeId(0)),
                point_of(hook, event.ifindex).expect("a hook of the lab"),
                Reason::from_code(event.reason).expect("a reason"),
            )
        })
        .collect();
    difference("report", name, &mut reported, &mut judged, |(id, ..)| *id);

    let mut seen: BTreeMap<Point, Vec<_>> = BTreeMap::new();
    for one in &evidence.tapped {
        seen.entry(one.point)
            .or_default()
            .push((one.id, one.length));
    }
    assert_eq!(seen, tapped, "behind the first hook, in order");
    check_counters(&evidence.counters, &counters);

    let mut arrived: Vec<_> = (evidence.delivered.iter())
        .map(|Delivery { id, place }| (*id, *place))
        .collect();
    for (place, sender, ids) in by_place(sent, &arrived) {
        assert!(ids.is_sorted(), "overtaken from {sender:?} to {place:?}");
    }
    difference("arrive", name, &mut arrived, &mut delivered, |(id, _)| *id);
}

fn check_counters(seen: &Counters, expected: &Counters) {
    for hook in Hook::ALL {
        for reason in Reason::ALL {
            let of = |all: &Counters| all[usize::from(hook as u8)][usize::from(*reason as u8)];
            assert_eq!(of(seen), of(expected), "{hook:?} {reason:?}");
        }
    }
}

/// Fails with what is in one list only; both are sorted.
fn difference<'a, T: Ord + std::fmt::Debug>(
    what: &str,
    name: impl Fn(ProbeId) -> &'a str,
    seen: &mut [T],
    expected: &mut [T],
    id: impl Fn(&T) -> ProbeId,
) {
    seen.sort_unstable();
    expected.sort_unstable();
    let only = |these: &[T], those: &[T], says: &str| -> Vec<String> {
        (these.iter())
            .filter(|one| those.binary_search(one).is_err())
            .map(|one| format!("{} {says} {what}: {one:?}", name(id(one))))
            .collect()
    };
    let wrong = [
        only(seen, expected, "should not"),
        only(expected, seen, "should"),
    ]
    .concat();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(seen.len(), expected.len(), "each once");
}

/// Which sender's probes arrived where, in order.
fn by_place(sent: &[Sent<'_>], arrived: &[(ProbeId, Place)]) -> Vec<(Place, Sender, Vec<ProbeId>)> {
    let senders: BTreeMap<ProbeId, Sender> = (sent.iter())
        .map(|sent| (sent.probe.id, sent.probe.from))
        .collect();
    let mut places: BTreeMap<(Place, Sender), Vec<_>> = BTreeMap::new();
    for (id, place) in arrived {
        // At the node, each protocol has a socket of its own.
        if let (Some(sender), Place::Workload(_) | Place::Outside) = (senders.get(id), place) {
            places.entry((*place, *sender)).or_default().push(*id);
        }
    }
    (places.into_iter())
        .map(|((place, sender), ids)| (place, sender, ids))
        .collect()
}

/// The same shapes, each in a batch of its own: the evidence is then of that frame
/// alone.
fn one_by_one(mode: XdpMode) -> Result<(), Failed> {
    let (mut filter, mut lab) = attached(mode, 1500, Events::All)?;
    lab.watch_protocols(&[shapes::ODD_PROTOCOL])?;
    for (shape, id) in shapes::all(1500).iter().zip(1..) {
        let probe = given::Probe::new(id, shape.from, &shape.spec);
        let sent = [Sent { shape, probe }];
        let evidence = lab.send(&mut filter, &[sent[0].probe.shot()])?;
        check(&sent, &evidence);
        let points: Vec<_> = (evidence.events.iter())
            .filter_map(|event| point_of(Hook::from_code(event.hook)?, event.ifindex))
            .collect();
        let expected: Vec<_> = shape.judged.iter().map(|(point, _)| *point).collect();
        assert_eq!(points, expected, "{}", shape.name);
    }
    Ok(())
}

fn attached(mode: XdpMode, mtu: u16, events: Events) -> Result<(Filter, Lab), Failed> {
    let mut filter = given::filter();
    filter.install(&given::image(), given::install(events))?;
    let mut lab = Lab::build(&given::plan(mtu), Purpose::Probing)?;
    lab.attach(&mut filter, mode)?;
    Ok((filter, lab))
}

/// One that each hook drops.
fn denied() -> [(Sender, FrameSpec); 3] {
    [
        (
            Sender::Outside,
            given::packet("11.0.0.1", given::syn(given::PREFILTERED)),
        ),
        (
            Sender::Workload(WEB),
            given::between(WEB_V4, BILLING_V4, given::syn(8080)),
        ),
        (
            Sender::Workload(BILLING),
            given::between(BILLING_V4, INVENTORY_V4, given::syn(50051)),
        ),
    ]
}

fn witness() -> Result<(), Failed> {
    let (mut filter, mut lab) = attached(XdpMode::Native, 1500, Events::All)?;
    let probes = given::numbered(&denied());
    let evidence = lab.send(&mut filter, &given::shots(&probes))?;
    assert_eq!(evidence.delivered, []);
    let verdicts: Vec<_> = (evidence.events.iter())
        .map(|event| {
            (
                event.hook,
                Reason::from_code(event.reason).map(Reason::verdict),
            )
        })
        .collect();
    let (pass, drop) = (Some(Verdict::Pass), Some(Verdict::Drop));
    assert_eq!(verdicts.len(), 4);
    for one in [(0, drop), (1, drop), (1, pass), (2, drop)] {
        assert!(verdicts.contains(&one), "{verdicts:?} {one:?}");
    }
    filter.install(&MapImage::pass_all(), given::install(Events::All))?;
    let evidence = lab.send(&mut filter, &given::shots(&probes))?;
    let mut arrived: Vec<_> = (evidence.delivered.iter())
        .map(|Delivery { id, place }| (id.0, *place))
        .collect();
    arrived.sort_unstable();
    assert_eq!(
        arrived,
        [
            (1, Place::Node),
            (2, Place::Workload(BILLING)),
            (3, Place::Workload(INVENTORY)),
        ]
    );
    let mut expected = [[0; REASON_COUNT]; 3];
    for (hook, count) in [(Hook::Uplink, 1), (Hook::Egress, 2), (Hook::Ingress, 2)] {
        expected[usize::from(hook as u8)][usize::from(Reason::PassAll as u8)] = count;
    }
    check_counters(&evidence.counters, &expected);
    assert!(
        (evidence.events.iter()).all(|event| event.reason == Reason::PassAll as u8),
        "{:?}",
        evidence.events
    );
    Ok(())
}

/// The port of a node port stands where a first fragment has its ports.
fn unwritten() -> Result<(), Failed> {
    let (mut filter, mut lab) = attached(XdpMode::Native, 1500, Events::All)?;
    filter.install(&MapImage::pass_all(), given::install(Events::All))?;
    for source in ["10.1.2.3", "2001:db8:a::1"] {
        let fragment = |offset| {
            given::with(given::packet(source, given::syn(30007)), |ip| {
                ip.fragment = Some(Fragment {
                    offset,
                    more: true,
                    identification: None,
                });
                ip.payload = 36;
            })
        };
        let probes = given::numbered(&[
            (Sender::Outside, fragment(0)),
            (Sender::Outside, fragment(64)),
        ]);
        let evidence = lab.send(&mut filter, &given::shots(&probes))?;
        assert_eq!(evidence.tapped.len(), 2);
        let arrived = Delivery {
            id: probes[0].id,
            place: Place::Workload(INVENTORY),
        };
        assert_eq!(evidence.delivered, [arrived], "{source}");
    }
    Ok(())
}

/// Nothing may be concluded where a sentinel is lost on its way to the node, or from
/// there to a workload.
fn lost_sentinel() -> Result<(), Failed> {
    for (namespace, link) in [("web", "eth0"), ("node", "w0")] {
        let (mut filter, mut lab) = attached(XdpMode::Native, 1500, Events::All)?;
        let spec = given::between(WEB_V4, INVENTORY_V4, given::syn(50051));
        let probes = given::numbered(&[(Sender::Workload(WEB), spec)]);
        let shots = given::shots(&probes);
        assert!(lab.send(&mut filter, &shots)?.sentinel_seen);
        let rules = format!(
            "table netdev t {{ chain c {{ type filter hook egress device \"{link}\" priority 0; \
             ether type {SENTINEL_ETHERTYPE:#x} fwd to \"lo\"; }}; }}"
        );
        let loaded = lab
            .spawn(namespace, &["nft".into(), rules.into()])?
            .wait()?;
        assert!(loaded.success(), "{loaded}");
        let evidence = lab.send(&mut filter, &shots)?;
        assert!(!evidence.sentinel_seen, "{namespace} {link}");
    }
    Ok(())
}

fn unattached() -> Result<(), Failed> {
    let (mut filter, mut lab) = attached(XdpMode::Native, 1500, Events::All)?;
    lab.detach()?;
    assert!(lab.attachments()?.iter().all(|(_, found)| found.is_none()));
    let probes = given::numbered(&denied());
    let evidence = lab.send(&mut filter, &given::shots(&probes))?;
    assert_eq!(evidence.counters, [[0; REASON_COUNT]; 3]);
    assert_eq!((evidence.events.len(), evidence.tapped.len()), (0, 3));
    assert_eq!(evidence.delivered.len(), 3);
    assert!(lab.detach().is_err());
    Ok(())
}

fn modes() -> Result<(), Failed> {
    let mut filter = given::filter();
    filter.anchor()?;
    let mut lab = Lab::build(&given::plan(1500), Purpose::Probing)?;
    let points = [
        Point::Uplink,
        Point::Egress(INVENTORY),
        Point::Egress(BILLING),
        Point::Egress(WEB),
        Point::Ingress(INVENTORY),
        Point::Ingress(BILLING),
        Point::Ingress(WEB),
    ];
    for mode in [XdpMode::Native, XdpMode::Generic, XdpMode::Native] {
        lab.attach(&mut filter, mode)?;
        let expected = points.map(|point| {
            let program_id = filter.program_id(point.hook());
            (point, Some(Attachment { mode, program_id }))
        });
        assert_eq!(lab.attachments()?, expected);
        let again = lab.attach(&mut filter, mode);
        assert!(matches!(again, Err(LabError::Attachment(_))), "{again:?}");
        lab.detach()?;
        assert_eq!(lab.attachments()?, points.map(|point| (point, None)));
    }
    Ok(())
}

fn side_by_side() -> Result<(), Failed> {
    let (mut filter, mut lab) = attached(XdpMode::Native, 1500, Events::All)?;
    let (mut other_filter, mut other_lab) = attached(XdpMode::Generic, 1500, Events::All)?;
    other_filter.install(&MapImage::default(), given::install(Events::All))?;
    let one = given::between(WEB_V4, INVENTORY_V4, given::syn(1));
    let probes = given::numbered(&[(Sender::Workload(WEB), one)]);
    for _ in 0..50 {
        let evidence = lab.send(&mut filter, &given::shots(&probes))?;
        assert_eq!((evidence.events.len(), evidence.delivered.len()), (1, 0));
        let evidence = other_lab.send(&mut other_filter, &given::shots(&probes))?;
        // Without endpoints, no address is anybody's own.
        assert_eq!((evidence.events.len(), evidence.delivered.len()), (1, 0));
        assert_ne!(evidence.events[0].reason, Reason::PolicyNoMatch as u8);
    }
    Ok(())
}

fn refused() -> Result<(), Failed> {
    let (mut filter, mut lab) = attached(XdpMode::Native, 1500, Events::All)?;
    for (from, fits) in [
        (Sender::Outside, given::packet("10.0.0.1", given::syn(1))),
        (
            Sender::Workload(BILLING),
            given::between(BILLING_V4, WEB_V4, given::syn(1)),
        ),
    ] {
        let fits = given::with(fits, |packet| packet.payload = 1500 - 40);
        let beyond = given::with(fits.clone(), |packet| packet.payload += 1);
        let probes = given::numbered(&[(from, fits)]);
        let evidence = lab.send(&mut filter, &given::shots(&probes))?;
        assert_eq!(evidence.tapped.len(), 1);
        let mut probes = given::numbered(&[(from, beyond.clone()), (from, beyond)]);
        probes[1].frame = vec![0; 13];
        for probe in &probes {
            let result = lab.send(&mut filter, &[probe.shot()]);
            assert!(
                matches!(result, Err(LabError::FrameLength { .. })),
                "{result:?}"
            );
        }
    }
    let many = [Shot {
        id: ProbeId(1),
        from: Sender::Outside,
        frame: &[0; 60],
    }; MAX_BATCH + 1];
    let result = lab.send(&mut filter, &many);
    assert!(
        matches!(result, Err(LabError::BatchTooLarge { .. })),
        "{result:?}"
    );
    Ok(())
}

fn no_link() -> Result<(), Failed> {
    let (mut filter, mut lab) = attached(XdpMode::Native, 1500, Events::All)?;
    for workload in [EXPORTER, 99] {
        let shot = Shot {
            id: ProbeId(1),
            from: Sender::Workload(workload),
            frame: &[0; 60],
        };
        let result = lab.send(&mut filter, &[shot]);
        let Err(LabError::NoLink { workload: named }) = result else {
            panic!("{result:?}");
        };
        assert_eq!(named, workload);
    }
    Ok(())
}
