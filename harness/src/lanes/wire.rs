//! Frames across links into the attached programs.

use netverdict_lab::filter::{self, Events, Filter, Install, Links};
use netverdict_lab::wire::{BatchEvidence, MAX_BATCH, Shot};
use netverdict_lab::{Attachment, Lab, LabError, XdpMode};
use netverdict_policy::image::MapImage;
use netverdict_policy::journey::Point;
use netverdict_policy::scenario::Connections;

use super::accounting::{self, Books};
use super::sightings::Sightings;
use super::{Staged, Work};
use crate::event::SkipReason;
use crate::observation::{Seen, Witness};
use crate::suite::{Finding, NoFinding};

const HOW: Install = Install {
    events: Events::All,
    track: false,
    links: Links::OfLab,
    connections: filter::Connections::Forget,
};

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
    filter.install(work.image, HOW)?;
    let mut found = send_all(lab, filter, mode, work, &work.alone)?;
    if !work.sequences.is_empty() {
        filter.install(work.image, Install { track: true, ..HOW })?;
        let mut in_order = in_order(lab, filter, mode, work)?;
        for sequence in &work.sequences {
            let mut known = true;
            for index in sequence {
                known = still_known(known, work, *index, in_order[*index].as_mut());
            }
        }
        for (finding, of_sequence) in found.iter_mut().zip(in_order) {
            *finding = finding.take().or(of_sequence);
        }
    }
    let mut findings: Vec<Finding> = found.into_iter().map(judged).collect();
    let in_sequences = work.sequences.iter().flatten();
    let order = work.alone.iter().chain(in_sequences).copied();
    call_witnesses(lab, filter, mode, work, order, &mut findings)?;
    Ok(findings)
}

/// Puts the image of one stage after the other in force, and sends its frames in
/// order, each alone; then those that were dropped once more under an image that
/// passes everything. Findings in the order of the frames.
///
/// # Errors
/// As [`run`].
pub fn in_stages(
    lab: &mut Lab,
    filter: &mut Filter,
    mode: XdpMode,
    stages: &[Staged<'_>],
) -> Result<Vec<Finding>, LabError> {
    let mut found = Vec::with_capacity(stages.len());
    for stage in stages {
        let how = Install {
            track: true,
            connections: stage.kept(),
            ..HOW
        };
        filter.install(stage.work.image, how)?;
        let mut round = Round::begin(lab, filter, mode, &stage.work)?;
        for index in 0..stage.work.len() {
            round.send(lab, filter, vec![index])?;
        }
        found.push(round.end(lab, filter)?);
    }
    let mut all = Vec::new();
    let mut known = true;
    for (stage, mut found) in stages.iter().zip(found) {
        known |= stage.connections == Connections::Forget;
        for (index, finding) in found.iter_mut().enumerate() {
            known = still_known(known, &stage.work, index, finding.as_mut());
        }
        let mut findings: Vec<Finding> = found.into_iter().map(judged).collect();
        let order = 0..stage.work.len();
        call_witnesses(lab, filter, mode, &stage.work, order, &mut findings)?;
        all.extend(findings);
    }
    Ok(all)
}

fn judged(finding: Option<Finding>) -> Finding {
    finding.expect("every frame is alone or in a sequence")
}

/// Whether it is known behind this frame what the filter remembers; if it was not known
/// before it, nothing can be said of the frame.
///
/// A router believes a length that is too short for the packet: it cuts the end off, and
/// the frame's id with it. What a hook behind made of the rest, and remembers of it,
/// nobody can tell.
fn still_known(known: bool, work: &Work<'_>, index: usize, finding: Option<&mut Finding>) -> bool {
    let Some(finding) = finding else {
        return known;
    };
    if !known {
        *finding = Err(NoFinding::Skipped(SkipReason::BehindCutFrame));
    }
    let is_lost = match finding {
        Ok(observation) => !matches!(observation.seen, Seen::Dropped | Seen::Aborted),
        Err(_) => true,
    };
    known && !(is_lost && work.may_lose_its_end(index))
}

/// Sends what was dropped once more under an image that passes everything.
fn call_witnesses(
    lab: &mut Lab,
    filter: &mut Filter,
    mode: XdpMode,
    work: &Work<'_>,
    order: impl Iterator<Item = usize>,
    findings: &mut [Finding],
) -> Result<(), LabError> {
    let was_dropped = |index: &usize| match &findings[*index] {
        Ok(observation) => matches!(observation.seen, Seen::Dropped | Seen::Aborted),
        Err(_) => false,
    };
    let dropped: Vec<usize> = order.filter(was_dropped).collect();
    if dropped.is_empty() {
        return Ok(());
    }
    filter.install(&MapImage::pass_all(), HOW)?;
    let witnesses = send_all(lab, filter, mode, work, &dropped)?;
    for (index, witness) in witnesses.into_iter().enumerate() {
        if let Some(witness) = witness {
            testify(&mut findings[index], work, index, witness);
        }
    }
    Ok(())
}

/// Adds what became of a dropped frame when everything passes.
fn testify(finding: &mut Finding, work: &Work<'_>, index: usize, witness: Finding) {
    let hooks = work.cases[index].journey.legs.len();
    match (finding.as_mut(), witness) {
        (Ok(observation), Ok(witness)) => {
            let came_by_all = witness.judged.len() == hooks;
            observation.witness = Some(match witness.seen {
                Seen::Delivered => Witness::Arrives,
                // Nobody was meant to receive it, or nobody did.
                Seen::Passed | Seen::PassedThenLost if came_by_all => Witness::LostBehind,
                Seen::Passed
                | Seen::PassedThenLost
                | Seen::Dropped
                | Seen::Aborted
                | Seen::Rejected
                | Seen::NotSeen => Witness::Vacuous,
            });
        }
        (Ok(_), Err(NoFinding::Inconclusive(why))) => {
            let why = format!("the witness of the drop is inconclusive: {why}");
            *finding = Err(NoFinding::Inconclusive(why));
        }
        (Ok(_), Err(skipped @ NoFinding::Skipped(_))) => *finding = Err(skipped),
        (Err(_), _) => {}
    }
}

/// Sends the frames of these indices, none of which is judged by what was before
/// it; findings by index, `None` for the others.
///
/// The kernel is asked what is attached before the first batch and after the
/// last: a filter that was gone in between would be missing in the books.
///
/// # Errors
/// Where the kernel refuses.
pub fn send_all(
    lab: &mut Lab,
    filter: &mut Filter,
    mode: XdpMode,
    work: &Work<'_>,
    order: &[usize],
) -> Result<Vec<Option<Finding>>, LabError> {
    let mut round = Round::begin(lab, filter, mode, work)?;
    for batch in work.batches(order, MAX_BATCH) {
        filter.forget()?;
        round.send(lab, filter, batch)?;
    }
    round.end(lab, filter)
}

/// Sends the frames of sequences, each after the one before it is done with.
fn in_order(
    lab: &mut Lab,
    filter: &mut Filter,
    mode: XdpMode,
    work: &Work<'_>,
) -> Result<Vec<Option<Finding>>, LabError> {
    let mut round = Round::begin(lab, filter, mode, work)?;
    for sequence in &work.sequences {
        filter.forget()?;
        for index in sequence {
            round.send(lab, filter, vec![*index])?;
        }
    }
    round.end(lab, filter)
}

/// Batches between two looks at what is attached.
struct Round<'w> {
    work: &'w Work<'w>,
    mode: XdpMode,
    before: Result<(), String>,
    sightings: Sightings,
    batches: Vec<(Vec<usize>, Result<(), String>)>,
}

