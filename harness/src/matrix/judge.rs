//! Who answers whether a connection is open: the interpreter, or the program in
//! the kernel.

use std::time::{Duration, Instant};

use netverdict_abi::{REASON_COUNT, Reason, Verdict};
use netverdict_lab::filter::{Connections, Events, Filter, FilterError, Install, Links};
use netverdict_policy::image::MapImage;
use netverdict_policy::interpret;
use netverdict_policy::journey::Point;
use netverdict_policy::matrix::{Connection, Template, World};
use thiserror::Error;

use super::wire::OnWire;

/// What a lane saw at the hooks of a connection.
pub type Seen = [Option<Verdict>; 2];

/// How often each hook gave each reason: by the code of the hook, then of the
/// reason.
pub type Reasons = [[u64; REASON_COUNT]; 3];

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum JudgeError {
    /// The kernel refuses.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The lab cannot be built, or the kernel refuses something in it.
    #[error(transparent)]
    Lab(#[from] netverdict_lab::LabError),
    /// What was seen on the wire says nothing.
    #[error("conclude anything from what was seen on the wire: {0}")]
    Inconclusive(String),
    /// A plain frame cannot be built.
    #[error("build the frames: {0}")]
    Frame(#[from] netverdict_policy::frame::FrameError),
    /// The program returned what is no verdict of a filter.
    #[error("judge at {point:?}: the program returned action {action}")]
    Action {
        /// Where.
        point: Point,
        /// What the program returned.
        action: u32,
    },
}

/// A lane, with a policy in force.
#[derive(Debug)]
pub struct Judge<'a> {
    party: Party<'a>,
    template: Template,
    /// Time spent on verdicts alone, frames and calls included.
    pub spent: Duration,
}

#[derive(Debug)]
enum Party<'a> {
    Model {
        image: &'a MapImage,
        reasons: Box<Reasons>,
    },
    TestRun {
        filter: Box<Filter>,
        before: Box<Reasons>,
        bypasses: bool,
    },
    Wire {
        lab: Box<OnWire<'a>>,
        reasons: Box<Reasons>,
    },
}

