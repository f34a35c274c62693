//! What a policy says of every address.

use std::collections::HashMap;
use std::net::IpAddr;

use netverdict_abi::Reason;

use super::places::Places;
use super::ports::{Receiver, held_with};
use super::{L4, Question};
use crate::chart::Chart;
use crate::journey::Point;
use crate::model::{
    DefaultAction, Direction, ListedSource, NetworkPolicy, PeerKind, Peers, Policy, PolicyKind,
    Ports, Rule, RuleAction, Subject,
};
use crate::port::ProtoPort;
use crate::prefix::Family;
use crate::region::Region;

/// A policy, read once: whom its selectors select, which addresses its peers mean,
/// and what its lists hold.
pub struct PolicyReading<'a> {
    policy: &'a Policy,
    places: Places<'a>,
    /// Indices of the policies that select each workload, ascending.
    selecting: Vec<Vec<usize>>,
    /// Who is meant by the peers of each rule, by policy and rule, as an index into
    /// `regions`; `None` where the policy selects nobody.
    meant: Vec<Vec<Option<usize>>>,
    /// Regions of peers, each list of peers once.
    regions: Vec<Region>,
    deny_list: Region,
    /// Lists of each prefilter: deny and allow.
    lists: Vec<(Region, Region)>,
}

impl<'a> PolicyReading<'a> {
    /// Reads the policy.
    pub fn new(policy: &'a Policy) -> PolicyReading<'a> {
        let places = Places::new(policy);
        let mut selecting = vec![Vec::new(); policy.workloads.len()];
        let mut regions = Vec::new();
        let mut known: HashMap<(PolicyKind, PeersKey<'a>), usize> = HashMap::new();
        let mut meant = Vec::with_capacity(policy.network_policies.len());
        for (index, network_policy) in policy.network_policies.iter().enumerate() {
            let selected = match &network_policy.subject {
                Subject::Workloads(selector) => places.kinds.selected(selector),
                // What is sent to and by the node itself meets no hook of a workload.
                Subject::Nodes(_) => Vec::new(),
            };
            let is_idle = selected.is_empty();
            for workload in selected {
                selecting[workload].push(index);
            }
            let rules = network_policy.rules.iter().map(|rule| {
                if is_idle {
                    return None;
                }
                let key = (network_policy.kind, PeersKey::of(&rule.peers));
                Some(*known.entry(key).or_insert_with(|| {
                    regions.push(match &rule.peers {
                        Peers::Any => Region::everything(),
                        Peers::Listed(peers) => places.meant(network_policy.kind, peers),
                    });
                    regions.len() - 1
                }))
            });
            meant.push(rules.collect());
        }
        PolicyReading {
            places,
            selecting,
            meant,
            regions,
            deny_list: listed(&policy.deny_list),
            lists: (policy.prefilters.iter())
                .map(|prefilter| (listed(&prefilter.deny), listed(&prefilter.allow)))
                .collect(),
            policy,
        }
    }

    /// What [`super::by_policy`] says.
    ///
    /// # Panics
    /// If the point is at a workload that the policy does not have.
    pub fn answer(&self, question: &Question) -> Chart<Reason> {
        let Question { point, l4 } = *question;
        match point {
            Point::Uplink => self.at_uplink(l4),
            Point::Egress(workload) => self.at_workload(workload, Direction::Egress, l4),
            Point::Ingress(workload) => self.at_workload(workload, Direction::Ingress, l4),
        }
    }

    /// The policy that is read.
    pub fn policy(&self) -> &'a Policy {
        self.policy
    }

    /// Indices of the policies whose subject the workload is, ascending.
    ///
    /// # Panics
    /// If the policy does not have the workload.
    pub fn selecting(&self, workload: usize) -> &[usize] {
        &self.selecting[workload]
    }

    /// The addresses that a workload has for itself: none in the node's network.
    ///
    /// # Panics
    /// If the policy does not have the workload.
    pub fn addresses(&self, workload: usize) -> &[IpAddr] {
        self.places.addresses(workload)
    }

    /// The families that a workload has an address of for itself.
    ///
    /// # Panics
    /// If the policy does not have the workload.
    pub fn families(&self, workload: usize) -> Vec<Family> {
        self.places.families(workload)
    }

    /// Whose addresses are whose.
    pub(super) fn places(&self) -> &Places<'a> {
        &self.places
    }

    fn at_uplink(&self, l4: L4) -> Chart<Reason> {
        let said = match l4 {
            L4::Ports(port) => self.by_prefilter(port),
            L4::Icmp { .. } | L4::ForeignIcmp | L4::Other => {
                Chart::constant(&Family::ALL, Reason::OtherProtocol)
            }
        };
        said.paint(&self.deny_list, Reason::PrefilterDeny)
    }

    fn by_prefilter(&self, port: ProtoPort) -> Chart<Reason> {
        let Some((index, [allowed, otherwise])) = self.standing(port) else {
            return Chart::constant(&Family::ALL, Reason::NoPrefilter);
        };
        let (deny, allow) = &self.lists[index];
        Chart::constant(&Family::ALL, otherwise)
            .paint(allow, allowed)
            .paint(deny, Reason::PrefilterDeny)
    }

