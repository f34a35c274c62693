//! What came from outside to each node port.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use netverdict_policy::audit::PublicMark;
use netverdict_policy::frame::Body;
use netverdict_policy::journey::{Point, Target, node_port};
use netverdict_policy::matrix::selects;
use netverdict_policy::model::{Cidr, Direction, NodePort, PeerKind, Peers, Policy, RuleAction};
use netverdict_policy::port::ProtoPort;
use netverdict_policy::prefix::Prefix;

use super::{Frames, Known};
use crate::event::{CountedNodePort, NodePortCount};

/// Frames by node port.
#[derive(Debug, Default)]
pub(super) struct NodePorts {
    counts: BTreeMap<CountedNodePort, u64>,
}

/// Who is meant to send to a node port.
enum Declared<'a> {
    /// Its Service is marked as public.
    Everybody,
    /// Addresses in these, and in none of their exceptions.
    Ranges(Vec<Cow<'a, Cidr>>),
}

impl<'a> Declared<'a> {
    fn of(policy: &'a Policy, node_port: &NodePort) -> Declared<'a> {
        let service = policy.objects.get("Service", &node_port.service);
        if service.is_some_and(|service| PublicMark::default().is_on(service)) {
            return Declared::Everybody;
        }
        let listed = (policy.prefilters.iter())
            .filter(|prefilter| prefilter.node_port == node_port.node_port)
            .flat_map(|prefilter| &prefilter.allow)
            .map(|listed| {
                Cow::Owned(Cidr {
                    prefix: listed.prefix,
                    except: Vec::new(),
                })
            });
        let backends = || (node_port.backends.iter()).map(|it| &policy.workloads[it.workload]);
        let rules = (policy.all_network_policies())
            .filter(|it| backends().any(|backend| selects(policy, it, backend)))
            .flat_map(|it| &it.rules)
            .filter(|rule| {
                (rule.direction, rule.action) == (Direction::Ingress, RuleAction::Allow)
            });
        let written = rules
            .filter_map(|rule| match &rule.peers {
                Peers::Any => None,
                Peers::Listed(peers) => Some(peers),
            })
            .flatten()
            .filter_map(|peer| match &peer.kind {
                PeerKind::Cidr(cidr) => Some(Cow::Borrowed(cidr)),
                PeerKind::Workloads(_) | PeerKind::Entity(_) | PeerKind::Nodes(_) => None,
            });
        // The node reaches its workloads, and who says to be the node as well.
        let node = (policy.node.addresses.iter())
            .filter(|_| policy.choices.node_reaches_workloads)
            .map(|address| {
                Cow::Owned(Cidr {
                    prefix: Prefix::host(*address),
                    except: Vec::new(),
                })
            });
        let ranges = (listed.chain(written).chain(node)).filter(|cidr| cidr.prefix.length() > 0);
        Declared::Ranges(ranges.collect())
    }

    fn holds(&self, source: IpAddr) -> bool {
        match self {
            Declared::Everybody => true,
            Declared::Ranges(ranges) => {
                (ranges.iter().map(AsRef::as_ref)).any(|Cidr { prefix, except }: &Cidr| {
                    prefix.contains(source) && !except.iter().any(|except| except.contains(source))
                })
            }
        }
    }
}

impl NodePorts {
    /// Takes frames in, and every node port of their policy.
    pub(super) fn take(&mut self, frames: &Frames<'_>) {
        let policy = &frames.scenario.policy;
        let all: BTreeMap<ProtoPort, (&NodePort, Declared<'_>)> = (policy.node_ports.iter())
            .map(|it| (it.node_port, (it, Declared::of(policy, it))))
            .collect();
        for (it, _) in all.values() {
            for declared in [true, false] {
                for passes in [true, false] {
                    self.counts.entry(key(it, declared, passes)).or_default();
                }
            }
        }
        for known in frames.known() {
            if let Some((source, to)) = from_outside(frames, known)
                && let Some((it, declared)) = all.get(&to)
            {
                let key = key(it, declared.holds(source), known.passes());
                *self.counts.entry(key).or_default() += 1;
            }
        }
    }

    pub(super) fn into_counts(self) -> Vec<NodePortCount> {
        (self.counts.into_iter())
            .map(|(node_port, frames)| NodePortCount { node_port, frames })
            .collect()
    }
}

/// The source of a frame from beyond the uplink, and the node port that it is sent to.
fn from_outside(frames: &Frames<'_>, known: Known<'_>) -> Option<(IpAddr, ProtoPort)> {
    let first = known.case.journey.first();
    let Body::Ip(packet) = &first.frame.body else {
        return None;
    };
    let port = node_port(&frames.scenario.topology, packet)?;
    // Nobody is reached by what the host loses whatever the filter says.
    let arrives = !matches!(known.case.journey.target, Target::Undeliverable(_));
    (arrives && first.point == Point::Uplink).then_some((packet.source, port))
}

fn key(node_port: &NodePort, declared: bool, passes: bool) -> CountedNodePort {
    CountedNodePort {
        service: node_port.service.to_string(),
        node_port: node_port.node_port.port,
        protocol: node_port.node_port.protocol.name(),
        source: match declared {
            true => "declared",
            false => "outside",
        },
        verdict: match passes {
            true => "pass",
            false => "drop",
        },
    }
}
