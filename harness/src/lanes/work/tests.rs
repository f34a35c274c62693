use std::collections::BTreeSet;

use netverdict_policy::frame::IpPacket;
use netverdict_policy::image::PrefilterImage;
use netverdict_policy::journey::{Journey, Leg, Target};
use netverdict_policy::port::{ProtoPort, Protocol};
use netverdict_policy::topology::WorkloadPlan;

use super::*;

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn case(point: Point, source: &str, port: u16) -> Case {
    let transport = Transport::opening(Protocol::Tcp, port, 30007);
    let frame = IpPacket::plain(address(source), address("192.0.2.10"), transport).into();
    Case {
        label: String::new(),
        journey: Journey {
            legs: vec![Leg { point, frame }],
            target: Target::Node,
        },
    }
}

fn topology() -> TopologyPlan {
    let workload = |name: &str, own: &str| WorkloadPlan {
        name: name.to_owned(),
        addresses: vec![address(own)],
        host_network: false,
        listen: Vec::new(),
    };
    TopologyPlan {
        node: vec![address("192.0.2.10")],
        hosts: Vec::new(),
        workloads: vec![workload("a", "10.244.0.2"), workload("b", "10.244.0.3")],
        forwards: Vec::new(),
        mtu: 1500,
    }
}

fn bypassing() -> MapImage {
    let stage = PrefilterImage {
        bypass_policy: true,
        backends: BTreeSet::from([(0, 8080)]),
        ..PrefilterImage::default()
    };
    let port = ProtoPort {
        port: 30007,
        protocol: Protocol::Tcp,
    };
    MapImage {
        prefilters: [(port, stage)].into(),
        ..MapImage::default()
    }
}

fn work<'a>(topology: &'a TopologyPlan, image: &'a MapImage, cases: &'a [Case]) -> Work<'a> {
    let mut work = Work {
        topology,
        image,
        cases: Vec::new(),
        frames: Vec::new(),
        alone: (0..cases.len()).collect(),
        sequences: Vec::new(),
        marks: Vec::new(),
    };
    for (id, case) in (1..).zip(cases) {
        let (id, legs) = (ProbeId(id), Vec::new());
        work.push(case, Frames { id, legs });
    }
    work
}

#[test]
fn frames_of_one_flow_never_share_a_batch_where_flows_are_remembered() {
    let cases = [
        case(Point::Uplink, "198.51.100.7", 40000),
        case(Point::Uplink, "198.51.100.7", 40001),
        case(Point::Uplink, "198.51.100.8", 40000),
        case(Point::Uplink, "198.51.100.7", 40000),
        case(Point::Uplink, "198.51.100.7", 40001),
    ];
    let (topology, nothing, bypassing) = (topology(), MapImage::default(), bypassing());
    let order: Vec<usize> = (0..5).collect();
    for (image, most, batches) in [
        (&bypassing, 256, vec![vec![0, 1, 2], vec![3, 4]]),
        (&bypassing, 2, vec![vec![0, 1], vec![2, 3], vec![4]]),
        (&nothing, 256, vec![vec![0, 1, 2, 3, 4]]),
        (&nothing, 2, vec![vec![0, 1], vec![2, 3], vec![4]]),
    ] {
        assert_eq!(
            work(&topology, image, &cases).batches(&order, most),
            batches
        );
    }
}

#[test]
fn only_a_workload_under_anothers_address_is_disguised() {
    let cases = [
        case(Point::Egress(0), "10.244.0.2", 1),
        case(Point::Egress(0), "10.244.0.3", 1),
        case(Point::Egress(0), "203.0.113.9", 1),
        case(Point::Uplink, "10.244.0.3", 1),
    ];
    let (topology, image) = (topology(), MapImage::default());
    let work = work(&topology, &image, &cases);
    let disguised: Vec<bool> = (0..4).map(|index| work.is_disguised(index)).collect();
    assert_eq!(disguised, [false, true, false, false]);
}
