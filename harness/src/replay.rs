//! Captured traffic, judged by a policy: by the oracle, by the interpreter, and by
//! the programs in the kernel.
//!
//! A [`capture`] is read record by record, a record becomes an Ethernet frame
//! ([`link`]), whole where that can be known ([`whole`]), [`parties`] judge it at the
//! hooks on its way, and [`tally`] counts what they say. Nothing of a capture is
//! passed over in silence, and none is held as a whole.

pub mod capture;
pub mod json;
pub mod link;
pub mod parties;
pub mod tally;
pub mod text;
pub mod whole;
