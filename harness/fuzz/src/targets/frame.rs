//! Frames: whoever judges their bytes and whoever judges what is read of them agree.

use std::sync::OnceLock;

use netverdict_policy::frame::{self, FrameSpec, ProbeId, build};
use netverdict_policy::generate::{self, Draw};
use netverdict_policy::image::MapImage;
use netverdict_policy::interpret;
use netverdict_policy::journey::Point;
use netverdict_policy::lower::lower;
use netverdict_policy::model::Policy;
use netverdict_policy::oracle;

/// Ethertypes, and begins of headers.
pub(super) const WORDS: &[&[u8]] = &[
    b"\x08\x00\x45\x00",
    b"\x08\x00\x46\x00",
    b"\x86\xdd\x60\x00\x00\x00",
    b"\x81\x00\x00\x00",
    b"\x88\xa8\x00\x15",
    b"\x08\x06",
    b"\x2c\x00",
    b"\x3b\x00",
    b"\x00\x00\x01\x04\x00\x00\x00\x00",
    b"\x3c\x00",
    b"\x87\x00",
    b"\x33\x04",
    b"\x06",
    b"\x11",
    b"\x84",
    b"\x3a",
    b"\x01",
    b"\x94\x04",
    b"\x83\x07\x04",
    b"\x00\x50",
    b"\x75\x37",
];

/// Policies that frames are judged by: the first byte of an input says which.
const POLICIES: u8 = 8;

fn policies() -> &'static [(Policy, MapImage)] {
    static POLICIES_BY_SEED: OnceLock<Vec<(Policy, MapImage)>> = OnceLock::new();
    POLICIES_BY_SEED.get_or_init(|| {
        (0..u64::from(POLICIES))
            .map(|seed| {
                let policy = generate::policy(&mut Draw::seeded(seed));
                let image = lower(&policy).expect("drawn policies compile");
                (policy, image)
            })
            .collect()
    })
}

/// The first byte chooses a policy and a hook, the rest is the frame.
pub(super) fn run(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else {
        return;
    };
    let (policy, image) = &policies()[usize::from(choice % POLICIES)];
    let workload = usize::from(choice / POLICIES / 3) % policy.workloads.len();
    let point = match choice / POLICIES % 3 {
        1 if !policy.workloads[workload].host_network => Point::Egress(workload),
        2 if !policy.workloads[workload].host_network => Point::Ingress(workload),
        _ => Point::Uplink,
    };
    // Untracked, and as part of a conversation with itself.
    let of_bytes = interpret::judge(image, point, bytes, &mut interpret::Memory::untracked());
    let spec = match frame::read(bytes) {
        Ok(spec) => spec,
        Err(_) => return,
    };
    let of_spec = oracle::judge(policy, point, &spec, &mut oracle::Memory::untracked());
    assert_eq!(
        of_bytes.reason, of_spec.reason,
        "at {point:?}: the image judges the bytes, the oracle {spec:?}"
    );
    rebuilt(image, point, bytes, &spec);
}

/// What is made of the description again is judged alike.
fn rebuilt(image: &MapImage, point: Point, bytes: &[u8], spec: &FrameSpec) {
    let Ok(again) = build(spec, ProbeId(1), [2; 6]) else {
        return;
    };
    let judge =
        |bytes| interpret::judge(image, point, bytes, &mut interpret::Memory::untracked()).reason;
    assert_eq!(judge(bytes), judge(&again), "at {point:?}: {spec:?}");
}

/// Drawn frames.
pub(super) fn frames() -> impl Iterator<Item = Vec<u8>> {
    (0..POLICIES).flat_map(|seed| {
        let mut draw = Draw::seeded(seed.into());
        let policy = generate::policy(&mut draw);
        (0..24).map(move |_| {
            let (_, spec) = generate::packet(&mut draw, &policy);
            build(&spec, ProbeId(1), [2; 6]).expect("drawn frames have bytes")
        })
    })
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let choices = (0..=u8::MAX).cycle();
    (frames().zip(choices))
        .map(|(frame, choice)| [vec![choice], frame].concat())
        .collect()
}
