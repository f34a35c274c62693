//! Frames of many shapes, and what must become of each under the given policy.

use std::net::Ipv4Addr;

use netverdict_abi::{Reason, Verdict};
use netverdict_lab::wire::Place;
use netverdict_policy::frame::{
    Body, ExtensionHeader, Fragment, FrameSpec, IcmpKind, IpOption, TcpFlags, Transport, VlanTag,
};
use netverdict_policy::journey::{Point, Sender};

use crate::given::{
    BILLING, BILLING_V4, BILLING_V6, INVENTORY, INVENTORY_V4, INVENTORY_V6, NODE_V4, NODE_V6,
    PREFILTERED, WEB, WEB_V4, WEB_V6, address, between, packet, syn, with,
};

/// A protocol that nothing in the kernel handles: RFC 3692 has it for
/// experiments.
pub(crate) const ODD_PROTOCOL: u8 = 253;

/// What becomes of a frame behind the filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Arrives(Place),
    Nowhere,
}

pub(crate) struct Shape {
    pub(crate) name: String,
    pub(crate) from: Sender,
    pub(crate) spec: FrameSpec,
    /// Every hook that judges it, and how.
    pub(crate) judged: Vec<(Point, Reason)>,
    pub(crate) fate: Fate,
}

impl Shape {
    /// Whether it gets past the first hook.
    pub(crate) fn enters(&self) -> bool {
        self.judged[0].1.verdict() == Verdict::Pass
    }
}

const AT_NODE: Fate = Fate::Arrives(Place::Node);
const AT_OUTSIDE: Fate = Fate::Arrives(Place::Outside);

const fn at(workload: usize) -> Fate {
    Fate::Arrives(Place::Workload(workload))
}

/// Every shape; the longest frames fill this MTU.
pub(crate) fn all(mtu: u16) -> Vec<Shape> {
    let mut shapes = Shapes(Vec::new());
    for family in [V4, V6] {
        from_outside(&mut shapes, &family, mtu);
        from_workloads(&mut shapes, &family, mtu);
    }
    of_one_family(&mut shapes);
    shapes.0
}

/// Addresses of one family.
struct Family {
    name: &'static str,
    header: usize,
    allowed: &'static str,
    other: &'static str,
    nobody: &'static str,
    metadata: &'static str,
    node: &'static str,
    workloads: [&'static str; 3],
}

const V4: Family = Family {
    name: "IPv4",
    header: 20,
    allowed: "10.1.2.3",
    other: "11.0.0.0",
    nobody: "203.0.113.9",
    metadata: "169.254.169.254",
    node: NODE_V4,
    workloads: [INVENTORY_V4, BILLING_V4, WEB_V4],
};

const V6: Family = Family {
    name: "IPv6",
    header: 40,
    allowed: "2001:db8:a::1",
    other: "2001:db8:b::1",
    nobody: "2001:db8:ffff::9",
    metadata: "fd00:ec2::254",
    node: NODE_V6,
    workloads: [INVENTORY_V6, BILLING_V6, WEB_V6],
};

struct Shapes(Vec<Shape>);

impl Shapes {
    /// From outside: judged at the uplink, and at a workload if it gets there.
    fn outside(
        &mut self,
        name: &str,
        spec: FrameSpec,
        uplink: Reason,
        ingress: Option<(usize, Reason)>,
        fate: Fate,
    ) {
        let ingress = ingress.map(|(number, reason)| (Point::Ingress(number), reason));
        self.0.push(Shape {
            name: format!("{name} from outside"),
            from: Sender::Outside,
            spec,
            judged: [(Point::Uplink, uplink)]
                .into_iter()
                .chain(ingress)
                .collect(),
            fate,
        });
    }

