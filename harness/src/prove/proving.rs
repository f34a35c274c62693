//! One subject, from the maps to what is wrong.

mod maps;
mod overrides;
mod packets;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Instant;

use netverdict_abi::Reason;
use netverdict_lab::filter::{Connections, Events, Filter, Install, Links};
use netverdict_policy::address_set::Range;
use netverdict_policy::chart::Chart;
use netverdict_policy::image::MapImage;
use netverdict_policy::journey::Point;
use netverdict_policy::meaning::{L4Class, PolicyReading};
use netverdict_policy::model::{Peers, Policy};
use netverdict_policy::prefix::Family;
use netverdict_policy::prove::{Comparison, Group, Mismatch};

use super::atoms::{Atoms, Cuts, last_of, number, range};
use super::exact::Witness;
use super::party::{NONE, Party, ProveError};
use super::plain::{self, Authority, Job, Plain, Tally};
use super::proof::{Configuration, Maps, Program, Proof};
use super::question::Asked;
use super::subject::Subject;
use crate::matrix::judge::{Reasons, unbalanced};

/// Who is held against the policy.
#[derive(Debug)]
pub enum Under<'a> {
    /// The filter in the kernel, with room for the subject.
    Kernel(&'a mut Filter),
    /// The interpreter of the compiled image.
    Model,
}

/// How it is tried.
#[derive(Clone, Copy)]
pub struct How<'a> {
    /// Threads, at least one.
    pub threads: usize,
    /// Asked again and again whether to go on, and told how many atoms of the subject
    /// have been begun.
    pub more: &'a (dyn Fn(usize) -> bool + Sync),
}

/// Frames that have nothing to do with each other.
const ALONE: Install = Install {
    events: Events::None,
    track: false,
    links: Links::Unchecked,
    connections: Connections::Forget,
};

/// Atoms that are collected before they are tried.
const FLUSH: usize = 1 << 20;

/// Rules that the oracle reads, all in all, before the sets take its place: it reads
/// each rule for each frame.
const MOST_READ_BY_ORACLE: usize = 30_000_000;

/// Proves one subject.
///
/// # Errors
/// Where the kernel refuses.
pub fn prove(subject: &Subject<'_>, under: Under<'_>, how: How<'_>) -> Result<Proof, ProveError> {
    let mut proof = Proof {
        subject: subject.name.clone(),
        xfail: subject.xfail.map(str::to_owned),
        maps: Maps::default(),
        program: Program::default(),
        configuration: Configuration::default(),
        findings: Vec::new(),
        inconclusive: Vec::new(),
        interrupted: false,
    };
    match under {
        Under::Kernel(filter) => {
            filter.install(subject.image, ALONE)?;
            let read = filter.read_back()?;
            proof.maps.entries = Some(read.entries);
            proof.maps.strays = read.strays.iter().map(ToString::to_string).collect();
            let held = MapImage {
                // The maps hold numbers; what they stand for is the compiler's.
                rules: subject.image.rules.clone(),
                ..read.image
            };
            proof.maps.differing = maps::differing(subject.image, &held);
            Proving::new(subject, &held, how, &mut proof).all(Hands::Kernel(filter))?;
        }
        Under::Model => {
            Proving::new(subject, subject.image, how, &mut proof).all(Hands::Model)?;
        }
    }
    Ok(proof)
}

/// Who is tried, between two uses.
enum Hands<'a> {
    Kernel(&'a mut Filter),
    Model,
}

/// A proof in the making.
struct Proving<'a> {
    subject: &'a Subject<'a>,
    policy: &'a Policy,
    /// What the maps say.
    held: &'a MapImage,
    how: How<'a>,
    cuts: Cuts,
    questions: Vec<Asked>,
    /// One address of each class of each question, and whether all atoms were tried.
    classes: Vec<Class>,
    tally: Tally,
    proof: &'a mut Proof,
}

/// Addresses at which a question has one answer.
#[derive(Clone, Copy, Debug)]
struct Class {
    question: usize,
    reason: Reason,
    /// Of all addresses with that answer, the first atom.
    range: Range,
    /// Whether plain frames are tried at every atom of the question.
    tried: bool,
}

