//! Frames through a veth into the attached program, counted exactly.

use libtest_mimic::Failed;
use netverdict_abi::Reason;
use netverdict_lab::filter::Events;
use netverdict_lab::{Attachment, Lab, Purpose, XdpMode};
use netverdict_policy::frame::ProbeId;

use crate::Case;
use crate::given;

pub(crate) const CASES: &[Case] = &[
    ("native_first", || first(XdpMode::Native)),
    ("generic_first", || first(XdpMode::Generic)),
];

fn first(mode: XdpMode) -> Result<(), Failed> {
    let mut filter = given::filter();
    filter.install(&given::image(), Events::Drops)?;
    let mut lab = Lab::build(&given::plan(1500), Purpose::Probing)?;
    assert_eq!(lab.attachment()?, None);
    lab.attach(&mut filter, mode)?;
    assert_eq!(
        lab.attachment()?,
        Some(Attachment {
            mode,
            program_id: filter.program_id()
        })
    );
    let frames: Vec<_> = ["10.1.2.3", "11.0.0.1", "2001:db8:a::1", "2001:db8:b::1"]
        .into_iter()
        .zip(1..)
        .map(|(source, id)| {
            let id = ProbeId(id);
            (
                id,
                given::frame(&given::packet(source, given::syn(30007)), id),
            )
        })
        .collect();
    let evidence = lab.send(&mut filter, &frames)?;
    assert_eq!(evidence.counters[usize::from(Reason::PolicyAllow as u8)], 2);
    Ok(())
}
