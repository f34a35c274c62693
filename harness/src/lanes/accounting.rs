//! Whole-state accounting: every frame of a batch is counted once, by everyone.

use std::fmt::Write;

use netverdict_abi::{Event, REASON_COUNT, Reason};
use netverdict_policy::frame::{ProbeId, probe_mac};
use netverdict_policy::image::RuleId;

use crate::observation::Judged;

/// What was counted over one batch.
#[derive(Debug)]
pub struct Books<'a> {
    /// Frames sent.
    pub sent: usize,
    /// Events that were lost.
    pub lost_events: u64,
    /// What each reason's counter grew by.
    pub counters: [u64; REASON_COUNT],
    /// What the filter reported.
    pub events: &'a [Event],
}

/// Checks that frames sent, counters and events agree, each with each.
///
/// # Errors
/// What does not agree, with both whole lists.
pub fn balance(books: &Books<'_>) -> Result<(), String> {
    if books.lost_events > 0 {
        return Err(format!(
            "{} events of the filter were lost",
            books.lost_events
        ));
    }
    let mut reported = [0_u64; REASON_COUNT];
    let mut unknown = 0_u64;
    for event in books.events {
        match Reason::from_code(event.reason) {
            Some(reason) => reported[reason as usize] += 1,
            None => unknown += 1,
        }
    }
    let counted: u64 = books.counters.iter().sum();
    let sent = books.sent as u64;
    if unknown == 0 && reported == books.counters && counted == sent {
        return Ok(());
    }
    let mut text = format!(
        "the books do not balance: {sent} frames sent, {counted} counted by the filter, {} reported",
        books.events.len(),
    );
    for reason in Reason::ALL {
        let (counter, events) = (books.counters[*reason as usize], reported[*reason as usize]);
        if counter > 0 || events > 0 {
            let mark = if counter == events {
                ""
            } else {
                "  <---- WRONG"
            };
            let slug = reason.slug();
            let _ = write!(
                text,
                "\n           {slug:<30} counted {counter:>5}  reported {events:>5}{mark}"
            );
        }
    }
    if unknown > 0 {
        let _ = write!(
            text,
            "\n           {unknown} events with a reason that this layout lacks"
        );
    }
    Err(text)
}

/// Whom an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// One of our probes, and what was said of it.
    Probe(ProbeId, Judged),
    /// Some other frame.
    Foreign,
}

/// Reads an event.
///
/// # Errors
/// A reason that this layout does not have.
pub fn read(event: &Event) -> Result<Account, String> {
    let reason = Reason::from_code(event.reason).ok_or_else(|| {
        format!(
            "the filter gave reason {}, which this layout does not have",
            event.reason
        )
    })?;
    let [_, _, a, b, c, d] = event.source_mac;
    let id = ProbeId(u32::from_be_bytes([a, b, c, d]));
    if probe_mac(id) == event.source_mac {
        Ok(Account::Probe(
            id,
            Judged {
                reason,
                rule: RuleId(event.rule),
            },
        ))
    } else {
        Ok(Account::Foreign)
    }
}

#[cfg(test)]
mod tests;
