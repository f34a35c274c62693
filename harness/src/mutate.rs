//! How much the probes of scenarios are worth: mutants of their policies, and what
//! becomes of them. Only the model is asked, never the kernel.

pub mod human;
pub mod json;
pub mod score;
pub mod total;