impl<'a> Judge<'a> {
    /// The interpreter of the image.
    ///
    /// # Errors
    /// Where frames cannot be built.
    pub fn model(image: &'a MapImage) -> Result<Judge<'a>, JudgeError> {
        Judge::of(Party::Model {
            image,
            reasons: Box::new([[0; REASON_COUNT]; 3]),
        })
    }

    /// The filter in the kernel, with the image in force: the action is what
    /// counts, and counters say the reasons in sum.
    ///
    /// # Errors
    /// Where the kernel refuses the filter or the image.
    pub fn test_run(object: &[u8], image: &'a MapImage) -> Result<Judge<'a>, JudgeError> {
        let mut filter = Filter::load(object, image.sizes())?;
        filter.install(image, install(Events::None))?;
        let before = filter.counters()?;
        Judge::of(Party::TestRun {
            filter: Box::new(filter),
            before: Box::new(before),
            bypasses: image.prefilters.values().any(|stage| stage.bypass_policy),
        })
    }

    /// The filter attached in a network, with the image in force: every packet is
    /// a frame, and every verdict the filter's own report, with the evidence that a
    /// run of scenarios demands.
    ///
    /// # Errors
    /// Where the kernel refuses the filter.
    pub fn wire(lab: OnWire<'a>) -> Result<Judge<'a>, JudgeError> {
        Judge::of(Party::Wire {
            lab: Box::new(lab),
            reasons: Box::new([[0; REASON_COUNT]; 3]),
        })
    }

    fn of(party: Party<'a>) -> Result<Judge<'a>, JudgeError> {
        Ok(Judge {
            party,
            template: Template::new()?,
            spent: Duration::ZERO,
        })
    }

    /// The answers to these connections, in their order. What was remembered of
    /// connections before is forgotten; those of one call come from ports of
    /// their own. `None` for what the lane cannot try.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn answer(
        &mut self,
        world: &World<'_>,
        connections: &[Connection],
    ) -> Result<Vec<Option<Seen>>, JudgeError> {
        let started = Instant::now();
        let answers = match &mut self.party {
            Party::Model { image, reasons } => {
                let template = &mut self.template;
                (connections.iter())
                    .map(|connection| {
                        let seen = interpreted(image, reasons, template, world, connection);
                        Ok(Some(seen))
                    })
                    .collect()
            }
            Party::TestRun {
                filter, bypasses, ..
            } => {
                if *bypasses {
                    filter.forget()?;
                }
                let template = &mut self.template;
                (connections.iter())
                    .map(|connection| run(filter, template, world, connection).map(Some))
                    .collect()
            }
            Party::Wire { lab, reasons } => lab.answer(world, connections, reasons),
        };
        self.spent += started.elapsed();
        answers
    }

    /// How often each hook gave each reason so far.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn reasons(&self) -> Result<Reasons, JudgeError> {
        match &self.party {
            Party::Model { reasons, .. } | Party::Wire { reasons, .. } => Ok(**reasons),
            Party::TestRun { filter, before, .. } => {
                let mut reasons = filter.counters()?;
                let counts = reasons.as_flattened_mut().iter_mut();
                for (count, before) in counts.zip(before.as_flattened()) {
                    *count -= before;
                }
                Ok(reasons)
            }
        }
    }
}

/// How an image is put in force for test runs of frames that have nothing to do
/// with each other.
pub(crate) fn install(events: Events) -> Install {
    Install {
        events,
        track: false,
        links: Links::Unchecked,
        connections: Connections::Forget,
    }
}

fn interpreted(
    image: &MapImage,
    reasons: &mut Reasons,
    template: &mut Template,
    world: &World<'_>,
    connection: &Connection,
) -> Seen {
    let (source, destination) = connection.addresses(world);
    let frame = template.fill(connection, source, destination);
    let mut memory = interpret::Memory::untracked();
    connection.hooks(world).map(|point| {
        point.map(|point| {
            let reason = interpret::judge(image, point, frame, &mut memory).reason;
            reasons[point.hook() as usize][reason as usize] += 1;
            reason.verdict()
        })
    })
}

fn run(
    filter: &Filter,
    template: &mut Template,
    world: &World<'_>,
    connection: &Connection,
) -> Result<Seen, JudgeError> {
    let (source, destination) = connection.addresses(world);
    let frame = template.fill(connection, source, destination);
    let mut seen = [None; 2];
    for (seen, point) in seen.iter_mut().zip(connection.hooks(world)) {
        if let Some(point) = point {
            let action = filter.test_run(point.hook(), frame)?;
            *seen = Some(verdict(point, action)?);
        }
    }
    Ok(seen)
}

/// `enum xdp_action` of linux/bpf.h.
pub(crate) fn verdict(point: Point, action: u32) -> Result<Verdict, JudgeError> {
    match action {
        0 => Ok(Verdict::Abort),
        1 => Ok(Verdict::Drop),
        2 => Ok(Verdict::Pass),
        action => Err(JudgeError::Action { point, action }),
    }
}

/// A line for each reason that was not given as often as it had to be.
pub fn unbalanced(expected: &Reasons, given: &Reasons) -> Vec<String> {
    let mut lines = Vec::new();
    for hook in netverdict_abi::Hook::ALL {
        for reason in Reason::ALL {
            let (expected, given) = (
                expected[hook as usize][*reason as usize],
                given[hook as usize][*reason as usize],
            );
            if expected != given {
                let (hook, reason) = (hook.slug(), reason.slug());
                lines.push(format!(
                    "{hook} gave the reason {reason} {given} times; by the policy it is {expected}"
                ));
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_that_do_not_add_up_are_named() {
        let mut expected = [[0; REASON_COUNT]; 3];
        expected[1][Reason::PolicyAllow as usize] = 5;
        let mut given = expected;
        assert_eq!(unbalanced(&expected, &given), [""; 0]);
        given[1][Reason::PolicyAllow as usize] = 4;
        given[1][Reason::PolicyNotSelected as usize] = 1;
        assert_eq!(
            unbalanced(&expected, &given),
            [
                "egress gave the reason policy-not-selected 1 times; by the policy it is 0",
                "egress gave the reason policy-allow 4 times; by the policy it is 5",
            ]
        );
    }

    #[test]
    fn only_actions_of_a_filter_are_verdicts() {
        let verdicts = [0, 1, 2].map(|action| verdict(Point::Uplink, action).expect("a verdict"));
        assert_eq!(verdicts, [Verdict::Abort, Verdict::Drop, Verdict::Pass]);
        verdict(Point::Uplink, 3).expect_err("XDP_TX is none");
    }
}
