//! The comparison of a policy with an image.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use netverdict_abi::Reason;

use super::account::{self, Unread};
use super::group::{Asked, Group, groups};
use crate::image::MapImage;
use crate::meaning::{ImageReading, L4Class, PolicyReading, Question};
use crate::model::{Direction, Policy};
use crate::port::ProtoPort;
use crate::prefix::Family;
use crate::region::Region;

/// A policy and an image, read once and ready to be compared; no two groups depend on
/// each other, so they may be compared at the same time.
pub struct Comparison<'a> {
    policy: PolicyReading<'a>,
    image: ImageReading<'a>,
    groups: Vec<Group>,
}

/// Addresses about which policy and image differ, for packets that are told apart
/// neither by port nor by what a workload is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// At the hook of the first of `members`, about the first port of the class.
    pub question: Question,
    /// All ports or message types that it is about.
    pub class: L4Class,
    /// Indices of the workloads at whose hooks it is; none at the uplink.
    pub members: Vec<usize>,
    /// The peers that it is about, at least one.
    pub region: Region,
    /// What the policy says of them.
    pub by_policy: Reason,
    /// What the image says of them.
    pub by_image: Reason,
}

/// Something in which an image is not what the policy asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// The image passes everything: it means no policy. Nothing else is compared.
    PassAll,
    /// It differs about packets.
    Difference(Difference),
    /// An address is that of a workload for one, and for the other it is nobody's, or
    /// another's.
    Endpoint {
        /// The address.
        address: IpAddr,
        /// Index into [`Policy::workloads`].
        by_policy: Option<usize>,
        /// [`crate::image::EndpointImage::number`].
        by_image: Option<u32>,
    },
    /// Flows past the prefilter of this port may bypass the policy to this port of this
    /// workload, for one of the two only.
    Backend {
        /// The prefilter's port.
        node_port: ProtoPort,
        /// Index into [`Policy::workloads`], or what the image has in its place.
        workload: u32,
        /// The workload's port.
        port: u16,
        /// Whether it is the policy that says so.
        is_of_policy: bool,
    },
    /// A prefilter says something else of sources that are allowed, or of those that
    /// are not listed, though there is no such source.
    Prefilter {
        /// Its port.
        node_port: ProtoPort,
        /// What is said of the former, and of the latter; `None` where none stands.
        by_policy: Option<[Reason; 2]>,
        /// Likewise.
        by_image: Option<[Reason; 2]>,
    },
    /// What holds at workloads where nothing else decides differs, though something
    /// decides about every peer.
    Otherwise {
        /// Where they send, or where they receive.
        direction: Direction,
        /// Indices of the workloads.
        members: Vec<usize>,
        /// What holds by the policy.
        by_policy: Reason,
        /// What holds by the image.
        by_image: Reason,
    },
    /// A policy in dry run is about what a workload sends or receives, and something is
    /// proposed for it, for one of the two only.
    Proposed {
        /// Index into [`Policy::workloads`].
        workload: usize,
        /// At its addresses of this family.
        family: Family,
        /// What it sends, or what it receives.
        direction: Direction,
        /// Whether it is the policy that says so.
        is_of_policy: bool,
    },
    /// An entry that was looked up for no question.
    Unread(Unread),
}

