//! What a change of policies does: two sides are loaded, their worlds paired and
//! compared, every change gets a packet that was tried under both, and is told.

pub mod edits;
pub mod finding;
pub mod git;
pub mod human;
pub mod json;
pub mod markdown;
pub mod pairing;
pub mod side;
pub mod witness;
pub mod words;
