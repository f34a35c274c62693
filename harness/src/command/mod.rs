//! One file a command.

pub mod check;
pub mod doctor;
pub mod lab;
mod print;
pub mod run;
pub mod schema;
