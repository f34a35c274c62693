//! Why a lab could not be built or used.

use std::io;

use netverdict_policy::frame::ProbeId;
use thiserror::Error;

use crate::filter::FilterError;

/// Why a lab could not be built or used. The texts fit behind "failed to".
#[derive(Debug, Error)]
pub enum LabError {
    /// A system call failed.
    #[error("{doing}: {source}{}", hint(source))]
    System {
        /// What was being done, such as `create namespace lab0-node`.
        doing: String,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
    /// A network change was refused by the kernel.
    #[error("{doing}: {source}")]
    Netlink {
        /// What was being done.
        doing: String,
        /// What the kernel said.
        #[source]
        source: Box<rtnetlink::Error>,
    },
    /// Not inside [`crate::isolate::isolated`]: what was made could outlive us.
    #[error("make namespaces: the process is not isolated")]
    NotIsolated,
    /// A namespace could not be made or entered.
    #[error("make namespace {name}: {source}")]
    Namespace {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        source: Box<netns_rs::Error>,
    },
    /// A namespace's thread panicked while it did something.
    #[error("{doing} in namespace {name}: its thread panicked: {message}")]
    Panicked {
        /// The namespace.
        name: String,
        /// What it was doing.
        doing: String,
        /// The panic's message.
        message: String,
    },
    /// `nft` did not take the rules.
    #[error("load the node port rules with nft: {said}")]
    Nft {
        /// What nft printed.
        said: String,
    },
    /// A tool did not take the rules of a reference.
    #[error("load rules with {tool}: {said}")]
    Rules {
        /// Which tool.
        tool: String,
        /// What it printed.
        said: String,
    },
    /// Somebody else has rules in a namespace that was made for ours.
    #[error(
        "load the rules of the reference: the node's namespace has rules already, which \
         netverdict did not write (nothing was changed): {found}"
    )]
    ForeignRules {
        /// The first of them.
        found: String,
    },
    /// The program or its maps.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// More frames than [`crate::wire::MAX_BATCH`].
    #[error(
        "send {frames} frames in one batch: {} is the most",
        crate::wire::MAX_BATCH
    )]
    BatchTooLarge {
        /// Frames asked for.
        frames: usize,
    },
    /// A frame that the link does not carry.
    #[error("send probe {}: {length} bytes do not fit the link (14 to {most})", id.0)]
    FrameLength {
        /// The probe.
        id: ProbeId,
        /// Its length in bytes.
        length: usize,
        /// The longest frame the link carries with the tags this one has.
        most: usize,
    },
    /// It shares the node's network, so there is no link by which it could send.
    #[error("send for workload {workload}: it has no link of its own")]
    NoLink {
        /// Index into the plan's workloads.
        workload: usize,
    },
    /// A socket had no room and evidence is missing.
    #[error("collect evidence at {place}: the kernel dropped {drops} frames for want of room")]
    EvidenceLost {
        /// Which socket.
        place: String,
        /// How many.
        drops: u32,
    },
    /// Asked of a lab that was built for the other purpose.
    #[error("{doing}: the lab was not built for it")]
    Purpose {
        /// What was asked.
        doing: &'static str,
    },
    /// Nobody in the topology has this name.
    #[error("find '{name}': the scenario has {}", known.join(", "))]
    UnknownMember {
        /// The name asked for.
        name: String,
        /// Names there are.
        known: Vec<String>,
    },
    /// A stream of frames that cannot be sent, or that ended early.
    #[error("{0}")]
    Stream(&'static str),
    /// There is no attachment where one is needed, or one too many.
    #[error("{0}")]
    Attachment(&'static str),
}

impl LabError {
    pub(crate) fn system(doing: impl Into<String>) -> impl FnOnce(io::Error) -> LabError {
        let doing = doing.into();
        move |source| LabError::System { doing, source }
    }
}

/// What to do about a refusal.
fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            " (needs CAP_SYS_ADMIN, CAP_NET_ADMIN and CAP_NET_RAW: run as root)"
        }
        _ => "",
    }
}
