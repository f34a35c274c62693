//! What was tried, what came out, and whether that is right.

use std::collections::BTreeMap;

use netverdict_abi::{REASON_COUNT, Reason, Verdict};

use super::{Connection, Connections, End, Expected, World};
use crate::journey::Point;
use crate::prefix::Family;

/// Answers, as they come in.
#[derive(Clone, Debug)]
pub struct Survey {
    /// What was found open.
    pub(super) open: BTreeMap<(Family, End, End), Connections>,
    /// The first answers that were not right, up to [`Survey::MAX_SHOWN`].
    pub disagreements: Vec<Disagreement>,
    /// How many there were.
    pub disagreed: u64,
    /// How often each hook has to have given each reason, if all is right: by the
    /// code of the hook, then of the reason.
    pub reasons: [[u64; REASON_COUNT]; 3],
    /// Connections tried.
    pub connections: u64,
    /// Verdicts obtained: one for each hook on the way of each connection.
    pub verdicts: u64,
}

/// A hook that did otherwise than the oracle says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The connection.
    pub connection: Connection,
    /// The hook.
    pub point: Point,
    /// What is right.
    pub expected: Reason,
    /// What the hook did.
    pub seen: Verdict,
}

impl Survey {
    /// Disagreements that are kept.
    pub const MAX_SHOWN: usize = 20;

    /// Nothing tried yet.
    pub fn new() -> Survey {
        Survey {
            open: BTreeMap::new(),
            disagreements: Vec::new(),
            disagreed: 0,
            reasons: [[0; REASON_COUNT]; 3],
            connections: 0,
            verdicts: 0,
        }
    }

    /// Takes the answers to one connection: what is right, and what was seen, at
    /// each of its hooks. It is open if it was seen to pass them all.
    pub fn add(
        &mut self,
        world: &World<'_>,
        connection: &Connection,
        expected: Expected,
        seen: [Option<Verdict>; 2],
    ) {
        self.connections += 1;
        let hooks = connection.hooks(world);
        for ((point, expected), seen) in hooks.into_iter().zip(expected).zip(seen) {
            let (Some(point), Some(expected), Some(seen)) = (point, expected, seen) else {
                continue;
            };
            self.verdicts += 1;
            self.reasons[point.hook() as usize][expected as usize] += 1;
            if expected.verdict() != seen {
                self.disagreed += 1;
                if self.disagreements.len() < Survey::MAX_SHOWN {
                    self.disagreements.push(Disagreement {
                        connection: *connection,
                        point,
                        expected,
                        seen,
                    });
                }
            }
        }
        if seen.iter().flatten().all(|seen| *seen == Verdict::Pass) {
            let pair = (connection.family, connection.source, connection.destination);
            let open = self.open.entry(pair).or_default();
            open.open(connection.protocol, connection.ports);
        }
    }
}

impl Survey {
    /// Adds the answers about other connections of the same ends.
    pub fn join(&mut self, other: Survey) {
        self.open.extend(other.open);
        let room = Survey::MAX_SHOWN.saturating_sub(self.disagreements.len());
        (self.disagreements).extend(other.disagreements.into_iter().take(room));
        self.disagreed += other.disagreed;
        let counts = self.reasons.as_flattened_mut().iter_mut();
        for (count, other) in counts.zip(other.reasons.as_flattened()) {
            *count += other;
        }
        self.connections += other.connections;
        self.verdicts += other.verdicts;
    }
}

impl Default for Survey {
    fn default() -> Survey {
        Survey::new()
    }
}
