//! Holds a case to its property.

use netverdict_abi::{Reason, Verdict};
use netverdict_lab::filter::{Filter, FilterError};
use netverdict_policy::generate;
use netverdict_policy::image::{ImageSizes, MapImage};
use netverdict_policy::lower::lower;
use netverdict_policy::model::Policy;
use netverdict_policy::topology::TopologyPlan;

use super::case::{Packet, Twist, Update};
use super::caught::caught;
use super::parties::{Difference, Parties, PartiesError, World};
use super::{Case, Property};

/// Makes the image that the interpreter reads wrong, so that there is something to be
/// found without a faulty filter.
pub type Tamper = fn(&mut MapImage);

/// Holds cases to their properties, with a filter of its own.
#[derive(Debug)]
pub struct Checker<'a> {
    kernel: Option<Kernel<'a>>,
    tamper: Option<Tamper>,
}

#[derive(Debug)]
struct Kernel<'a> {
    object: &'a [u8],
    sizes: ImageSizes,
    filter: Filter,
}

/// What hardly any drawn policy exceeds; for one that does, the filter is loaded anew.
const USUAL: ImageSizes = ImageSizes {
    prefilters: 64,
    prefilter_v4: 512,
    prefilter_v6: 512,
    backends: 512,
    endpoints: 64,
    identities_v4: 2048,
    identities_v6: 2048,
    policy: 16_384,
};

/// A property that does not hold.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which. It is [`Property::Agreement`] if the parties differ on a packet, unless
    /// that takes updates.
    pub property: Property,
    /// How it shows.
    pub shown: Shown,
}

/// How a failure shows.
#[derive(Clone, Debug)]
pub enum Shown {
    /// The parties say different things.
    Differ {
        /// Under which of [`Case::policies`].
        policy: usize,
        /// About what.
        difference: Box<Difference>,
        /// What each says, a line each.
        words: Vec<String>,
    },
    /// They agree, and what they say of a packet should be otherwise.
    Changed {
        /// Index into [`Case::packets`].
        packet: usize,
        /// Their reasons at each hook, under the first policy.
        before: Vec<Reason>,
        /// And under the other.
        after: Vec<Reason>,
    },
    /// A party gave up.
    Panicked(String),
}

/// A policy and what it compiles to.
struct Compiled<'a> {
    policy: &'a Policy,
    image: MapImage,
    tampered: Option<MapImage>,
}

impl Compiled<'_> {
    fn world(&self) -> World<'_> {
        World {
            policy: self.policy,
            image: &self.image,
            interpreted: self.tampered.as_ref().unwrap_or(&self.image),
        }
    }
}

/// Why a case has come to no end.
enum Stop {
    Failed(Box<Failure>),
    Kernel(FilterError),
    /// It cannot be judged: more entries than maps hold, a frame without bytes.
    Unfit,
}

impl From<FilterError> for Stop {
    fn from(error: FilterError) -> Stop {
        Stop::Kernel(error)
    }
}