impl<'w> Round<'w> {
    fn begin(
        lab: &Lab,
        filter: &Filter,
        mode: XdpMode,
        work: &'w Work<'w>,
    ) -> Result<Round<'w>, LabError> {
        Ok(Round {
            work,
            mode,
            before: attached("before", &lab.attachments()?, filter, mode),
            sightings: Sightings::new(&work.frames),
            batches: Vec::new(),
        })
    }

    fn send(
        &mut self,
        lab: &mut Lab,
        filter: &mut Filter,
        batch: Vec<usize>,
    ) -> Result<(), LabError> {
        let shots: Vec<Shot<'_>> = (batch.iter())
            .map(|index| {
                let frames = &self.work.frames[*index];
                Shot {
                    id: frames.id,
                    from: self.work.sender(*index),
                    frame: &frames.legs[0],
                }
            })
            .collect();
        let evidence = lab.send(filter, &shots)?;
        let cut = (batch.iter()).all(|index| self.work.may_lose_its_end(*index));
        let whole =
            sound(&evidence, shots.len()).and_then(|()| self.sightings.add(&shots, cut, &evidence));
        self.batches.push((batch, whole));
        Ok(())
    }

    fn end(mut self, lab: &Lab, filter: &Filter) -> Result<Vec<Option<Finding>>, LabError> {
        let after = attached("after", &lab.attachments()?, filter, self.mode);
        let attached = self.before.and(after);
        let mut findings: Vec<Option<Finding>> = vec![None; self.work.len()];
        for (batch, whole) in self.batches {
            let usable = attached.clone().and(whole);
            for index in batch {
                let finding = usable.clone().and_then(|()| {
                    let id = self.work.frames[index].id;
                    self.sightings.finding(id, self.work.cases[index])
                });
                findings[index] = Some(finding.map_err(NoFinding::Inconclusive));
            }
        }
        Ok(findings)
    }
}

/// The kernel must say that our program is attached at every hook, in the mode
/// asked for.
pub(super) fn attached(
    when: &str,
    found: &[(Point, Option<Attachment>)],
    filter: &Filter,
    mode: XdpMode,
) -> Result<(), String> {
    for (point, found) in found {
        let hook = point.hook();
        let wanted = Attachment {
            mode,
            program_id: filter.program_id(hook),
        };
        let slug = hook.slug();
        match found {
            Some(found) if *found == wanted => {}
            None => {
                return Err(format!(
                    "no XDP program was attached {when} the frames at the {slug} hook"
                ));
            }
            Some(found) if found.mode != wanted.mode => {
                return Err(format!(
                    "the filter was attached in {} mode {when} the frames at the {slug} hook, not \
                     in {} mode",
                    mode_name(found.mode),
                    mode_name(wanted.mode),
                ));
            }
            Some(found) => {
                return Err(format!(
                    "program {} was attached {when} the frames at the {slug} hook, not the \
                     filter's, which is {}",
                    found.program_id, wanted.program_id,
                ));
            }
        }
    }
    Ok(())
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
        entered: evidence.sent,
        arrived: None,
        lost_events: evidence.lost_events,
        counters: evidence.counters,
        proposed: evidence.proposed,
        events: &evidence.events,
    })
}

const fn mode_name(mode: XdpMode) -> &'static str {
    match mode {
        XdpMode::Native => "native",
        XdpMode::Generic => "generic",
    }
}
