//! How the filter is attached to the links of a lab.

use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;

use netverdict_abi::Hook;
use netverdict_policy::journey::Point;
use netverdict_policy::topology::TopologyPlan;

use crate::bpf;
use crate::error::LabError;
use crate::filter::{Filter, FilterError};
use crate::network::{
    Begun, Inside, Namespace, Network, Offload, UPLINK_INDEX, workload_end, workload_far_end,
};

/// How the program is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum XdpMode {
    /// In the driver.
    Native,
    /// In the network stack.
    Generic,
}

/// What the kernel says is attached to a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// How.
    pub mode: XdpMode,
    /// Which program.
    pub program_id: u32,
}

/// The attachments at every hook, which close with it.
#[derive(Debug)]
pub(crate) struct Attached {
    _links: Vec<OwnedFd>,
}

/// A hook as its namespace sees it.
#[derive(Clone, Debug)]
struct Site {
    point: Point,
    index: u32,
    link: String,
}

/// Every hook of a lab, by the namespace it is in.
fn sites<'a>(network: &'a Network, plan: &TopologyPlan) -> Vec<(&'a Namespace, Vec<Site>)> {
    let site = |point, end: crate::network::End| Site {
        point,
        index: end.index,
        link: end.name,
    };
    let mut of_node = vec![Site {
        point: Point::Uplink,
        index: UPLINK_INDEX,
        link: "uplink".to_owned(),
    }];
    let mut all = Vec::new();
    for (number, namespace) in network.workloads.iter().enumerate() {
        let Some(namespace) = namespace else { continue };
        of_node.push(site(Point::Egress(number), workload_end(number)));
        let own = site(Point::Ingress(number), workload_far_end(number));
        all.push((namespace, vec![own]));
    }
    debug_assert_eq!(network.workloads.len(), plan.workloads.len());
    all.insert(0, (&network.node, of_node));
    all
}

impl Attached {
    /// Attaches each hook's program; the namespaces work at the same time.
    pub(crate) fn everywhere(
        network: &Network,
        plan: &TopologyPlan,
        filter: &mut Filter,
        mode: XdpMode,
    ) -> Result<Attached, LabError> {
        let mut programs = Vec::new();
        for hook in Hook::ALL {
            let program = filter.xdp(hook)?.fd().map_err(FilterError::from)?;
            let program = (program.as_fd().try_clone_to_owned())
                .map_err(LabError::system("duplicate the program's descriptor"))?;
            programs.push(Arc::new(program));
        }
        let flags = match mode {
            XdpMode::Native => bpf::XDP_FLAGS_DRV_MODE,
            XdpMode::Generic => bpf::XDP_FLAGS_SKB_MODE,
        };
        let begun: Vec<Begun<Vec<OwnedFd>>> = (sites(network, plan).into_iter())
            .map(|(namespace, sites)| {
                let programs = programs.clone();
                namespace.start("attach the filter", move |_| {
                    let offload = Offload::open()?;
                    (sites.iter())
                        .map(|site| attach(site, &programs, flags, &offload))
                        .collect()
                })
            })
            .collect();
        // All are waited for, so that what did attach is detached on failure.
        let links: Vec<Result<_, _>> = begun.into_iter().map(Begun::finish).collect();
        let links: Result<Vec<Vec<OwnedFd>>, LabError> = links.into_iter().collect();
        Ok(Attached {
            _links: links?.into_iter().flatten().collect(),
        })
    }
}

fn attach(
    site: &Site,
    programs: &[Arc<OwnedFd>],
    flags: u32,
    offload: &Offload,
) -> Result<OwnedFd, LabError> {
    let program = &programs[usize::from(site.point.hook() as u8)];
    let link = bpf::attach_xdp(program.as_fd(), site.index, flags).map_err(LabError::system(
        format!("attach the filter to link {}", site.link),
    ))?;
    // Native mode brings its own receive path, and switches merging on.
    offload.keep_frames_apart(&site.link)?;
    Ok(link)
}

/// What the kernel says is attached at each hook, the uplink first.
pub(crate) fn attachments(
    network: &Network,
    plan: &TopologyPlan,
) -> Result<Vec<(Point, Option<Attachment>)>, LabError> {
    let begun: Vec<Begun<Vec<_>>> = (sites(network, plan).into_iter())
        .map(|(namespace, sites)| {
            namespace.start("ask what is attached", move |inside: &mut Inside| {
                let found = inside.netlink()?.attachments()?;
                Ok((sites.iter())
                    .map(|site| (site.point, found.get(&site.index).copied()))
                    .collect())
            })
        })
        .collect();
    let mut all = Vec::new();
    for begun in begun {
        all.extend(begun.finish()?);
    }
    all.sort_by_key(|(point, _)| *point);
    Ok(all)
}
