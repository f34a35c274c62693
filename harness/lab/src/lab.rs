//! A network with a filter in it.

use std::ffi::OsString;
use std::io;
use std::process::Child;

use netverdict_policy::frame::ProbeId;
use netverdict_policy::port::ProtoPort;
use netverdict_policy::topology::{TopologyPlan, WorkloadPlan};

use crate::error::LabError;
use crate::filter::Filter;
use crate::wire::BatchEvidence;

/// What a lab is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Exact counts: everything behind the filter is a silent sink, and the
    /// hosts are not there, for their frames are injected.
    Probing,
    /// Real clients: hosts exist, and everything answers.
    Clients,
}

/// How the program is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum XdpMode {
    /// In the driver.
    Native,
    /// In the network stack.
    Generic,
}

/// What the kernel says is attached to the uplink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// How.
    pub mode: XdpMode,
    /// Which program.
    pub program_id: u32,
}

/// A network with a filter in it. Dropping it takes it down.
#[derive(Debug)]
pub struct Lab {
    plan: TopologyPlan,
}

fn missing() -> LabError {
    LabError::system("build the lab")(io::Error::from(io::ErrorKind::Unsupported))
}

impl Lab {
    /// Builds the network, without the filter. Inside
    /// [`crate::isolate::isolated`] only.
    ///
    /// # Errors
    /// What the kernel or nft refused.
    pub fn build(_plan: &TopologyPlan, _purpose: Purpose) -> Result<Lab, LabError> {
        Err(missing())
    }

    /// What it was built from.
    pub fn plan(&self) -> &TopologyPlan {
        &self.plan
    }

    /// Destination MAC address for probes: the node's end of the uplink.
    pub fn uplink_mac(&self) -> [u8; 6] {
        UPLINK_MAC
    }

    /// Attaches the filter to the node's uplink.
    ///
    /// # Errors
    /// If something is attached already, or the kernel refuses.
    pub fn attach(&mut self, _filter: &mut Filter, _mode: XdpMode) -> Result<(), LabError> {
        Err(missing())
    }

    /// Detaches it.
    ///
    /// # Errors
    /// If nothing is attached.
    pub fn detach(&mut self) -> Result<(), LabError> {
        Err(missing())
    }

    /// What the kernel says is attached to the uplink, asked over netlink.
    ///
    /// # Errors
    /// Where the kernel does not answer.
    pub fn attachment(&self) -> Result<Option<Attachment>, LabError> {
        Err(missing())
    }

    /// Sends a batch into the uplink and collects what became of it. The
    /// filter's events of earlier are discarded first. It does not look at
    /// whether, or how, the filter is attached: see [`Lab::attachment`].
    ///
    /// # Errors
    /// For frames that cannot be sent, and where evidence was lost; a sentinel
    /// that does not show is no error here but
    /// [`BatchEvidence::sentinel_seen`].
    pub fn send(
        &mut self,
        _filter: &mut Filter,
        _frames: &[(ProbeId, Vec<u8>)],
    ) -> Result<BatchEvidence, LabError> {
        Err(missing())
    }

    /// Also looks for these IP protocols at the node's own stack; TCP, UDP,
    /// SCTP, ICMP and ICMPv6 are always looked for.
    ///
    /// # Errors
    /// Where a raw socket cannot be opened.
    pub fn watch_protocols(&mut self, _protocols: &[u8]) -> Result<(), LabError> {
        Err(missing())
    }

    /// Starts a command in the namespace of a host, a workload, or `node`. Its
    /// standard streams are the caller's.
    ///
    /// # Errors
    /// If nobody has that name or the command cannot be started.
    pub fn spawn(&self, _member: &str, _command: &[OsString]) -> Result<Child, LabError> {
        Err(missing())
    }

    /// Serves HTTP at every TCP port that a workload listens on, on all its
    /// addresses, until the lab is dropped. `GET` answers with the body that
    /// `body` gives.
    ///
    /// # Errors
    /// If a port cannot be had.
    pub fn serve(
        &mut self,
        _body: impl Fn(&WorkloadPlan, ProtoPort) -> String,
    ) -> Result<(), LabError> {
        Err(missing())
    }
}

/// Locally administered, and no probe's.
const UPLINK_MAC: [u8; 6] = [0x02, 0x76, 0, 0, 0, 1];
