//! The filter beside another enforcer.
//!
//! Every frame of a scenario goes through two networks of the same shape: one with the
//! filter at its hooks, one without, in which kube-proxy's rules for iptables deliver
//! node ports, a ruleset of nftables holds the network policies, and Linux tracks the
//! connections. [`session`] sends, [`outcome`] compares where the frames arrived,
//! [`comparable`] says which cannot be compared and why.
//!
//! Invariant: a frame that the reference stops has a witness: under a ruleset that
//! accepts everything, in the same network, it arrived.
//! Invariant: what is not compared is counted under its reason.

mod batches;
pub mod comparable;
pub mod finding;
pub mod json;
pub mod outcome;
pub mod session;
pub mod text;
