//! Policies that replace each other while frames come in.

use std::collections::BTreeMap;

use libtest_mimic::Failed;
use netverdict_abi::{Hook, Reason};
use netverdict_lab::filter::Events;
use netverdict_lab::wire::{Judged, Passage, Reign, Repeated};
use netverdict_lab::{Lab, Purpose, XdpMode};
use netverdict_policy::frame::FrameSpec;
use netverdict_policy::image::{IdentityId, L4Prefix, MapImage, PolicyEntry, RuleId, Verdict};
use netverdict_policy::journey::Sender;

use crate::Case;
use crate::given::{
    self, BILLING, BILLING_V4, INVENTORY_V6, NODE_V4, PREFILTERED, WEB, WEB_V4, WEB_V6, rule,
};

pub(crate) const CASES: &[Case] = &[
    ("native_swaps_under_traffic_judge_nothing_wrong", || {
        swaps(XdpMode::Native)
    }),
    ("generic_swaps_under_traffic_judge_nothing_wrong", || {
        swaps(XdpMode::Generic)
    }),
    ("a_wrong_expectation_of_a_stream_is_noticed", noticed),
    ("after_a_stream_batches_are_exact_again", afterwards),
    ("a_stream_without_events_says_what_is_missing", missing),
];

const SWAPS: u32 = 200;

/// Frames that are known about between two swaps, at least.
const BETWEEN: u64 = 200;

/// Frames of each flow, with ids of their own.
const OF_A_FLOW: u32 = 16;

/// What a hook says: its reason and rule.
type Says = (Hook, Reason, u32);

/// A frame, and what each hook on its way says of it under either policy, whether
/// or not the hook before it lets it through.
struct Flow {
    from: Sender,
    spec: FrameSpec,
    says: [Vec<Says>; 2],
}

/// The policy of the other tests and its opposite; flows that tell them apart at
/// every hook, and one that does not.
fn flows() -> ([MapImage; 2], Vec<Flow>) {
    let first = given::image();
    let mut second = given::image();
    let sources = second
        .prefilters
        .values_mut()
        .map(|stage| &mut stage.sources);
    for sources in sources {
        let other = "11.0.0.0/8".parse().expect("a prefix");
        *sources = [(other, Verdict::Allow(RuleId(rule::PREFILTER_ALLOW)))].into();
    }
    let entry = |identity| PolicyEntry {
        identity: Some(IdentityId(identity)),
        l4: L4Prefix::All,
    };
    second.guards[0].entries = [
        (entry(259), Verdict::Allow(RuleId(rule::INSIDE))),
        (entry(260), Verdict::Deny(RuleId(rule::FROM_WEB))),
    ]
    .into();
    second.guards[1].entries = [(entry(259), Verdict::Allow(RuleId(rule::TO_ANY)))].into();

    use Hook::{Egress, Ingress, Uplink};
    use Reason::*;
    let through = (Uplink, NoPrefilter, 0);
    let unselected = |hook| (hook, PolicyNotSelected, 0);
    let no_match = (Ingress, PolicyNoMatch, rule::INVENTORY_DEFAULT);
    let flows = vec![
        Flow {
            from: Sender::Outside,
            spec: given::packet("10.1.2.3", given::syn(30007)),
            says: [
                vec![through, (Ingress, PolicyAllow, rule::INSIDE)],
                vec![through, no_match],
            ],
        },
        Flow {
            from: Sender::Outside,
            spec: given::packet("11.0.0.1", given::syn(PREFILTERED)),
            says: [
                vec![(Uplink, PrefilterDefaultDrop, rule::PREFILTER_DEFAULT)],
                vec![(Uplink, PrefilterAllow, rule::PREFILTER_ALLOW)],
            ],
        },
        Flow {
            from: Sender::Workload(WEB),
            spec: given::between(WEB_V4, BILLING_V4, given::syn(8080)),
            says: [
                vec![(Egress, PolicyDeny, rule::NOT_BILLING), unselected(Ingress)],
                vec![(Egress, PolicyAllow, rule::TO_ANY), unselected(Ingress)],
            ],
        },
        Flow {
            from: Sender::Workload(WEB),
            spec: given::between(WEB_V6, INVENTORY_V6, given::syn(50051)),
            says: [
                vec![
                    (Egress, PolicyAllow, rule::TO_ANY),
                    (Ingress, PolicyAllow, rule::FROM_WEB),
                ],
                vec![
                    (Egress, PolicyNoMatch, rule::WEB_DEFAULT),
                    (Ingress, PolicyDeny, rule::FROM_WEB),
                ],
            ],
        },
        Flow {
            from: Sender::Workload(BILLING),
            spec: given::between(BILLING_V4, NODE_V4, given::syn(30007)),
            says: [
                vec![unselected(Egress), no_match],
                vec![unselected(Egress), (Ingress, PolicyAllow, rule::INSIDE)],
            ],
        },
        Flow {
            from: Sender::Workload(BILLING),
            spec: given::between(BILLING_V4, WEB_V4, given::syn(80)),
            says: [
                vec![unselected(Egress), unselected(Ingress)],
                vec![unselected(Egress), unselected(Ingress)],
            ],
        },
    ];
    ([first, second], flows)
}

