//! Oracle, interpreter and kernel, asked about the same frames under the same
//! policies, each with a memory of its own.

use netverdict_abi::{Event, Reason, Verdict};
use netverdict_lab::filter::{Events, Filter, FilterError, Install, Links};
use netverdict_lab::wire::proposal_of;
use netverdict_policy::frame::{Body, FrameSpec, ProbeId, build, describe, id_of_tail, read};
use netverdict_policy::image::{MapImage, RuleId};
use netverdict_policy::interpret::{self, Judgement, Proposal};
use netverdict_policy::journey::{Journey, Leg, Point};
use netverdict_policy::model::Policy;
use netverdict_policy::oracle::{self, Decision, Proposed};
use netverdict_policy::scenario::Connections;
use thiserror::Error;

use crate::outcome::says_the_same;

/// A policy, as its parties read it.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    /// What the oracle reads.
    pub policy: &'a Policy,
    /// What is written to the kernel's maps, and what rules are named by.
    pub image: &'a MapImage,
    /// What the interpreter reads: the same image, unless a test wants it wrong.
    pub interpreted: &'a MapImage,
}

/// The parties under one policy, or one after the other.
#[derive(Debug)]
pub struct Parties<'a> {
    world: World<'a>,
    /// `None` in lane model.
    kernel: Option<&'a mut Filter>,
    oracle: oracle::Memory,
    interpreter: interpret::Memory,
    /// Of the frame sent last. No identification that a description gives, also in
    /// its low 16 bits.
    id: u32,
}

/// Why there is no common word on a frame.
#[derive(Debug, Error)]
pub enum PartiesError {
    /// They say different things.
    #[error("agree")]
    Differ(Box<Difference>),
    /// The kernel refuses.
    #[error(transparent)]
    Kernel(#[from] FilterError),
    /// A frame that has no bytes.
    #[error("build a frame: {0}")]
    Frame(String),
}

/// A frame about which the parties say different things.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Where.
    pub point: Point,
    /// What it is; `None` of bytes that have no description.
    pub frame: Option<FrameSpec>,
    /// The bytes that were judged.
    pub bytes: Vec<u8>,
    /// What the oracle says; it is not asked about what has no description.
    pub oracle: Option<Decision>,
    /// What the interpreter says of the image.
    pub interpreter: Judgement,
    /// What the kernel did, in lane testrun.
    pub kernel: Option<Ran>,
}

/// One run of a program on a frame.
#[derive(Clone, Debug)]
pub struct Ran {
    /// `enum xdp_action` of linux/bpf.h.
    pub action: u32,
    /// What it reported: one event, or the kernel or the filter is wrong.
    pub events: Vec<Event>,
}

/// `enum xdp_action` of linux/bpf.h.
const XDP_ABORTED: u32 = 0;
const XDP_DROP: u32 = 1;
const XDP_PASS: u32 = 2;