impl<'a> Proving<'a> {
    fn new(
        subject: &'a Subject<'a>,
        held: &'a MapImage,
        how: How<'a>,
        proof: &'a mut Proof,
    ) -> Proving<'a> {
        Proving {
            subject,
            policy: subject.policy,
            held,
            how,
            cuts: Cuts::new(subject.policy, held),
            questions: Vec::new(),
            classes: Vec::new(),
            tally: Tally::default(),
            proof,
        }
    }

    fn all(&mut self, mut hands: Hands<'_>) -> Result<(), ProveError> {
        let comparison = Comparison::new(self.policy, self.held);
        self.proof.program.cut_everywhere = self.cuts.are_everywhere();
        self.configuration(comparison.policy())?;
        let beside = comparison.beside_questions();
        let means_something = beside != [Mismatch::PassAll];
        self.mismatches(beside)?;
        let before = hands.counters()?;
        let (uplink, workloads): (Vec<&Group>, Vec<&Group>) =
            (comparison.groups().iter()).partition(|group| group.point == Point::Uplink);
        // What came by the uplink bypasses the policy behind it, until it is forgotten.
        for groups in [uplink, workloads] {
            hands.forget()?;
            let mut jobs = Vec::new();
            for group in groups {
                if means_something {
                    self.mismatches(comparison.of_group(group))?;
                }
                for class in &group.classes {
                    self.ask(group, *class, comparison.policy(), &mut jobs);
                    if jobs.iter().map(Job::atoms).sum::<usize>() >= FLUSH {
                        self.plain(&mut hands, &mut jobs)?;
                    }
                }
            }
            self.plain(&mut hands, &mut jobs)?;
        }
        let given = match before {
            Some(before) => difference(hands.counters()?.unwrap_or(NONE), &before),
            None => self.tally.given,
        };
        // Of frames with another verdict it is clear that their reasons differ.
        if self.tally.wrong.is_empty() {
            self.proof.program.unbalanced = unbalanced(&self.tally.expected, &given);
        }
        let party = hands.party(self.held).name();
        self.proof.program.party = party;
        self.proposed()?;
        let mut witness = match hands {
            Hands::Kernel(filter) => Witness::kernel(filter)?,
            Hands::Model => Witness::model(self.held),
        };
        self.packets(&mut witness, party)
    }

    /// Lists the atoms to try, at the hook of the first of those that are asked alike,
    /// and a representative of each answer, at all of theirs.
    fn ask(
        &mut self,
        group: &Group,
        class: L4Class,
        policy: &PolicyReading<'_>,
        jobs: &mut Vec<Job>,
    ) {
        if !(self.how.more)(0) {
            self.proof.interrupted = true;
            return;
        }
        self.proof.maps.questions += 1;
        let asked = Asked::new(self.policy, group.point, class);
        let right = policy.answer(&asked.question);
        let atoms = (self.cuts).of(self.policy, self.held, group.point, asked.one_port());
        let starts = |family: Family| atoms.starts(family).clone();
        let question = self.questions.len();
        jobs.extend(Job::all(question, &asked, starts, &right));
        self.classes.extend(classes(question, &right, &atoms, true));
        self.questions.push(asked);
        for member in group.members().iter().skip(1) {
            let point = match group.point {
                Point::Uplink => Point::Uplink,
                Point::Egress(_) => Point::Egress(*member),
                Point::Ingress(_) => Point::Ingress(*member),
            };
            let question = self.questions.len();
            self.classes
                .extend(classes(question, &right, &atoms, false));
            self.questions.push(Asked::new(self.policy, point, class));
        }
    }

    fn plain(&mut self, hands: &mut Hands<'_>, jobs: &mut Vec<Job>) -> Result<(), ProveError> {
        let atoms: usize = jobs.iter().map(Job::atoms).sum();
        let to_read = atoms.saturating_mul(3 * (1 + rules(self.policy)));
        let authority = match to_read <= MOST_READ_BY_ORACLE {
            true => Authority::Oracle,
            false => Authority::Sets,
        };
        let plain = Plain {
            policy: self.policy,
            questions: &self.questions,
            authority,
            party: hands.party(self.held),
            threads: self.how.threads,
        };
        let started = Instant::now();
        let tally = plain::run(plain, jobs, self.how.more)?;
        self.proof.program.trying += started.elapsed();
        self.proof.interrupted |= tally.atoms < atoms as u64;
        let program = &mut self.proof.program;
        program.frames += tally.frames;
        program.atoms += tally.atoms;
        if authority == Authority::Oracle {
            program.by_oracle += tally.frames;
        }
        self.tally.add(tally);
        jobs.clear();
        Ok(())
    }
}

impl Hands<'_> {
    fn party<'b>(&'b self, held: &'b MapImage) -> Party<'b> {
        match self {
            Hands::Kernel(filter) => Party::Kernel(filter),
            Hands::Model => Party::Model(held),
        }
    }

    fn forget(&mut self) -> Result<(), ProveError> {
        match self {
            Hands::Kernel(filter) => Ok(filter.forget()?),
            Hands::Model => Ok(()),
        }
    }

    fn counters(&self) -> Result<Option<Reasons>, ProveError> {
        match self {
            Hands::Kernel(filter) => Ok(Some(filter.counters()?)),
            Hands::Model => Ok(None),
        }
    }
}

fn difference(mut now: Reasons, before: &Reasons) -> Reasons {
    let counts = now.as_flattened_mut().iter_mut();
    for (now, before) in counts.zip(before.as_flattened()) {
        *now -= before;
    }
    now
}

/// Entries of lists and rules that the oracle reads for one packet at most.
fn rules(policy: &Policy) -> usize {
    let listed = |it: &netverdict_policy::model::Prefilter| it.allow.len() + it.deny.len();
    let prefilters: usize = policy.prefilters.iter().map(listed).sum();
    let rules = policy.all_network_policies().flat_map(|it| &it.rules);
    let peers = rules.map(|rule| match &rule.peers {
        Peers::Any => 1,
        Peers::Listed(peers) => 1 + peers.len(),
    });
    policy.deny_list.len() + prefilters + peers.sum::<usize>() + policy.workloads.len()
}

/// The first atom of each answer, in each family.
fn classes(question: usize, right: &Chart<Reason>, atoms: &Atoms, tried: bool) -> Vec<Class> {
    let mut seen = BTreeSet::new();
    (right.pieces())
        .filter(|(range, reason)| seen.insert((Family::of(range.first), **reason)))
        .map(|(range, reason)| Class {
            question,
            reason: *reason,
            range: first_atom(range, atoms),
            tried,
        })
        .collect()
}

/// What of a range nothing tells apart from its first address.
fn first_atom(Range { first, last }: Range, atoms: &Atoms) -> Range {
    let family = Family::of(first);
    let starts = atoms.starts(family);
    let index = starts.partition_point(|start| *start <= number(first)) - 1;
    let end = last_of(family, starts, index).min(number(last));
    range(family, number(first), end)
}

/// An address of these.
fn representative(range: Range) -> IpAddr {
    range.first
}

#[cfg(test)]
mod tests;
