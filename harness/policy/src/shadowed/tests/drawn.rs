//! Rules that are said never to decide are just those that the oracle never names.

use std::collections::BTreeSet;
use std::mem::discriminant;
use std::net::IpAddr;

use crate::frame::FrameSpec;
use crate::generate::{Draw, edges, places, policy};
use crate::image::MapImage;
use crate::journey::Point;
use crate::meaning::{L4, Question, classes};
use crate::model::{Policy, RuleRef};
use crate::oracle::{Memory, judge};
use crate::prefix::Prefix;
use crate::shadowed::{Why, rules, shadowed};

/// The first address of everything that a rule may match by sets lies among these: an
/// end of a prefix, an address of somebody, or one beside either.
fn addresses(policy: &Policy) -> BTreeSet<IpAddr> {
    let mut all: BTreeSet<IpAddr> = edges(policy).into_iter().collect();
    for place in places(policy).into_iter().map(Prefix::host) {
        all.insert(place.first());
        all.extend(place.before());
        all.extend(place.after());
    }
    all
}

fn frame(policy: &Policy, question: &Question, peer: IpAddr) -> Option<FrameSpec> {
    let of_family = |addresses: &[IpAddr]| {
        let mut addresses = addresses.iter().copied();
        addresses.find(|own| own.is_ipv4() == peer.is_ipv4())
    };
    let own = match question.point {
        // Whom it is for does not matter there.
        Point::Uplink => of_family(&policy.node.addresses).unwrap_or(peer),
        Point::Egress(index) | Point::Ingress(index) => {
            of_family(&policy.workloads[index].addresses)?
        }
    };
    Some(question.packet(peer, own).into())
}

/// Every rule that the oracle names for any plain packet.
fn deciding(policy: &Policy) -> BTreeSet<RuleRef> {
    let nothing = MapImage::default();
    let workloads = 0..policy.workloads.len();
    let hooks = workloads.flat_map(|index| [Point::Egress(index), Point::Ingress(index)]);
    let mut deciding = BTreeSet::new();
    for point in [Point::Uplink].into_iter().chain(hooks) {
        let l4s: BTreeSet<L4> = (classes(policy, &nothing, point).iter())
            .map(|class| class.first)
            .collect();
        for l4 in l4s {
            let question = Question { point, l4 };
            for peer in addresses(policy) {
                if let Some(frame) = frame(policy, &question, peer) {
                    let decision = judge(policy, point, &frame, &mut Memory::untracked());
                    deciding.extend(decision.rules);
                }
            }
        }
    }
    deciding
}

#[test]
fn the_rules_said_never_to_decide_are_those_that_never_do() {
    let mut seen = Vec::new();
    for seed in 0..80 {
        let policy = policy(&mut Draw::seeded(seed));
        let deciding = deciding(&policy);
        let never: Vec<RuleRef> = (rules(&policy).into_iter())
            .filter(|rule| !deciding.contains(rule))
            .collect();
        let found = shadowed(&policy);
        let said: Vec<RuleRef> = found.iter().map(|shadowed| shadowed.rule).collect();
        assert_eq!(said, never, "seed {seed}: {found:#?}\n{policy:#?}");
        for shadowed in found {
            let decides = |rule: &RuleRef| deciding.contains(rule);
            assert!(
                shadowed.why.by().iter().all(decides),
                "seed {seed}: {shadowed:?}"
            );
            if !seen.contains(&discriminant(&shadowed.why)) {
                seen.push(discriminant(&shadowed.why));
            }
        }
    }
    // All but policies about nodes, which are not drawn.
    for why in [
        Why::SelectsNobody,
        Why::MatchesNobody,
        Why::NoSuchPort,
        Why::Denied { by: Vec::new() },
        Why::DeniedBefore { by: Vec::new() },
        Why::NothingLeft,
    ] {
        assert!(seen.contains(&discriminant(&why)), "{why:?} is never drawn");
    }
}
