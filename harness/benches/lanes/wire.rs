//! The wire lane beside a bare sendmmsg loop into the same link.

use netverdict::lanes::wire;
use netverdict_lab::filter::{Events, Filter};
use netverdict_lab::wire::MAX_BATCH;
use netverdict_lab::{Attachment, Lab, LabError, Purpose, XdpMode};

use super::filter::{frames_over, policy, topology, work};
use super::measure::{pair, rate};

/// Verdicts in a round.
const VERDICTS: usize = 200 * MAX_BATCH;
const PREFIXES: usize = 10;

/// Native mode, batches of 256 with one sentinel. Every frame is dropped; the
/// bare loop sends the same frames past the same program, which reports
/// nothing, and looks at nothing.
pub(crate) fn print(object: &[u8]) -> Result<(), LabError> {
    let image = policy(PREFIXES);
    let topology = topology();
    let mut filter = Filter::load(object, image.sizes())?;
    let mut silent = Filter::load(object, image.sizes())?;
    silent.install(&image, Events::None)?;
    let mut lab = Lab::build(&topology, Purpose::Probing)?;
    lab.attach(&mut filter, XdpMode::Native)?;
    let mut yard = Lab::build(&topology, Purpose::Probing)?;
    yard.attach(&mut silent, XdpMode::Native)?;
    let wanted = Attachment {
        mode: XdpMode::Native,
        program_id: filter.program_id(),
    };
    filter.install(&image, Events::All)?;
    let (cases, frames) = frames_over(VERDICTS, PREFIXES);
    let work = work(&topology, &image, &cases, &frames);
    let pair = pair(
        || {
            let findings = wire::send_all(&mut lab, &mut filter, wanted, &work, &work.order)?;
            assert!(
                findings
                    .iter()
                    .all(|finding| matches!(finding, Some(Ok(_)))),
                "every verdict is there"
            );
            Ok::<(), LabError>(())
        },
        || {
            for batch in frames.chunks(MAX_BATCH) {
                yard.send_bare(batch)?;
            }
            Ok(())
        },
    )?;
    println!(
        "wire lane, native, batches of {MAX_BATCH} and one sentinel: {:.2} M verdicts/s; \
         bare sendmmsg loop {:.2} M/s; ratio {:.2}",
        rate(VERDICTS, pair.ours),
        rate(VERDICTS, pair.bare),
        pair.ratio,
    );
    Ok(())
}
