//! Which faults of a policy bring about a verdict that nobody meant; those that
//! another one masks, too.

mod matching;

use std::net::IpAddr;

use netverdict_abi::{Reason, Verdict};
use netverdict_policy::diagnostic::Location;
use netverdict_policy::frame::Body;
use netverdict_policy::journey::{Journey, Leg, Point};
use netverdict_policy::model::{Policy, RuleRef};
use netverdict_policy::oracle::{self, Decision, Memory, PolicyStage, PrefilterStage, Stage};
use netverdict_policy::topology::TopologyPlan;

use crate::words::hook_name;
use matching::{how_it_passes, matching};

/// Something in the policy that brings about the verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it stands, where it has a place.
    pub location: Option<Location>,
    /// What it does, and at which hook.
    pub text: String,
    /// Whether it did decide; otherwise another fault masks it.
    pub decided: bool,
    /// At which hook.
    pub point: Point,
}

/// A frame on its way past a policy.
#[derive(Clone, Copy, Debug)]
pub struct Passage<'a> {
    /// The network.
    pub topology: &'a TopologyPlan,
    /// The policy.
    pub policy: &'a Policy,
    /// The way.
    pub journey: &'a Journey,
    /// What the policy says at each hook, up to the one that decides.
    pub decisions: &'a [Decision],
}

/// Every fault that brings about the verdict, hook by hook along the way, the
/// deciding ones of a hook first.
///
/// Of a frame that nothing stopped, each hook has what let it on: each is enough
/// there, and mending one hook is enough to stop it. Of a dropped frame, each is
/// enough by itself.
pub fn sufficient(passage: &Passage<'_>) -> Vec<Fault> {
    let mut faults = match passage.decisions.last().map(Decision::verdict) {
        Some(Verdict::Pass) => passage.admitting(),
        Some(Verdict::Drop) => passage.dropping(),
        Some(Verdict::Abort) | None => Vec::new(),
    };
    let position =
        |fault: &Fault| (passage.journey.legs.iter()).position(|leg| leg.point == fault.point);
    faults.sort_by_key(|fault| (!fault.decided, position(fault)));
    faults
}

/// Whether faults are of several hooks of a frame that nothing stopped.
pub fn of_several_hooks(faults: &[Fault]) -> bool {
    let mut points = faults.iter().filter(|fault| fault.decided);
    let first = points.next().map(|fault| fault.point);
    points.any(|fault| Some(fault.point) != first)
}

