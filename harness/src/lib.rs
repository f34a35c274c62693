//! Runs scenarios, compares what three parties say, and reports.
//!
//! Paths become [`load::Input`], of which [`select`] leaves what the user asked
//! for; [`runner`] sends it through the [`lanes`], [`outcome`] compares the
//! author, the oracle and the kernel, and all that happened leaves as
//! [`event::Event`]s, which [`mod@report`] turns into text.
//!
//! Invariant: reports compute no verdicts.

pub mod audit;
pub mod baseline;
pub mod cli;
pub mod command;
pub mod counts;
pub mod crosscheck;
pub mod diff;
pub mod event;
pub mod exit;
pub mod explain;
pub mod fault;
pub mod fingerprint;
pub mod fuzz;
pub mod hits;
pub mod judge;
pub mod lane;
pub mod lanes;
pub mod live;
pub mod load;
pub mod loaded;
pub mod matrix;
pub mod merge;
pub mod mutate;
pub mod object;
pub mod observation;
pub mod outcome;
pub mod plan;
pub mod prove;
pub mod replay;
pub mod report;
pub mod repository;
pub mod runner;
pub mod select;
pub mod shuffle;
pub mod sources;
pub mod suite;
pub mod tally;
pub mod words;
