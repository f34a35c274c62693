//! Puts in what drafts refer to, and makes policies of them.

use std::collections::BTreeMap;

use super::PolicyObject;
use super::draft::{DraftPeer, DraftPeers, DraftRule, DraftSpec, Gaps, GroupRef, ServiceRef};
use super::group::CidrGroup;
use crate::coverage::{Coverage, RuleCoverage};
use crate::diagnostic::Location;
use crate::frontend::labels::meets;
use crate::frontend::problems::Problems;
use crate::frontend::suggest::did_you_mean;
use crate::model::{
    Cidr, EndpointSelector, Labels, Namespaces, NetworkPolicy, ObjectName, Operator, Peer,
    PeerKind, Peers, Requirement, Rule, Selector,
};
use crate::prefix::Prefix;

/// What policies ask of a Service.
#[derive(Clone, Debug)]
pub(in crate::frontend) struct ServiceFacts {
    pub(in crate::frontend) name: ObjectName,
    /// Its own labels.
    pub(in crate::frontend) labels: Labels,
    /// Labels of its backends; none if something else says who they are.
    pub(in crate::frontend) selector: Labels,
}

/// Policies that refer to nothing any more.
#[derive(Debug, Default)]
pub(in crate::frontend) struct Resolved {
    /// One for each spec, in the order of the objects: the enforced ones.
    pub(in crate::frontend) policies: Vec<NetworkPolicy>,
    /// Likewise those in dry run.
    pub(in crate::frontend) dry_run: Vec<NetworkPolicy>,
    pub(in crate::frontend) coverage: Coverage,
}

/// Makes policies of drafts. References to nothing are problems.
pub(in crate::frontend) fn link(
    objects: Vec<PolicyObject>,
    groups: &[CidrGroup],
    services: &[ServiceFacts],
    problems: &mut Problems,
) -> Resolved {
    let known = References::new(groups, services);
    let mut resolved = Resolved::default();
    for object in objects {
        let PolicyObject {
            kind,
            name,
            location: _,
            dry_run,
            specs,
        } = object;
        let list = match dry_run {
            true => &mut resolved.dry_run,
            false => &mut resolved.policies,
        };
        for spec in specs {
            let DraftSpec {
                subject,
                isolates_ingress,
                isolates_egress,
                rules,
                selector_location,
            } = spec;
            let mut done = Vec::with_capacity(rules.len());
            for draft in rules {
                let DraftRule {
                    field,
                    direction,
                    action,
                    peers,
                    ports,
                    location,
                    mut gaps,
                } = draft;
                let peers = known.peers(peers, &mut gaps, problems);
                let (enforced, gaps) = gaps.into_parts();
                resolved.coverage.rules.push(RuleCoverage {
                    kind,
                    policy: name.clone(),
                    field,
                    location: location.clone(),
                    gaps,
                    enforced,
                });
                done.push(Rule {
                    direction,
                    action,
                    peers,
                    ports,
                    location,
                });
            }
            list.push(NetworkPolicy {
                kind,
                name: name.clone(),
                subject,
                isolates_ingress,
                isolates_egress,
                rules: done,
                // Default deny comes from what it selects: the line to show.
                location: selector_location,
            });
        }
    }
    resolved
}

/// Everything that a policy may refer to, by name.
struct References<'r> {
    groups: BTreeMap<&'r str, &'r CidrGroup>,
    services: BTreeMap<&'r str, Vec<&'r ServiceFacts>>,
}

