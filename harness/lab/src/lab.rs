//! A network with a filter in it.

use std::ffi::OsString;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use netverdict_policy::journey::Point;
use netverdict_policy::port::ProtoPort;
use netverdict_policy::topology::{TopologyPlan, WorkloadPlan};

use crate::attachment::{self, Attached, Attachment, XdpMode};
use crate::error::LabError;
use crate::filter::{EventReader, Filter};
use crate::network::{self, Namespace, Network};
use crate::purpose::Purpose;
use crate::serve::Servers;
use crate::wire::{BatchEvidence, Repeated, Shot, StreamEnd, Traffic, Wire};

/// How long detaching may take; RCU needs some 10 ms at most.
const PATIENCE: Duration = Duration::from_secs(3);

/// A network with a filter in it. Dropping it detaches the filter and takes the
/// network down, the latter in the background.
#[derive(Debug)]
pub struct Lab {
    plan: TopologyPlan,
    servers: Option<Servers>,
    attached: Option<Attached>,
    wire: Option<Wire>,
    /// There until it is dropped.
    network: Option<Network>,
}

impl Lab {
    /// Builds the network, without the filter. Inside
    /// [`crate::isolate::isolated`] only.
    ///
    /// # Errors
    /// What the kernel or nft refused.
    pub fn build(plan: &TopologyPlan, purpose: Purpose) -> Result<Lab, LabError> {
        let network = network::build(plan, purpose)?;
        let wire = match purpose {
            Purpose::Probing | Purpose::Reference => Some(Wire::open(&network, plan.mtu)?),
            Purpose::Clients => None,
        };
        Ok(Lab {
            plan: plan.clone(),
            servers: None,
            attached: None,
            wire,
            network: Some(network),
        })
    }

    /// What it was built from.
    pub fn plan(&self) -> &TopologyPlan {
        &self.plan
    }

    /// Attaches the filter at every hook of the plan: at the node's uplink, and at
    /// both ends of each workload's link. The lab then holds the attachments. With
    /// many workloads, [`Filter::anchor`] first.
    ///
    /// # Errors
    /// If something is attached already, or the kernel refuses.
    pub fn attach(&mut self, filter: &mut Filter, mode: XdpMode) -> Result<(), LabError> {
        if self.attached.is_some() {
            return Err(LabError::Attachment(
                "attach the filter: one is attached already",
            ));
        }
        let attached = Attached::everywhere(self.network(), &self.plan, filter, mode)?;
        self.attached = Some(attached);
        Ok(())
    }

    /// Detaches it everywhere, and waits until the kernel says so.
    ///
    /// # Errors
    /// If nothing is attached.
    pub fn detach(&mut self) -> Result<(), LabError> {
        // The attachments are descriptors and closing them detaches. A process
        // that another thread is just about to start may have copies of them,
        // until it is started.
        drop(
            self.attached
                .take()
                .ok_or(LabError::Attachment("detach the filter: none is attached"))?,
        );
        let deadline = Instant::now() + PATIENCE;
        while self.attachments()?.iter().any(|(_, found)| found.is_some()) {
            if Instant::now() > deadline {
                return Err(LabError::Attachment(
                    "detach the filter: it is still attached",
                ));
            }
            thread::yield_now();
        }
        Ok(())
    }

    /// What the kernel says is attached at each hook of the plan, asked over
    /// netlink: the uplink, then what workloads send, then what they receive.
    ///
    /// # Errors
    /// Where the kernel does not answer.
    pub fn attachments(&self) -> Result<Vec<(Point, Option<Attachment>)>, LabError> {
        attachment::attachments(self.network(), &self.plan)
    }

