//! Compiles a policy to a map image: prefix sets, target ports, precedence.
//!
//! Each node port is compiled by itself, from the rules that the network
//! policies have for its backends at the target port. What the rules say, each
//! with its own idea of sources, becomes one table of source prefixes
//! (`table`), in which the longest prefix decides.
//!
//! Where several rules decide alike, the image names the one with the longest
//! prefix, and of those the first in the policy's order.

mod backend;
mod number;
mod steps;
mod table;

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Location};
use crate::image::{
    ImageSizes, MapImage, PolicyImage, PrefilterImage, ServiceImage, SourceVerdict,
};
use crate::model::{DefaultAction, NodePort, Policy, Prefilter, RuleRef};
use crate::port::ProtoPort;
use crate::prefix::Prefix;
use backend::Guard;
use number::Numbers;
use steps::Steps;
use table::{Table, TableVerdict};

/// The image of `policy`.
///
/// Every node port and every port with a prefilter becomes a service, whether
/// or not a policy selects it.
///
/// # Errors
/// A service whose backends' verdicts would differ (`backends-differ`), more
/// prefixes than a map holds (`too-many-prefixes`; what comes after is not
/// looked at).
pub fn lower(policy: &Policy) -> Result<MapImage, Vec<Diagnostic>> {
    let mut services: BTreeMap<ProtoPort, (Option<usize>, Option<&NodePort>)> = BTreeMap::new();
    for (index, prefilter) in policy.prefilters.iter().enumerate() {
        services.entry(prefilter.node_port).or_default().0 = Some(index);
    }
    for node_port in &policy.node_ports {
        services.entry(node_port.node_port).or_default().1 = Some(node_port);
    }

    let mut image = MapImage::default();
    let mut numbers = Numbers::default();
    let mut diagnostics = Vec::new();
    let mut sizes = ImageSizes::default();
    for (port, (prefilter, node_port)) in services {
        let mut service = ServiceImage::default();
        if let Some(index) = prefilter {
            let prefilter = &policy.prefilters[index];
            service.prefilter = Some(prefilter_image(index, prefilter, &mut numbers));
        }
        if let Some(node_port) = node_port {
            match guard_of(policy, node_port) {
                Ok(Some(guard)) => service.policy = Some(policy_image(&guard, &mut numbers)),
                Ok(None) => {}
                Err(diagnostic) => diagnostics.push(diagnostic),
            }
        }
        sizes = sizes.plus(service.sizes());
        let location = match (prefilter, node_port) {
            (_, Some(node_port)) => &node_port.location,
            (Some(index), None) => &policy.prefilters[index].allow_location,
            (None, None) => unreachable!("a service stands for at least one of the two"),
        };
        let overflow = overflow(sizes, port, location);
        if !overflow.is_empty() {
            diagnostics.extend(overflow);
            return Err(diagnostics);
        }
        image.services.insert(port, service);
    }
    image.rules = numbers.into_rules();
    if diagnostics.is_empty() {
        Ok(image)
    } else {
        Err(diagnostics)
    }
}

fn prefilter_image(index: usize, prefilter: &Prefilter, numbers: &mut Numbers) -> PrefilterImage {
    let default_rule = numbers.number(RuleRef::PrefilterDefault { prefilter: index });
    let mut allow: Vec<(Prefix, usize)> = (prefilter.allow.iter().enumerate())
        .map(|(entry, source)| (source.prefix, entry))
        .collect();
    // Of two equal prefixes the first counts.
    allow.sort_unstable();
    allow.dedup_by_key(|(prefix, _)| *prefix);
    let allow = allow.into_iter().map(|(prefix, entry)| {
        let rule = RuleRef::PrefilterAllow {
            prefilter: index,
            entry,
        };
        (prefix, numbers.number(rule))
    });
    let allow = allow.collect();
    PrefilterImage {
        default_pass: prefilter.default == DefaultAction::Pass,
        bypass_policy: prefilter.bypass_policy,
        default_rule,
        allow,
    }
}

fn policy_image(guard: &Guard<'_>, numbers: &mut Numbers) -> PolicyImage {
    let default_rule = numbers.number(RuleRef::DefaultDeny {
        policy: guard.first_policy(),
    });
    let table = Table::new(&guard.entries());
    let sources = table.rows().iter().map(|(prefix, verdict)| {
        let verdict = match verdict {
            TableVerdict::Allow(rule) => SourceVerdict::Allow(numbers.number(*rule)),
            TableVerdict::Deny(rule) => SourceVerdict::Deny(numbers.number(*rule)),
            TableVerdict::NoMatch => SourceVerdict::NoMatch,
        };
        (*prefix, verdict)
    });
    PolicyImage {
        default_rule,
        sources: sources.collect(),
    }
}

/// What guards all backends of a node port alike: the first one's guard.
fn guard_of<'a>(policy: &'a Policy, node_port: &NodePort) -> Result<Option<Guard<'a>>, Diagnostic> {
    let (first, others) = (node_port.backends.split_first())
        .expect("a node port has at least one backend: the front end sees to it");
    let mut alike = vec![Guard::of(policy, *first, node_port)];
    let mut admitted_by_first = None;
    for other in others {
        let guard = Guard::of(policy, *other, node_port);
        // Replicas have the same labels, and so the very same rules.
        if alike.contains(&guard) {
            continue;
        }
        let mine: &Steps = admitted_by_first.get_or_insert_with(|| backend::steps(&alike[0]));
        if let Some((address, admitted)) = mine.first_difference(&backend::steps(&guard)) {
            let [name, other_name] =
                [*first, *other].map(|index| policy.workloads[index].name.to_string());
            let says = |admits: bool| if admits { "admits" } else { "refuses" };
            return Err(Diagnostic::error(
                "backends-differ",
                &node_port.location,
                format!(
                    "the backends of {} at {} do not agree: {name} {} {address}, {other_name} {} it",
                    node_port.service,
                    node_port.node_port,
                    says(admitted),
                    says(!admitted),
                ),
                "the filter sees the node port only: let the same policies select all backends \
                 of the service, or give them services of their own",
            )
            .with_label(
                &policy.workloads[*first].location,
                format!("{} {address}", says(admitted)),
            )
            .with_label(
                &policy.workloads[*other].location,
                format!("{} {address}", says(!admitted)),
            ));
        }
        alike.push(guard);
    }
    Ok(alike.swap_remove(0))
}

/// Maps that are too small for `sizes`, the last addition being that of `port`.
fn overflow(sizes: ImageSizes, port: ProtoPort, location: &Location) -> Vec<Diagnostic> {
    let ImageSizes {
        services: _, // at most 3 × 65535, which is within every limit
        prefilter_v4,
        prefilter_v6,
        policy_v4,
        policy_v6,
    } = sizes;
    [
        ("IPv4 prefixes of prefilters", prefilter_v4),
        ("IPv6 prefixes of prefilters", prefilter_v6),
        ("IPv4 prefixes of policies", policy_v4),
        ("IPv6 prefixes of policies", policy_v6),
    ]
    .into_iter()
    .filter(|(_, count)| *count > ImageSizes::MAX_PREFIXES)
    .map(|(what, count)| {
        Diagnostic::error(
            "too-many-prefixes",
            location,
            format!(
                "with {port} there are {count} {what}, more than the {} that the map holds",
                ImageSizes::MAX_PREFIXES
            ),
            "merge neighbouring prefixes, or protect fewer ports with long lists",
        )
    })
    .collect()
}