    /// From a workload: judged there, and at another if it gets there.
    fn workload(
        &mut self,
        name: &str,
        (from, spec): (usize, FrameSpec),
        egress: Reason,
        ingress: Option<(usize, Reason)>,
        fate: Fate,
    ) {
        let ingress = ingress.map(|(number, reason)| (Point::Ingress(number), reason));
        self.0.push(Shape {
            name: format!("{name} from workload {from}"),
            from: Sender::Workload(from),
            spec,
            judged: [(Point::Egress(from), egress)]
                .into_iter()
                .chain(ingress)
                .collect(),
            fate,
        });
    }
}

fn from_outside(shapes: &mut Shapes, family: &Family, mtu: u16) {
    use Reason::*;
    let source = family.allowed;
    let allowed = || packet(source, syn(30007));
    let full = filling(allowed(), family, mtu);
    let passes = Some((INVENTORY, PolicyAllow));
    let mut delivered = |name: &str, spec| {
        shapes.outside(name, spec, NoPrefilter, passes, at(INVENTORY));
    };
    delivered(family.name, allowed());
    delivered("as long as the link takes", full.clone());
    delivered("one priority tag", tagged(1, allowed()));
    delivered("two priority tags", tagged(2, allowed()));
    delivered("two tags, full length", tagged(2, full));
    delivered("a first fragment", first_fragment(allowed()));
    let direct = between(source, family.workloads[INVENTORY], syn(50051));
    delivered("to the workload's address", direct);
    let mut lost = |name: &str, spec, reason| {
        shapes.outside(name, spec, reason, None, Fate::Nowhere);
    };
    lost("three priority tags", tagged(3, allowed()), TooManyTags);
    let mut vlan = tagged(1, allowed());
    vlan.tags[0].id = 5;
    lost("a VLAN that nobody has", vlan, NoPrefilter);
    lost(
        "a later fragment",
        later_fragment(allowed(), 1480),
        UntrackedFragment,
    );
    lost("cut short", cut(allowed()), Truncated);
    let foreign = between(source, family.nobody, udp(9));
    lost("to somebody else", foreign, NoPrefilter);
    let refused = packet(family.other, syn(PREFILTERED));
    lost("not on the allow list", refused, PrefilterDefaultDrop);
    let mut to_node = |name: &str, spec, reason| {
        shapes.outside(name, spec, reason, None, AT_NODE);
    };
    to_node("UDP to the node", packet(source, udp(9)), NoPrefilter);
    to_node("TCP to the node", packet(source, syn(22)), NoPrefilter);
    to_node(
        "to a workload there",
        packet(source, syn(9100)),
        NoPrefilter,
    );
    to_node("SCTP to the node", packet(source, sctp(7)), NoPrefilter);
    let echo = Transport::Icmp(IcmpKind::EchoRequest { identifier: 1 });
    to_node("an echo request", packet(source, echo), OtherProtocol);
    let odd = Transport::Other {
        protocol: ODD_PROTOCOL,
    };
    to_node("a protocol nobody has", packet(source, odd), OtherProtocol);
    let unselected = Some((BILLING, PolicyNotSelected));
    let mut to_billing = |name: &str, spec| {
        shapes.outside(name, spec, NoPrefilter, unselected, at(BILLING));
    };
    to_billing("UDP to a node port", packet(source, udp(30053)));
    to_billing("SCTP to a node port", packet(source, sctp(30132)));
    for flags in ODD_FLAGS {
        to_billing("odd TCP flags", packet(source, flagged(30008, flags)));
    }
    shapes.outside(
        "a source not allowed",
        packet(family.other, syn(30007)),
        NoPrefilter,
        Some((INVENTORY, PolicyNoMatch)),
        Fate::Nowhere,
    );
    shapes.outside(
        "the node's own source",
        packet(family.node, udp(9)),
        NoPrefilter,
        None,
        // IPv4 refuses its own address as a source, IPv6 only the loopback address.
        match family.header {
            20 => Fate::Nowhere,
            _ => AT_NODE,
        },
    );
}

fn from_workloads(shapes: &mut Shapes, family: &Family, mtu: u16) {
    use Reason::*;
    let [inventory, billing, web] = family.workloads;
    let allowed = || between(web, inventory, syn(50051));
    let passes = Some((INVENTORY, PolicyAllow));
    let full = filling(allowed(), family, mtu);
    let mut delivered = |name: &str, spec| {
        shapes.workload(name, (WEB, spec), PolicyAllow, passes, at(INVENTORY));
    };
    delivered(family.name, allowed());
    delivered("as long as the link takes", full.clone());
    delivered("one priority tag", tagged(1, allowed()));
    delivered("two tags, full length", tagged(2, full));
    delivered("a first fragment", first_fragment(allowed()));
    let mut stopped = |name: &str, from, spec, reason| {
        shapes.workload(name, (from, spec), reason, None, Fate::Nowhere);
    };
    stopped("three tags", WEB, tagged(3, allowed()), TooManyTags);
    stopped(
        "a later fragment",
        WEB,
        later_fragment(allowed(), 1480),
        UntrackedFragment,
    );
    stopped("cut short", WEB, cut(allowed()), Truncated);
    stopped("denied", WEB, between(web, billing, syn(8080)), PolicyDeny);
    stopped(
        "to a node port",
        WEB,
        between(web, family.node, syn(30007)),
        PolicyNoMatch,
    );
    stopped(
        "as another",
        BILLING,
        between(web, inventory, syn(50051)),
        ForeignSource,
    );
    stopped(
        "as nobody",
        BILLING,
        between(family.nobody, inventory, syn(50051)),
        ForeignSource,
    );
    let refused = Some((INVENTORY, PolicyNoMatch));
    for (name, destination, port) in [
        ("not allowed there", inventory, 50051),
        ("not allowed behind a node port", family.node, 30007),
    ] {
        let spec = between(billing, destination, syn(port));
        shapes.workload(
            name,
            (BILLING, spec),
            PolicyNotSelected,
            refused,
            Fate::Nowhere,
        );
    }
    let mut free = |name: &str, (from, spec), to: Option<usize>, fate| {
        let to = to.map(|number| (number, PolicyNotSelected));
        shapes.workload(name, (from, spec), PolicyNotSelected, to, fate);
    };
    let web_port = |from| between(from, web, syn(80));
    free("to web", (BILLING, web_port(billing)), Some(WEB), at(WEB));
    for flags in ODD_FLAGS {
        let spec = between(billing, web, flagged(80, flags));
        free("odd TCP flags", (BILLING, spec), Some(WEB), at(WEB));
    }
    let echo = Transport::Icmp(IcmpKind::EchoRequest { identifier: 1 });
    free(
        "an echo",
        (BILLING, between(billing, web, echo)),
        Some(WEB),
        at(WEB),
    );
    free(
        "SCTP",
        (INVENTORY, between(inventory, web, sctp(9))),
        Some(WEB),
        at(WEB),
    );
    let to_port = between(inventory, family.node, udp(30053));
    free(
        "to a node port",
        (INVENTORY, to_port),
        Some(BILLING),
        at(BILLING),
    );
    let to_itself = between(billing, family.node, udp(30053));
    free(
        "to its own node port",
        (BILLING, to_itself),
        Some(BILLING),
        at(BILLING),
    );
    let to_node = between(billing, family.node, syn(22));
    free("to the node", (BILLING, to_node), None, AT_NODE);
    let to_exporter = between(billing, family.node, syn(9100));
    free(
        "to a workload of the node",
        (BILLING, to_exporter),
        None,
        AT_NODE,
    );
    for destination in [family.nobody, family.metadata] {
        let spec = between(billing, destination, udp(80));
        free("to outside", (BILLING, spec), None, AT_OUTSIDE);
    }
}

fn of_one_family(shapes: &mut Shapes) {
    use Reason::*;
    shapes.outside(
        "a source denied",
        packet("10.66.0.1", syn(30007)),
        NoPrefilter,
        Some((INVENTORY, PolicyDeny)),
        Fate::Nowhere,
    );
    let passes = Some((INVENTORY, PolicyAllow));
    for (name, option) in [
        ("no operation", IpOption::Nop),
        ("router alert", IpOption::RouterAlert),
        ("record route", IpOption::RecordRoute(3)),
        ("timestamp", IpOption::Timestamp(2)),
    ] {
        let spec = with(packet("10.1.2.3", syn(30007)), |ip| {
            ip.options = vec![option];
        });
        shapes.outside(name, spec, NoPrefilter, passes, at(INVENTORY));
    }
    let routed = with(packet("10.1.2.3", syn(30007)), |ip| {
        ip.options = vec![IpOption::LooseSourceRoute];
    });
    shapes.outside(
        "loose source route",
        routed,
        NoPrefilter,
        None,
        Fate::Nowhere,
    );
    let extended = with(packet("2001:db8:a::1", syn(30007)), |ip| {
        ip.extension_headers = vec![ExtensionHeader::HopByHop, ExtensionHeader::Destination];
    });
    shapes.outside(
        "extension headers",
        extended,
        NoPrefilter,
        passes,
        at(INVENTORY),
    );
    for martian in [
        "127.0.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "0.0.0.0",
        "::1",
        "ff02::1",
    ] {
        let spec = packet(martian, udp(30053));
        shapes.outside("a martian", spec, NoPrefilter, None, Fate::Nowhere);
    }
    let arp = |sender: [u8; 4]| FrameSpec {
        tags: Vec::new(),
        body: Body::Arp {
            sender: Ipv4Addr::from(sender),
            target: match address(NODE_V4) {
                std::net::IpAddr::V4(node) => node,
                std::net::IpAddr::V6(_) => unreachable!("it is not"),
            },
        },
        truncate: None,
    };
    shapes.outside("ARP", arp([10, 0, 0, 1]), NotIp, None, Fate::Nowhere);
    let own = (WEB, arp([172, 30, 0, 4]));
    shapes.workload("ARP", own, NotIp, None, Fate::Nowhere);
    let solicited = Transport::Icmp(IcmpKind::NeighbourSolicitation);
    let solicitation = (WEB, between(WEB_V6, NODE_V6, solicited));
    shapes.workload(
        "solicitation",
        solicitation,
        NeighbourDiscovery,
        None,
        Fate::Nowhere,
    );
}

/// NULL, FIN, SYN+FIN, FIN+PSH+URG, RST, SYN+ACK, all: what connection tracking
/// would not let through.
const ODD_FLAGS: [u8; 7] = [0x00, 0x01, 0x03, 0x29, 0x04, 0x12, 0xff];

fn flagged(destination: u16, flags: u8) -> Transport {
    Transport::Tcp {
        source: 1,
        destination,
        flags: TcpFlags(flags),
    }
}

fn udp(destination: u16) -> Transport {
    Transport::Udp {
        source: 5353,
        destination,
    }
}

fn sctp(destination: u16) -> Transport {
    Transport::Sctp {
        source: 1,
        destination,
    }
}

/// The same, as long as an MTU allows.
fn filling(spec: FrameSpec, family: &Family, mtu: u16) -> FrameSpec {
    with(spec, |ip| {
        ip.payload = usize::from(mtu) - family.header - 20
    })
}

fn first_fragment(spec: FrameSpec) -> FrameSpec {
    with(spec, |ip| {
        ip.fragment = Some(Fragment {
            offset: 0,
            more: true,
            identification: None,
        });
        ip.payload = 36;
    })
}

fn later_fragment(spec: FrameSpec, offset: u16) -> FrameSpec {
    with(spec, |ip| {
        ip.fragment = Some(Fragment {
            offset,
            more: false,
            identification: None,
        });
    })
}

fn cut(spec: FrameSpec) -> FrameSpec {
    FrameSpec {
        truncate: Some(40),
        ..spec
    }
}

fn tagged(tags: usize, spec: FrameSpec) -> FrameSpec {
    let tag = VlanTag {
        tpid: 0x8100,
        id: 0,
        priority: 3,
    };
    FrameSpec {
        tags: vec![tag; tags],
        ..spec
    }
}
