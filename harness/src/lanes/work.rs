//! Frames of one scenario, ready to be sent.

use std::collections::BTreeSet;
use std::net::IpAddr;

use netverdict_lab::{UPLINK_MAC, workload_gateway_mac, workload_mac};
use netverdict_policy::frame::{self, Body, FrameError, ProbeId, Transport};
use netverdict_policy::image::MapImage;
use netverdict_policy::journey::{Point, Sender, Target};
use netverdict_policy::scenario::{Case, Probe, Undeliverable};
use netverdict_policy::topology::TopologyPlan;

use crate::shuffle::order;

/// Frames of one scenario, ready to be sent.
#[derive(Debug)]
pub struct Work<'a> {
    /// The network.
    pub topology: &'a TopologyPlan,
    /// The compiled policy.
    pub image: &'a MapImage,
    /// What the frames are.
    pub cases: Vec<&'a Case>,
    /// Their bytes; as many as cases.
    pub frames: Vec<Frames>,
    /// Those that are judged each by itself, as indices, in the order to send them
    /// in.
    pub alone: Vec<usize>,
    /// Those that are judged one after the other, as indices, by sequence.
    pub sequences: Vec<Vec<usize>>,
    /// What the lanes ask of a case over and over; as many as cases. All of it is
    /// in the cases too, but scattered over the memory.
    marks: Vec<Mark>,
}

/// What decides how a frame is to be sent.
#[derive(Clone, Copy, Debug)]
struct Mark {
    first: Point,
    second: Option<Point>,
    flow: Option<Flow>,
    disguised: bool,
    may_lose_its_end: bool,
}

/// One frame's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frames {
    /// The id in them.
    pub id: ProbeId,
    /// What they are at each hook of the journey; the first is sent.
    pub legs: Vec<Vec<u8>>,
}

/// What a flow that bypasses the policy is remembered by.
pub type Flow = (IpAddr, u16, u8);

impl<'a> Work<'a> {
    /// Builds the frames of these probes, with ids from `first` on.
    ///
    /// # Errors
    /// For a description without bytes.
    pub fn of(
        topology: &'a TopologyPlan,
        image: &'a MapImage,
        probes: &[&'a Probe],
        first: ProbeId,
        seed: u64,
    ) -> Result<Work<'a>, FrameError> {
        let mut work = Work {
            topology,
            image,
            cases: Vec::new(),
            frames: Vec::new(),
            alone: Vec::new(),
            sequences: Vec::new(),
            marks: Vec::new(),
        };
        let mut last_sequence = None;
        for probe in probes {
            for case in &probe.cases {
                let index = work.cases.len();
                let id = first
                    .0
                    .wrapping_add(u32::try_from(index).unwrap_or(u32::MAX));
                work.push(case, frames(case, ProbeId(id))?);
                match probe.sequence {
                    None => work.alone.push(index),
                    Some(_) if probe.sequence == last_sequence => {
                        work.sequences.last_mut().expect("it has begun").push(index);
                    }
                    Some(_) => work.sequences.push(vec![index]),
                }
                if probe.sequence.is_some() {
                    last_sequence = probe.sequence;
                }
            }
        }
        work.alone = (order(seed, work.alone.len()).into_iter())
            .map(|position| work.alone[position])
            .collect();
        Ok(work)
    }

