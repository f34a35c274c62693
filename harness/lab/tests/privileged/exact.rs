//! Frames through a veth into the attached program, counted exactly.

use std::collections::BTreeMap;

use libtest_mimic::Failed;
use netverdict_abi::{Reason, Verdict};
use netverdict_lab::filter::{Events, Filter};
use netverdict_lab::wire::{BatchEvidence, Delivery, MAX_BATCH, Place};
use netverdict_lab::{Attachment, Lab, LabError, Purpose, XdpMode};
use netverdict_policy::frame::{FrameSpec, ProbeId};
use netverdict_policy::image::MapImage;

use crate::Case;
use crate::given;
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
    ("the_pass_all_policy_lets_dropped_frames_arrive", witness),
    ("an_unattached_filter_counts_nothing", unattached),
    ("a_mode_is_what_was_asked_for", modes),
    ("two_labs_do_not_see_each_other", side_by_side),
    ("frames_that_do_not_fit_are_refused", refused),
];

/// Batches that each shape test sends.
const BATCHES: u32 = 24;

fn fates(mode: XdpMode, mtu: u16) -> Result<(), Failed> {
    let (mut filter, mut lab) = attached(mode, mtu, Events::Drops)?;
    lab.watch_protocols(&[shapes::ODD_PROTOCOL])?;
    let shapes = shapes::all(mtu);
    let mut next = 0;
    for batch in 0..BATCHES {
        // Every batch begins with another shape, so that each comes to stand
        // beside many others.
        let sent: Vec<(ProbeId, &Shape)> = (shapes.iter().cycle())
            .skip(batch as usize * 7)
            .take(MAX_BATCH)
            .map(|shape| {
                next += 1;
                (ProbeId(next), shape)
            })
            .collect();
        let frames: Vec<_> = (sent.iter())
            .map(|(id, shape)| (*id, given::frame(&shape.spec, *id)))
            .collect();
        let evidence = lab.send(&mut filter, &frames)?;
        check(&sent, &frames, &evidence);
    }
    Ok(())
}

/// Compares all that was seen of a batch with all that should be.
fn check(sent: &[(ProbeId, &Shape)], frames: &[(ProbeId, Vec<u8>)], evidence: &BatchEvidence) {
    assert!(evidence.sentinel_seen);
    assert_eq!(evidence.sent, sent.len());
    assert_eq!(evidence.lost_events, 0);
    assert_eq!(evidence.returned, []);

    let mut events = Vec::new();
    let mut tapped = Vec::new();
    let mut delivered = Vec::new();
    let mut counters = [0; netverdict_abi::REASON_COUNT];
    for ((id, shape), (_, frame)) in sent.iter().zip(frames) {
        counters[usize::from(shape.reason as u8)] += 1;
        match shape.reason.verdict() {
            Verdict::Pass => tapped.push((Some(*id), frame.len())),
            Verdict::Drop | Verdict::Abort => events.push((
                netverdict_policy::frame::probe_mac(*id),
                shape.reason as u8,
                frame.len(),
            )),
        }
        if let Fate::Arrives(place) = shape.fate {
            delivered.push(Delivery { id: *id, place });
        }
    }
    let name = |id: ProbeId| {
        (sent.iter().find(|(known, _)| *known == id)).map_or("of no probe", |(_, shape)| shape.name)
    };
    let seen: Vec<_> = (evidence.tapped.iter())
        .map(|tapped| (tapped.id, tapped.length))
        .collect();
    assert_eq!(seen, tapped, "behind the filter, in order");
    let seen: Vec<_> = (evidence.events.iter())
        .map(|event| (event.source_mac, event.reason, event.frame_length as usize))
        .collect();
    assert_eq!(seen, events, "events, in order");
    assert_eq!(evidence.counters, counters);

    let mut arrived = evidence.delivered.clone();
    arrived.sort_unstable();
    delivered.sort_unstable();
    let wrong: Vec<_> = (arrived.iter())
        .filter(|one| !delivered.contains(one))
        .map(|one| ("should not arrive", name(one.id), one.place))
        .chain(
            (delivered.iter())
                .filter(|one| !arrived.contains(one))
                .map(|one| ("should arrive", name(one.id), one.place)),
        )
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(arrived, delivered, "each once");
    for (place, group) in by_place(&evidence.delivered) {
        if let Place::Workload(_) = place {
            assert!(group.is_sorted(), "overtaken on the way to {place:?}");
        }
    }
}

fn by_place(delivered: &[Delivery]) -> BTreeMap<Place, Vec<ProbeId>> {
    let mut places: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for Delivery { id, place } in delivered {
        places.entry(*place).or_default().push(*id);
    }
    places
}