impl Passage<'_> {
    fn admitting(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for decision in self.decisions {
            match (&decision.stage, decision.reason) {
                (Some(Stage::Policy(stage)), Reason::Bypassed) => {
                    faults.extend(self.bypass());
                    let who = self.peer(decision.point).map(|peer| peer.to_string());
                    let masked = format!(
                        "; masked: with the bypass off, this would still admit {}",
                        who.unwrap_or_default()
                    );
                    faults.extend(self.allowing(decision.point, stage, &masked, false));
                }
                (_, Reason::Reply | Reason::Related) => {
                    let what = match decision.reason {
                        Reason::Reply => "a reply",
                        _ => "an error",
                    };
                    faults.push(self.fault(
                        decision.point,
                        None,
                        format!("it is {what} within a connection that was allowed before"),
                    ));
                }
                (Some(Stage::Policy(stage)), _) => {
                    faults.extend(self.allowing(decision.point, stage, "", true));
                }
                (Some(Stage::Prefilter(stage)), _) if self.decisions.len() == 1 => {
                    faults.push(self.prefilter_passes(decision.point, stage));
                }
                // What a prefilter lets on without a bypass, the policy judges.
                (Some(Stage::Prefilter(_)), _) => {}
                // So does it what no prefilter looks at.
                (None, _) if self.decisions.len() > 1 => {}
                (None, reason) => faults.push(self.shape(decision.point, reason)),
            }
        }
        faults
    }

    /// The prefilter that lets the flow skip the policy.
    fn bypass(&self) -> Option<Fault> {
        let of_uplink = self.decisions.first()?;
        let Some(Stage::Prefilter(stage)) = &of_uplink.stage else {
            return None;
        };
        let prefilter = &self.policy.prefilters[stage.prefilter];
        let source = self.peer(Point::Uplink)?;
        Some(self.fault(
            of_uplink.point,
            Some(&prefilter.bypass_location),
            format!(
                "the prefilter of {} {}, and `bypass_policy: true` lets it skip the policy",
                prefilter.node_port,
                how_it_passes(self.policy, stage, source),
            ),
        ))
    }

    fn prefilter_passes(&self, point: Point, stage: &PrefilterStage) -> Fault {
        let prefilter = &self.policy.prefilters[stage.prefilter];
        let how = match self.peer(point) {
            Some(source) => how_it_passes(self.policy, stage, source),
            None => "passes it".to_owned(),
        };
        let text = format!("the prefilter of {} {how}", prefilter.node_port);
        let place = match stage.rules.first() {
            Some(rule) => self.policy.location(*rule),
            None => Some(&prefilter.default_location),
        };
        self.fault(point, place, text)
    }

    fn allowing(
        &self,
        point: Point,
        stage: &PolicyStage,
        masked: &str,
        decided: bool,
    ) -> Vec<Fault> {
        match stage {
            PolicyStage::Allowed(rules) => self.by_rules(point, rules, masked, decided),
            PolicyStage::NotSelected => {
                let (name, location) = self.owner(point);
                let direction = point.hook().slug();
                vec![Fault {
                    decided,
                    ..self.fault(
                        point,
                        location,
                        format!("no policy isolates {name} for {direction}{masked}"),
                    )
                }]
            }
            PolicyStage::Denied(_) | PolicyStage::DefaultDenied(_) => Vec::new(),
        }
    }

    fn dropping(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut masked = String::new();
        let mut bypassed = false;
        // The hooks behind the one that dropped it are asked as well.
        let mut memory = Memory::untracked();
        let beyond = (self.journey.legs.iter().skip(self.decisions.len()))
            .map(|Leg { point, frame }| oracle::judge(self.policy, *point, frame, &mut memory));
        let deciding = self.decisions.last().cloned();
        for decision in deciding.into_iter().chain(beyond) {
            if bypassed || decision.verdict() != Verdict::Drop {
                continue;
            }
            let point = decision.point;
            let decided = masked.is_empty();
            match &decision.stage {
                Some(Stage::Prefilter(stage)) => {
                    bypassed = stage.bypasses;
                    faults.push(self.prefilter_drops(&decision, stage));
                }
                Some(Stage::Policy(
                    PolicyStage::Denied(rules) | PolicyStage::DefaultDenied(rules),
                )) => faults.extend(self.by_rules(point, rules, &masked, decided)),
                Some(Stage::Policy(PolicyStage::Allowed(_) | PolicyStage::NotSelected)) | None
                    if !decision.rules.is_empty() =>
                {
                    faults.extend(self.by_rules(point, &decision.rules, &masked, decided));
                }
                Some(Stage::Policy(_)) | None => faults.push(Fault {
                    decided,
                    ..self.shape(point, decision.reason)
                }),
            }
            if masked.is_empty() {
                masked = match point {
                    Point::Uplink => {
                        "; masked: with the prefilter open, this would still drop it".to_owned()
                    }
                    Point::Egress(_) | Point::Ingress(_) => {
                        "; masked: were it let out, this would still drop it".to_owned()
                    }
                };
            }
        }
        faults
    }

    fn prefilter_drops(&self, decision: &Decision, stage: &PrefilterStage) -> Fault {
        let point = decision.point;
        let prefilter = &self.policy.prefilters[stage.prefilter];
        let denied = (decision.rules.iter()).find(|rule| {
            matches!(
                rule,
                RuleRef::PrefilterDeny { .. } | RuleRef::DenyList { .. }
            )
        });
        let source = self.peer(point).map(|source| source.to_string());
        let source = source.unwrap_or_default();
        match denied {
            Some(rule) => self.fault(
                point,
                self.policy.location(*rule),
                self.matching(point, *rule),
            ),
            None => {
                let list = match prefilter.allow.is_empty() {
                    true => "its allow list (which is empty) does not hold",
                    false => "its allow list does not hold",
                };
                self.fault(
                    point,
                    Some(&prefilter.default_location),
                    format!(
                        "the prefilter of {} drops by default, and {list} {source}",
                        prefilter.node_port,
                    ),
                )
            }
        }
    }

    fn by_rules(&self, point: Point, rules: &[RuleRef], masked: &str, decided: bool) -> Vec<Fault> {
        (rules.iter())
            .map(|rule| Fault {
                decided,
                ..self.fault(
                    point,
                    self.policy.location(*rule),
                    format!("{}{masked}", self.matching(point, *rule)),
                )
            })
            .collect()
    }

    fn matching(&self, point: Point, rule: RuleRef) -> String {
        let peer = self.peer(point);
        let who = peer.map_or_else(|| "it".to_owned(), |peer| self.named(peer));
        matching(self.policy, rule, &who)
    }

    fn shape(&self, point: Point, reason: Reason) -> Fault {
        self.fault(
            point,
            None,
            format!("the frame's shape or port decides: {}", reason.slug()),
        )
    }

    fn fault(&self, point: Point, location: Option<&Location>, what: String) -> Fault {
        Fault {
            location: location.cloned(),
            text: format!("{}: {what}", hook_name(self.topology, point)),
            decided: true,
            point,
        }
    }

    /// Whose policy is asked at a hook, and where it is declared.
    fn owner(&self, point: Point) -> (String, Option<&Location>) {
        match point {
            Point::Uplink => ("the node".to_owned(), None),
            Point::Egress(workload) | Point::Ingress(workload) => {
                let workload = &self.policy.workloads[workload];
                (workload.name.to_string(), Some(&workload.location))
            }
        }
    }

    /// Whom the hook's stage tells apart: at a workload's egress the destination,
    /// elsewhere the source.
    fn peer(&self, point: Point) -> Option<IpAddr> {
        let leg = self.journey.legs.iter().find(|leg| leg.point == point)?;
        match (&leg.frame.body, point) {
            (Body::Ip(packet), Point::Egress(_)) => Some(packet.destination),
            (Body::Ip(packet), Point::Uplink | Point::Ingress(_)) => Some(packet.source),
            (Body::Arp { .. } | Body::Other { .. }, _) => None,
        }
    }

    /// An address, and who has it.
    fn named(&self, address: IpAddr) -> String {
        let workload = (self.topology.workloads.iter())
            .find(|workload| !workload.host_network && workload.addresses.contains(&address));
        match workload {
            Some(workload) => format!("{} ({address})", workload.name),
            None => address.to_string(),
        }
    }
}
