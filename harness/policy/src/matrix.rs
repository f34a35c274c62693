//! Which connections a policy allows, between all that are there: what is asked,
//! what is right, and how the answers become rows.
//!
//! [`Plan`] lists the connections worth trying, a representative each: the ports
//! and the outside addresses are cut wherever the policy, or the image compiled
//! from it, could tell two of them apart. Somebody else tries them on the hooks
//! of the filter; [`Survey`] holds the answers against the oracle's, and makes
//! [`Row`]s of them, as few as say the same.
//!
//! A connection is allowed if each hook on the way of its first packet passes
//! it: the sender's egress or the uplink, and the receiver's ingress.

mod cell;
mod connection;
mod cut;
pub mod explain;
mod format;
mod plan;
mod ports;
mod row;
mod select;
mod survey;
mod template;

pub use cell::{Cell, cells};
pub use connection::{Connection, End, Expected, Hooks};
pub use cut::PortCuts;
pub use format::{csv, dot, json, svg, text};
pub use plan::{Plan, World};
pub use ports::{Connections, PortRange, PortSet};
pub use row::{FamilyChoice, Party, Row, rows};
pub use select::selects;
pub use survey::{Disagreement, Survey};
pub use template::Template;

#[cfg(test)]
mod tests;
