//! What is wrong, and a packet that shows it.

use std::fmt;

use netverdict_abi::{Reason, Verdict};
use netverdict_policy::diagnostic::Location;
use netverdict_policy::frame::Frame;
use netverdict_policy::model::{Policy, RuleRef};
use netverdict_policy::prefix::Prefix;
use serde::{Serialize, Serializer};

use super::shape::Shape;

/// Which of the three claims does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Claim {
    /// The maps mean what the policy says.
    #[serde(rename = "A")]
    Maps,
    /// The program does what the policy says.
    #[serde(rename = "B")]
    Program,
    /// No prefilter lets past the policy what the policy denies.
    #[serde(rename = "C")]
    Configuration,
}

/// Addresses at which a claim does not hold, all in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The claim.
    pub claim: Claim,
    /// The fewest prefixes that hold these addresses and no other, ascending, at
    /// least one.
    #[serde(serialize_with = "displayed")]
    pub addresses: Vec<Prefix>,
    /// Who with whom, with `*` for the addresses: `* to inventory 30007/tcp`.
    pub connection: String,
    /// What the policy says.
    pub policy: Side,
    /// What the other party says.
    pub other: Side,
    /// How the packet was wrapped.
    #[serde(serialize_with = "shape_name")]
    pub shape: Shape,
    /// A packet that shows it, from the Ethernet header on.
    #[serde(serialize_with = "hex")]
    pub witness: Frame,
    /// Its number in the capture, from 1; 0 where none was written.
    pub packet: usize,
}

/// What one party says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// Whose word it is.
    pub who: &'static str,
    /// Pass, drop or abort.
    #[serde(serialize_with = "verdict_slug")]
    pub verdict: Verdict,
    /// Why, where it said so.
    #[serde(serialize_with = "reason_slug")]
    pub reason: Option<Reason>,
    /// The rules that decide, with their places.
    pub rules: Vec<String>,
}

impl Side {
    /// `policy drops`.
    fn words(&self) -> String {
        let verb = match self.verdict {
            Verdict::Pass => "pass",
            Verdict::Drop => "drop",
            Verdict::Abort => "abort",
        };
        let ending = match (self.who, self.verdict) {
            ("maps", _) => "",
            (_, Verdict::Pass) => "es",
            (_, Verdict::Drop | Verdict::Abort) => "s",
        };
        format!("{} {verb}{ending}", self.who)
    }

    /// `policy drops (policy-no-match)`.
    fn with_reason(&self) -> String {
        match self.reason {
            Some(reason) => format!("{} ({})", self.words(), reason.slug()),
            None => format!("{} (no reason given)", self.words()),
        }
    }
}

impl Finding {
    /// The sentence for these addresses: `198.51.100.0/24 to inventory 30007/tcp:
    /// policy drops, kernel passes`.
    pub fn sentence(&self, addresses: &dyn fmt::Display) -> String {
        let connection = self.connection.replacen('*', &addresses.to_string(), 1);
        let shape = match self.shape {
            Shape::Plain => String::new(),
            shape => format!(" {}", shape.words()),
        };
        let (policy, other) = match self.policy.verdict == self.other.verdict {
            false => (self.policy.words(), self.other.words()),
            // The verdicts are one: why is not.
            true => (self.policy.with_reason(), self.other.with_reason()),
        };
        format!("{connection}{shape}: {policy}, {other}")
    }
}

/// The [`place`] of each rule; what no line says in words.
pub fn places(policy: &Policy, rules: impl IntoIterator<Item = RuleRef>) -> Vec<String> {
    let mut places: Vec<String> = (rules.into_iter())
        .map(|rule| match policy.location(rule) {
            Some(location) => place(location),
            None => "the node reaches its own workloads".to_owned(),
        })
        .collect();
    places.dedup();
    places
}

/// Where it stands, and the line: `scenarios/a.yaml:3:7: - 0.0.0.0/0`.
pub fn place(location: &Location) -> String {
    const MOST: usize = 100;
    let index = usize::try_from(location.line)
        .unwrap_or(usize::MAX)
        .saturating_sub(1);
    let line = (location.file.text.lines().nth(index))
        .unwrap_or_default()
        .trim();
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{location}: {}…", &line[..end]),
        None => format!("{location}: {line}"),
    }
}

/// The bytes, two digits each.
pub fn in_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn displayed<S: Serializer>(prefixes: &[Prefix], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(prefixes.iter().map(ToString::to_string))
}

fn hex<S: Serializer>(frame: &Frame, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&in_hex(frame))
}

fn shape_name<S: Serializer>(shape: &Shape, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(shape.name())
}

fn verdict_slug<S: Serializer>(verdict: &Verdict, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(crate::words::verdict_name(*verdict))
}

fn reason_slug<S: Serializer>(reason: &Option<Reason>, to: S) -> Result<S::Ok, S::Error> {
    match reason {
        Some(reason) => to.serialize_some(reason.slug()),
        None => to.serialize_none(),
    }
}
