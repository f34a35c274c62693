//! What each party says of a frame, hook by hook.

use std::net::IpAddr;

use netverdict_abi::{REASON_COUNT, Reason, Verdict};
use netverdict_lab::filter::{Connections as Kept, Events, Filter, FilterError, Install, Links};
use netverdict_lab::wire::proposal_of;
use netverdict_policy::frame::{Body, FrameSpec, Unreadable, onward, read};
use netverdict_policy::image::RuleId;
use netverdict_policy::interpret::{self, Judgement};
use netverdict_policy::journey::{Point, Sender, Target, route};
use netverdict_policy::oracle::{self, Decision};
use netverdict_policy::scenario::Connections;
use netverdict_policy::topology::TopologyPlan;
use thiserror::Error;

use crate::matrix::input::Subject;
use crate::matrix::judge::{JudgeError, Reasons, unbalanced, verdict};
use crate::outcome::says_the_same;

/// Entries that any party remembers before all forget: the kernel's tables hold
/// 16,384, of which some hundreds may be handed to processors that have no use for
/// them.
pub const MOST_REMEMBERED: usize = 12_288;

/// What a party that is no policy says.
pub type Word = Judgement;

/// What the parties say of a frame at one hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At {
    /// The hook.
    pub point: Point,
    /// The policy, unless the frame has no description.
    pub oracle: Option<Decision>,
    /// The compiled maps.
    pub interpreter: Word,
    /// The programs, in a lane that runs them.
    pub kernel: Option<Word>,
    /// Whether all say the same.
    pub agree: bool,
}

/// What became of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What it is.
    pub description: Result<FrameSpec, Unreadable>,
    /// The hooks on its way, up to the first that some party does not let it pass;
    /// none if the node itself sent it.
    pub hooks: Vec<At>,
    /// Where it was going, if that is known.
    pub target: Option<Target>,
    /// Whether everything that was remembered was forgotten before it.
    pub forgotten: bool,
}

/// Why frames cannot be judged. The texts fit behind "failed to".
#[derive(Debug, Error)]
pub enum PartiesError {
    /// The kernel refuses.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The program did what no filter does.
    #[error(transparent)]
    Action(#[from] JudgeError),
    /// There is not one event for one run.
    #[error("read one event of one frame: there are {0}")]
    Events(usize),
    /// The event says something else than the program did.
    #[error(
        "make sense of the filter: it reports {reported} of {hook} and returns action {action}"
    )]
    Event {
        /// The reason in the event, by code.
        reported: u8,
        /// The hook in the event, by code.
        hook: u8,
        /// What the program returned.
        action: u32,
    },
    /// The event proposes what this layout does not have.
    #[error("make sense of the filter: it proposes {0}, which is no reason")]
    Proposed(u8),
}

/// Everybody who judges, and what they remember.
#[derive(Debug)]
pub struct Parties<'a> {
    subject: &'a Subject,
    oracle: oracle::Memory,
    interpreter: interpret::Memory,
    kernel: Option<Kernel>,
}

#[derive(Debug)]
struct Kernel {
    filter: Filter,
    before: Box<Reasons>,
    said: Box<Reasons>,
}

