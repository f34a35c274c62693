//! What the front end makes of manifests: a cluster of one node, and a
//! diagnostic for everything it cannot make sense of.

mod addresses;
mod corpus;
mod given;
mod kinds;
mod lists;
mod malformed;
mod nodes;
mod objects;
mod replicas;
mod scenario;
mod services;
mod workloads;
