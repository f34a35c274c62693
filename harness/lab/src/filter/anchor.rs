//! A throw-away link that keeps the program attached.
//!
//! The kernel reaches XDP programs through a trampoline (kernel/bpf/dispatcher.c)
//! that lists every attached program. Adding one to the list, or taking the last
//! attachment of one off, waits until no processor runs the old trampoline, some
//! 10 ms; attaching a listed program once more changes nothing.

use aya::programs::xdp::{XdpLink, XdpMode};

use super::Filter;
use crate::LabError;
use crate::filter::FilterError;
use crate::network::{Cable, Namespace, pair_for, unique_name};

/// An attachment of the program that sees no frames.
pub(super) struct Anchor {
    _link: XdpLink,
    _namespace: Namespace,
}

impl Anchor {
    pub(super) fn cast(filter: &mut Filter) -> Result<Anchor, LabError> {
        let namespace = Namespace::create(unique_name("nv-anchor"))?;
        let (here, there) = pair_for("anchor");
        let index = here.index;
        let cable = Cable {
            here,
            there,
            there_namespace: namespace.descriptor(),
            mtu: 1500,
        };
        namespace.run("make a link to anchor the filter", move |inside| {
            inside.netlink()?.lay(&cable)
        })?;
        let link = namespace.visit("anchor the filter", || {
            let program = filter.xdp()?;
            let id = program
                .attach_to_if_index(index, XdpMode::Driver)
                .map_err(FilterError::from)?;
            Ok(program.take_link(id).map_err(FilterError::from)?)
        })?;
        Ok(Anchor {
            _link: link,
            _namespace: namespace,
        })
    }
}
