//! From files to a matrix of what is open, each answer obtained in a lane and
//! held against the oracle's.

pub mod ask;
pub mod input;
pub mod judge;
pub mod wire;
