//! What happens during a run, as data. Reporters fold over these and compute
//! nothing themselves.

mod counts;
mod place;
mod rule_hits;
mod word;

use std::fmt;

use netverdict_policy::coverage::Coverage;
use serde::{Deserialize, Serialize};

use word::Word;

pub use counts::{
    Changed, ChangedFrame, CountedNodePort, CountedRule, Counts, NodePortCount, RuleCount, Totals,
    WouldChange,
};
pub use place::Place;
pub use rule_hits::{ListLine, MapPart, RuleHits, RuleLine, RuleStatus, RuleTotals};

/// One thing that happened. In `events.jsonl` each is a line, of which a run writes all
/// but `Coverage`; they can be read back.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Event {
    /// First.
    RunStarted(RunStarted),
    /// Something is wrong with the input or the machine, or a lane broke.
    Problem(Problem),
    /// How much of the policies is enforced.
    #[serde(skip_deserializing)]
    Coverage(Coverage),
    /// A scenario begins in a lane.
    SuiteStarted(SuiteStarted),
    /// A probe was judged.
    Verdict(Verdict),
    /// A step was judged: a change of the policy under traffic.
    Step(StepVerdict),
    /// What policies decided about the frames of a scenario in a lane: before its end.
    Counts(Counts),
    /// A scenario ended in a lane.
    SuiteFinished(SuiteFinished),
    /// Which rules decided about the frames of a scenario, over all its probes: behind
    /// the scenario's suites.
    RuleHits(RuleHits),
    /// Last.
    RunFinished(RunFinished),
}

/// What the run is about to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunStarted {
    /// Version of the program.
    #[serde(deserialize_with = "word::word")]
    pub version: Word,
    /// Kernel release.
    pub kernel: String,
    /// Digest of the sources of the filter object.
    pub filter: String,
    /// Order in which frames are sent; 0 is the order of the files.
    pub seed: u64,
    /// Lanes, with their modes.
    pub lanes: Vec<String>,
    /// Scenarios selected.
    pub scenarios: usize,
    /// Probes selected, over all scenarios.
    pub probes: usize,
    /// Of a hundred rules, how many have to decide about a frame, if that was asked
    /// for.
    pub min_rule_coverage: Option<u8>,
    /// What it is a part of.
    pub part: Part,
}

/// A part of a run, or the whole of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Which, from 1.
    pub shard: usize,
    /// Of how many.
    pub shards: usize,
    /// Scenarios selected, over all parts.
    pub scenarios: usize,
    /// Digest of what was selected, over all parts, and of how it is judged: parts of one
    /// run have the same.
    pub selection: String,
}

/// Something that kept a verdict from being reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Problem {
    /// Stable name of its kind.
    pub code: String,
    /// The file it is about, if any.
    pub file: Option<String>,
    /// The whole text, ready to print.
    pub text: String,
}

/// Names a scenario in a lane.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SuiteId {
    /// The scenario's file.
    pub scenario: String,
    /// `model`, `testrun` or `wire`.
    #[serde(deserialize_with = "word::word")]
    pub lane: Word,
    /// `native` or `generic`, in the wire lane.
    #[serde(deserialize_with = "word::optional")]
    pub mode: Option<Word>,
}

/// A scenario begins in a lane.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SuiteStarted {
    /// Which.
    pub suite: SuiteId,
    /// The scenario's name.
    pub name: String,
    /// Probes to be judged.
    pub probes: usize,
}

/// A scenario ended in a lane.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SuiteFinished {
    /// Which.
    pub suite: SuiteId,
    /// Why the scenario is expected to fail, if all that it lists was
    /// reproduced.
    pub reproduced: Option<String>,
    /// Wall time in microseconds.
    pub micros: u64,
}

