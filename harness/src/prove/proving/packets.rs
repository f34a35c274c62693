//! Claim B: what differs among plain frames, and packets of every shape.

use std::collections::BTreeMap;
use std::net::IpAddr;

use netverdict_abi::{Reason, Verdict};
use netverdict_policy::frame::{Frame, FrameSpec};
use netverdict_policy::journey::Point;
use netverdict_policy::oracle::{self, Decision};
use netverdict_policy::prefix::Prefix;
use netverdict_policy::region::Region;

use super::{Class, Proving};
use crate::prove::exact::{Said, Witness};
use crate::prove::finding::{Claim, Finding, Side, places};
use crate::prove::party::ProveError;
use crate::prove::passage;
use crate::prove::plain::Wrong;
use crate::prove::shape::Shape;

/// What was tried, and where it stands for more.
struct Tried {
    addresses: Vec<Prefix>,
    connection: String,
    shape: Shape,
    frame: Frame,
}

impl Proving<'_> {
    /// Names what differs among the plain frames, then tries every shape of a packet
    /// once for each class, and what bypasses the policy.
    pub(super) fn packets(
        &mut self,
        witness: &mut Witness<'_>,
        party: &'static str,
    ) -> Result<(), ProveError> {
        self.disputes();
        self.wrong_plain_frames(witness, party)?;
        let (uplink, workloads): (Vec<Class>, Vec<Class>) = std::mem::take(&mut self.classes)
            .into_iter()
            .partition(|class| self.questions[class.question].point() == Point::Uplink);
        for classes in [&uplink, &workloads] {
            witness.forget()?;
            for class in classes {
                self.shapes(class, witness, party)?;
            }
        }
        self.passages(&uplink, witness, party)
    }

    /// Two readings of the policy that differ leave nothing to hold a kernel against.
    fn disputes(&mut self) {
        for disputed in std::mem::take(&mut self.tally.disputed).iter().take(8) {
            let asked = &self.questions[disputed.question];
            let connection = asked.words(
                self.policy,
                self.subject.topology,
                &disputed.address.to_string(),
            );
            self.proof.inconclusive.push(format!(
                "{connection}: the oracle says {}, the policy read as sets {}",
                disputed.by_oracle.slug(),
                disputed.by_sets.slug()
            ));
        }
    }

    fn wrong_plain_frames(
        &mut self,
        witness: &mut Witness<'_>,
        party: &'static str,
    ) -> Result<(), ProveError> {
        let mut alike: BTreeMap<(usize, Reason, u8), (Verdict, Vec<Region>)> = BTreeMap::new();
        for wrong in std::mem::take(&mut self.tally.wrong) {
            let Wrong {
                question,
                range,
                expected,
                seen,
            } = wrong;
            let (_, regions) = (alike.entry((question, expected, seen as u8)))
                .or_insert_with(|| (seen, Vec::new()));
            regions.push(Region::range(range));
        }
        for ((question, _, _), (seen, regions)) in alike {
            let addresses = Region::union_of(&regions).prefixes();
            let Some(peer) = addresses.first().map(|prefix| prefix.first()) else {
                continue;
            };
            witness.forget()?;
            let asked = &self.questions[question];
            let (point, spec) = (asked.point(), asked.frame(peer));
            let connection = asked.words(self.policy, self.subject.topology, "*");
            let decision = self.oracle(point, &spec, &mut oracle::Memory::untracked());
            let (said, frame) = witness.judge(point, &spec)?;
            let tried = Tried {
                addresses,
                connection,
                shape: Shape::Plain,
                frame,
            };
            // What it did before counts, whatever it does now.
            let said = Said {
                verdict: seen,
                ..said
            };
            self.differs(tried, &decision, said, party);
        }
        Ok(())
    }

    fn shapes(
        &mut self,
        class: &Class,
        witness: &mut Witness<'_>,
        party: &'static str,
    ) -> Result<(), ProveError> {
        let Class {
            question,
            reason,
            range,
            tried,
        } = *class;
        if !(self.how.more)(0) {
            self.proof.interrupted = true;
            return Ok(());
        }
        let peer = super::representative(range);
        // What a plain packet shows as well is not said again of other shapes.
        let mut plainly = None;
        for shape in Shape::ALL {
            let asked = &self.questions[question];
            let (point, spec) = (asked.point(), shape.of(asked.packet(peer)));
            let decision = self.oracle(point, &spec, &mut oracle::Memory::untracked());
            if shape == Shape::Plain && decision.reason != reason {
                self.dispute(question, peer, decision.reason, reason);
            }
            let (said, frame) = witness.judge(point, &spec)?;
            self.proof.program.packets += 1;
            if said.agrees(&decision, self.held) {
                continue;
            }
            let differs = (decision.verdict(), said.verdict);
            let is_known = plainly == Some(differs);
            if shape == Shape::Plain {
                plainly = Some(differs);
            }
            // Plain frames with another verdict are named by now.
            let is_named = shape == Shape::Plain && tried && differs.0 != differs.1;
            if is_known || is_named {
                continue;
            }
            let asked = &self.questions[question];
            let tried = Tried {
                addresses: Region::range(range).prefixes(),
                connection: asked.words(self.policy, self.subject.topology, "*"),
                shape,
                frame,
            };
            self.differs(tried, &decision, said, party);
        }
        Ok(())
    }

    fn dispute(&mut self, question: usize, address: IpAddr, by_oracle: Reason, by_sets: Reason) {
        self.tally.disputed.push(crate::prove::plain::Disputed {
            question,
            address,
            by_oracle,
            by_sets,
        });
        self.disputes();
    }

    /// First the uplink, then the backend, in one memory; and where the flow is of no
    /// use.
    fn passages(
        &mut self,
        uplink: &[Class],
        witness: &mut Witness<'_>,
        party: &'static str,
    ) -> Result<(), ProveError> {
        for passage in passage::all(self.policy) {
            let port = passage.node_port();
            for class in uplink {
                let asked = &self.questions[class.question];
                if asked.one_port() != Some(port) {
                    continue;
                }
                let peer = super::representative(class.range);
                let first = asked.frame(peer);
                for leg in passage.behind(peer) {
                    witness.forget()?;
                    let mut memory = oracle::Memory::untracked();
                    self.oracle(Point::Uplink, &first, &mut memory);
                    witness.judge(Point::Uplink, &first)?;
                    let decision = self.oracle(leg.point, &leg.spec, &mut memory);
                    let (said, frame) = witness.judge(leg.point, &leg.spec)?;
                    self.proof.program.packets += 2;
                    if said.agrees(&decision, self.held) {
                        continue;
                    }
                    let tried = Tried {
                        addresses: Region::range(class.range).prefixes(),
                        connection: leg.connection,
                        shape: Shape::Plain,
                        frame,
                    };
                    self.differs(tried, &decision, said, party);
                }
            }
        }
        Ok(())
    }

    fn oracle(&mut self, point: Point, spec: &FrameSpec, memory: &mut oracle::Memory) -> Decision {
        self.proof.program.by_oracle += 1;
        oracle::judge(self.policy, point, spec, memory)
    }

    fn differs(&mut self, tried: Tried, decision: &Decision, said: Said, party: &'static str) {
        let Tried {
            addresses,
            connection,
            shape,
            frame,
        } = tried;
        let rule = said.why.and_then(|word| self.held.rule(word.rule));
        self.proof.findings.push(Finding {
            claim: Claim::Program,
            addresses,
            connection,
            policy: Side {
                who: "policy",
                verdict: decision.verdict(),
                reason: Some(decision.reason),
                rules: places(self.policy, decision.rules.iter().copied()),
            },
            other: Side {
                who: party,
                verdict: said.verdict,
                reason: said.why.map(|word| word.reason),
                rules: places(self.policy, rule),
            },
            shape,
            witness: frame,
            packet: 0,
        });
    }
}
