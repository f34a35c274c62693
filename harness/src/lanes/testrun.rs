//! `BPF_PROG_TEST_RUN`: the loaded programs over their real maps, without a wire.

use netverdict_abi::{Event, Hook, Reason, Verdict};
use netverdict_lab::filter::{Connections, Events, Filter, FilterError, Install, Links};
use netverdict_lab::wire::Counters;
use netverdict_policy::frame::ProbeId;
use netverdict_policy::journey::Point;

use super::accounting::{self, Books};
use super::model::seen;
use super::{Staged, Work};
use crate::event::SkipReason;
use crate::observation::{Judged, Observation};
use crate::suite::{Finding, NoFinding};

/// Frames between two looks at the ring buffer.
const BATCH: usize = 256;

/// A run has no link: whose frame it is, its source address alone tells.
const HOW: Install = Install {
    events: Events::All,
    track: false,
    links: Links::Unchecked,
    connections: Connections::Forget,
};

/// Puts the image in force and judges every frame by it, hook by hook.
///
/// # Errors
/// Where the kernel refuses; what one batch lacks is said in its findings.
pub fn run(filter: &mut Filter, work: &Work<'_>) -> Result<Vec<Finding>, FilterError> {
    let mut findings = unless_disguised(work);
    filter.install(work.image, HOW)?;
    let alone: Vec<usize> = (work.alone.iter().copied())
        .filter(|index| findings[*index].is_none())
        .collect();
    let mut standing = Standing::of(filter)?;
    for batch in work.batches(&alone, BATCH) {
        filter.forget()?;
        run_batch(filter, work, &batch, &mut standing, &mut findings)?;
    }
    if !work.sequences.is_empty() {
        filter.install(work.image, Install { track: true, ..HOW })?;
    }
    for sequence in &work.sequences {
        filter.forget()?;
        let frames: Vec<usize> = (sequence.iter().copied())
            .filter(|index| findings[*index].is_none())
            .collect();
        for batch in frames.chunks(BATCH) {
            run_batch(filter, work, batch, &mut standing, &mut findings)?;
        }
    }
    Ok(findings.into_iter().map(judged).collect())
}