    /// Builds these frames, each judged by itself, with ids from `first` on.
    ///
    /// # Errors
    /// For a description without bytes.
    pub fn of_cases(
        topology: &'a TopologyPlan,
        image: &'a MapImage,
        cases: &'a [Case],
        first: ProbeId,
    ) -> Result<Work<'a>, FrameError> {
        let mut work = Work::of(topology, image, &[], first, 0)?;
        for (case, id) in cases.iter().zip(first.0..) {
            work.push(case, frames(case, ProbeId(id))?);
        }
        work.alone = (0..work.len()).collect();
        Ok(work)
    }

    fn push(&mut self, case: &'a Case, frames: Frames) {
        let legs = &case.journey.legs;
        assert!(legs.len() <= 2, "a journey comes by two hooks at most");
        let malformed = Target::Undeliverable(Undeliverable::Malformed);
        self.marks.push(Mark {
            first: case.journey.first().point,
            second: legs.get(1).map(|leg| leg.point),
            flow: flow(case),
            disguised: is_disguised(self.topology, case),
            may_lose_its_end: case.journey.target == malformed,
        });
        self.frames.push(frames);
        self.cases.push(case);
    }

    /// The frames that are judged each by itself, in batches of at most `most`
    /// within which no frame can be taken for part of another's flow, nor for
    /// another.
    ///
    /// A flow that a prefilter lets bypass the policy is remembered until it is
    /// forgotten, whatever else is remembered.
    pub fn batches(&self, order: &[usize], most: usize) -> Vec<Vec<usize>> {
        let bypasses = (self.image.prefilters.values()).any(|stage| !stage.backends.is_empty());
        let mut batches: Vec<Vec<usize>> = Vec::new();
        let mut flows: BTreeSet<Flow> = BTreeSet::new();
        for index in order {
            let flow = self.marks[*index].flow.filter(|_| bypasses);
            let meets_another = flow.is_some_and(|flow| flows.contains(&flow));
            let with_others = |batch: &[usize]| {
                batch.len() < most
                    && !meets_another
                    && !self.may_lose_its_end(*index)
                    // Such a frame is alone in its batch, and so the first.
                    && !(batch.first()).is_some_and(|other| self.may_lose_its_end(*other))
            };
            match batches.last_mut() {
                Some(batch) if with_others(batch) => batch.push(*index),
                _ => {
                    flows.clear();
                    batches.push(vec![*index]);
                }
            }
            flows.extend(flow);
        }
        batches
    }

    /// Whether a router may cut the end of the frame off, and the id with it: it
    /// believes the lengths in the header.
    pub fn may_lose_its_end(&self, index: usize) -> bool {
        self.marks[index].may_lose_its_end
    }

    /// Whether a workload sends the frame under another's address: only a link
    /// tells that.
    pub fn is_disguised(&self, index: usize) -> bool {
        self.marks[index].disguised
    }

    /// The hooks that the frame comes by, in order.
    pub fn points(&self, index: usize) -> impl Iterator<Item = Point> {
        let Mark { first, second, .. } = self.marks[index];
        std::iter::once(first).chain(second)
    }

    /// Who sends the frame.
    pub fn sender(&self, index: usize) -> Sender {
        match self.marks[index].first {
            Point::Egress(workload) => Sender::Workload(workload),
            Point::Uplink | Point::Ingress(_) => Sender::Outside,
        }
    }

    /// How many frames there are.
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }
}

fn frames(case: &Case, id: ProbeId) -> Result<Frames, FrameError> {
    let legs: Result<Vec<Vec<u8>>, FrameError> = (case.journey.legs.iter())
        .map(|leg| {
            let mac = match leg.point {
                Point::Uplink => UPLINK_MAC,
                Point::Egress(workload) => workload_gateway_mac(workload),
                Point::Ingress(workload) => workload_mac(workload),
            };
            frame::build(&leg.frame, id, mac)
        })
        .collect();
    Ok(Frames { id, legs: legs? })
}

fn is_disguised(topology: &TopologyPlan, case: &Case) -> bool {
    let (Point::Egress(sender), Body::Ip(packet)) =
        (case.journey.first().point, &case.journey.frame().body)
    else {
        return false;
    };
    (topology.workloads.iter().enumerate()).any(|(other, workload)| {
        other != sender && !workload.host_network && workload.addresses.contains(&packet.source)
    })
}

/// What the frame would be remembered by, if a prefilter let it bypass the policy.
pub fn flow(case: &Case) -> Option<Flow> {
    let Body::Ip(packet) = &case.journey.frame().body else {
        return None;
    };
    let (source, protocol) = match packet.transport {
        Transport::Tcp { source, .. } => (source, 6),
        Transport::Udp { source, .. } => (source, 17),
        Transport::Sctp { source, .. } => (source, 132),
        Transport::Icmp(_) | Transport::Other { .. } => return None,
    };
    Some((packet.source, source, protocol))
}

#[cfg(test)]
mod tests;
