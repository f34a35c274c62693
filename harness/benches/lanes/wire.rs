//! The wire lane beside a bare sendmmsg loop into the same link.

use netverdict::lanes::{Work, wire};
use netverdict_lab::filter::{Events, Filter, Install, Links};
use netverdict_lab::wire::{MAX_BATCH, Shot};
use netverdict_lab::{Lab, LabError, Purpose, XdpMode};
use netverdict_policy::frame::ProbeId;
use netverdict_policy::journey::Sender;

use super::images::{SILENT, from_outside, prefilter, topology};
use super::measure::{pair, rate};

/// Verdicts in a round.
const VERDICTS: usize = 200 * MAX_BATCH;
const PREFIXES: usize = 10;

/// Native mode, batches of 256 with one sentinel. Every frame is dropped; the
/// bare loop sends the same frames past the same program, which reports
/// nothing, and looks at nothing.
pub(crate) fn print(object: &[u8]) -> Result<(), LabError> {
    let image = prefilter(PREFIXES);
    let topology = topology();
    let mut filter = Filter::load(object, image.sizes())?;
    let mut silent = Filter::load(object, image.sizes())?;
    silent.install(&image, SILENT)?;
    let mut lab = Lab::build(&topology, Purpose::Probing)?;
    lab.attach(&mut filter, XdpMode::Native)?;
    let mut yard = Lab::build(&topology, Purpose::Probing)?;
    yard.attach(&mut silent, XdpMode::Native)?;
    let reporting = Install {
        events: Events::All,
        links: Links::OfLab,
        ..SILENT
    };
    filter.install(&image, reporting)?;
    let probe = from_outside(VERDICTS, PREFIXES);
    let work = Work::of(&topology, &image, &[&probe], ProbeId(1), 0).expect("plain frames");
    let shots: Vec<Shot<'_>> = (work.frames.iter())
        .map(|frames| Shot {
            id: frames.id,
            from: Sender::Outside,
            frame: &frames.legs[0],
        })
        .collect();
    let pair = pair(
        || {
            let findings =
                wire::send_all(&mut lab, &mut filter, XdpMode::Native, &work, &work.alone)?;
            assert!(
                findings
                    .iter()
                    .all(|finding| matches!(finding, Some(Ok(_)))),
                "every verdict is there"
            );
            Ok::<(), LabError>(())
        },
        || {
            for batch in shots.chunks(MAX_BATCH) {
                yard.send_bare(batch)?;
            }
            Ok(())
        },
    )?;
    println!(
        "wire lane, native, batches of {MAX_BATCH} and one sentinel: {:.2} M verdicts/s; bare \
         sendmmsg loop {:.2} M/s; ratio {:.2} (asked: at least 0.6)",
        rate(VERDICTS, pair.ours),
        rate(VERDICTS, pair.bare),
        pair.ratio,
    );
    Ok(())
}
