//! Frames that are judged between two changes of the policy.

use netverdict_lab::filter;
use netverdict_policy::scenario::Connections;

use super::Work;

/// Frames that are judged in order under one policy, in one memory with those of
/// the stages before.
#[derive(Debug)]
pub struct Staged<'a> {
    /// The frames, and the policy.
    pub work: Work<'a>,
    /// What became of connections when that policy came into force.
    pub connections: Connections,
}

impl Staged<'_> {
    /// The same in the lab's words.
    pub(super) fn kept(&self) -> filter::Connections {
        kept(self.connections)
    }
}

/// The same in the lab's words.
pub(super) fn kept(connections: Connections) -> filter::Connections {
    match connections {
        Connections::Keep => filter::Connections::Keep,
        Connections::Forget => filter::Connections::Forget,
    }
}
