//! What a packet filter ought to do, worked out without touching the system.
//!
//! Data flows one way: [`frontend`] turns YAML into a validated
//! [`scenario::Scenario`]; [`oracle`] reads its [`model::Policy`] and says what
//! is right; [`lower`] compiles the same policy to a [`image::MapImage`], which
//! [`interpret`] evaluates as the XDP program would; [`frame`] makes the bytes
//! that are sent. [`meaning`] reads policy and image as sets of addresses, by which
//! [`prove`] compares them everywhere at once, [`diff`] compares two policies, and
//! [`shadowed`] finds rules that can never decide. [`mod@audit`] says what of all that
//! somebody should look at.
//!
//! Invariant: no file, clock, thread, socket or system call in this crate.
//! Invariant: [`oracle`] and [`lower`] share the model and nothing else; [`meaning`]
//! shares with them, and with [`interpret`], the model and the types of the image.

pub mod address_set;
pub mod audit;
pub mod chart;
pub mod coverage;
pub mod diagnostic;
pub mod diff;
pub mod finding;
pub mod frame;
pub mod frontend;
pub mod generate;
pub mod hits;
pub mod image;
pub mod interpret;
pub mod journey;
pub mod live;
pub mod lower;
pub mod matrix;
pub mod meaning;
pub mod model;
pub mod mutate;
pub mod oracle;
pub mod port;
pub mod prefix;
pub mod prove;
pub mod reference;
pub mod region;
pub mod scenario;
pub mod shadowed;
pub mod topology;
pub mod write;
