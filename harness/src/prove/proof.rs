//! What was found out about one subject.

use std::time::Duration;

use serde::Serialize;

use super::finding::{Claim, Finding};

/// Everything that was found out about one subject.
#[derive(Clone, Debug, Serialize)]
pub struct Proof {
    /// What it is called.
    pub subject: String,
    /// Why the scenario says that its policy is not what was meant.
    pub xfail: Option<String>,
    /// Claim A.
    pub maps: Maps,
    /// Claim B.
    pub program: Program,
    /// Claim C.
    pub configuration: Configuration,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// Why nothing can be concluded, if so.
    pub inconclusive: Vec<String>,
    /// Whether it was ended before everything was tried.
    pub interrupted: bool,
}

/// What was compared for claim A.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Maps {
    /// Questions, each compared over all addresses: a class of ports at a hook, of
    /// workloads that are asked alike that of one.
    pub questions: usize,
    /// Entries read back from the kernel; `None` where the compiled image was read.
    pub entries: Option<usize>,
    /// Entries that no policy could have put there.
    pub strays: Vec<String>,
    /// Entries that are missing, that nobody wrote, or that mean something else than
    /// the policy though no packet shows it.
    pub differing: Vec<String>,
}

/// What was tried for claim B.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Program {
    /// Who was tried.
    pub party: &'static str,
    /// Plain frames, at both ends of each atom and between them.
    pub frames: u64,
    /// Those atoms, each question's by itself.
    pub atoms: u64,
    /// Packets whose reason and rule were compared as well, in all shapes.
    pub packets: u64,
    /// Verdicts of the oracle among what was right; the rest are the sets'.
    pub by_oracle: u64,
    /// Whether each question was cut at every prefix there is, and not only at those
    /// that its hook and port look at.
    pub cut_everywhere: bool,
    /// Whether policies in dry run propose anything: plain frames do not ask for it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub proposes: bool,
    /// Time that the plain frames took, those of all threads at once.
    #[serde(skip)]
    pub trying: Duration,
    /// Reasons that were not given as often as they had to be.
    pub unbalanced: Vec<String>,
}

/// What was compared for claim C.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Configuration {
    /// Ways past the policy: a backend behind a port whose prefilter bypasses it.
    pub passages: usize,
}

impl Proof {
    /// Whether nothing was found against a claim.
    pub fn holds(&self, claim: Claim) -> bool {
        let found = self.findings.iter().any(|finding| finding.claim == claim);
        !found
            && match claim {
                Claim::Maps => self.maps.strays.is_empty() && self.maps.differing.is_empty(),
                Claim::Program => self.program.unbalanced.is_empty(),
                Claim::Configuration => true,
            }
    }

    /// Whether something is wrong that the scenario does not say.
    pub fn has_unexpected(&self) -> bool {
        let filter_is_right = self.holds(Claim::Maps) && self.holds(Claim::Program);
        let is_said = self.xfail.is_some();
        !filter_is_right || !is_said && !self.holds(Claim::Configuration)
    }

    /// Whether everything was tried, and something can be concluded from it.
    pub fn is_conclusive(&self) -> bool {
        self.inconclusive.is_empty() && !self.interrupted
    }
}
