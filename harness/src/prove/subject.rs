//! What is proven: each policy of the input.

use netverdict_policy::image::{ImageSizes, MapImage};
use netverdict_policy::model::Policy;
use netverdict_policy::topology::TopologyPlan;

use crate::matrix::input::{Input, Subject as World};

/// A policy, and what it was compiled to.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// What it is called: the scenario's name, and the step's.
    pub name: String,
    /// The policy.
    pub policy: &'a Policy,
    /// What it was compiled to.
    pub image: &'a MapImage,
    /// The network.
    pub topology: &'a TopologyPlan,
    /// Why the scenario says that its policy is not what was meant, if it does.
    pub xfail: Option<&'a str>,
}

/// Every policy of the input: manifests, scenarios, and what their steps make of
/// them.
pub fn all(input: &Input) -> Vec<Subject<'_>> {
    input.subjects.iter().flat_map(of_world).collect()
}

fn of_world(world: &World) -> Vec<Subject<'_>> {
    let name = world.name.as_deref().unwrap_or("manifests");
    let first = Subject {
        name: name.to_owned(),
        policy: &world.policy,
        image: &world.image,
        topology: &world.topology,
        xfail: world.xfail.as_ref().map(|xfail| &xfail.reason[..]),
    };
    let steps = world.steps.iter().map(|step| Subject {
        name: format!("{name}, after '{}'", step.name),
        policy: &step.policy,
        image: &step.image,
        ..first.clone()
    });
    let steps: Vec<Subject<'_>> = steps.collect();
    [first].into_iter().chain(steps).collect()
}

/// Room for any of them.
pub fn sizes(subjects: &[Subject<'_>]) -> ImageSizes {
    (subjects.iter()).fold(ImageSizes::default(), |sizes, subject| {
        sizes.max(subject.image.sizes())
    })
}