/// What came of a stream under changing policies.
#[derive(Debug, Default)]
struct Tally {
    frames: u64,
    /// Frames that may have seen either of two policies.
    between: u64,
    /// Frames that different policies judged at different hooks.
    mixed: u64,
    /// By generation and hook.
    judged: BTreeMap<(u8, Hook), u64>,
    wrong: Vec<String>,
}

impl Tally {
    fn add(&mut self, flows: &[Flow], reign: &Reign, passages: &[Passage]) {
        for passage in passages {
            let flow = &flows[passage.shot / OF_A_FLOW as usize];
            let policies = reign.over(passage);
            self.frames += 1;
            self.between += u64::from(policies.start() != policies.end());
            let generations: Vec<u8> = passage.judged().map(|judged| judged.generation).collect();
            self.mixed += u64::from(generations.windows(2).any(|two| two[0] != two[1]));
            for (at, judged) in passage.judged().enumerate() {
                let Judged {
                    hook,
                    generation,
                    reason,
                    rule,
                    proposed,
                } = *judged;
                *self.judged.entry((generation, hook)).or_default() += 1;
                // The first policy is in force as generation 1.
                let right = policies.clone().any(|policy| {
                    flow.says[policy % 2][at] == (hook, reason, rule)
                        && proposed.is_none()
                        && usize::from(generation) == (policy + 1) % 2
                });
                if !right {
                    self.wrong.push(format!("{policies:?} {passage:?}"));
                }
            }
        }
    }
}

/// Swaps policies under traffic, and holds what was seen against `flows`.
fn tally(
    mode: XdpMode,
    swaps: u32,
    (images, flows): &([MapImage; 2], Vec<Flow>),
) -> Result<Tally, Failed> {
    let mut filter = given::filter();
    let installed = filter.install(&images[0], given::install(Events::All))?;
    assert_eq!(installed.generation, 1);
    let mut lab = Lab::build(&given::plan(1500), Purpose::Probing)?;
    lab.attach(&mut filter, mode)?;
    let probes: Vec<_> = (flows.iter())
        .flat_map(|flow| (0..OF_A_FLOW).map(move |_| flow))
        .zip(1..)
        .map(|(flow, id)| (flow, given::Probe::new(id, flow.from, &flow.spec)))
        .collect();
    let frames: Vec<_> = (probes.iter())
        .map(|(flow, probe)| Repeated {
            shot: probe.shot(),
            hooks: flow.says[0].len(),
        })
        .collect();
    let events = filter.events();
    let mut tally = Tally::default();
    let mut reign = Reign::default();
    let (swapped, end) = lab.stream(&events, &frames, |traffic| -> Result<(), Failed> {
        for swap in 1..=swaps {
            traffic.wait_for(BETWEEN)?;
            filter.settle()?;
            reign.succeed(filter.install(&images[swap as usize % 2], given::install(Events::All))?);
            traffic.wait_for(BETWEEN)?;
            tally.add(flows, &reign, &traffic.take());
        }
        Ok(())
    })?;
    swapped?;
    tally.add(flows, &reign, &end.rest);
    assert_eq!(
        (end.missing, end.stray, end.lost_events),
        (vec![], vec![], 0)
    );
    assert_eq!(tally.frames, end.sent, "every frame is accounted for");
    Ok(tally)
}

