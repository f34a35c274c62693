//! What all questions need to know about a world, worked out once.

use std::collections::BTreeMap;

use super::public::{is_public, outside};
use super::{Options, World};
use crate::coverage::Enforced;
use crate::diagnostic::Location;
use crate::image::MapImage;
use crate::meaning::{ImageReading, L4Class, PolicyReading};
use crate::model::{
    Backend, Direction, NetworkPolicy, NodePort, Policy, Rule, Service, ServicePort,
};
use crate::port::ProtoPort;
use crate::prefix::Family;
use crate::prove::{Asked, Group, groups};
use crate::region::Region;

/// A world, read.
pub(super) struct Context<'a> {
    pub(super) world: &'a World<'a>,
    pub(super) policy: &'a Policy,
    pub(super) options: &'a Options,
    pub(super) reading: PolicyReading<'a>,
    /// Addresses of the cluster itself.
    pub(super) own: Region,
    /// Addresses that may be anybody's.
    pub(super) outside: Region,
    /// Workloads that are asked about together.
    pub(super) groups: Vec<Group>,
    /// Ports of Services that lead to each workload.
    fronts: Vec<Vec<Front<'a>>>,
    /// Each rule's path in its object, and how much of it is enforced.
    rules: BTreeMap<&'a Location, (&'a str, Enforced)>,
}

/// A port of a Service that leads to a workload.
#[derive(Clone, Copy)]
pub(super) struct Front<'a> {
    pub(super) service: &'a Service,
    pub(super) port: &'a ServicePort,
    /// The workload, and its own port.
    pub(super) backend: Backend,
    pub(super) is_public: bool,
}

impl<'a> Context<'a> {
    pub(super) fn new(world: &'a World<'a>, options: &'a Options) -> Context<'a> {
        let policy = world.policy;
        let reading = PolicyReading::new(policy);
        // An image that says nothing tells no workloads and no ports apart.
        let nothing = MapImage::default();
        let groups = groups(&reading, &ImageReading::new(&nothing));
        let mut fronts = vec![Vec::new(); policy.workloads.len()];
        for service in &policy.objects.services {
            let is_public = is_public(service, &policy.objects, &options.public);
            for port in &service.ports {
                for backend in &port.backends {
                    fronts[backend.workload].push(Front {
                        service,
                        port,
                        backend: *backend,
                        is_public,
                    });
                }
            }
        }
        let own = Region::from_addresses(
            (policy
                .workloads
                .iter()
                .flat_map(|workload| &workload.addresses))
            .chain(policy.known_hosts.iter().flat_map(|host| &host.addresses))
            .chain(&policy.node.addresses)
            .copied(),
        );
        Context {
            world,
            policy,
            options,
            outside: outside().minus(&own),
            own,
            groups,
            fronts,
            rules: (world.coverage.rules.iter())
                .map(|rule| (&rule.location, (rule.field.as_str(), rule.enforced)))
                .collect(),
            reading,
        }
    }

    /// Groups of workloads by what they receive, or by what they send.
    pub(super) fn groups_of(&self, wanted: Direction) -> impl Iterator<Item = &Group> {
        (self.groups.iter()).filter(move |group| match &group.asked {
            Asked::Uplink => false,
            Asked::Workloads { direction, .. } => *direction == wanted,
        })
    }

    /// Ports of Services that lead to the workload.
    pub(super) fn fronts(&self, workload: usize) -> &[Front<'a>] {
        &self.fronts[workload]
    }

    /// Of a hundred addresses outside private ranges, how many are in the region.
    pub(super) fn share(&self, region: &Region, family: Family) -> f64 {
        let part = region.intersect(&self.outside).count(family);
        // Both may be beyond what a float counts exactly, which is close enough.
        100.0 * (part as f64) / (self.outside.count(family) as f64)
    }

    /// Whether the region holds more of what is outside than one can mean.
    pub(super) fn is_wide(&self, region: &Region) -> bool {
        let limit = self.options.wildcard_share;
        (Family::ALL.into_iter()).any(|family| self.share(region, family) > limit)
    }

    /// A rule's path in its object, such as `spec.ingress[0]`.
    pub(super) fn field(&self, rule: &Rule) -> &'a str {
        (self.rules.get(&rule.location)).map_or("spec", |(field, _)| field)
    }

    /// Whether everything is enforced that the rule says.
    pub(super) fn is_whole(&self, rule: &Rule) -> bool {
        (self.rules.get(&rule.location)).is_none_or(|(_, enforced)| *enforced == Enforced::Whole)
    }

    /// What a rule is called wherever its line moves to.
    pub(super) fn rule_name(&self, policy: &NetworkPolicy, rule: &Rule) -> String {
        format!(
            "{} {} {}",
            policy.kind.name(),
            policy.name,
            self.field(rule)
        )
    }

    /// The node port of the model that a port of a Service is.
    pub(super) fn node_port(&self, front: &Front<'_>) -> Option<&'a NodePort> {
        let node_port = ProtoPort {
            port: front.port.node_port?,
            protocol: front.port.port.protocol,
        };
        let mut all = self.policy.node_ports.iter();
        all.find(|known| known.node_port == node_port && known.service == front.service.name)
    }
}

impl Front<'_> {
    /// Whether packets to the workload's port are of this class.
    pub(super) fn is_in(&self, class: &L4Class) -> bool {
        use crate::meaning::L4;
        let (L4::Ports(first), L4::Ports(last)) = (class.first, class.last) else {
            return false;
        };
        first.protocol == self.port.port.protocol
            && (first.port..=last.port).contains(&self.backend.port)
    }
}
