//! Sends the frames of a scenario through both networks.

use netverdict_lab::LabError;
use netverdict_lab::reference::{Iptables, Reference, workload_link};
use netverdict_lab::wire::{Arrivals, Place, Shot};
use netverdict_policy::frame::ProbeId;
use netverdict_policy::journey::Target;
use netverdict_policy::reference::{Rulesets, rulesets};
use netverdict_policy::scenario::{Probe, Scenario};

use super::batches::apart;
use super::comparable::{
    NotCompared, begins_a_connection, comes_by_node_port, refused, refused_in_sequence,
};
use super::outcome::{Arrival, Outcome, Row, Unknown, compare};
use crate::lane::Mode;
use crate::lanes::Work;
use crate::lanes::kernel::{Kernel, protocols};
use crate::runner::MOST_WORKLOADS;
use crate::select::Selected;

/// A scenario that has been through both.
#[derive(Debug)]
pub struct Compared<'a> {
    /// The scenario.
    pub selected: &'a Selected,
    /// What the reference was given.
    pub rulesets: Rulesets,
    /// Every frame.
    pub rows: Vec<Row<'a>>,
}

/// The rulesets of a scenario, for its network.
pub fn rulesets_of(scenario: &Scenario) -> Rulesets {
    let workloads = scenario.topology.workloads.len();
    let links: Vec<String> = (0..workloads).map(workload_link).collect();
    rulesets(&scenario.policy, &links)
}

/// What is done with every scenario.
#[derive(Debug)]
pub struct Session {
    kernel: Kernel,
    mode: Mode,
    iptables: Iptables,
}

impl Session {
    /// With a loaded filter, and these programs for the rules.
    pub fn new(kernel: Kernel, mode: Mode, iptables: Iptables) -> Session {
        Session {
            kernel,
            mode,
            iptables,
        }
    }

    /// Sends the selected probes of the scenario through both networks.
    ///
    /// # Errors
    /// What could not be done: a network that could not be built, rules that a tool
    /// did not take, a frame without bytes.
    pub fn compare<'a>(&mut self, selected: &'a Selected) -> Result<Compared<'a>, String> {
        let scenario = &selected.scenario;
        let workloads = scenario.topology.workloads.len();
        if workloads > MOST_WORKLOADS {
            return Err(format!(
                "its {workloads} workloads do not fit a lab, which takes {MOST_WORKLOADS}"
            ));
        }
        let probes: Vec<&Probe> = selected.probes().collect();
        let work = Work::of(&scenario.topology, &selected.image, &probes, ProbeId(1), 0)
            .map_err(|error| format!("cannot build a frame: {error}"))?;
        let rulesets = rulesets_of(scenario);
        let failed = |error: LabError| format!("failed to {error}");
        let found = match work.is_empty() {
            true => Vec::new(),
            false => self.kernel.wire(self.mode, &work).map_err(failed)?,
        };
        let answers = self.ask(&probes, &work, &rulesets).map_err(failed)?;
        let of_probe = |probe: &'a Probe| (probe.cases.iter()).map(move |case| (probe, case));
        let rows = (selected.probes().flat_map(of_probe))
            .zip(found.iter().zip(answers))
            .map(|((probe, case), (found, answer))| {
                let (deciding, outcome) = compare(found, answer);
                Row {
                    probe,
                    case,
                    deciding,
                    outcome,
                }
            });
        Ok(Compared {
            selected,
            rulesets,
            rows: rows.collect(),
        })
    }

    /// What the reference does with every frame.
    fn ask(
        &self,
        probes: &[&Probe],
        work: &Work<'_>,
        rulesets: &Rulesets,
    ) -> Result<Vec<Result<Arrival, Unknown>>, LabError> {
        let refused = all_refused(probes, work);
        let sent = |index: &usize| refused[*index].is_none();
        let alone: Vec<usize> = work.alone.iter().copied().filter(sent).collect();
        let mut rounds: Vec<Vec<Vec<usize>>> = (apart(&work.cases, &alone).into_iter())
            .map(|batch| vec![batch])
            .collect();
        rounds.extend(work.sequences.iter().map(|sequence| {
            let sent = sequence.iter().copied().filter(sent);
            sent.map(|index| vec![index]).collect()
        }));

        let mut reference = Reference::build(work.topology, self.iptables.clone())?;
        reference.watch_protocols(&protocols(&[work]))?;
        reference.load(&rulesets.iptables, &rulesets.ip6tables)?;
        reference.enforce(&rulesets.accept_all)?;
        let witnesses = send_all(&mut reference, work, &rounds)?;
        reference.enforce(&rulesets.policy)?;
        let arrivals = send_all(&mut reference, work, &rounds)?;
        let answers = (refused.into_iter().zip(witnesses.into_iter().zip(arrivals)))
            .enumerate()
            .map(|(index, (refused, (witness, arrival)))| match refused {
                Some(why) => Err(Unknown::NotCompared(why)),
                None => answer(work, index, witness, arrival),
            });
        Ok(answers.collect())
    }
}