impl<'a> Checker<'a> {
    /// With the kernel among the parties.
    ///
    /// # Errors
    /// Where the object does not load.
    pub fn with_kernel(
        object: &'a [u8],
        tamper: Option<Tamper>,
    ) -> Result<Checker<'a>, FilterError> {
        let kernel = Kernel {
            object,
            sizes: USUAL,
            filter: Filter::load(object, USUAL)?,
        };
        Ok(Checker {
            kernel: Some(kernel),
            tamper,
        })
    }

    /// Without the kernel.
    pub fn of_model(tamper: Option<Tamper>) -> Checker<'a> {
        Checker {
            kernel: None,
            tamper,
        }
    }

    /// What of the case's property does not hold, if anything.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn check(&mut self, case: &Case) -> Result<Option<Box<Failure>>, FilterError> {
        match caught(|| self.hold(case)) {
            Ok(Ok(()) | Err(Stop::Unfit)) => Ok(None),
            Ok(Err(Stop::Failed(failure))) => Ok(Some(failure)),
            Ok(Err(Stop::Kernel(error))) => Err(error),
            Err(message) => Ok(Some(Box::new(Failure {
                property: case.property,
                shown: Shown::Panicked(message),
            }))),
        }
    }

    fn hold(&mut self, case: &Case) -> Result<(), Stop> {
        let policies = case.policies();
        let compiled: Vec<Compiled<'_>> = (policies.iter())
            .map(|policy| self.compile(policy))
            .collect::<Result<_, Stop>>()?;
        self.make_room(&compiled)?;
        let topology = generate::topology(&case.policy);
        let first = &compiled[0];
        match &case.twist {
            Twist::None => self
                .reasons(case, (0, first), &topology, Property::Agreement)
                .map(drop),
            Twist::Changed(_) => {
                let Some(changed) = compiled.get(1) else {
                    return Ok(());
                };
                let agreement = Property::Agreement;
                let before = self.reasons(case, (0, first), &topology, agreement)?;
                let after = self.reasons(case, (1, changed), &topology, agreement)?;
                compare(case.property, before, after)
            }
            Twist::Updated { updates, reload } => {
                self.update(case, updates, &compiled, &topology)?;
                match &mut self.kernel {
                    Some(kernel) if *reload => {
                        let mut fresh = Filter::load(kernel.object, kernel.sizes)?;
                        let number = compiled.len() - 1;
                        let last = &compiled[number];
                        let mut parties = Parties::under(last.world(), Some(&mut fresh), true)?;
                        travel(&mut parties, &case.packets, &topology)
                            .map(drop)
                            .map_err(|error| told(error, case.property, number, last))
                    }
                    Some(_) | None => Ok(()),
                }
            }
            Twist::Damaged(frames) => {
                let filter = self.kernel.as_mut().map(|kernel| &mut kernel.filter);
                let mut parties = Parties::under(first.world(), filter, case.tracked)?;
                for (point, bytes) in frames {
                    parties
                        .judge_bytes(*point, bytes)
                        .map_err(|error| told(error, case.property, 0, first))?;
                }
                Ok(())
            }
        }
    }

    fn compile<'p>(&self, policy: &'p Policy) -> Result<Compiled<'p>, Stop> {
        let image = lower(policy).map_err(|_| Stop::Unfit)?;
        let tampered = self.tamper.map(|tamper| {
            let mut tampered = image.clone();
            tamper(&mut tampered);
            tampered
        });
        Ok(Compiled {
            policy,
            image,
            tampered,
        })
    }

    fn make_room(&mut self, compiled: &[Compiled<'_>]) -> Result<(), FilterError> {
        let Some(kernel) = &mut self.kernel else {
            return Ok(());
        };
        let needed = (compiled.iter())
            .map(|compiled| compiled.image.sizes())
            .fold(kernel.sizes, ImageSizes::max);
        if needed != kernel.sizes {
            kernel.filter = Filter::load(kernel.object, needed)?;
            kernel.sizes = needed;
        }
        Ok(())
    }

    /// What the parties say of the case's packets under one policy.
    fn reasons(
        &mut self,
        case: &Case,
        (number, compiled): (usize, &Compiled<'_>),
        topology: &TopologyPlan,
        property: Property,
    ) -> Result<Vec<Vec<Reason>>, Stop> {
        let filter = self.kernel.as_mut().map(|kernel| &mut kernel.filter);
        let mut parties = Parties::under(compiled.world(), filter, case.tracked)?;
        travel(&mut parties, &case.packets, topology)
            .map_err(|error| told(error, property, number, compiled))
    }

    fn update(
        &mut self,
        case: &Case,
        updates: &[Update],
        compiled: &[Compiled<'_>],
        topology: &TopologyPlan,
    ) -> Result<(), Stop> {
        let filter = self.kernel.as_mut().map(|kernel| &mut kernel.filter);
        let mut parties = Parties::under(compiled[0].world(), filter, case.tracked)?;
        let mut number = 0;
        for (update, next) in updates.iter().zip(&compiled[1..]) {
            travel(&mut parties, &update.packets, topology)
                .map_err(|error| told(error, case.property, number, &compiled[number]))?;
            parties.replace(next.world(), update.connections)?;
            number += 1;
        }
        parties.forget()?;
        travel(&mut parties, &case.packets, topology)
            .map(drop)
            .map_err(|error| told(error, case.property, number, &compiled[number]))
    }
}

/// Sends packets one after the other; each is by itself unless the parties track.
fn travel(
    parties: &mut Parties<'_>,
    packets: &[Packet],
    topology: &TopologyPlan,
) -> Result<Vec<Vec<Reason>>, PartiesError> {
    let mut all = Vec::with_capacity(packets.len());
    for packet in packets {
        if !parties.track() {
            parties.forget()?;
        }
        all.push(parties.travel(&packet.journey(topology))?);
    }
    Ok(all)
}

fn told(error: PartiesError, property: Property, policy: usize, compiled: &Compiled<'_>) -> Stop {
    match error {
        PartiesError::Differ(difference) => Stop::Failed(Box::new(Failure {
            property,
            shown: Shown::Differ {
                policy,
                words: difference.words(&compiled.image),
                difference,
            },
        })),
        PartiesError::Kernel(error) => Stop::Kernel(error),
        PartiesError::Frame(_) => Stop::Unfit,
    }
}

/// The first packet of which the change says what it should not.
fn compare(
    property: Property,
    before: Vec<Vec<Reason>>,
    after: Vec<Vec<Reason>>,
) -> Result<(), Stop> {
    let pairs = before.into_iter().zip(after).enumerate();
    for (packet, (before, after)) in pairs {
        let holds = match property {
            Property::DenyNeverWidens => passes(&before) || !passes(&after),
            Property::AllowNeverNarrows => passes(&after) || !passes(&before),
            Property::Agreement
            | Property::OrderDoesNotMatter
            | Property::HalvesAreTheWhole
            | Property::AggregationChangesNothing
            | Property::UpdateEqualsFreshLoad
            | Property::DamagedFrames => before == after,
        };
        if !holds {
            let shown = Shown::Changed {
                packet,
                before,
                after,
            };
            return Err(Stop::Failed(Box::new(Failure { property, shown })));
        }
    }
    Ok(())
}

/// Whether every hook passes it.
pub(super) fn passes(reasons: &[Reason]) -> bool {
    (reasons.iter()).all(|reason| reason.verdict() == Verdict::Pass)
}

#[cfg(test)]
mod tests;
