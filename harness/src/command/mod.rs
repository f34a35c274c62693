//! One file a command.

pub mod audit;
mod audit_live;
pub mod check;
pub mod crosscheck;
pub mod diff;
pub mod doctor;
pub mod explain;
pub mod fuzz;
pub mod lab;
pub mod matrix;
pub mod merge;
pub mod mutate;
mod print;
pub mod prove;
pub mod replay;
pub mod run;
mod run_report;
pub mod schema;
