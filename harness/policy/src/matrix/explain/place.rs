//! Who is meant by a word on the command line.

use std::net::IpAddr;

use thiserror::Error;

use crate::model::Policy;
use crate::topology::TopologyPlan;

/// An end of the connection that is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// An index into [`Policy::workloads`].
    Workload(usize),
    /// The node itself.
    Node,
    /// Somebody beyond the uplink, with this address.
    Address(IpAddr),
}

/// A word that means nobody, or several.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlaceError {
    /// Nobody has this name.
    #[error("'{word}' is no workload, host or address{}", closest(.similar))]
    Unknown {
        /// What was written.
        word: String,
        /// A name like it, if there is one.
        similar: Option<String>,
    },
    /// Several have it.
    #[error("'{word}' is the name of several: {}", .names.join(", "))]
    Ambiguous {
        /// What was written.
        word: String,
        /// Who they are.
        names: Vec<String>,
    },
}

fn closest(similar: &Option<String>) -> String {
    match similar {
        Some(name) => format!("; is '{name}' meant?"),
        None => String::new(),
    }
}

impl Place {
    /// Who is meant: `namespace/name[Kind]`, `namespace/name`, a name (or `name[Kind]`)
    /// that only one workload has, `node`, a host of the topology (its first address of
    /// the node's first family), or an address, which may be a workload's or the
    /// node's.
    ///
    /// # Errors
    /// Nobody, or several.
    pub fn find(policy: &Policy, topology: &TopologyPlan, word: &str) -> Result<Place, PlaceError> {
        if let Ok(address) = word.parse::<IpAddr>() {
            return Ok(Place::of(policy, address));
        }
        if word == "node" {
            return Ok(Place::Node);
        }
        let named = |means: &dyn Fn(usize) -> bool| -> Vec<usize> {
            (0..policy.workloads.len())
                .filter(|index| means(*index))
                .collect()
        };
        let whole = named(&|at| policy.workloads[at].to_string() == word);
        let with_namespace = named(&|at| policy.workloads[at].name.to_string() == word);
        let bare = named(&|at| {
            let workload = &policy.workloads[at];
            let name = &workload.name.name;
            *name == word || format!("{name}[{}]", workload.kind) == word
        });
        let host = topology.hosts.iter().find(|host| host.name == word);
        for found in [whole, with_namespace] {
            if !found.is_empty() {
                return one(policy, word, &found);
            }
        }
        match host.and_then(|host| host.addresses.first()) {
            Some(address) if bare.is_empty() => return Ok(Place::of(policy, *address)),
            _ => {}
        }
        if !bare.is_empty() {
            return one(policy, word, &bare);
        }
        let names = (policy.workloads.iter())
            .flat_map(|each| [each.name.to_string(), each.name.name.clone()])
            .chain(topology.hosts.iter().map(|host| host.name.clone()));
        let similar = names
            .map(|name| (strsim::jaro_winkler(&name, word), name))
            .filter(|(likeness, _)| *likeness > 0.85)
            .max_by(|(a, _), (b, _)| a.total_cmp(b));
        Err(PlaceError::Unknown {
            word: word.to_owned(),
            similar: similar.map(|(_, name)| name),
        })
    }

    fn of(policy: &Policy, address: IpAddr) -> Place {
        if policy.node.addresses.contains(&address) {
            return Place::Node;
        }
        let owner = (policy.workloads.iter()).position(|each| each.addresses.contains(&address));
        owner.map_or(Place::Address(address), Place::Workload)
    }

    /// How it is written.
    pub fn name(self, policy: &Policy) -> String {
        match self {
            Place::Workload(index) => policy.workloads[index].to_string(),
            Place::Node => "node".to_owned(),
            Place::Address(address) => address.to_string(),
        }
    }

    /// Its addresses.
    pub(super) fn addresses(self, policy: &Policy) -> Vec<IpAddr> {
        match self {
            Place::Workload(index) => policy.workloads[index].addresses.clone(),
            Place::Node => policy.node.addresses.clone(),
            Place::Address(address) => vec![address],
        }
    }
}

fn one(policy: &Policy, word: &str, found: &[usize]) -> Result<Place, PlaceError> {
    match found {
        [only] => Ok(Place::Workload(*only)),
        several => Err(PlaceError::Ambiguous {
            word: word.to_owned(),
            names: (several.iter())
                .map(|index| policy.workloads[*index].to_string())
                .collect(),
        }),
    }
}