impl<'a> Parties<'a> {
    /// All of them, the programs in the kernel only if there is an object of them.
    ///
    /// # Errors
    /// Where the kernel refuses the object or the policy.
    pub fn of(
        subject: &'a Subject,
        object: Option<&[u8]>,
        track: bool,
    ) -> Result<Parties<'a>, PartiesError> {
        let kernel = match object {
            None => None,
            Some(object) => {
                let mut filter = Filter::load(object, subject.image.sizes())?;
                filter.install(
                    &subject.image,
                    Install {
                        events: Events::All,
                        track,
                        links: Links::Unchecked,
                        connections: Kept::Forget,
                    },
                )?;
                Some(Kernel {
                    before: Box::new(filter.counters()?),
                    said: Box::new([[0; REASON_COUNT]; 3]),
                    filter,
                })
            }
        };
        let (oracle, interpreter) = match track {
            true => (oracle::Memory::tracking(), interpret::Memory::tracking()),
            false => (oracle::Memory::untracked(), interpret::Memory::untracked()),
        };
        Ok(Parties {
            subject,
            oracle,
            interpreter,
            kernel,
        })
    }

    /// What becomes of these bytes, at least 14 of them.
    ///
    /// # Errors
    /// Where the kernel refuses, or the program does what no filter does.
    pub fn judge(&mut self, frame: &[u8]) -> Result<Judged, PartiesError> {
        let forgotten = self.forget_in_time()?;
        let description = read(frame);
        let mut judged = Judged {
            hooks: Vec::new(),
            target: None,
            forgotten,
            description,
        };
        let Ok(spec) = &judged.description else {
            // Whose it is nobody can tell: whoever sent it, from outside it would meet
            // the uplink first.
            judged.hooks.push(self.at(Point::Uplink, None, frame)?);
            return Ok(judged);
        };
        let topology = &self.subject.topology;
        let Some(sender) = sender(topology, spec) else {
            return Ok(judged);
        };
        let journey = route(topology, sender, spec.clone());
        for leg in &journey.legs {
            let first = journey.first();
            let moved = (leg.point != first.point).then(|| onward(frame, &first.frame, &leg.frame));
            let bytes = moved.as_deref().unwrap_or(frame);
            let at = self.at(leg.point, Some(&leg.frame), bytes)?;
            let passes = at.passes();
            judged.hooks.push(at);
            if !passes {
                break;
            }
        }
        judged.target = Some(journey.target);
        Ok(judged)
    }

    /// Lines about reasons that the filter did not count as often as it reported them.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn unbalanced(&self) -> Result<Vec<String>, PartiesError> {
        match &self.kernel {
            None => Ok(Vec::new()),
            Some(kernel) => kernel.unbalanced(),
        }
    }

    fn at(
        &mut self,
        point: Point,
        spec: Option<&FrameSpec>,
        bytes: &[u8],
    ) -> Result<At, PartiesError> {
        let Subject { policy, image, .. } = self.subject;
        let oracle = spec.map(|spec| oracle::judge(policy, point, spec, &mut self.oracle));
        let interpreter = interpret::judge(image, point, bytes, &mut self.interpreter);
        let kernel = match &mut self.kernel {
            None => None,
            Some(kernel) => Some(kernel.judge(point, bytes)?),
        };
        let agree = match &oracle {
            Some(decision) => [Some(interpreter), kernel]
                .into_iter()
                .flatten()
                .all(|word| says_the_same(decision, word, image)),
            None => kernel.is_none_or(|kernel| kernel == interpreter),
        };
        Ok(At {
            point,
            oracle,
            interpreter,
            kernel,
            agree,
        })
    }

    /// Before any party forgets what another remembers.
    fn forget_in_time(&mut self) -> Result<bool, PartiesError> {
        let most = (self.oracle.remembered()).max(self.interpreter.remembered());
        // A frame has two hooks, and something is remembered at each.
        if most + 2 <= MOST_REMEMBERED {
            return Ok(false);
        }
        self.oracle.policy_replaced(Connections::Forget);
        self.interpreter.policy_replaced(Connections::Forget);
        if let Some(kernel) = &mut self.kernel {
            kernel.filter.forget()?;
        }
        Ok(true)
    }
}

impl At {
    /// What counts: the filter, or the compiled maps where it does not run.
    pub fn word(&self) -> Word {
        self.kernel.unwrap_or(self.interpreter)
    }

    /// Whether every party lets the frame pass.
    fn passes(&self) -> bool {
        let oracle = self.oracle.as_ref().map(|decision| decision.reason);
        let others = [Some(self.interpreter), self.kernel].into_iter().flatten();
        (others.map(|word| word.reason).chain(oracle))
            .all(|reason| reason.verdict() == Verdict::Pass)
    }
}

impl Judged {
    /// Whether all parties say the same at every hook.
    pub fn agree(&self) -> bool {
        self.hooks.iter().all(|at| at.agree)
    }

    /// The hook that decided; `None` if the node itself sent the frame.
    pub fn deciding(&self) -> Option<&At> {
        self.hooks.last()
    }
}

impl Kernel {
    fn judge(&mut self, point: Point, frame: &[u8]) -> Result<Word, PartiesError> {
        let action = self.filter.test_run(point.hook(), frame)?;
        let mut events = Vec::new();
        self.filter.drain(|event| events.push(event));
        let [event] = events[..] else {
            return Err(PartiesError::Events(events.len()));
        };
        let did = verdict(point, action)?;
        let is_about_it = event.hook == point.hook() as u8
            && event.frame_length as usize == frame.len()
            && frame.ends_with(&event.tail[event.tail.len() - frame.len().min(8)..]);
        let reason =
            Reason::from_code(event.reason).filter(|reason| reason.verdict() == did && is_about_it);
        let reason = reason.ok_or(PartiesError::Event {
            reported: event.reason,
            hook: event.hook,
            action,
        })?;
        self.said[point.hook() as usize][reason as usize] += 1;
        let proposed = proposal_of(&event).map_err(PartiesError::Proposed)?;
        Ok(Judgement {
            reason,
            rule: RuleId(event.rule),
            proposed,
        })
    }

    fn unbalanced(&self) -> Result<Vec<String>, PartiesError> {
        let mut counted = self.filter.counters()?;
        let counts = counted.as_flattened_mut().iter_mut();
        for (count, before) in counts.zip(self.before.as_flattened()) {
            *count -= before;
        }
        Ok(unbalanced(&self.said, &counted))
    }
}

/// Who sent it, by its source address; `None` is the node, whose own packets meet no
/// hook.
fn sender(topology: &TopologyPlan, spec: &FrameSpec) -> Option<Sender> {
    let Body::Ip(packet) = &spec.body else {
        return Some(Sender::Outside);
    };
    let source: IpAddr = packet.source;
    let owner = (topology.workloads.iter())
        .position(|workload| !workload.host_network && workload.addresses.contains(&source));
    match owner {
        Some(workload) => Some(Sender::Workload(workload)),
        None if topology.node.contains(&source) => None,
        None => Some(Sender::Outside),
    }
}
