//! A counterexample.

mod scenario;

use std::fmt::Write as _;
use std::path::PathBuf;

use netverdict_policy::frame::describe;
use netverdict_policy::model::Policy;
use netverdict_policy::write::{Unwritable, Written};

use super::case::Twist;
use super::check::{Failure, Shown};
use super::parties::place;
use super::{Case, Property, Seed};

/// A case for which a property does not hold, as small as it gets.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What does not hold.
    pub property: Property,
    /// The case it was found in: with its seed, `fuzz` finds it again.
    pub number: u64,
    /// The seed.
    pub seed: Seed,
    /// The case.
    pub case: Case,
    /// How it fails.
    pub failure: Failure,
    /// The file that it was saved to, once it is.
    pub saved: Option<PathBuf>,
}

impl Finding {
    /// A case that fails.
    pub fn new(seed: Seed, number: u64, case: Case, failure: Failure) -> Finding {
        Finding {
            property: failure.property,
            number,
            seed,
            case,
            failure,
            saved: None,
        }
    }

    /// Whether the two are of one cause, as far as that shows: the same property, and
    /// the same rules, whoever they are about.
    pub fn is_like(&self, other: &Finding) -> bool {
        let rules = |policy: Policy| {
            let Policy {
                deny_list,
                prefilters,
                network_policies,
                dry_run,
                ..
            } = policy;
            (deny_list, prefilters, network_policies, dry_run)
        };
        let of = |case: &Case| case.policies().into_iter().map(rules).collect::<Vec<_>>();
        self.property == other.property && of(&self.case) == of(&other.case)
    }

    /// Its name: the property's and 8 hexadecimal digits that stand for its policies
    /// and packets.
    pub fn name(&self) -> String {
        let text = format!("{:?}", self.case);
        format!("{}-{:08x}", self.property, digest(&text))
    }

    /// What is wrong, and what each party says, a line each.
    pub fn words(&self) -> Vec<String> {
        let mut lines = vec![self.property.broken().to_owned()];
        match &self.failure.shown {
            Shown::Differ { words, .. } => lines.extend(words.iter().cloned()),
            Shown::Changed {
                packet,
                before,
                after,
            } => {
                if let Some(packet) = self.case.packets.get(*packet) {
                    lines.push(describe(&packet.frame));
                }
                let slugs = |reasons: &[netverdict_abi::Reason]| {
                    let slugs: Vec<&str> = reasons.iter().map(|reason| reason.slug()).collect();
                    slugs.join(", ")
                };
                lines.push(format!("before: {}", slugs(before)));
                lines.push(format!("after: {}", slugs(after)));
            }
            Shown::Panicked(message) => lines.push(format!("a party gave up: {message}")),
        }
        lines
    }

    /// The scenario that shows it: red as long as it is one, green once it is
    /// mended.
    ///
    /// # Errors
    /// What no YAML says.
    pub fn scenario(&self) -> Result<Written, Unwritable> {
        scenario::scenario(self)
    }

    /// The case as it is drawn, for whoever cannot have it as a scenario.
    pub fn model(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "{:#?}", self.case.policy);
        match &self.case.twist {
            Twist::None => {}
            Twist::Changed(change) => {
                let _ = writeln!(text, "changed: {change:#?}");
            }
            Twist::Updated { updates, .. } => {
                for update in updates {
                    let _ = writeln!(text, "updated: {update:#?}");
                }
            }
            Twist::Damaged(frames) => {
                for (point, bytes) in frames {
                    let _ = writeln!(text, "at {}: {}", place(*point), hex(bytes));
                }
            }
        }
        for packet in &self.case.packets {
            let _ = writeln!(text, "{:?}: {}", packet.sender, describe(&packet.frame));
        }
        text
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// FNV-1a of 32 bits (draft-eastlake-fnv).
fn digest(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash: u32, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}
