//! Plain frames at both ends of every atom, and between them.
//!
//! All threads run the programs of one filter: its maps are read only, its counters
//! are each processor's own, and a filter of their own would cost each thread the
//! time and the memory of filling the maps.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use netverdict_abi::{Reason, Verdict};
use netverdict_policy::address_set::Range;
use netverdict_policy::chart::Chart;
use netverdict_policy::frame::{Frame, ProbeId, build, readdress};
use netverdict_policy::model::Policy;
use netverdict_policy::oracle;
use netverdict_policy::prefix::Family;

use super::atoms::{address, last_of, number, range, tried};
use super::party::{NONE, Party, ProveError};
use super::question::Asked;
use crate::matrix::judge::Reasons;

/// Atoms that a thread takes at a time.
const BATCH: usize = 1024;

/// A question asked at every atom of one family.
#[derive(Debug)]
pub struct Job {
    /// The question's index.
    pub question: usize,
    family: Family,
    own: IpAddr,
    starts: Arc<Vec<u128>>,
    /// What is right, and from where on.
    expected: Vec<(u128, Reason)>,
}

/// Who says what is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// The oracle, at each address.
    Oracle,
    /// The policy read as sets.
    Sets,
}

/// What came of it.
#[derive(Debug)]
pub struct Tally {
    /// Frames tried.
    pub frames: u64,
    /// Atoms that they are of, each question's by itself.
    pub atoms: u64,
    /// How often each reason was right.
    pub expected: Reasons,
    /// How often the interpreter gave each.
    pub given: Reasons,
    /// What the party did otherwise.
    pub wrong: Vec<Wrong>,
    /// Where the oracle and the sets differ: nothing can be concluded then.
    pub disputed: Vec<Disputed>,
}

/// Addresses at which the party did something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The question's index.
    pub question: usize,
    /// The atom, if each of its addresses that was tried shows it; else the address.
    pub range: Range,
    /// What is right.
    pub expected: Reason,
    /// What was done.
    pub seen: Verdict,
}

/// An address at which the two readings of the policy differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disputed {
    /// The question's index.
    pub question: usize,
    /// The peer.
    pub address: IpAddr,
    /// What the oracle says.
    pub by_oracle: Reason,
    /// What the sets say.
    pub by_sets: Reason,
}

impl Job {
    /// The jobs of a question, one for each family that it has an answer for.
    pub fn all(
        question: usize,
        asked: &Asked,
        starts: impl Fn(Family) -> Arc<Vec<u128>>,
        chart: &Chart<Reason>,
    ) -> Vec<Job> {
        (chart.families())
            .filter_map(|family| {
                let pieces = chart.pieces().map(|(range, reason)| (range.first, *reason));
                Some(Job {
                    question,
                    family,
                    own: asked.own(family)?,
                    starts: starts(family),
                    expected: pieces
                        .filter(|(first, _)| Family::of(*first) == family)
                        .map(|(first, reason)| (number(first), reason))
                        .collect(),
                })
            })
            .collect()
    }

    /// How many atoms it has.
    pub fn atoms(&self) -> usize {
        self.starts.len()
    }
}

impl Tally {
    fn new() -> Tally {
        Tally {
            frames: 0,
            atoms: 0,
            expected: NONE,
            given: NONE,
            wrong: Vec::new(),
            disputed: Vec::new(),
        }
    }

    /// Adds what another thread, or an earlier call, has.
    pub fn add(&mut self, other: Tally) {
        let Tally {
            frames,
            atoms,
            expected,
            given,
            wrong,
            disputed,
        } = other;
        self.frames += frames;
        self.atoms += atoms;
        sum(&mut self.expected, &expected);
        sum(&mut self.given, &given);
        self.wrong.extend(wrong);
        self.disputed.extend(disputed);
    }
}

fn sum(all: &mut Reasons, some: &Reasons) {
    let counts = all.as_flattened_mut().iter_mut();
    for (all, some) in counts.zip(some.as_flattened()) {
        *all += some;
    }
}

impl Default for Tally {
    fn default() -> Tally {
        Tally::new()
    }
}

/// What is tried, and against whom.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The questions that jobs are of.
    pub questions: &'a [Asked],
    /// Who says what is right.
    pub authority: Authority,
    /// Who is tried.
    pub party: Party<'a>,
    /// Threads that try, at least one.
    pub threads: usize,
}

