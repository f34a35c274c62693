//! Whole-state accounting: every frame of a batch is counted once at each hook it
//! came by, by everyone.

use std::fmt::Write;

use netverdict_abi::{Event, Hook, REASON_COUNT, Reason};
use netverdict_lab::wire::{Counters, probe_of, proposal_of};
use netverdict_policy::frame::ProbeId;
use netverdict_policy::image::RuleId;
use netverdict_policy::interpret::Proposal;

/// What was counted over one batch.
#[derive(Debug)]
pub struct Books<'a> {
    /// Frames that entered the node: by the uplink or a workload's egress.
    pub entered: usize,
    /// Frames that entered a workload, where somebody else than the filter knows.
    pub arrived: Option<usize>,
    /// Events that were lost.
    pub lost_events: u64,
    /// What each counter grew by.
    pub counters: Counters,
    /// Likewise those of the proposed policy.
    pub proposed: Counters,
    /// What the filter reported.
    pub events: &'a [Event],
}

/// Checks that frames sent, counters and events agree, each with each, hook by
/// hook.
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
    let mut reported: Counters = [[0; REASON_COUNT]; Hook::ALL.len()];
    let mut proposed: Counters = reported;
    let mut unknown = 0_u64;
    for event in books.events {
        let hook = Hook::from_code(event.hook);
        match (hook, Reason::from_code(event.reason), proposal_of(event)) {
            (Some(hook), Some(reason), Ok(proposal)) => {
                reported[hook as usize][reason as usize] += 1;
                if let Some(proposal) = proposal {
                    proposed[hook as usize][proposal.reason as usize] += 1;
                }
            }
            _ => unknown += 1,
        }
    }
    let at = |hook: Hook| books.counters[hook as usize].iter().sum::<u64>();
    let entered = at(Hook::Uplink) + at(Hook::Egress);
    let sent = books.entered as u64;
    let ingress_fits = (books.arrived).is_none_or(|arrived| at(Hook::Ingress) == arrived as u64);
    let counts_agree = reported == books.counters && proposed == books.proposed;
    if unknown == 0 && counts_agree && entered == sent && ingress_fits {
        return Ok(());
    }
    let mut text = format!(
        "the books do not balance: {sent} frames sent, {entered} counted by the filter where they \
         entered, {} at workloads, {} reported",
        at(Hook::Ingress),
        books.events.len(),
    );
    list(&mut text, "", &books.counters, &reported);
    list(&mut text, "proposed ", &books.proposed, &proposed);
    if unknown > 0 {
        let _ = write!(
            text,
            "\n           {unknown} events with a hook or a reason that this layout lacks"
        );
    }
    Err(text)
}

/// Each count that there is, as counted and as reported.
fn list(text: &mut String, what: &str, counters: &Counters, reported: &Counters) {
    for hook in Hook::ALL {
        for reason in Reason::ALL {
            let (at, why) = (hook as usize, *reason as usize);
            let (counter, events) = (counters[at][why], reported[at][why]);
            if counter > 0 || events > 0 {
                let mark = if counter == events {
                    ""
                } else {
                    "  <---- WRONG"
                };
                let (hook, slug) = (hook.slug(), format!("{what}{}", reason.slug()));
                let _ = write!(
                    text,
                    "\n           {hook:<8} {slug:<30} counted {counter:>5}  reported \
                     {events:>5}{mark}"
                );
            }
        }
    }
}

/// What an event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Whom it is about; `None` if it is no probe of ours.
    pub probe: Option<ProbeId>,
    /// Which program speaks.
    pub hook: Hook,
    /// Why it decided as it did.
    pub reason: Reason,
    /// The rule that decided.
    pub rule: RuleId,
    /// What the proposed policy says, where it was asked.
    pub proposed: Option<Proposal>,
}

/// Reads an event.
///
/// # Errors
/// A hook or a reason that this layout does not have.
pub fn read(event: &Event) -> Result<Account, String> {
    let lacks = |what: &str, code: u8| {
        format!("the filter gave {what} {code}, which this layout does not have")
    };
    Ok(Account {
        probe: probe_of(event),
        hook: Hook::from_code(event.hook).ok_or_else(|| lacks("hook", event.hook))?,
        reason: Reason::from_code(event.reason).ok_or_else(|| lacks("reason", event.reason))?,
        rule: RuleId(event.rule),
        proposed: proposal_of(event).map_err(|code| lacks("proposed reason", code))?,
    })
}

#[cfg(test)]
mod tests;