impl<'a> Parties<'a> {
    /// Puts the policy in force, with nothing remembered.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn under(
        world: World<'a>,
        mut kernel: Option<&'a mut Filter>,
        track: bool,
    ) -> Result<Parties<'a>, FilterError> {
        if let Some(filter) = &mut kernel {
            install(filter, world.image, track, Connections::Forget)?;
        }
        let (oracle, interpreter) = match track {
            true => (oracle::Memory::tracking(), interpret::Memory::tracking()),
            false => (oracle::Memory::untracked(), interpret::Memory::untracked()),
        };
        Ok(Parties {
            world,
            kernel,
            oracle,
            interpreter,
            id: 0x0700_4000,
        })
    }

    /// Whether connections and first fragments are remembered.
    pub fn track(&self) -> bool {
        self.oracle.tracks
    }

    /// Puts another policy of the same workloads in force.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn replace(
        &mut self,
        world: World<'a>,
        connections: Connections,
    ) -> Result<(), FilterError> {
        self.world = world;
        if let Some(filter) = &mut self.kernel {
            install(filter, world.image, self.oracle.tracks, connections)?;
        }
        self.oracle.policy_replaced(connections);
        self.interpreter.policy_replaced(connections);
        Ok(())
    }

    /// Forgets whatever was seen.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn forget(&mut self) -> Result<(), FilterError> {
        if let Some(filter) = &mut self.kernel {
            filter.forget()?;
        }
        self.oracle.policy_replaced(Connections::Forget);
        self.interpreter.policy_replaced(Connections::Forget);
        Ok(())
    }

    /// Asks about a frame at each hook on its way, up to and with the first that does
    /// not pass it: the common word of each. A frame whose sender a test run cannot
    /// tell is asked about nowhere.
    ///
    /// # Errors
    /// They differ, or the kernel refuses.
    pub fn travel(&mut self, journey: &Journey) -> Result<Vec<Reason>, PartiesError> {
        let mut reasons = Vec::with_capacity(2);
        if is_disguised(self.world.policy, journey.first()) {
            return Ok(reasons);
        }
        self.id += 1;
        for leg in &journey.legs {
            let reason = self.judge(leg)?;
            reasons.push(reason);
            if reason.verdict() != Verdict::Pass {
                break;
            }
        }
        Ok(reasons)
    }

    fn judge(&mut self, leg: &Leg) -> Result<Reason, PartiesError> {
        let Leg { point, frame } = leg;
        let bytes = build(frame, ProbeId(self.id), [2, 0, 0, 0, 0, 1])
            .map_err(|error| PartiesError::Frame(error.to_string()))?;
        let decision = oracle::judge(self.world.policy, *point, frame, &mut self.oracle);
        let interpreter = self.interpret(*point, &bytes);
        let kernel = self.run(*point, &bytes)?;
        let oracle_agrees = self.agree(&decision, interpreter);
        let kernel_agrees = (kernel.as_ref()).is_none_or(|ran| ran.is(*point, &bytes, interpreter));
        if oracle_agrees && kernel_agrees {
            return Ok(decision.reason);
        }
        Err(PartiesError::Differ(Box::new(Difference {
            point: *point,
            frame: Some(frame.clone()),
            bytes,
            oracle: Some(decision),
            interpreter,
            kernel,
        })))
    }

    /// Asks about bytes, at least 14, of whatever kind: the oracle by what is read of
    /// them, if they have a description.
    ///
    /// # Errors
    /// They differ, or the kernel refuses.
    pub fn judge_bytes(&mut self, point: Point, bytes: &[u8]) -> Result<Reason, PartiesError> {
        let (point, interpreter) = self.interpret_of_any_link(point, bytes);
        let frame = read(bytes).ok();
        let decision = (frame.as_ref())
            .map(|frame| oracle::judge(self.world.policy, point, frame, &mut self.oracle));
        let kernel = self.run(point, bytes)?;
        let oracle_agrees =
            (decision.as_ref()).is_none_or(|decision| self.agree(decision, interpreter));
        let kernel_agrees = (kernel.as_ref()).is_none_or(|ran| ran.is(point, bytes, interpreter));
        if oracle_agrees && kernel_agrees {
            return Ok(interpreter.reason);
        }
        Err(PartiesError::Differ(Box::new(Difference {
            point,
            frame,
            bytes: bytes.to_vec(),
            oracle: decision,
            interpreter,
            kernel,
        })))
    }

    fn agree(&self, decision: &Decision, judgement: Judgement) -> bool {
        let image = self.world.image;
        let rules = [Some(judgement.rule), judgement.proposed.map(|it| it.rule)];
        let is_known = |rule: RuleId| rule == RuleId::NONE || image.rule(rule).is_some();
        rules.into_iter().flatten().all(is_known) && says_the_same(decision, judgement, image)
    }

    fn interpret(&mut self, point: Point, bytes: &[u8]) -> Judgement {
        interpret::judge(self.world.interpreted, point, bytes, &mut self.interpreter)
    }

    /// A run has no link: at egress a frame is of whichever workload has its source. A
    /// party remembers the same if it is asked again.
    fn interpret_of_any_link(&mut self, point: Point, bytes: &[u8]) -> (Point, Judgement) {
        let own = self.interpret(point, bytes);
        let (Point::Egress(_), Reason::ForeignSource) = (point, own.reason) else {
            return (point, own);
        };
        (0..self.world.policy.workloads.len())
            .map(|other| {
                let point = Point::Egress(other);
                (point, self.interpret(point, bytes))
            })
            .find(|(_, judgement)| judgement.reason != Reason::ForeignSource)
            .unwrap_or((point, own))
    }

    fn run(&mut self, point: Point, bytes: &[u8]) -> Result<Option<Ran>, FilterError> {
        let Some(filter) = &mut self.kernel else {
            return Ok(None);
        };
        let action = filter.test_run(point.hook(), bytes)?;
        let mut events = Vec::with_capacity(1);
        filter.drain(|event| events.push(event));
        Ok(Some(Ran { action, events }))
    }
}

