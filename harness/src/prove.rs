//! Whether a filter does at every address what a policy says: three claims, apart.
//!
//! **A**, of the maps: what was read back from the kernel means the same as the
//! policy, for every address. Sets are compared; no address is tried.
//! **B**, of the program over those maps: it agrees with the policy on packets of
//! every class that the policy, or the maps, can tell apart. Packets are tried.
//! **C**, of the configuration: no prefilter lets past the policy what the policy
//! behind it denies.
//!
//! [`subject`] says what is proven, [`question`] what is asked of it, [`atoms`] at
//! which addresses. [`plain`] tries plain frames at all of them, [`exact`] every
//! shape of a packet once a class, [`passage`] what bypasses the policy; [`proving`] puts it together. What is
//! wrong becomes a [`finding::Finding`], all of it a [`proof::Proof`], and that
//! [`text`] or [`json`].

pub mod atoms;
pub mod capture;
pub mod exact;
pub mod finding;
pub mod json;
pub mod party;
pub mod passage;
pub mod plain;
pub mod proof;
pub mod proving;
pub mod question;
pub mod shape;
pub mod subject;
pub mod text;