    /// Sends a batch and collects what became of it: each sender's frames in their
    /// order, those of different senders in no order that anything may rest on;
    /// what has to come one after the other is sent in batches of one. The
    /// filter's events of earlier are discarded first. It does not look at
    /// whether, or how, the filter is attached: see [`Lab::attachments`].
    ///
    /// The destination of a frame from outside is [`crate::UPLINK_MAC`], that of a
    /// workload's frame [`crate::workload_gateway_mac`].
    ///
    /// # Errors
    /// For frames that cannot be sent, and where evidence was lost; a sentinel
    /// that does not show is no error here but
    /// [`BatchEvidence::sentinel_seen`].
    pub fn send(
        &mut self,
        filter: &mut Filter,
        shots: &[Shot<'_>],
    ) -> Result<BatchEvidence, LabError> {
        self.wire("send probes")?.send(filter, shots)
    }

    /// Sends a batch and looks at nothing: the yardstick of benchmarks. Returns how
    /// many frames the links took.
    ///
    /// # Errors
    /// For frames that cannot be sent.
    pub fn send_bare(&mut self, shots: &[Shot<'_>]) -> Result<usize, LabError> {
        self.wire("send probes")?.send_bare(shots)
    }

    /// Sends frames over and over, as fast as they are judged, while `beside` runs:
    /// it may install policies in the filter whose events these are, and takes from
    /// [`Traffic`] what became of the frames. The sender has a processor of its own
    /// if there are two. The filter must report all frames ([`Events::All`]) and be
    /// attached.
    ///
    /// [`Events::All`]: crate::filter::Events::All
    ///
    /// # Errors
    /// For frames that cannot be sent. Whether the evidence is whole,
    /// [`StreamEnd`] says.
    pub fn stream<R>(
        &mut self,
        events: &EventReader,
        frames: &[Repeated<'_>],
        beside: impl FnOnce(&Traffic) -> R,
    ) -> Result<(R, StreamEnd), LabError> {
        self.wire("send a stream")?.stream(events, frames, beside)
    }

    /// Also looks for these IP protocols at the node's own stack; TCP, UDP,
    /// SCTP, ICMP and ICMPv6 are always looked for.
    ///
    /// # Errors
    /// Where a raw socket cannot be opened.
    pub fn watch_protocols(&mut self, protocols: &[u8]) -> Result<(), LabError> {
        match (&mut self.wire, &self.network) {
            (Some(wire), Some(network)) => wire.watch(network, protocols),
            _ => Err(LabError::Purpose {
                doing: "watch the node",
            }),
        }
    }

    /// Starts a command in the namespace of a host, a workload, or `node`, which is
    /// also that of workloads in the node's network. Its standard streams are the caller's; it lives on if the lab is dropped.
    ///
    /// # Errors
    /// If nobody has that name or the command cannot be started.
    pub fn spawn(&self, member: &str, command: &[OsString]) -> Result<Child, LabError> {
        let (program, arguments) = command.split_first().ok_or_else(|| {
            LabError::system("start a command")(std::io::ErrorKind::InvalidInput.into())
        })?;
        let mut started = Command::new(program);
        started.args(arguments);
        self.start(member, started)
    }

    /// Starts a command that the caller has prepared, such as one with piped
    /// streams.
    ///
    /// # Errors
    /// As [`Lab::spawn`].
    pub fn start(&self, member: &str, mut command: Command) -> Result<Child, LabError> {
        let shown = format!("start {}", command.get_program().display());
        self.member(member)?.run("start a command", move |_| {
            command.spawn().map_err(LabError::system(shown))
        })
    }

    /// Serves HTTP at every TCP port that a workload listens on, on all its
    /// addresses, until the lab is dropped. A request is answered with the text
    /// that `body` gives; one that has a body itself, with a line about its
    /// length behind that.
    ///
    /// # Errors
    /// If the lab is not for clients or a port cannot be had.
    pub fn serve(
        &mut self,
        body: impl Fn(&WorkloadPlan, ProtoPort) -> String,
    ) -> Result<(), LabError> {
        if self.wire.is_some() {
            return Err(LabError::Purpose { doing: "serve" });
        }
        self.servers = None;
        self.servers = Some(Servers::start(&self.plan, self.network(), body)?);
        Ok(())
    }

    fn wire(&mut self, doing: &'static str) -> Result<&mut Wire, LabError> {
        self.wire.as_mut().ok_or(LabError::Purpose { doing })
    }

    fn network(&self) -> &Network {
        (self.network.as_ref()).expect("the network is there until the lab is dropped")
    }

    fn member(&self, name: &str) -> Result<&Namespace, LabError> {
        let hosts = (self.plan.hosts.iter().map(|host| &host.name)).zip(&self.network().hosts);
        let workloads = (self.plan.workloads.iter().enumerate())
            .map(|(number, workload)| (&workload.name, self.network().home(number)));
        let found = hosts
            .chain(workloads)
            .find(|(known, _)| *known == name)
            .map(|(_, namespace)| namespace);
        match (found, name) {
            (Some(namespace), _) => Ok(namespace),
            (None, "node") => Ok(&self.network().node),
            (None, _) => Err(LabError::UnknownMember {
                name: name.to_owned(),
                known: self.member_names(),
            }),
        }
    }

    fn member_names(&self) -> Vec<String> {
        let hosts = (self.plan.hosts.iter().map(|host| &host.name)).zip(&self.network().hosts);
        (hosts.map(|(name, _)| name))
            .chain(self.plan.workloads.iter().map(|workload| &workload.name))
            .cloned()
            .chain(["node".to_owned()])
            .collect()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.servers = None;
        self.attached = None;
        let (wire, network) = (self.wire.take(), self.network.take());
        // Packet sockets take long to close. Without a thread to do it, the
        // closure is dropped here and now.
        let _ = thread::Builder::new()
            .name("nv-takes-down".to_owned())
            .spawn(move || {
                if let Some(wire) = wire {
                    wire.close();
                }
                drop(network);
            });
    }
}