fn attached(mode: XdpMode, mtu: u16, events: Events) -> Result<(Filter, Lab), Failed> {
    let mut filter = given::filter();
    filter.install(&given::image(), events)?;
    let mut lab = Lab::build(&given::plan(mtu), Purpose::Probing)?;
    lab.attach(&mut filter, mode)?;
    Ok((filter, lab))
}

fn numbered(specs: &[FrameSpec]) -> Vec<(ProbeId, Vec<u8>)> {
    (specs.iter().zip(1..))
        .map(|(spec, id)| (ProbeId(id), given::frame(spec, ProbeId(id))))
        .collect()
}

fn witness() -> Result<(), Failed> {
    let (mut filter, mut lab) = attached(XdpMode::Native, 1500, Events::All)?;
    let denied = numbered(&[
        given::packet("10.66.0.1", given::syn(30007)),
        given::packet("2001:db8:b::1", given::syn(30007)),
    ]);
    let evidence = lab.send(&mut filter, &denied)?;
    assert_eq!((evidence.tapped.len(), evidence.events.len()), (0, 2));
    filter.install(&MapImage::pass_all(), Events::All)?;
    let evidence = lab.send(&mut filter, &denied)?;
    let place = Place::Workload(0);
    assert_eq!(
        evidence.delivered,
        [1, 2].map(|id| Delivery {
            id: ProbeId(id),
            place
        })
    );
    let reasons: Vec<_> = evidence.events.iter().map(|event| event.reason).collect();
    assert_eq!(reasons, [Reason::PassAll as u8; 2]);
    assert_eq!(evidence.counters[usize::from(Reason::PassAll as u8)], 2);
    Ok(())
}

fn unattached() -> Result<(), Failed> {
    let (mut filter, mut lab) = attached(XdpMode::Native, 1500, Events::All)?;
    lab.detach()?;
    assert_eq!(lab.attachment()?, None);
    let frames = numbered(&[given::packet("10.66.0.1", given::syn(30007))]);
    let evidence = lab.send(&mut filter, &frames)?;
    assert_eq!(evidence.counters.iter().sum::<u64>(), 0);
    assert_eq!((evidence.events.len(), evidence.tapped.len()), (0, 1));
    assert!(lab.detach().is_err());
    Ok(())
}

fn modes() -> Result<(), Failed> {
    let mut filter = given::filter();
    filter.anchor()?;
    let mut lab = Lab::build(&given::plan(1500), Purpose::Probing)?;
    for mode in [XdpMode::Native, XdpMode::Generic, XdpMode::Native] {
        lab.attach(&mut filter, mode)?;
        let program_id = filter.program_id();
        assert_eq!(lab.attachment()?, Some(Attachment { mode, program_id }));
        let again = lab.attach(&mut filter, mode);
        assert!(matches!(again, Err(LabError::Attachment(_))), "{again:?}");
        lab.detach()?;
        assert_eq!(lab.attachment()?, None);
    }
    Ok(())
}

fn side_by_side() -> Result<(), Failed> {
    let (mut filter, mut lab) = attached(XdpMode::Native, 1500, Events::All)?;
    let (mut other_filter, mut other_lab) = attached(XdpMode::Generic, 1500, Events::All)?;
    other_filter.install(&MapImage::default(), Events::All)?;
    let frames = numbered(&[given::packet("10.66.0.1", given::syn(30007))]);
    for _ in 0..50 {
        let evidence = lab.send(&mut filter, &frames)?;
        assert_eq!((evidence.events.len(), evidence.delivered.len()), (1, 0));
        let evidence = other_lab.send(&mut other_filter, &frames)?;
        assert_eq!((evidence.events.len(), evidence.delivered.len()), (1, 1));
    }
    Ok(())
}

fn refused() -> Result<(), Failed> {
    let (mut filter, mut lab) = attached(XdpMode::Native, 1500, Events::All)?;
    let fits = given::with(given::packet("10.0.0.1", given::syn(1)), |packet| {
        packet.payload = 1500 - 40;
    });
    let beyond = given::with(fits.clone(), |packet| packet.payload += 1);
    assert_eq!(lab.send(&mut filter, &numbered(&[fits]))?.tapped.len(), 1);
    for frame in [given::frame(&beyond, ProbeId(1)), vec![0; 13]] {
        let result = lab.send(&mut filter, &[(ProbeId(1), frame)]);
        assert!(
            matches!(result, Err(LabError::FrameLength { .. })),
            "{result:?}"
        );
    }
    let many = vec![(ProbeId(1), vec![0; 60]); MAX_BATCH + 1];
    let result = lab.send(&mut filter, &many);
    assert!(
        matches!(result, Err(LabError::BatchTooLarge { .. })),
        "{result:?}"
    );
    Ok(())
}