/// A probe was judged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Verdict {
    /// Where.
    pub suite: SuiteId,
    /// The probe's name.
    pub probe: String,
    /// `file:line:column` of the probe.
    pub location: String,
    /// What came of it.
    pub outcome: ProbeOutcome,
    /// Why it was not run, if it was not; or the first of its frames that was not.
    pub skipped: Option<SkipReason>,
    /// The frames it stands for; none if it was not run.
    pub cases: Vec<CaseVerdict>,
    /// Where to look if it is not as expected, or reproduces a known fault: lines of the
    /// policy that suffice, those that decided first, then what was meant.
    pub places: Vec<Place>,
    /// Why it is not as expected, in full; empty if it is.
    pub explanation: String,
    /// The command that runs just this probe again.
    pub rerun: String,
    /// Wall time in microseconds: its share of the time its lane took.
    pub micros: u64,
}

/// A change of the policy under traffic was judged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StepVerdict {
    /// Where.
    pub suite: SuiteId,
    /// The step's name.
    pub step: String,
    /// `file:line:column` of the step.
    pub location: String,
    /// What came of it.
    pub outcome: ProbeOutcome,
    /// Why it was not run, if it was not.
    pub skipped: Option<SkipReason>,
    /// How often one policy took the other's place.
    pub swaps: u32,
    /// Frames judged meanwhile.
    pub frames: u64,
    /// Different frames that pass under one policy and not under the other.
    pub flips: usize,
    /// Frames that were on their way during a change.
    pub between: u64,
    /// Frames whose hooks judged by different policies.
    pub mixed: u64,
    /// Frames that were judged as neither policy says.
    pub wrong: u64,
    /// How long a change took, in microseconds: the median of them.
    pub window_micros: f64,
    /// The longest of them. The thread that makes a change may be interrupted in
    /// the middle of it.
    pub longest_window_micros: f64,
    /// Frames of the scenario's probes that were no part of the traffic.
    pub left_out: Vec<LeftOutFrame>,
    /// The first few wrong ones.
    pub shown: Vec<WrongFrame>,
    /// Where to look if it is not as expected, or reproduces a known fault: lines of the
    /// policy that suffice, those that decided first, then what was meant.
    pub places: Vec<Place>,
    /// Why it is not as expected, in full; empty if it is.
    pub explanation: String,
    /// The command that runs just this step again.
    pub rerun: String,
    /// Wall time in microseconds.
    pub micros: u64,
}

/// A frame that cannot be sent over and over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LeftOutFrame {
    /// Its probe.
    pub probe: String,
    /// What tells it from the probe's other frames.
    pub case: String,
    /// Why.
    pub why: String,
}

/// A frame that was judged as neither policy says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WrongFrame {
    /// Its probe.
    pub probe: String,
    /// The frame, decoded.
    pub sent: String,
    /// What the policy before says, hook by hook.
    pub before: Vec<String>,
    /// What the policy after says, hook by hook.
    pub after: Vec<String>,
    /// `before`, `after` or `either`: which of them it may have seen.
    #[serde(deserialize_with = "word::word")]
    pub may_see: Word,
    /// What the filter said, hook by hook.
    pub seen: Vec<String>,
}

/// What came of a probe, from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeOutcome {
    /// As expected.
    Match,
    /// As the scenario's `xfail` says: the known fault was reproduced.
    Reproduced,
    /// Not run.
    Skipped,
    /// The policy lets through, or drops, what its author did not mean.
    PolicyMismatch,
    /// It passed as meant and did not arrive.
    DeliveryMismatch,
    /// The kernel does what the policy does not say.
    FilterMismatch,
    /// The scenario's `xfail` names it, and it did not fail, or not wholly.
    UnexpectedPass,
    /// Inconclusive.
    Error,
}

