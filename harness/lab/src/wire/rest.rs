//! Not looking for a while, and beginning to look again.

use std::collections::BTreeSet;

use netverdict_policy::journey::Sender;

use super::batch::Wire;
use super::sightings::Sightings;
use super::socket;
use crate::error::LabError;
use crate::network::{UPLINK_INDEX, workload_end};

impl Wire {
    /// Receives nothing any more: nobody is going to read it.
    pub(super) fn look_away(&mut self) -> Result<(), LabError> {
        for mailbox in self.mailboxes() {
            socket::take_nothing(mailbox.socket())
                .map_err(LabError::system("stop receiving at a socket"))?;
            mailbox.read_all(|_| {})?;
        }
        Ok(())
    }

    /// Receives everything again, once all that was sent before has come to rest.
    /// On the processor that sent it.
    pub(super) fn look_back(&mut self) -> Result<(), LabError> {
        for mailbox in self.mailboxes() {
            socket::take_all(mailbox.socket())
                .map_err(LabError::system("receive at a socket again"))?;
        }
        let sentinel = self.next_sentinel();
        let workloads = (self.sinks.iter().enumerate())
            .filter(|(_, sink)| sink.is_some())
            .map(|(number, _)| number);
        let links: BTreeSet<u32> = (workloads.clone().map(|number| workload_end(number).index))
            .chain([UPLINK_INDEX])
            .collect();
        let senders: Vec<Sender> = (workloads.map(Sender::Workload))
            .chain([Sender::Outside])
            .collect();
        for sender in &senders {
            self.inject_of(*sender, &[], Some(sentinel))?;
        }
        let mut seen = Sightings::default();
        let entered = self.look_at_node(sentinel, &senders, &mut seen)?;
        seen.downward = links;
        if entered && self.look_behind(sentinel, &mut seen)? {
            for mailbox in &mut self.local {
                mailbox.read_all(|_| {})?;
            }
            return Ok(());
        }
        Err(LabError::Stream(
            "come to rest after a stream: the links are not empty",
        ))
    }
}
