//! A network in which others enforce: the same topology as a [`crate::Lab`]'s, without
//! XDP programs and without our rewriting of node ports. iptables and nftables decide
//! there, with real connection tracking.

mod conntrack;
mod tools;

use netverdict_policy::topology::TopologyPlan;

use crate::error::LabError;
use crate::network::{self, Network, workload_end};
use crate::purpose::Purpose;
use crate::wire::{Arrivals, Shot, Wire};

pub use tools::{Backend, Iptables};

/// The network, and what has been loaded into its node. Everything goes when it is
/// dropped.
#[derive(Debug)]
pub struct Reference {
    iptables: Iptables,
    wire: Option<Wire>,
    network: Network,
}

impl Reference {
    /// Builds the network, without rules. Inside [`crate::isolate::isolated`] only.
    ///
    /// # Errors
    /// What the kernel or nft refused.
    pub fn build(plan: &TopologyPlan, iptables: Iptables) -> Result<Reference, LabError> {
        let network = network::build(plan, Purpose::Reference)?;
        let wire = Some(Wire::open(&network, plan.mtu)?);
        Ok(Reference {
            iptables,
            wire,
            network,
        })
    }

    /// Loads node ports, for both families, with `iptables-restore` and
    /// `ip6tables-restore`, unless somebody has rules there already.
    ///
    /// # Errors
    /// [`LabError::ForeignRules`] before anything was changed; otherwise what a tool
    /// says.
    pub fn load(&self, v4: &str, v6: &str) -> Result<(), LabError> {
        let (iptables, v4, v6) = (self.iptables.clone(), v4.to_owned(), v6.to_owned());
        self.network.node.run("load the node port rules", move |_| {
            iptables.check_nothing_is_there()?;
            iptables.restore(&v4, &v6)
        })
    }

    /// Puts a ruleset of nftables in force.
    ///
    /// # Errors
    /// What nft says.
    pub fn enforce(&self, ruleset: &str) -> Result<(), LabError> {
        let ruleset = ruleset.to_owned();
        (self.network.node).run("load the policy rules", move |_| tools::nft(&ruleset))
    }

    /// Forgets every connection.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn forget(&self) -> Result<(), LabError> {
        (self.network.node).run("forget connections", |_| conntrack::flush())
    }

    /// As [`crate::Lab::watch_protocols`].
    ///
    /// # Errors
    /// Where a raw socket cannot be opened.
    pub fn watch_protocols(&mut self, protocols: &[u8]) -> Result<(), LabError> {
        let wire = (self.wire.as_mut()).expect("the sockets are there until it is dropped");
        wire.watch(&self.network, protocols)
    }

    /// Sends a batch and looks where it arrives. Destinations are as with
    /// [`crate::Lab::send`].
    ///
    /// # Errors
    /// For frames that cannot be sent, and where evidence was lost.
    pub fn send(&mut self, shots: &[Shot<'_>]) -> Result<Arrivals, LabError> {
        let wire = (self.wire.as_mut()).expect("the sockets are there until it is dropped");
        wire.send_unfiltered(shots)
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        if let Some(wire) = self.wire.take() {
            wire.close();
        }
    }
}

/// The name of the node's end of the link to a workload, as rules name it. The same in
/// every lab.
pub fn workload_link(number: usize) -> String {
    workload_end(number).name
}
