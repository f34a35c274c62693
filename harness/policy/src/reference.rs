//! The same policy in other words: as a node without XDP would enforce it.
//!
//! Node ports are delivered by the rules that kube-proxy writes for iptables
//! ([`iptables`]); kube-proxy filters no sources of node ports. Network policies are a
//! ruleset for nftables ([`nftables`]). Both are texts, which other programs read and
//! Linux enforces: nothing of ours judges a packet there.
//!
//! Where the policy stands matters. kube-proxy masquerades what comes in by a node port
//! unless its Service says `externalTrafficPolicy: Local`, so that a policy at the
//! pod's own end would see the node as everybody's source. Ingress is therefore judged
//! in the node's `forward` hook: behind the translation of the destination (the
//! backend's port, as policies mean it), in front of that of the source. Egress is
//! judged in `prerouting`, before any translation and as the pod sent it, which is
//! where Cilium has its hook too; `forward` would not see what goes to the node itself.
//!
//! Invariant: of the other readings of a policy only the model is shared. If this one
//! called [`crate::oracle`], [`mod@crate::lower`] or [`crate::meaning`], a mistake would
//! agree with itself.

pub mod iptables;
mod labels;
pub mod nftables;
mod owners;
mod peers;
mod ports;

use crate::model::Policy;

/// Everything a node without XDP is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rulesets {
    /// For `iptables-restore`.
    pub iptables: String,
    /// For `ip6tables-restore`.
    pub ip6tables: String,
    /// For `nft -f -`: the network policies.
    pub policy: String,
    /// For `nft -f -`, in place of `policy`: the same hooks, which accept everything.
    /// What does not arrive under this one was never stopped by a policy.
    pub accept_all: String,
}

/// The rulesets of a policy on a node. `links` are the names of the node's ends of the
/// links to the workloads, by index.
pub fn rulesets(policy: &Policy, links: &[String]) -> Rulesets {
    Rulesets {
        iptables: iptables::restore(policy, iptables::Family::V4),
        ip6tables: iptables::restore(policy, iptables::Family::V6),
        policy: nftables::ruleset(policy, links),
        accept_all: nftables::accept_all(),
    }
}

/// A text as part of a comment: one line, and nothing that ends a quotation.
fn comment(text: &str) -> String {
    (text.chars())
        .map(|c| match c {
            '"' | '\\' => '_',
            c if c.is_control() => '_',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::comment;

    /// Rules are texts for other programs: a name must not become one of them.
    #[test]
    fn names_stay_within_their_comments() {
        let name = "x\" -j ACCEPT\n\t\taccept\r\\";
        assert_eq!(comment(name), "x_ -j ACCEPT___accept__");
        assert_eq!(
            comment("default/shop:https -> [fd00::2]:8443"),
            "default/shop:https -> [fd00::2]:8443"
        );
    }
}