fn all_refused(probes: &[&Probe], work: &Work<'_>) -> Vec<Option<NotCompared>> {
    let mut all: Vec<Option<NotCompared>> = work.cases.iter().map(|case| refused(case)).collect();
    let by_node_port = |sequence: usize| {
        (probes.iter()).any(|probe| probe.sequence == Some(sequence) && comes_by_node_port(probe))
    };
    let owners = probes
        .iter()
        .flat_map(|probe| probe.cases.iter().map(move |_| probe));
    for ((refused, case), probe) in all.iter_mut().zip(&work.cases).zip(owners) {
        if let (None, Some(sequence)) = (*refused, probe.sequence) {
            *refused = refused_in_sequence(case, by_node_port(sequence));
        }
    }
    all
}

/// What follows from what was seen of a frame, with every packet accepted and with
/// the policy.
fn answer(
    work: &Work<'_>,
    index: usize,
    witness: Sight,
    arrival: Sight,
) -> Result<Arrival, Unknown> {
    let inconclusive = |why: String| Err(Unknown::Inconclusive(why));
    match (witness, arrival) {
        (Sight::Unclear(why), _) | (_, Sight::Unclear(why)) => inconclusive(why),
        (Sight::Seen(true), Sight::Seen(true)) => Ok(Arrival::Arrived),
        (Sight::Seen(true), Sight::Seen(false)) => Ok(Arrival::Stopped),
        (Sight::Seen(false), Sight::Seen(true)) => inconclusive(
            "it arrived under the policy, and not where everything is accepted".to_owned(),
        ),
        (Sight::Seen(false), Sight::Seen(false)) => {
            match begins_a_connection(work.cases[index].journey.frame()) {
                true => inconclusive(
                    "it arrives nowhere, not even where everything is accepted".to_owned(),
                ),
                false => Err(Unknown::NotCompared(NotCompared::Untracked)),
            }
        }
    }
}

/// What was seen of a frame.
#[derive(Clone, Debug)]
enum Sight {
    /// Whether it arrived where it was meant to.
    Seen(bool),
    /// The evidence is not whole: why.
    Unclear(String),
}

/// Sends round after round, each with nothing remembered of those before; a round's
/// batches follow each other. What was seen, by frame.
fn send_all(
    reference: &mut Reference,
    work: &Work<'_>,
    rounds: &[Vec<Vec<usize>>],
) -> Result<Vec<Sight>, LabError> {
    let unsent = Sight::Unclear("it was not sent".to_owned());
    let mut seen = vec![unsent; work.len()];
    for round in rounds {
        reference.forget()?;
        for batch in round {
            let shots: Vec<Shot<'_>> = (batch.iter())
                .map(|index| Shot {
                    id: work.frames[*index].id,
                    from: work.sender(*index),
                    frame: &work.frames[*index].legs[0],
                })
                .collect();
            let arrivals = reference.send(&shots)?;
            let whole = sound(&arrivals, &shots);
            for index in batch {
                seen[*index] = match &whole {
                    Ok(()) => Sight::Seen(arrived(work, *index, &arrivals)),
                    Err(why) => Sight::Unclear(why.clone()),
                };
            }
        }
    }
    Ok(seen)
}

/// The evidence must be whole before anything is read from it.
fn sound(arrivals: &Arrivals, shots: &[Shot<'_>]) -> Result<(), String> {
    let Arrivals {
        sent,
        tapped,
        delivered,
        returned,
        sentinel_seen,
    } = arrivals;
    let known = |id: ProbeId| shots.iter().any(|shot| shot.id == id);
    if !sentinel_seen {
        Err("the sentinel behind the batch was not seen".to_owned())
    } else if *sent != shots.len() || tapped.len() != shots.len() {
        Err(format!(
            "of {} frames {sent} were sent, and {} entered the node",
            shots.len(),
            tapped.len()
        ))
    } else if !tapped.iter().all(|it| it.id.is_some_and(known)) {
        Err("a frame entered the node that was not sent".to_owned())
    } else if !returned.is_empty() {
        Err(format!("{} frames came back", returned.len()))
    } else if delivered.len() > shots.len() || !delivered.iter().all(|it| known(it.id)) {
        Err("something arrived that was not sent".to_owned())
    } else {
        Ok(())
    }
}

fn arrived(work: &Work<'_>, index: usize, arrivals: &Arrivals) -> bool {
    let meant = match work.cases[index].journey.target {
        Target::Workload { workload, .. } => Place::Workload(workload),
        Target::Node => Place::Node,
        Target::Outside(_) => Place::Outside,
        Target::Undeliverable(_) => return false,
    };
    let id = work.frames[index].id;
    (arrivals.delivered.iter()).any(|it| it.id == id && it.place == meant)
}

impl Compared<'_> {
    /// How many frames have an outcome that `is` holds of.
    pub fn count(&self, is: impl Fn(&Outcome) -> bool) -> usize {
        self.rows.iter().filter(|row| is(&row.outcome)).count()
    }
}