/// Puts the image of one stage after the other in force, and judges its frames in
/// order; findings in the same order.
///
/// # Errors
/// As [`run`].
pub fn in_stages(filter: &mut Filter, stages: &[Staged<'_>]) -> Result<Vec<Finding>, FilterError> {
    let mut all = Vec::new();
    let mut standing = Standing::of(filter)?;
    for stage in stages {
        let how = Install {
            track: true,
            connections: stage.kept(),
            ..HOW
        };
        filter.install(stage.work.image, how)?;
        let mut findings = unless_disguised(&stage.work);
        let frames: Vec<usize> = (0..stage.work.len())
            .filter(|index| findings[*index].is_none())
            .collect();
        for batch in frames.chunks(BATCH) {
            run_batch(filter, &stage.work, batch, &mut standing, &mut findings)?;
        }
        all.extend(findings.into_iter().map(judged));
    }
    Ok(all)
}

/// Findings of those that this lane cannot judge, by index.
fn unless_disguised(work: &Work<'_>) -> Vec<Option<Finding>> {
    (0..work.len())
        .map(|index| {
            let skipped = || Err(NoFinding::Skipped(SkipReason::ForeignSource));
            work.is_disguised(index).then(skipped)
        })
        .collect()
}

fn judged(finding: Option<Finding>) -> Finding {
    finding.expect("every frame is alone or in a sequence")
}

/// Where the books stand between two batches: what one ended with, the next
/// begins with, so that nothing is counted unseen.
struct Standing {
    counters: Counters,
    proposed: Counters,
    lost_events: u64,
}

impl Standing {
    fn of(filter: &Filter) -> Result<Standing, FilterError> {
        Ok(Standing {
            counters: filter.counters()?,
            proposed: filter.proposed()?,
            lost_events: filter.lost_events()?,
        })
    }
}

/// What the program of a hook returned for a frame.
#[derive(Clone, Copy)]
struct Ran {
    point: Point,
    action: u32,
}

fn run_batch(
    filter: &mut Filter,
    work: &Work<'_>,
    batch: &[usize],
    standing: &mut Standing,
    findings: &mut [Option<Finding>],
) -> Result<(), FilterError> {
    filter.drain(|_| {});
    // All runs of the batch, one frame's behind the other's, and how many each had.
    let mut runs: Vec<Ran> = Vec::with_capacity(2 * batch.len());
    let mut counts: Vec<usize> = Vec::with_capacity(batch.len());
    let mut arrived = 0;
    for index in batch {
        let before = runs.len();
        for (point, frame) in work.points(*index).zip(&work.frames[*index].legs) {
            let hook = point.hook();
            arrived += usize::from(hook == Hook::Ingress);
            let action = filter.test_run(hook, frame)?;
            runs.push(Ran { point, action });
            if action != XDP_PASS {
                break;
            }
        }
        counts.push(runs.len() - before);
    }
    let mut events = Vec::with_capacity(2 * batch.len());
    filter.drain(|event| events.push(event));
    let before = std::mem::replace(standing, Standing::of(filter)?);
    let books = Books {
        entered: batch.len(),
        arrived: Some(arrived),
        lost_events: standing.lost_events - before.lost_events,
        counters: grown(standing.counters, &before.counters),
        proposed: grown(standing.proposed, &before.proposed),
        events: &events,
    };
    let balance = accounting::balance(&books);
    // Events come in the order of the runs; the identity in them proves it.
    let (mut runs, mut reported) = (&runs[..], &events[..]);
    for (index, count) in batch.iter().zip(counts) {
        let ran = first_of(&mut runs, count);
        let events = first_of(&mut reported, count);
        let finding = match &balance {
            Ok(()) => observation(work.frames[*index].id, ran, events),
            Err(why) => Err(why.clone()),
        };
        findings[*index] = Some(finding.map_err(NoFinding::Inconclusive));
    }
    Ok(())
}

fn grown(mut now: Counters, before: &Counters) -> Counters {
    let counts = now.as_flattened_mut().iter_mut();
    for (now, before) in counts.zip(before.as_flattened()) {
        *now -= before;
    }
    now
}

/// Takes the first `count` off, or all where there are fewer.
fn first_of<'a, T>(rest: &mut &'a [T], count: usize) -> &'a [T] {
    let (first, behind) = rest.split_at(count.min(rest.len()));
    *rest = behind;
    first
}

fn observation(id: ProbeId, ran: &[Ran], events: &[Event]) -> Result<Observation, String> {
    let mut judged = Vec::with_capacity(ran.len());
    for (Ran { point, action }, event) in ran.iter().zip(events) {
        let account = accounting::read(event)?;
        match account.probe {
            None => return Err("the filter reported a frame that is no probe".to_owned()),
            Some(named) if named != id => {
                let (named, id) = (named.0, id.0);
                return Err(format!("the filter reported probe {named} where {id} ran"));
            }
            Some(_) => {}
        }
        let (hook, ran) = (account.hook.slug(), point.hook());
        if account.hook != ran {
            let ran = ran.slug();
            return Err(format!("the program of {hook} reported what {ran} ran"));
        }
        if *action != xdp_action(account.reason) {
            let reason = account.reason.slug();
            return Err(format!(
                "the program of {hook} returned action {action}, and reported {reason}"
            ));
        }
        judged.push(Judged {
            point: *point,
            reason: account.reason,
            rule: account.rule,
            proposed: account.proposed,
        });
    }
    Ok(Observation {
        seen: seen(&judged),
        judged,
        witness: None,
    })
}

/// `enum xdp_action` of linux/bpf.h.
const XDP_PASS: u32 = 2;

/// The action that goes with a reason.
const fn xdp_action(reason: Reason) -> u32 {
    match reason.verdict() {
        Verdict::Abort => 0,
        Verdict::Drop => 1,
        Verdict::Pass => XDP_PASS,
    }
}
