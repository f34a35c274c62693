//! `BPF_PROG_TEST_RUN`: the loaded program over its real maps, without a wire.

use netverdict_abi::{Event, REASON_COUNT, Reason, Verdict};
use netverdict_lab::filter::{Events, Filter, FilterError};
use netverdict_policy::frame::ProbeId;

use super::Work;
use super::accounting::{self, Account, Books};
use super::model::seen;
use crate::observation::Observation;
use crate::suite::Finding;

/// Frames between two looks at the ring buffer.
const BATCH: usize = 256;

/// Puts the image in force and judges every frame by it.
///
/// # Errors
/// Where the kernel refuses; what one batch lacks is said in its findings.
pub fn run(filter: &mut Filter, work: &Work<'_>) -> Result<Vec<Finding>, FilterError> {
    filter.install(work.image, Events::All)?;
    let mut findings: Vec<Option<Finding>> = vec![None; work.frames.len()];
    for batch in work.order.chunks(BATCH) {
        run_batch(filter, work, batch, &mut findings)?;
    }
    let each = |finding: Option<Finding>| finding.expect("the order names every frame");
    Ok(findings.into_iter().map(each).collect())
}

fn run_batch(
    filter: &mut Filter,
    work: &Work<'_>,
    batch: &[usize],
    findings: &mut [Option<Finding>],
) -> Result<(), FilterError> {
    filter.drain(|_| {});
    let (counters_before, lost_before) = (filter.counters()?, filter.lost_events()?);
    let mut actions = [0; BATCH];
    for (action, index) in actions.iter_mut().zip(batch) {
        *action = filter.test_run(&work.frames[*index].1)?;
    }
    let mut events = Vec::with_capacity(batch.len());
    filter.drain(|event| events.push(event));
    let counters_after = filter.counters()?;
    let counters: [u64; REASON_COUNT] =
        std::array::from_fn(|code| counters_after[code] - counters_before[code]);
    let lost_events = filter.lost_events()? - lost_before;
    let books = Books {
        sent: batch.len(),
        lost_events,
        counters,
        events: &events,
    };
    let balance = accounting::balance(&books);
    for (position, index) in batch.iter().enumerate() {
        // Balanced books hold an event for each frame.
        let each = || finding(work.frames[*index].0, actions[position], &events[position]);
        findings[*index] = Some(balance.clone().and_then(|()| each()));
    }
    Ok(())
}

/// Events come in the order of the runs; the identity in them proves it.
fn finding(id: ProbeId, action: u32, event: &Event) -> Finding {
    let (named, judged) = match accounting::read(event)? {
        Account::Probe(named, judged) => (named, judged),
        Account::Foreign => return Err("the filter reported a frame that is no probe".to_owned()),
    };
    if named != id {
        return Err(format!(
            "the filter reported probe {} where {} ran",
            named.0, id.0
        ));
    }
    if action != xdp_action(judged.reason) {
        let reason = judged.reason.slug();
        return Err(format!(
            "the program returned action {action}, and reported {reason}"
        ));
    }
    Ok(Observation {
        seen: seen(judged),
        judged: Some(judged),
        witness: None,
    })
}

/// `enum xdp_action` of linux/bpf.h.
const fn xdp_action(reason: Reason) -> u32 {
    match reason.verdict() {
        Verdict::Abort => 0,
        Verdict::Drop => 1,
        Verdict::Pass => 2,
    }
}
