//! One file a command.

pub mod audit;
pub mod check;
pub mod completions;
pub mod crosscheck;
pub mod diff;
pub mod doctor;
pub mod explain;
pub mod findings;
pub mod fuzz;
pub mod lab;
pub mod man;
pub mod matrix;
pub mod merge;
pub mod mutate;
mod print;
mod progress;
pub mod prove;
pub mod replay;
pub mod run;
mod run_report;
pub mod schema;
