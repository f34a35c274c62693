//! Throw-away links that keep the programs attached.
//!
//! The kernel reaches XDP programs through a trampoline (kernel/bpf/dispatcher.c)
//! that lists every attached program. Adding one to the list, or taking the last
//! attachment of one off, waits until no processor runs the old trampoline, some
//! 10 ms; attaching a listed program once more changes nothing.

use aya::programs::xdp::{XdpLink, XdpMode};
use netverdict_abi::Hook;

use super::Filter;
use crate::LabError;
use crate::filter::FilterError;
use crate::network::{Cable, Namespace, pair_for, unique_name};

/// An attachment of one program that sees no frames.
pub(super) struct Anchor {
    _link: XdpLink,
    _namespace: Namespace,
}

impl Anchor {
    /// One for each program.
    pub(super) fn cast_all(filter: &mut Filter) -> Result<Vec<Anchor>, LabError> {
        (Hook::ALL.into_iter())
            .map(|hook| Anchor::cast(filter, hook))
            .collect()
    }

    fn cast(filter: &mut Filter, hook: Hook) -> Result<Anchor, LabError> {
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
            let program = filter.xdp(hook)?;
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
