//! How things are called in messages.

use super::context::Context;
use crate::meaning::{L4, L4Class};
use crate::model::{NetworkPolicy, Service, ServicePort};
use crate::prefix::Family;
use crate::region::Region;

/// Things of a list before the rest is counted.
const LISTED: usize = 4;

/// `a, b and 3 more`.
pub(super) fn listed(things: &[String]) -> String {
    match things.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, before)) if things.len() <= LISTED => {
            format!("{} and {last}", before.join(", "))
        }
        Some(_) => {
            let more = things.len() - LISTED;
            format!("{} and {more} more", things[..LISTED].join(", "))
        }
    }
}

/// `CiliumNetworkPolicy default/inventory`.
pub(super) fn policy(policy: &NetworkPolicy) -> String {
    format!("{} {}", policy.kind.name(), policy.name)
}

/// `default/inventory 50051/tcp (NodePort 30007/tcp)`.
pub(super) fn service_port(service: &Service, port: &ServicePort) -> String {
    let name = &service.name;
    match port.node_port {
        Some(node_port) => format!(
            "{name} {} (NodePort {node_port}/{})",
            port.port,
            port.port.protocol.name()
        ),
        None => format!("{name} {} ({})", port.port, service.kind.name()),
    }
}

/// `all 3,702,390,784 IPv4 addresses and 268,435,456 IPv6 addresses (12.50 %) outside
/// private ranges`, of a region that lies outside.
pub(super) fn amount(region: &Region, context: &Context<'_>) -> String {
    let mut parts = Vec::new();
    for family in Family::ALL {
        let count = region.count(family);
        if count == 0 {
            continue;
        }
        let count = number(count);
        parts.push(match context.share(region, family) {
            _ if region.covers(&context.outside.intersect(&Region::all(family))) => {
                format!("all {count} {family} addresses")
            }
            share if share < 0.01 => format!("{count} {family} addresses"),
            share => format!("{count} {family} addresses ({share:.2} %)"),
        });
    }
    match parts.is_empty() {
        true => "no address outside private ranges".to_owned(),
        false => format!("{} outside private ranges", parts.join(" and ")),
    }
}

/// `4,294,967,296`; of what nobody can read, a power of two nearby.
pub(super) fn number(count: u128) -> String {
    if count > 1 << 48 {
        let below = count.ilog2();
        // A few addresses of the cluster's own may be missing.
        let missing =
            (1_u128.checked_shl(below + 1)).map_or(u128::MAX - count, |next| next - count);
        return match (count - (1 << below), missing) {
            (more, _) if more < 1 << 32 => format!("2^{below}"),
            (_, missing) if missing < 1 << 32 => format!("2^{}", below + 1),
            _ => format!("over 2^{below}"),
        };
    }
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `50051/tcp`, `1-1023/udp`, `ICMP types 0-7`.
pub(super) fn class(class: &L4Class) -> String {
    match (class.first, class.last) {
        (L4::Ports(first), L4::Ports(last)) if first == last => first.to_string(),
        (L4::Ports(first), L4::Ports(last)) => format!("{}-{last}", first.port),
        (L4::Icmp { kind: first }, L4::Icmp { kind: last }) if first == last => {
            format!("ICMP type {first}")
        }
        (L4::Icmp { kind: first }, L4::Icmp { kind: last }) => {
            format!("ICMP types {first}-{last}")
        }
        (L4::Ports(_) | L4::Icmp { .. } | L4::ForeignIcmp | L4::Other, _) => {
            "protocols without ports".to_owned()
        }
    }
}