fn install(
    filter: &mut Filter,
    image: &MapImage,
    track: bool,
    connections: Connections,
) -> Result<(), FilterError> {
    use netverdict_lab::filter::Connections as Kept;
    let how = Install {
        events: Events::All,
        track,
        // A run has no link: whose frame it is, its source address alone tells.
        links: Links::Unchecked,
        connections: match connections {
            Connections::Keep => Kept::Keep,
            Connections::Forget => Kept::Forget,
        },
    };
    filter.install(image, how).map(drop)
}

impl Ran {
    /// Whether it reported this judgement of these bytes, once, and did as it said.
    fn is(&self, point: Point, bytes: &[u8], judgement: Judgement) -> bool {
        let [event] = &self.events[..] else {
            return false;
        };
        let action = match judgement.reason.verdict() {
            Verdict::Pass => XDP_PASS,
            Verdict::Drop => XDP_DROP,
            Verdict::Abort => XDP_ABORTED,
        };
        (event.reason, event.rule) == (judgement.reason as u8, judgement.rule.0)
            && proposal_of(event) == Ok(judgement.proposed)
            && event.hook == point.hook() as u8
            && id_of_tail(event.tail) == bytes.last_chunk().copied().and_then(id_of_tail)
            && self.action == action
    }
}

impl Difference {
    /// What each of them says, a line each, with rules as `image` names them.
    pub fn words(&self, image: &MapImage) -> Vec<String> {
        let mut lines = Vec::new();
        let named = |rule: RuleId| match image.rule(rule) {
            Some(rule) => format!("by {rule:?}"),
            None if rule == RuleId::NONE => "by no rule".to_owned(),
            None => format!("by a rule {} that there is not", rule.0),
        };
        let frame = match &self.frame {
            Some(frame) => describe(frame),
            None => format!("{} bytes", self.bytes.len()),
        };
        lines.push(format!("at {}: {frame}", place(self.point)));
        if let Some(decision) = &self.oracle {
            let rules = match &decision.rules[..] {
                [] => "by no rule".to_owned(),
                [rule] => format!("by {rule:?}"),
                rules => format!("by any of {rules:?}"),
            };
            let proposed = match &decision.proposed {
                None => String::new(),
                Some(Proposed { reason, rules }) => {
                    format!("; proposed: {} by any of {rules:?}", reason.slug())
                }
            };
            lines.push(format!(
                "policy: {} {rules}{proposed}",
                decision.reason.slug()
            ));
        }
        let proposing = |proposed: Option<Proposal>| match proposed {
            None => String::new(),
            Some(Proposal { reason, rule }) => {
                format!("; proposed: {} {}", reason.slug(), named(rule))
            }
        };
        let Judgement {
            reason,
            rule,
            proposed,
        } = self.interpreter;
        let proposed = proposing(proposed);
        lines.push(format!(
            "map image: {} {}{proposed}",
            reason.slug(),
            named(rule)
        ));
        if let Some(Ran { action, events }) = &self.kernel {
            let said = match &events[..] {
                [event] => {
                    let reason = Reason::from_code(event.reason);
                    let reason = reason.map_or("no reason there is", Reason::slug);
                    let proposed = match proposal_of(event) {
                        Ok(proposed) => proposing(proposed),
                        Err(code) => format!("; proposed: {code}, which is no reason"),
                    };
                    format!("{reason} {}{proposed}", named(RuleId(event.rule)))
                }
                events => format!("{} events", events.len()),
            };
            lines.push(format!("kernel: {said}, action {action}"));
        }
        lines
    }
}

/// A hook, in words.
pub fn place(point: Point) -> String {
    match point {
        Point::Uplink => "the uplink".to_owned(),
        Point::Egress(workload) => format!("egress of workload {workload}"),
        Point::Ingress(workload) => format!("ingress of workload {workload}"),
    }
}

/// Whether a workload sends under the address of another: a test run has no link that
/// would show it.
fn is_disguised(policy: &Policy, leg: &Leg) -> bool {
    let (Point::Egress(sender), Body::Ip(packet)) = (leg.point, &leg.frame.body) else {
        return false;
    };
    (policy.workloads.iter().enumerate()).any(|(index, workload)| {
        index != sender && !workload.host_network && workload.addresses.contains(&packet.source)
    })
}
