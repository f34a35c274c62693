//! The filter in the kernel and the lab around it, kept from scenario to
//! scenario: loading and building cost more than judging.

use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::thread;

use netverdict_lab::filter::{Filter, FilterError};
use netverdict_lab::{Lab, LabError, Purpose, XdpMode};
use netverdict_policy::frame::{Body, Transport};
use netverdict_policy::image::ImageSizes;
use netverdict_policy::journey::Target;
use netverdict_policy::scenario::Case;
use netverdict_policy::topology::TopologyPlan;

use super::swap::{Swapped, Swaps};
use super::{Staged, Work, swap, testrun, wire};
use crate::lane::Mode;
use crate::live::Traffic;
use crate::live::exact::Expected;
use crate::suite::Finding;

/// What is done to the wire lane behind its back, to show that it notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Sabotage {
    /// The filter is attached nowhere.
    Detached,
    /// The filter is attached in the other mode.
    OtherMode,
}

/// A loaded filter, and the lab that was used last.
#[derive(Debug)]
pub struct Kernel {
    filter: Filter,
    lab: Option<Lab>,
    anchored: bool,
    sabotage: Option<Sabotage>,
}

impl Kernel {
    /// Loads the filter with room for the largest of the images to come.
    ///
    /// # Errors
    /// Where the object does not load.
    pub fn load(
        object: &[u8],
        sizes: ImageSizes,
        sabotage: Option<Sabotage>,
    ) -> Result<Kernel, FilterError> {
        let filter = Filter::load(object, sizes)?;
        Ok(Kernel {
            filter,
            lab: None,
            anchored: false,
            sabotage,
        })
    }

    /// Judges by `BPF_PROG_TEST_RUN`.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn test_run(&mut self, work: &Work<'_>) -> Result<Vec<Finding>, LabError> {
        Ok(testrun::run(&mut self.filter, work)?)
    }

    /// Judges by frames on a wire. The lab is kept for the next scenario with
    /// the same topology, unless something in it failed.
    ///
    /// # Errors
    /// Where the lab cannot be built, or the kernel refuses.
    pub fn wire(&mut self, mode: Mode, work: &Work<'_>) -> Result<Vec<Finding>, LabError> {
        self.on_wire(mode, work.topology, &[work], |lab, filter, mode| {
            wire::run(lab, filter, mode, work)
        })
    }

    /// Judges stage after stage by `BPF_PROG_TEST_RUN`.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn test_run_stages(&mut self, stages: &[Staged<'_>]) -> Result<Vec<Finding>, LabError> {
        Ok(testrun::in_stages(&mut self.filter, stages)?)
    }

    /// Judges stage after stage by frames on a wire.
    ///
    /// # Errors
    /// As [`Kernel::wire`].
    pub fn wire_stages(
        &mut self,
        mode: Mode,
        topology: &TopologyPlan,
        stages: &[Staged<'_>],
    ) -> Result<Vec<Finding>, LabError> {
        let works: Vec<&Work<'_>> = stages.iter().map(|stage| &stage.work).collect();
        self.on_wire(mode, topology, &works, |lab, filter, mode| {
            wire::in_stages(lab, filter, mode, stages)
        })
    }

    /// Lets two policies take turns under traffic.
    ///
    /// # Errors
    /// As [`Kernel::wire`].
    pub fn swap(
        &mut self,
        mode: Mode,
        topology: &TopologyPlan,
        swaps: &Swaps<'_>,
        traffic: &Traffic<'_>,
        expected: &[Expected],
    ) -> Result<Swapped, LabError> {
        self.on_wire(mode, topology, &[], |lab, filter, mode| {
            swap::run(lab, filter, mode, swaps, traffic, expected)
        })
    }

    fn on_wire<T>(
        &mut self,
        mode: Mode,
        topology: &TopologyPlan,
        works: &[&Work<'_>],
        judge: impl FnOnce(&mut Lab, &mut Filter, XdpMode) -> Result<T, LabError>,
    ) -> Result<T, LabError> {
        let reusable = self.lab.take().filter(|lab| lab.plan() == topology);
        let (filter, anchored) = (&mut self.filter, self.anchored);
        let (anchor, lab) = thread::scope(|scope| {
            // All there is to anchoring is waiting for the kernel.
            let anchor = (!anchored).then(|| scope.spawn(|| filter.anchor()));
            let lab = match reusable {
                Some(lab) => Ok(lab),
                None => Lab::build(topology, Purpose::Probing),
            };
            let anchor = anchor.map_or(Ok(()), |thread| {
                thread.join().unwrap_or_else(|panic| resume_unwind(panic))
            });
            (anchor, lab)
        });
        anchor?;
        self.anchored = true;
        let mut lab = lab?;
        lab.watch_protocols(&protocols(works))?;
        let wanted = xdp_mode(mode);
        let attached = match self.sabotage {
            None => Some(wanted),
            Some(Sabotage::OtherMode) => Some(other(wanted)),
            Some(Sabotage::Detached) => None,
        };
        if let Some(mode) = attached {
            lab.attach(&mut self.filter, mode)?;
        }
        let judged = judge(&mut lab, &mut self.filter, wanted)?;
        if attached.is_some() {
            lab.detach()?;
        }
        self.lab = Some(lab);
        Ok(judged)
    }
}

/// Protocols other than the usual ones whose packets are to be looked for at the
/// node.
pub(crate) fn protocols(works: &[&Work<'_>]) -> Vec<u8> {
    let of = |case: &&Case| match &case.journey.frame().body {
        Body::Ip(packet) => match packet.transport {
            Transport::Other { protocol } => Some(protocol),
            Transport::Tcp { .. }
            | Transport::Udp { .. }
            | Transport::Sctp { .. }
            | Transport::Icmp(_) => None,
        },
        Body::Arp { .. } | Body::Other { .. } => None,
    };
    let protocols: BTreeSet<u8> = (works.iter())
        .flat_map(|work| work.cases.iter())
        .filter(|case| case.journey.target == Target::Node)
        .filter_map(of)
        .collect();
    protocols.into_iter().collect()
}

/// The lab's word for a mode.
pub const fn xdp_mode(mode: Mode) -> XdpMode {
    match mode {
        Mode::Native => XdpMode::Native,
        Mode::Generic => XdpMode::Generic,
    }
}

const fn other(mode: XdpMode) -> XdpMode {
    match mode {
        XdpMode::Native => XdpMode::Generic,
        XdpMode::Generic => XdpMode::Native,
    }
}