fn swaps(mode: XdpMode) -> Result<(), Failed> {
    let tally = tally(mode, SWAPS, &flows())?;
    assert!(tally.wrong.is_empty(), "{:#?}", tally.wrong);
    assert!(tally.frames >= u64::from(SWAPS) * 2 * BETWEEN);
    for (generation, hook) in [0, 1]
        .into_iter()
        .flat_map(|generation| Hook::ALL.into_iter().map(move |hook| (generation, hook)))
    {
        let count = tally.judged.get(&(generation, hook)).copied().unwrap_or(0);
        assert!(
            count > 0,
            "generation {generation} judged nothing at {hook:?}"
        );
    }
    Ok(())
}

/// What the swaps are held against is not what nothing could fail.
fn noticed() -> Result<(), Failed> {
    for (flow, spoil) in [(0, 1), (3, 0)] {
        let (images, mut flows) = flows();
        flows[flow].says[1][spoil].2 += 1;
        let tally = tally(XdpMode::Native, 3, &(images, flows))?;
        assert!(!tally.wrong.is_empty(), "flow {flow}");
    }
    Ok(())
}

fn afterwards() -> Result<(), Failed> {
    let mut filter = given::filter();
    filter.install(&given::image(), given::install(Events::All))?;
    let mut lab = Lab::build(&given::plan(1500), Purpose::Probing)?;
    lab.attach(&mut filter, XdpMode::Native)?;
    let (_, flows) = flows();
    let probes: Vec<_> = (flows.iter().zip(1..))
        .map(|(flow, id)| given::Probe::new(id, flow.from, &flow.spec))
        .collect();
    let frames: Vec<_> = (probes.iter().zip(&flows))
        .map(|(probe, flow)| Repeated {
            shot: probe.shot(),
            hooks: flow.says[0].len(),
        })
        .collect();
    let alone = lab.send(&mut filter, &given::shots(&probes))?;
    let events = filter.events();
    for _ in 0..20 {
        let (waited, end) = lab.stream(&events, &frames, |traffic| traffic.wait_for(500))?;
        waited?;
        assert!(end.sent >= 500 && end.missing.is_empty(), "{end:?}");
        let again = lab.send(&mut filter, &given::shots(&probes))?;
        assert_eq!(again.delivered, alone.delivered);
        assert_eq!(again.tapped, alone.tapped);
        assert_eq!(again.counters, alone.counters);
    }
    Ok(())
}

fn missing() -> Result<(), Failed> {
    let mut filter = given::filter();
    filter.install(&given::image(), given::install(Events::Drops))?;
    let mut lab = Lab::build(&given::plan(1500), Purpose::Probing)?;
    lab.attach(&mut filter, XdpMode::Native)?;
    let probe = given::Probe::new(
        1,
        Sender::Outside,
        &given::packet("10.1.2.3", given::syn(22)),
    );
    let frames = [Repeated {
        shot: probe.shot(),
        hooks: 1,
    }];
    let events = filter.events();
    let (waited, end) = lab.stream(&events, &frames, |traffic| traffic.wait_for(1))?;
    assert!(waited.is_err());
    assert_eq!((end.sent, end.missing), (1, vec![probe.id]));
    // Two frames of one id could not be told apart.
    assert!(lab.stream(&events, &[frames[0]; 2], |_| ()).is_err());
    assert!(lab.stream(&events, &[], |_| ()).is_err());
    Ok(())
}