/// Tries every job. `more` is asked between batches whether to go on, and told how
/// many atoms have been begun.
///
/// # Errors
/// Where the kernel refuses.
pub fn run(
    plain: Plain<'_>,
    jobs: &[Job],
    more: impl Fn(usize) -> bool + Sync,
) -> Result<Tally, ProveError> {
    let batches: Vec<(usize, usize)> = (jobs.iter().enumerate())
        .flat_map(|(index, job)| {
            (0..job.atoms())
                .step_by(BATCH)
                .map(move |from| (index, from))
        })
        .collect();
    let next = AtomicUsize::new(0);
    let begun = AtomicUsize::new(0);
    let work = || -> Result<Tally, ProveError> {
        let mut tally = Tally::new();
        while let Some((job, from)) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
            let to = (from + BATCH).min(jobs[*job].atoms());
            if !more(begun.fetch_add(to - from, Ordering::Relaxed)) {
                break;
            }
            Trying::new(plain, &jobs[*job])?.atoms(*from..to, &mut tally)?;
        }
        Ok(tally)
    };
    let others = plain.threads.min(batches.len()).saturating_sub(1);
    std::thread::scope(|scope| {
        let others: Vec<_> = (0..others).map(|_| scope.spawn(work)).collect();
        let mut all = work()?;
        for other in others {
            let panicked = |panic| std::panic::resume_unwind(panic);
            all.add(other.join().unwrap_or_else(panicked)?);
        }
        Ok(all)
    })
}

/// One thread at one job.
struct Trying<'a> {
    plain: Plain<'a>,
    job: &'a Job,
    asked: &'a Asked,
    frame: Frame,
}

impl<'a> Trying<'a> {
    fn new(plain: Plain<'a>, job: &'a Job) -> Result<Trying<'a>, ProveError> {
        let asked = &plain.questions[job.question];
        let nobody = asked.frame(address(job.family, 0));
        Ok(Trying {
            plain,
            job,
            asked,
            frame: build(&nobody, ProbeId(0), [0; 6])?,
        })
    }

    fn atoms(
        &mut self,
        atoms: std::ops::Range<usize>,
        tally: &mut Tally,
    ) -> Result<(), ProveError> {
        let Job {
            question,
            family,
            own,
            ref starts,
            ref expected,
        } = *self.job;
        let point = self.asked.point();
        let hook = point.hook() as usize;
        let mut piece = expected.partition_point(|(from, _)| *from <= starts[atoms.start]) - 1;
        for atom in atoms {
            tally.atoms += 1;
            let (first, last) = (starts[atom], last_of(family, starts, atom));
            let (before, mut count) = (tally.wrong.len(), 0);
            for tried in tried(first, last) {
                while (expected.get(piece + 1)).is_some_and(|(from, _)| *from <= tried) {
                    piece += 1;
                }
                let peer = address(family, tried);
                let reason = self.right(peer, expected[piece].1, tally);
                let (source, destination) = self.asked.ends(peer, own);
                readdress(&mut self.frame, source, destination);
                let seen = (self.plain.party).verdict(point, &self.frame, &mut tally.given)?;
                tally.expected[hook][reason as usize] += 1;
                count += 1;
                if seen != reason.verdict() {
                    tally.wrong.push(Wrong {
                        question,
                        range: range(family, tried, tried),
                        expected: reason,
                        seen,
                    });
                }
            }
            tally.frames += count;
            join(tally, before, count, range(family, first, last));
        }
        Ok(())
    }

    fn right(&self, peer: IpAddr, by_sets: Reason, tally: &mut Tally) -> Reason {
        if self.plain.authority == Authority::Sets {
            return by_sets;
        }
        let spec = self.asked.frame(peer);
        let mut memory = oracle::Memory::untracked();
        let point = self.asked.point();
        let decision = oracle::judge(self.plain.policy, point, &spec, &mut memory);
        if decision.reason != by_sets {
            tally.disputed.push(Disputed {
                question: self.job.question,
                address: peer,
                by_oracle: decision.reason,
                by_sets,
            });
        }
        decision.reason
    }
}

/// Puts the atom in place of its addresses, if each of them shows the same.
fn join(tally: &mut Tally, before: usize, count: u64, atom: Range) {
    let wrong = &tally.wrong[before..];
    let Some(first) = wrong.first().copied() else {
        return;
    };
    let alike = |it: &Wrong| (it.expected, it.seen) == (first.expected, first.seen);
    if wrong.len() as u64 == count && wrong.iter().all(alike) {
        tally.wrong.truncate(before);
        tally.wrong.push(Wrong {
            range: atom,
            ..first
        });
    }
}
