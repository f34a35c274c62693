use std::net::IpAddr;

use super::*;
use crate::frame::{Fragment, VlanTag};

fn address(text: &str) -> IpAddr {
    text.parse().expect(text)
}

fn tcp(port: u16) -> ProtoPort {
    ProtoPort {
        port,
        protocol: Protocol::Tcp,
    }
}

fn workload(name: &str, addresses: &[&str], host_network: bool) -> WorkloadPlan {
    WorkloadPlan {
        name: name.to_owned(),
        addresses: addresses.iter().map(|text| address(text)).collect(),
        host_network,
        listen: Vec::new(),
    }
}

/// 30007 leads to `shop` (0), 30008 to `old` (1) of IPv4 alone, 30009 to
/// `agent` (2) on the node itself.
fn topology() -> TopologyPlan {
    let forward = |port, workload| Forward {
        node_port: tcp(port),
        workload,
        target_port: 8080,
    };
    TopologyPlan {
        node: vec![address("192.0.2.10"), address("2001:db8::10")],
        hosts: Vec::new(),
        workloads: vec![
            workload("shop", &["10.244.0.2", "fd00::2"], false),
            workload("old", &["10.244.0.3"], false),
            workload("agent", &["192.0.2.10", "2001:db8::10"], true),
        ],
        forwards: vec![forward(30007, 0), forward(30008, 1), forward(30009, 2)],
        mtu: 1500,
    }
}

fn syn(source: &str, destination: &str, port: u16) -> FrameSpec {
    let transport = Transport::opening(Protocol::Tcp, 40000, port);
    IpPacket::plain(address(source), address(destination), transport).into()
}

fn packet(frame: &mut FrameSpec) -> &mut IpPacket {
    match &mut frame.body {
        Body::Ip(packet) => packet,
        Body::Arp { .. } | Body::Other { .. } => panic!("an IP packet is expected"),
    }
}

fn points(journey: &Journey) -> Vec<Point> {
    journey.legs.iter().map(|leg| leg.point).collect()
}

const POD: Sender = Sender::Workload(1);

#[test]
fn every_sender_and_destination_has_its_way() {
    let direct = |workload| Target::Workload {
        workload,
        node_port: None,
    };
    let through = |workload, port| Target::Workload {
        workload,
        node_port: Some(tcp(port)),
    };
    let foreign = || Target::Undeliverable(Undeliverable::ForeignDestination);
    let outside = |to| Target::Outside(address(to));
    let (uplink, egress, ingress) = (Point::Uplink, Point::Egress(1), Point::Ingress);
    for (sender, from, to, port, legs, target) in [
        (
            Sender::Outside,
            "198.51.100.7",
            "192.0.2.10",
            30007,
            vec![uplink, ingress(0)],
            through(0, 30007),
        ),
        (
            Sender::Outside,
            "198.51.100.7",
            "192.0.2.10",
            22,
            vec![uplink],
            Target::Node,
        ),
        (
            Sender::Outside,
            "198.51.100.7",
            "10.244.0.2",
            8080,
            vec![uplink, ingress(0)],
            direct(0),
        ),
        (
            Sender::Outside,
            "198.51.100.7",
            "203.0.113.1",
            80,
            vec![uplink],
            foreign(),
        ),
        (
            Sender::Outside,
            "2001:db8:bad::7",
            "2001:db8::10",
            30008,
            vec![uplink],
            Target::Undeliverable(Undeliverable::NoBackend),
        ),
        (
            Sender::Outside,
            "198.51.100.7",
            "192.0.2.10",
            30009,
            vec![uplink],
            Target::Node,
        ),
        (
            POD,
            "10.244.0.3",
            "10.244.0.2",
            8080,
            vec![egress, ingress(0)],
            direct(0),
        ),
        (
            POD,
            "10.244.0.3",
            "10.244.0.3",
            8080,
            vec![egress, ingress(1)],
            direct(1),
        ),
        (
            POD,
            "10.244.0.3",
            "192.0.2.10",
            30007,
            vec![egress, ingress(0)],
            through(0, 30007),
        ),
        (
            POD,
            "10.244.0.3",
            "192.0.2.10",
            22,
            vec![egress],
            Target::Node,
        ),
        (
            POD,
            "10.244.0.3",
            "169.254.169.254",
            80,
            vec![egress],
            outside("169.254.169.254"),
        ),
        (POD, "10.244.0.3", "127.0.0.1", 80, vec![egress], foreign()),
        (POD, "fd00::3", "fe80::1", 80, vec![egress], foreign()),
    ] {
        let journey = route(&topology(), sender, syn(from, to, port));
        assert_eq!(points(&journey), legs, "{from} to {to}:{port}");
        assert_eq!(journey.target, target, "{from} to {to}:{port}");
    }
}

#[test]
fn behind_a_node_port_a_frame_is_the_backends() {
    let mut sent = syn("198.51.100.7", "192.0.2.10", 30007);
    sent.tags.push(VlanTag {
        tpid: 0x8100,
        id: 0,
        priority: 3,
    });
    let journey = route(&topology(), Sender::Outside, sent.clone());
    assert_eq!(*journey.frame(), sent);
    let arrives = &journey.legs[1].frame;
    assert_eq!(*arrives, syn("198.51.100.7", "10.244.0.2", 8080));
}

#[test]
fn a_later_fragment_reaches_an_address_and_no_node_port() {
    for (destination, legs) in [("192.0.2.10", 1), ("10.244.0.2", 2)] {
        let mut sent = syn("198.51.100.7", destination, 30007);
        packet(&mut sent).fragment = Some(Fragment {
            offset: 1480,
            more: false,
            identification: None,
        });
        let journey = route(&topology(), Sender::Outside, sent);
        assert_eq!(journey.legs.len(), legs, "{destination}");
    }
}

#[test]
fn a_family_that_the_node_lacks_leads_nowhere() {
    let mut topology = topology();
    topology.node.truncate(1);
    let journey = route(&topology, POD, syn("fd00::3", "2001:db8:1::1", 80));
    let foreign = Target::Undeliverable(Undeliverable::ForeignDestination);
    assert_eq!(journey.target, foreign);
}
