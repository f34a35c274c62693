//! Kernel settings of the calling thread's network namespace.

use std::fs;

use crate::error::LabError;

/// A setting under `/proc/sys/net` and its value.
pub(super) type Setting = (&'static str, &'static str);

/// Before any link exists: interfaces inherit `default` when they are made.
///
/// Source validation is off, because probes come from everywhere by one link.
/// No link-local address is made, so that no router is solicited; duplicate
/// address detection and multicast listener reports do not happen on links
/// without ARP and multicast, as the lab's are.
pub(super) const DUAL_STACK: &[Setting] = &[
    ("ipv6/conf/default/addr_gen_mode", "1"),
    ("ipv6/conf/default/accept_ra", "0"),
    ("ipv6/conf/default/accept_dad", "0"),
    ("ipv6/conf/default/router_solicitations", "0"),
    ("ipv4/conf/all/rp_filter", "0"),
    ("ipv4/conf/default/rp_filter", "0"),
];

/// The same, for a namespace in which nothing but packet sockets listens.
pub(super) const NO_STACK: &[Setting] = &[("ipv6/conf/default/disable_ipv6", "1")];

/// For a namespace that forwards, before any link exists.
pub(super) const FORWARD_V4: &[Setting] = &[
    ("ipv4/ip_forward", "1"),
    ("ipv4/conf/all/accept_source_route", "0"),
    ("ipv4/conf/all/send_redirects", "0"),
    ("ipv4/conf/default/send_redirects", "0"),
];

/// For a namespace that forwards, once its links are there and have lost their
/// multicast flag: else each would join the group of all routers and report it.
pub(super) const FORWARD_V6: &[Setting] = &[("ipv6/conf/all/forwarding", "1")];

/// Writes the settings, in order.
pub(super) fn set(settings: &[Setting]) -> Result<(), LabError> {
    for (name, value) in settings {
        fs::write(format!("/proc/sys/net/{name}"), value)
            .map_err(LabError::system(format!("set net/{name} to {value}")))?;
    }
    Ok(())
}
