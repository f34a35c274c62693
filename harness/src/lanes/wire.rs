//! Frames across a veth into the attached program.

use netverdict_lab::filter::{Events, Filter};
use netverdict_lab::wire::{BatchEvidence, MAX_BATCH};
use netverdict_lab::{Attachment, Lab, LabError, XdpMode};
use netverdict_policy::frame::ProbeId;
use netverdict_policy::image::MapImage;

use super::Work;
use super::accounting::{self, Books};
use super::sightings::Sightings;
use crate::observation::{Seen, Witness};
use crate::suite::Finding;

/// Sends every frame past the attached filter, and those that it drops once more
/// under an image that passes everything.
///
/// # Errors
/// Where the kernel refuses; what one batch lacks is said in its findings.
pub fn run(
    lab: &mut Lab,
    filter: &mut Filter,
    mode: XdpMode,
    work: &Work<'_>,
) -> Result<Vec<Finding>, LabError> {
    let wanted = Attachment {
        mode,
        program_id: filter.program_id(),
    };
    filter.install(work.image, Events::All)?;
    let found = send_all(lab, filter, wanted, work, &work.order)?;
    let each = |finding: Option<Finding>| finding.expect("the order names every frame");
    let mut findings: Vec<Finding> = found.into_iter().map(each).collect();
    let dropped = |index: &usize| match &findings[*index] {
        Ok(observation) => matches!(observation.seen, Seen::Dropped | Seen::Aborted),
        Err(_) => false,
    };
    let dropped: Vec<usize> = work.order.iter().copied().filter(dropped).collect();
    if !dropped.is_empty() {
        filter.install(&MapImage::pass_all(), Events::All)?;
        let witnesses = send_all(lab, filter, wanted, work, &dropped)?;
        for (finding, witness) in findings.iter_mut().zip(witnesses) {
            if let Some(witness) = witness {
                testify(finding, witness);
            }
        }
    }
    Ok(findings)
}

/// Adds what became of a dropped frame when everything passes.
fn testify(finding: &mut Finding, witness: Finding) {
    match (finding.as_mut(), witness) {
        (Ok(observation), Ok(witness)) => {
            observation.witness = Some(match witness.seen {
                Seen::Delivered => Witness::Arrives,
                // Nobody was meant to receive it, or nobody did.
                Seen::Passed | Seen::PassedThenLost => Witness::LostBehind,
                Seen::Dropped | Seen::Aborted | Seen::Rejected | Seen::NotSeen => Witness::Vacuous,
            });
        }
        (Ok(_), Err(why)) => {
            *finding = Err(format!("the witness of the drop is inconclusive: {why}"));
        }
        (Err(_), _) => {}
    }
}

/// Sends the frames of these indices into the work; findings by index, `None`
/// for the others.
///
/// The kernel is asked what is attached before the first batch and after the
/// last: a filter that was gone in between would be missing in the books.
///
/// # Errors
/// Where the kernel refuses.
pub fn send_all(
    lab: &mut Lab,
    filter: &mut Filter,
    wanted: Attachment,
    work: &Work<'_>,
    order: &[usize],
) -> Result<Vec<Option<Finding>>, LabError> {
    let before = lab.attachment()?;
    let mut sightings = Sightings::new(&work.frames);
    let mut batches = Vec::with_capacity(order.len() / MAX_BATCH + 1);
    for batch in order.chunks(MAX_BATCH) {
        let frames: Vec<(ProbeId, &[u8])> = (batch.iter())
            .map(|index| {
                let (id, frame) = &work.frames[*index];
                (*id, frame.as_slice())
            })
            .collect();
        let evidence = lab.send(filter, &frames)?;
        let whole = sound(&evidence, frames.len()).and_then(|()| sightings.add(&frames, &evidence));
        batches.push((batch, whole));
    }
    let after = lab.attachment()?;
    let attached =
        attached("before", before, wanted).and_then(|()| attached("after", after, wanted));
    let mut findings: Vec<Option<Finding>> = vec![None; work.frames.len()];
    for (batch, whole) in batches {
        let usable = attached.clone().and(whole);
        for index in batch {
            let finding = usable
                .clone()
                .and_then(|()| sightings.finding(work.frames[*index].0, work.cases[*index]));
            findings[*index] = Some(finding);
        }
    }
    Ok(findings)
}

/// The kernel must say that our program is attached, in the mode asked for.
fn attached(when: &str, found: Option<Attachment>, wanted: Attachment) -> Result<(), String> {
    match found {
        Some(found) if found == wanted => Ok(()),
        None => Err(format!("no XDP program was attached {when} the frames")),
        Some(found) if found.mode != wanted.mode => Err(format!(
            "the filter was attached in {} mode {when} the frames, not in {} mode",
            mode_name(found.mode),
            mode_name(wanted.mode),
        )),
        Some(found) => Err(format!(
            "program {} was attached {when} the frames, not the filter, which is {}",
            found.program_id, wanted.program_id,
        )),
    }
}

/// The evidence must be whole before anything is read from it.
fn sound(evidence: &BatchEvidence, frames: usize) -> Result<(), String> {
    if !evidence.sentinel_seen {
        let late = "the sentinel behind the batch was not seen: what is missing may only be late";
        return Err(late.to_owned());
    }
    if evidence.sent != frames {
        return Err(format!("{} of {frames} frames were sent", evidence.sent));
    }
    let foreign = evidence
        .tapped
        .iter()
        .filter(|tapped| tapped.id.is_none())
        .count();
    if foreign > 0 {
        return Err(format!("{foreign} frames behind the filter were not ours"));
    }
    accounting::balance(&Books {
        sent: evidence.sent,
        lost_events: evidence.lost_events,
        counters: evidence.counters,
        events: &evidence.events,
    })
}

const fn mode_name(mode: XdpMode) -> &'static str {
    match mode {
        XdpMode::Native => "native",
        XdpMode::Generic => "generic",
    }
}