impl<'a> Comparison<'a> {
    /// Reads both, and finds what there is to be asked.
    pub fn new(policy: &'a Policy, image: &'a MapImage) -> Comparison<'a> {
        let (policy, image) = (PolicyReading::new(policy), ImageReading::new(image));
        Comparison {
            groups: groups(&policy, &image),
            policy,
            image,
        }
    }

    /// What is asked, the uplink first.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The policy, as it is read.
    pub fn policy(&self) -> &PolicyReading<'a> {
        &self.policy
    }

    /// Everything in which the image is not what the policy asks for: nothing, or the
    /// image does not mean the policy.
    pub fn mismatches(&self) -> Vec<Mismatch> {
        let mut mismatches = self.beside_questions();
        if mismatches != [Mismatch::PassAll] {
            mismatches.extend(self.groups.iter().flat_map(|group| self.of_group(group)));
        }
        mismatches
    }

    /// What differs about the packets of one of [`Comparison::groups`]; to be asked
    /// unless [`Comparison::beside_questions`] says [`Mismatch::PassAll`].
    pub fn of_group(&self, group: &Group) -> Vec<Mismatch> {
        let mut differences: Vec<Difference> = Vec::new();
        // Those about the class before: where the next ports differ in the same way, it
        // is something else than this that tells them apart.
        let mut open: Vec<usize> = Vec::new();
        for (question, class) in group.questions().zip(&group.classes) {
            let mut still_open = Vec::new();
            for (pair, region) in self.differing(&question) {
                let goes_on = |index: &&usize| {
                    let before: &Difference = &differences[**index];
                    before.is_continued_by(class, pair, &region)
                };
                if let Some(&index) = open.iter().find(goes_on) {
                    differences[index].class.last = class.last;
                    still_open.push(index);
                    continue;
                }
                still_open.push(differences.len());
                let (by_policy, by_image) = pair;
                differences.push(Difference {
                    question,
                    class: *class,
                    members: group.members().to_vec(),
                    region,
                    by_policy,
                    by_image,
                });
            }
            open = still_open;
        }
        let mut mismatches: Vec<Mismatch> =
            differences.into_iter().map(Mismatch::Difference).collect();
        if mismatches.is_empty() {
            mismatches.extend(self.unseen(group));
        }
        mismatches
    }

    /// The addresses about which the two differ, by what they say.
    fn differing(&self, question: &Question) -> BTreeMap<(Reason, Reason), Region> {
        let by_policy = self.policy.answer(question);
        let by_image = self.image.answer(question);
        if by_policy == by_image {
            return BTreeMap::new();
        }
        // A family that one lacks shows as an endpoint that it lacks.
        let mut differing = by_policy.zip(&by_image).regions();
        differing.retain(|(by_policy, by_image), _| by_policy != by_image);
        differing
    }

    /// What differs at a group though no answer shows it.
    fn unseen(&self, group: &Group) -> Vec<Mismatch> {
        match &group.asked {
            Asked::Uplink => self.unseen_prefilters(),
            Asked::Workloads { direction, members } => {
                let by_policy = self.policy.otherwise(members[0], *direction);
                let by_image: BTreeSet<Reason> = (Family::ALL.into_iter())
                    .filter_map(|family| self.image.otherwise(members[0], *direction, family))
                    .filter(|by_image| *by_image != by_policy)
                    .collect();
                let otherwise = by_image.into_iter().map(|by_image| Mismatch::Otherwise {
                    direction: *direction,
                    members: members.clone(),
                    by_policy,
                    by_image,
                });
                otherwise.collect()
            }
        }
    }

    fn unseen_prefilters(&self) -> Vec<Mismatch> {
        let by_policy = self.policy.policy().prefilters.iter();
        let mut ports: BTreeSet<ProtoPort> = by_policy.map(|it| it.node_port).collect();
        ports.extend(self.image.image().prefilters.keys());
        let compared = ports.into_iter().map(|node_port| Mismatch::Prefilter {
            node_port,
            by_policy: self.policy.prefilter_says(node_port),
            by_image: self.image.prefilter_says(node_port),
        });
        let differs = |mismatch: &Mismatch| match mismatch {
            Mismatch::Prefilter {
                by_policy,
                by_image,
                ..
            } => by_policy != by_image,
            _ => false,
        };
        compared.filter(differs).collect()
    }

    /// What is no answer to a question: whose addresses are whose, who may be bypassed
    /// to, and entries that no question leads to.
    pub fn beside_questions(&self) -> Vec<Mismatch> {
        if self.image.image().pass_all {
            return vec![Mismatch::PassAll];
        }
        let mut mismatches = self.endpoints();
        mismatches.extend(self.backends());
        let unread = account::unread(self.image.image(), &self.image, &self.groups);
        mismatches.extend(unread.into_iter().map(Mismatch::Unread));
        mismatches
    }

    fn endpoints(&self) -> Vec<Mismatch> {
        let mut whose: BTreeMap<IpAddr, (Option<usize>, Option<u32>)> = BTreeMap::new();
        for index in 0..self.policy.policy().workloads.len() {
            for address in self.policy.addresses(index) {
                whose.entry(*address).or_default().0 = Some(index);
            }
        }
        for (address, endpoint) in &self.image.image().endpoints {
            whose.entry(*address).or_default().1 = Some(endpoint.number);
        }
        let differing = whose.into_iter().filter(|(_, (by_policy, by_image))| {
            let by_policy = by_policy.and_then(|index| u32::try_from(index).ok());
            by_policy != *by_image
        });
        differing
            .map(|(address, (by_policy, by_image))| Mismatch::Endpoint {
                address,
                by_policy,
                by_image,
            })
            .collect()
    }

    fn backends(&self) -> Vec<Mismatch> {
        let policy = self.policy.policy();
        let mut by_policy = BTreeSet::new();
        for prefilter in policy.prefilters.iter().filter(|it| it.bypass_policy) {
            let services = policy.node_ports.iter();
            let behind = services.filter(|service| service.node_port == prefilter.node_port);
            for backend in behind.flat_map(|service| &service.backends) {
                // A workload in the node's network has no hook to bypass.
                let number = u32::try_from(backend.workload).ok();
                let number = number.filter(|_| !policy.workloads[backend.workload].host_network);
                by_policy.extend(number.map(|number| (prefilter.node_port, number, backend.port)));
            }
        }
        let prefilters = self.image.image().prefilters.iter();
        let by_image: BTreeSet<(ProtoPort, u32, u16)> = prefilters
            .flat_map(|(node_port, prefilter)| {
                let backends = prefilter.backends.iter();
                backends.map(|(workload, port)| (*node_port, *workload, *port))
            })
            .collect();
        (by_policy.symmetric_difference(&by_image))
            .map(|backend| {
                let (node_port, workload, port) = *backend;
                Mismatch::Backend {
                    node_port,
                    workload,
                    port,
                    is_of_policy: by_policy.contains(backend),
                }
            })
            .collect()
    }
}

impl Difference {
    /// Whether the class goes on where this one ends, and nothing else changes.
    fn is_continued_by(&self, class: &L4Class, pair: (Reason, Reason), region: &Region) -> bool {
        self.class.last.next() == Some(class.first)
            && (self.by_policy, self.by_image) == pair
            && self.region == *region
    }
}
