//! Which rules decided about the frames of a scenario's probes.

use serde::{Deserialize, Serialize};

use super::SuiteId;
use super::word::{self, Word};

/// Which rules decided about the frames of a scenario's probes, in one lane.
///
/// This is about what probes exercise. How much of each rule is enforced is
/// another question: [`netverdict_policy::coverage`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RuleHits {
    /// The scenario, and the lane whose word counts: of those in which frames were
    /// judged, one in which the kernel did, if any.
    pub suite: SuiteId,
    /// Who named the rules: `kernel` or `interpreter`.
    #[serde(deserialize_with = "word::word")]
    pub named_by: Word,
    /// Frames that were judged.
    pub frames: u64,
    /// Every rule, by file and line.
    pub rules: Vec<RuleLine>,
    /// Every map, part by part.
    pub maps: Vec<MapPart>,
    /// Frames that the filter judged otherwise than the interpreter: which entries
    /// were found for them nobody knows.
    pub unknown_lookups: u64,
}

/// How often a rule decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleLine {
    /// Its place: `file:line:column`; of a list that of its first entry.
    pub location: String,
    /// What it says.
    pub rule: String,
    /// What came of it.
    pub status: RuleStatus,
    /// Frames that it was named for.
    pub frames: u64,
    /// Further frames that it decides in the same way as the rule that was named.
    pub beside: u64,
    /// The first few probes that these frames are of.
    pub probes: Vec<String>,
    /// How many more there are.
    pub more_probes: usize,
    /// Why it can never decide, and which lines decide in its place, if it cannot.
    pub never: Option<String>,
    /// Where it is a list that is counted as one rule: how many of its entries.
    pub list: Option<ListLine>,
}

/// What came of a rule, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleStatus {
    /// It was named for a frame at least.
    Decided,
    /// It decided frames only in the same way as another, which was named.
    Beside,
    /// It decided about no frame, though there is a packet that it decides about.
    Undecided,
    /// There is no packet that it decides about.
    NeverDecides,
}

/// A list that is counted as one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListLine {
    /// Entries in it.
    pub entries: usize,
    /// Of these, such as decided about a frame.
    pub decided: usize,
    /// Of these, such as can never decide.
    pub never: usize,
    /// The first few of the others: where, and what they say.
    pub undecided: Vec<String>,
}

/// One map of the filter, or one user's part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapPart {
    /// The step that wrote it; none for what was there before the first.
    pub step: Option<String>,
    /// The map, and whose part of it.
    pub part: String,
    /// Entries in it.
    pub entries: usize,
    /// Of these, such as a look-up found.
    pub found: usize,
    /// The first few of the others.
    pub not_found: Vec<String>,
}

/// Rules over a whole run: those at one place that say the same are one, whatever
/// scenario they are part of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleTotals {
    /// All of them.
    pub rules: usize,
    /// Of these, such as were named for a frame.
    pub decided: usize,
    /// Of these, such as decided only beside another.
    pub beside: usize,
    /// Of these, such as can never decide.
    pub never: usize,
}

impl RuleTotals {
    /// Of a hundred rules that can decide, how many did; 100 where none can.
    pub fn percent(self) -> f64 {
        let can = self.rules - self.never;
        if can == 0 {
            return 100.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "fewer rules than 52 bits count")]
        let percent = (self.decided + self.beside) as f64 * 100.0 / can as f64;
        percent
    }
}
