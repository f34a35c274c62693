//! The parties whose word on a frame is compared.

use netverdict_abi::Verdict;
use netverdict_policy::frame::{FrameSpec, ProbeId, build, describe};
use netverdict_policy::image::{MapImage, RuleId};
use netverdict_policy::interpret;
use netverdict_policy::journey::{Journey, Point};
use netverdict_policy::lower::lower;
use netverdict_policy::model::{Policy, RuleRef};
use netverdict_policy::oracle::{self, Decision, Said};

/// Both parties, each with a memory of its own.
pub(crate) struct Parties<'a> {
    policy: &'a Policy,
    image: MapImage,
    oracle: oracle::Memory,
    interpreter: interpret::Memory,
    frames: u32,
    /// What was judged so far.
    before: Vec<String>,
}

impl<'a> Parties<'a> {
    /// That judge every frame as new.
    pub(crate) fn untracked(policy: &'a Policy) -> Parties<'a> {
        Parties {
            policy,
            image: lower(policy).expect("the policy compiles"),
            oracle: oracle::Memory::untracked(),
            interpreter: interpret::Memory::untracked(),
            frames: 0,
            before: Vec::new(),
        }
    }

    /// That remember what they saw.
    pub(crate) fn tracking(policy: &'a Policy) -> Parties<'a> {
        Parties {
            oracle: oracle::Memory::tracking(),
            interpreter: interpret::Memory::tracking(),
            ..Parties::untracked(policy)
        }
    }

    /// Asks both about a frame at a hook, and returns the oracle's word.
    ///
    /// # Errors
    /// They differ: what each says.
    pub(crate) fn judge(&mut self, point: Point, frame: &FrameSpec) -> Result<Decision, String> {
        let id = self.id();
        self.judge_as(point, frame, id)
    }

    /// Asks both about a frame at each hook on its way, up to the first that does not
    /// pass it.
    ///
    /// # Errors
    /// They differ: what each says.
    pub(crate) fn travel(&mut self, journey: &Journey) -> Result<Vec<Decision>, String> {
        // One frame keeps its id from hook to hook.
        let id = self.id();
        let mut decisions = Vec::new();
        for leg in &journey.legs {
            let decision = self.judge_as(leg.point, &leg.frame, id)?;
            let passes = decision.verdict() == Verdict::Pass;
            decisions.push(decision);
            if !passes {
                break;
            }
        }
        Ok(decisions)
    }

    /// No identification that a description gives, also in its low 16 bits.
    fn id(&mut self) -> ProbeId {
        self.frames += 1;
        ProbeId(0x0700_4000 + self.frames)
    }

    fn judge_as(
        &mut self,
        point: Point,
        frame: &FrameSpec,
        id: ProbeId,
    ) -> Result<Decision, String> {
        let bytes = build(frame, id, [2, 0, 0, 0, 0, 1]).expect("the frame has bytes");
        let decision = oracle::judge(self.policy, point, frame, &mut self.oracle);
        let judgement = interpret::judge(&self.image, point, &bytes, &mut self.interpreter);
        let named: Option<RuleRef> = self.image.rule(judgement.rule);
        let said = |reason, rule: RuleId| {
            let named = self.image.rule(rule);
            assert_eq!(named.is_none(), rule == RuleId::NONE, "{judgement:?}");
            Said {
                reason,
                rule: named,
            }
        };
        let decided = said(judgement.reason, judgement.rule);
        let proposed = judgement.proposed.map(|it| said(it.reason, it.rule));
        let line = format!("at {point:?}: {}", describe(frame));
        if decision.is_said_by(decided, proposed) {
            self.before
                .push(format!("{line}: {}", decision.reason.slug()));
            return Ok(decision);
        }
        Err(format!(
            "{}\n{line}\n{frame:?}\noracle {decision:?}\nimage {judgement:?} = {named:?}",
            self.before.join("\n"),
        ))
    }
}
