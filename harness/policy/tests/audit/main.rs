//! What audits find, and what they do not: a pair of files for each rule, and what
//! becomes of suppressions.

mod fixtures;
mod given;
mod suppressions;
mod words;