impl<'r> References<'r> {
    fn new(groups: &'r [CidrGroup], services: &'r [ServiceFacts]) -> References<'r> {
        let mut by_name: BTreeMap<&str, Vec<&ServiceFacts>> = BTreeMap::new();
        for service in services {
            by_name.entry(&service.name.name).or_default().push(service);
        }
        References {
            groups: (groups.iter())
                .map(|group| (group.name.as_str(), group))
                .collect(),
            services: by_name,
        }
    }

    fn peers(&self, peers: DraftPeers, gaps: &mut Gaps, problems: &mut Problems) -> Peers {
        let listed = match peers {
            DraftPeers::Any => return Peers::Any,
            DraftPeers::Listed(listed) => listed,
        };
        let any = !listed.is_empty();
        let mut done = Vec::with_capacity(listed.len());
        for peer in listed {
            match peer {
                DraftPeer::Known(peer) => done.push(peer),
                DraftPeer::CidrGroups {
                    groups,
                    except,
                    location,
                } => {
                    for group in self.groups(&groups, &location, problems) {
                        done.extend(prefixes(group, &except, &location));
                    }
                }
                DraftPeer::Services {
                    services,
                    field,
                    location,
                } => self.backends(&services, &field, &location, &mut done, gaps, problems),
            }
        }
        if any && done.is_empty() && !gaps.is_empty() {
            gaps.nothing_is_left();
        }
        Peers::Listed(done)
    }

    fn groups(
        &self,
        wanted: &GroupRef,
        location: &Location,
        problems: &mut Problems,
    ) -> Vec<&'r CidrGroup> {
        match wanted {
            GroupRef::Named(name) => match self.groups.get(name.as_str()) {
                Some(group) => vec![*group],
                None => {
                    problems.error(
                        "cidr-group-unknown",
                        location,
                        format!("there is no CiliumCIDRGroup '{name}'"),
                        did_you_mean(name, self.groups.keys().copied()),
                    );
                    Vec::new()
                }
            },
            GroupRef::Labelled(selector) => {
                let found: Vec<&CidrGroup> = (self.groups.values())
                    .filter(|group| meets(&group.labels, selector))
                    .copied()
                    .collect();
                if found.is_empty() {
                    problems.warn(
                        "cidr-group-unknown",
                        location,
                        "no CiliumCIDRGroup has these labels, so that this entry is about nobody",
                        "give the labels to a CiliumCIDRGroup, or name one by cidrGroupRef",
                    );
                }
                found
            }
        }
    }

    /// The backends of Services, as Cilium takes them: those with the labels of
    /// the Service's selector (`pkg/policy/k8s/service.go`). Of a Service without
    /// selector they are what its endpoints say, which are not read.
    fn backends(
        &self,
        wanted: &ServiceRef,
        field: &str,
        location: &Location,
        done: &mut Vec<Peer>,
        gaps: &mut Gaps,
        problems: &mut Problems,
    ) {
        let (found, namespace): (Vec<&ServiceFacts>, _) = match wanted {
            ServiceRef::Named { name, namespace } => {
                let found = self.services.get(name.as_str()).into_iter().flatten();
                (found.copied().collect(), namespace)
            }
            ServiceRef::Labelled { labels, namespace } => {
                let everywhere = self.services.values().flatten().copied();
                let found = everywhere.filter(|service| meets(&service.labels, labels));
                (found.collect(), namespace)
            }
        };
        let found: Vec<&ServiceFacts> = (found.into_iter())
            .filter(|service| {
                (namespace.as_ref()).is_none_or(|name| service.name.namespace == *name)
            })
            .collect();
        if found.is_empty() {
            let words = match wanted {
                ServiceRef::Named { name, namespace } => {
                    let namespace = namespace.as_ref().map_or("", String::as_str);
                    let full = match namespace {
                        "" => name.clone(),
                        namespace => format!("{namespace}/{name}"),
                    };
                    problems.warn(
                        "service-unknown",
                        location,
                        format!("there is no Service {full}"),
                        did_you_mean(name, self.services.keys().copied()),
                    );
                    format!("the Service {full} is not among the manifests; nobody is meant here")
                }
                ServiceRef::Labelled { .. } => {
                    problems.warn(
                        "service-unknown",
                        location,
                        "no Service has these labels",
                        "give the labels to a Service, or name one by k8sService",
                    );
                    "no Service among the manifests has these labels; nobody is meant here".into()
                }
            };
            gaps.part(field, location, words);
        }
        for service in found {
            let name = &service.name;
            match service.selector.is_empty() {
                false => done.push(Peer {
                    kind: PeerKind::Workloads(EndpointSelector {
                        namespaces: Namespaces::Named(name.namespace.clone()),
                        labels: exactly(&service.selector),
                    }),
                    location: location.clone(),
                }),
                true => gaps.part(
                    field,
                    location,
                    format!(
                        "the Service {name} has no selector, and its endpoints are not read; \
                         nobody is meant here"
                    ),
                ),
            }
        }
    }
}

/// The prefixes of a group without the exceptions.
fn prefixes<'p>(
    group: &'p CidrGroup,
    except: &'p [Prefix],
    location: &'p Location,
) -> impl Iterator<Item = Peer> + 'p {
    (group.prefixes.iter())
        .filter(|prefix| !except.iter().any(|hole| hole.covers(**prefix)))
        .map(move |prefix| Peer {
            kind: PeerKind::Cidr(Cidr {
                prefix: *prefix,
                except: (except.iter().copied())
                    .filter(|hole| prefix.covers(*hole))
                    .collect(),
            }),
            location: location.clone(),
        })
}

fn exactly(labels: &Labels) -> Selector {
    Selector(
        (labels.iter())
            .map(|(key, value)| Requirement {
                key: key.clone(),
                operator: Operator::In([value.clone()].into()),
            })
            .collect(),
    )
}
