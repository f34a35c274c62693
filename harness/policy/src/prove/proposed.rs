//! The proposed policy, compared as if it were in force.

use super::compare::{Comparison, Mismatch};
use crate::image::MapImage;
use crate::meaning::PolicyReading;
use crate::model::{Direction, Policy};
use crate::prefix::Family;

/// What a policy and an image would be if policies in dry run were enforced: rules have
/// the same names and numbers in both.
#[derive(Clone, Debug)]
pub struct Proposed {
    policy: Policy,
    image: MapImage,
    /// Who has a proposed guard, or should have, and only one of the two says so.
    presence: Vec<Mismatch>,
}

impl Proposed {
    /// `None` where neither of the two proposes anything.
    pub fn of(policy: &Policy, image: &MapImage) -> Option<Proposed> {
        let proposes = (image.endpoints.values())
            .any(|it| it.proposed_egress.is_some() || it.proposed_ingress.is_some());
        if policy.dry_run.is_empty() && !proposes {
            return None;
        }
        let proposed = policy.proposed();
        Some(Proposed {
            presence: presence(policy, &PolicyReading::new(&proposed), image),
            image: image.proposed(),
            policy: proposed,
        })
    }

    /// The policy, with everything enforced.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The image, by the proposed guards where there are any.
    pub fn image(&self) -> &MapImage {
        &self.image
    }

    /// The two, ready to be compared. What is not about policies of workloads is the
    /// same in the policy in force, and compared there.
    pub fn comparison(&self) -> Comparison<'_> {
        Comparison::new(&self.policy, &self.image)
    }

    /// What differs beside answers.
    pub fn beside_questions(&self, comparison: &Comparison<'_>) -> Vec<Mismatch> {
        let unread = (comparison.beside_questions().into_iter())
            .filter(|mismatch| matches!(mismatch, Mismatch::Unread(_)));
        self.presence.iter().cloned().chain(unread).collect()
    }

    /// Everything in which the image proposes something else than the policy.
    pub fn mismatches(&self) -> Vec<Mismatch> {
        let comparison = self.comparison();
        let mut mismatches = self.beside_questions(&comparison);
        for group in comparison
            .groups()
            .iter()
            .filter(|it| !it.members().is_empty())
        {
            mismatches.extend(comparison.of_group(group));
        }
        mismatches
    }
}

fn presence(policy: &Policy, proposed: &PolicyReading<'_>, image: &MapImage) -> Vec<Mismatch> {
    let mut mismatches = Vec::new();
    for (address, endpoint) in &image.endpoints {
        let Ok(workload) = usize::try_from(endpoint.number) else {
            continue;
        };
        if workload >= policy.workloads.len() {
            continue;
        }
        for (direction, by_image) in [
            (Direction::Egress, endpoint.proposed_egress),
            (Direction::Ingress, endpoint.proposed_ingress),
        ] {
            let is_of_policy = (proposed.selecting(workload).iter())
                .any(|index| policy.is_dry_run(*index) && is_about(policy, *index, direction));
            if is_of_policy != by_image.is_some() {
                mismatches.push(Mismatch::Proposed {
                    workload,
                    family: Family::of(*address),
                    direction,
                    is_of_policy,
                });
            }
        }
    }
    mismatches.dedup();
    mismatches
}

fn is_about(policy: &Policy, index: usize, direction: Direction) -> bool {
    let network_policy = policy.network_policy(index);
    let isolates = match direction {
        Direction::Egress => network_policy.isolates_egress,
        Direction::Ingress => network_policy.isolates_ingress,
    };
    isolates || (network_policy.rules.iter()).any(|rule| rule.direction == direction)
}