/// Why a probe was not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SkipReason {
    /// The user stopped the run.
    Interrupted,
    /// Another probe was not as expected, and `--fail-fast` was asked for.
    FailFast,
    /// A workload sends under another's address: only the link tells, and a test
    /// run has none.
    ForeignSource,
    /// More workloads than a lab has room for.
    TooManyWorkloads,
    /// A frame before it in its sequence loses its end on the way, and its identity
    /// with it: what hooks behind remember of it, nobody sees.
    BehindCutFrame,
    /// It depends on frames before it, of which others pass in dry run than would if the
    /// proposed policy were in force.
    RemembersWhatPasses,
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SkipReason::Interrupted => "the run was stopped before it",
            SkipReason::FailFast => "another probe was not as expected (--fail-fast)",
            SkipReason::ForeignSource => {
                "it is sent under another workload's address, which a test run, without a link, \
                 cannot tell"
            }
            SkipReason::BehindCutFrame => {
                "the node cuts the end off a frame before it, and the probe's id with it: on the \
                 wire nobody sees what the filter remembers of the rest"
            }
            SkipReason::RemembersWhatPasses => {
                "it depends on frames before it, and in dry run others of them pass than would if \
                 the policies were in force"
            }
            SkipReason::TooManyWorkloads => "a lab has no room for so many workloads",
        })
    }
}

/// One frame of a probe.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CaseVerdict {
    /// What tells it from its siblings.
    pub label: String,
    /// The frame, decoded.
    pub sent: String,
    /// `pass` or `drop`.
    #[serde(deserialize_with = "word::word")]
    pub expect: Word,
    /// What the policy says at each hook, up to the one that decides.
    pub policy: Vec<PartyVerdict>,
    /// What the filter said at each hook, as far as it said anything.
    pub filter: Vec<PartyVerdict>,
    /// What was seen.
    #[serde(deserialize_with = "word::word")]
    pub seen: Word,
    /// For a dropped frame on the wire: what became of it when all pass.
    #[serde(deserialize_with = "word::optional")]
    pub witness: Option<Word>,
    /// `match`, `redundant`, or what is wrong.
    #[serde(deserialize_with = "word::word")]
    pub outcome: Word,
}

/// What one party says of a frame at a hook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartyVerdict {
    /// `uplink`, `egress` or `ingress`.
    #[serde(deserialize_with = "word::word")]
    pub hook: Word,
    /// The workload whose hook it is; none at the uplink.
    pub workload: Option<String>,
    /// `pass`, `drop` or `abort`.
    #[serde(deserialize_with = "word::word")]
    pub verdict: Word,
    /// The reason's name.
    #[serde(deserialize_with = "word::word")]
    pub reason: Word,
    /// `file:line:column` of the rules that decide.
    pub rules: Vec<String>,
    /// What it says of the frame under the proposed policy; none where nothing else is
    /// proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed: Option<ProposedVerdict>,
}

/// What one party says would become of a frame at a hook, if policies in dry run were
/// enforced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProposedVerdict {
    /// `pass` or `drop`.
    #[serde(deserialize_with = "word::word")]
    pub verdict: Word,
    /// The reason's name.
    #[serde(deserialize_with = "word::word")]
    pub reason: Word,
    /// `file:line:column` of the rules that would decide.
    pub rules: Vec<String>,
}

/// How the run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFinished {
    /// The code the program ends with, before reports are written.
    pub exit_code: u8,
    /// Probes as expected, xfail among them.
    pub as_expected: usize,
    /// Known faults reproduced.
    pub reproduced: usize,
    /// Probes that mismatch.
    pub mismatched: usize,
    /// Probes without a verdict, and other problems.
    pub errors: usize,
    /// Probes not run.
    pub skipped: usize,
    /// Frames judged, over all lanes.
    pub frames: usize,
    /// Rules that decided.
    pub rules: RuleTotals,
    /// Whether the user stopped the run.
    pub interrupted: bool,
    /// Wall time in microseconds.
    pub micros: u64,
}

impl SuiteId {
    /// `model`, `wire/native`, …
    pub fn lane_and_mode(&self) -> String {
        match self.mode {
            None => self.lane.to_owned(),
            Some(mode) => format!("{}/{mode}", self.lane),
        }
    }
}
