//! A hundred workloads in one lab.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use libtest_mimic::Failed;
use netverdict_abi::{Hook, Reason};
use netverdict_lab::filter::Events;
use netverdict_lab::wire::{Delivery, Place, Shot, probe_of};
use netverdict_lab::{Attachment, Lab, Purpose, XdpMode, point_of};
use netverdict_policy::frame::{ProbeId, Transport};
use netverdict_policy::image::{
    EndpointImage, GuardImage, IdentityId, L4Prefix, MapImage, PolicyEntry, RuleId, Verdict,
};
use netverdict_policy::journey::{Point, Sender};
use netverdict_policy::topology::{TopologyPlan, WorkloadPlan};

use crate::Case;
use crate::given::{self, Probe};

pub(crate) const CASES: &[Case] = &[
    ("native_probes_among_a_hundred_workloads", || {
        crowd(XdpMode::Native)
    }),
    ("generic_probes_among_a_hundred_workloads", || {
        crowd(XdpMode::Generic)
    }),
];

const WORKLOADS: usize = 100;

/// Each sends to those this far away, in the circle of all.
const STEPS: [usize; 3] = [1, 13, 57];

fn addresses(number: usize) -> [IpAddr; 2] {
    let last = u8::try_from(number).expect("a hundred");
    [
        Ipv4Addr::new(172, 31, 0, last).into(),
        Ipv6Addr::new(0xfd00, 0x31, 0, 0, 0, 0, 0, last.into()).into(),
    ]
}

fn plan() -> TopologyPlan {
    let workload = |number| WorkloadPlan {
        name: format!("w{number}"),
        addresses: addresses(number).to_vec(),
        host_network: false,
        listen: Vec::new(),
    };
    TopologyPlan {
        workloads: (0..WORKLOADS).map(workload).collect(),
        hosts: Vec::new(),
        forwards: Vec::new(),
        ..given::plan(1500)
    }
}

/// Workloads with an even number receive nothing from those with numbers that
/// three divides.
fn image() -> MapImage {
    let (dividend, other) = (IdentityId(256), IdentityId(257));
    let mut image = MapImage {
        guards: vec![GuardImage {
            entries: [(
                PolicyEntry {
                    identity: Some(dividend),
                    l4: L4Prefix::All,
                },
                Verdict::Deny(RuleId(1)),
            )]
            .into(),
            ..GuardImage::default()
        }],
        ..MapImage::default()
    };
    for number in 0..WORKLOADS {
        for address in addresses(number) {
            let endpoint = EndpointImage {
                number: u32::try_from(number).expect("a hundred"),
                egress: None,
                ingress: number.is_multiple_of(2).then_some(0),
                proposed_egress: None,
                proposed_ingress: None,
            };
            let identity = if number.is_multiple_of(3) {
                dividend
            } else {
                other
            };
            image.endpoints.insert(address, endpoint);
            (image.identities).insert(netverdict_policy::prefix::Prefix::host(address), identity);
        }
    }
    image
}

fn denied(from: usize, to: usize) -> bool {
    from.is_multiple_of(3) && to.is_multiple_of(2)
}

fn crowd(mode: XdpMode) -> Result<(), Failed> {
    let mut filter = given::filter();
    filter.anchor()?;
    filter.install(&image(), given::install(Events::All))?;
    let mut lab = Lab::build(&plan(), Purpose::Probing)?;
    lab.attach(&mut filter, mode)?;
    let attachments = lab.attachments()?;
    assert_eq!(attachments.len(), 1 + 2 * WORKLOADS);
    for (point, found) in attachments {
        let program_id = filter.program_id(point.hook());
        assert_eq!(found, Some(Attachment { mode, program_id }), "{point:?}");
    }
    for (step, family) in STEPS.iter().flat_map(|step| [(step, 0), (step, 1)]) {
        let ways: Vec<(usize, usize)> = (0..WORKLOADS)
            .map(|from| (from, (from + step) % WORKLOADS))
            .collect();
        let transport = Transport::Udp {
            source: 1,
            destination: 2,
        };
        let probes: Vec<Probe> = (ways.iter().zip(1..))
            .map(|((from, to), id)| {
                let [source, destination] =
                    [from, to].map(|number| addresses(*number)[family].to_string());
                let spec = given::between(&source, &destination, transport);
                Probe::new(id, Sender::Workload(*from), &spec)
            })
            .collect();
        let shots: Vec<Shot<'_>> = given::shots(&probes);
        let evidence = lab.send(&mut filter, &shots)?;
        assert!(evidence.sentinel_seen);
        assert_eq!((evidence.sent, evidence.lost_events), (WORKLOADS, 0));

        let mut judged = Vec::new();
        let mut delivered = Vec::new();
        for ((from, to), id) in ways.iter().zip(1..) {
            let id = ProbeId(id);
            let (egress, ingress) = (Point::Egress(*from), Point::Ingress(*to));
            judged.push((id, egress, Reason::PolicyNotSelected));
            if denied(*from, *to) {
                judged.push((id, ingress, Reason::PolicyDeny));
            } else {
                judged.push((id, ingress, Reason::PolicyNotSelected));
                let place = Place::Workload(*to);
                delivered.push(Delivery { id, place });
            }
        }
        let mut reported: Vec<_> = (evidence.events.iter())
            .map(|event| {
                (
                    probe_of(event).expect("a probe"),
                    point_of(Hook::from_code(event.hook).expect("a hook"), event.ifindex)
                        .expect("a hook of the lab"),
                    Reason::from_code(event.reason).expect("a reason"),
                )
            })
            .collect();
        reported.sort_unstable();
        judged.sort_unstable();
        assert_eq!(reported, judged);
        let mut arrived = evidence.delivered;
        arrived.sort_unstable();
        assert_eq!(arrived, delivered);
        assert_eq!(evidence.tapped.len(), WORKLOADS);
        let counted: u64 = evidence.counters.iter().flatten().sum();
        assert_eq!(counted, 2 * WORKLOADS as u64);
    }
    Ok(())
}
