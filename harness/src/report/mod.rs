//! Reports: pure functions from the events of a run to text.

pub mod human;
pub mod json;
pub mod junit;
pub mod tap;
mod write;

pub use write::{ReportError, write_reports};