    /// The prefilter that stands at the port, with what it says of sources that it
    /// allows and of those that it does not list.
    fn standing(&self, port: ProtoPort) -> Option<(usize, [Reason; 2])> {
        let mut all = self.policy.prefilters.iter();
        let index = all.position(|prefilter| prefilter.node_port == port)?;
        let prefilter = &self.policy.prefilters[index];
        let says = match (prefilter.bypass_policy, prefilter.default) {
            (false, DefaultAction::Drop) => [Reason::PrefilterAllow, Reason::PrefilterDefaultDrop],
            (false, DefaultAction::Pass) => [Reason::PrefilterAllow, Reason::PrefilterDefaultPass],
            (true, DefaultAction::Drop) => {
                [Reason::PrefilterAllowBypass, Reason::PrefilterDefaultDrop]
            }
            (true, DefaultAction::Pass) => {
                [Reason::PrefilterAllowBypass, Reason::PrefilterDefaultBypass]
            }
        };
        Some((index, says))
    }

    /// What the prefilter of a port says of sources that it allows, and of those that
    /// it does not list, whether or not there are such sources; `None` where none
    /// stands.
    pub fn prefilter_says(&self, port: ProtoPort) -> Option<[Reason; 2]> {
        self.standing(port).map(|(_, says)| says)
    }

    /// What holds for a workload where no rule decides, whether or not there is such a
    /// peer.
    ///
    /// # Panics
    /// If the policy does not have the workload.
    pub fn otherwise(&self, workload: usize, direction: Direction) -> Reason {
        let (mut isolated, mut allows) = (false, false);
        for &index in &self.selecting[workload] {
            let network_policy = &self.policy.network_policies[index];
            isolated |= isolates(network_policy, direction);
            let mut rules = network_policy.rules.iter();
            allows |= rules.any(|rule| rule.direction == direction && says_something(rule));
        }
        match (isolated, allows) {
            (false, _) => Reason::PolicyNotSelected,
            (true, true) => Reason::PolicyNoMatch,
            (true, false) => Reason::PolicyDefaultDeny,
        }
    }

    fn at_workload(&self, workload: usize, direction: Direction, l4: L4) -> Chart<Reason> {
        let receiver = match direction {
            Direction::Ingress => Receiver::Workload(workload),
            Direction::Egress => Receiver::Peer,
        };
        let mut selected = false;
        let (mut allowed, mut denied) = (Vec::new(), Vec::new());
        for &index in &self.selecting[workload] {
            let network_policy = &self.policy.network_policies[index];
            selected |= isolates(network_policy, direction);
            for (rule, meant) in network_policy.rules.iter().zip(&self.meant[index]) {
                let (true, Some(meant)) = (rule.direction == direction, meant) else {
                    continue;
                };
                selected = true;
                let with = held_with(&rule.ports, l4, receiver, self.policy, &self.places);
                let matched = self.regions[*meant].intersect(&with);
                match rule.action {
                    RuleAction::Allow => allowed.push(matched),
                    RuleAction::Deny => denied.push(matched),
                }
            }
        }
        let node_reaches = self.policy.choices.node_reaches_workloads;
        if node_reaches && selected && direction == Direction::Ingress {
            allowed.push(self.places.node().clone());
        }
        let otherwise = self.otherwise(workload, direction);
        Chart::constant(&self.places.families(workload), otherwise)
            .paint(&Region::union_of(&allowed), Reason::PolicyAllow)
            .paint(&Region::union_of(&denied), Reason::PolicyDeny)
    }
}

/// What tells lists of peers apart: where they stand does not matter.
#[derive(PartialEq, Eq, Hash)]
enum PeersKey<'a> {
    Any,
    Listed(Vec<&'a PeerKind>),
}

impl<'a> PeersKey<'a> {
    fn of(peers: &'a Peers) -> PeersKey<'a> {
        match peers {
            Peers::Any => PeersKey::Any,
            Peers::Listed(peers) => PeersKey::Listed(peers.iter().map(|peer| &peer.kind).collect()),
        }
    }
}

fn listed(list: &[ListedSource]) -> Region {
    Region::from_prefixes(list.iter().map(|source| source.prefix))
}

pub(super) fn isolates(network_policy: &NetworkPolicy, direction: Direction) -> bool {
    match direction {
        Direction::Ingress => network_policy.isolates_ingress,
        Direction::Egress => network_policy.isolates_egress,
    }
}

/// Whether it is an allow that names anybody and any port, be they there or not.
fn says_something(rule: &Rule) -> bool {
    let nobody = matches!(&rule.peers, Peers::Listed(peers) if peers.is_empty());
    let nothing = matches!(&rule.ports, Ports::Listed(entries) if entries.is_empty());
    rule.action == RuleAction::Allow && !nobody && !nothing
}
