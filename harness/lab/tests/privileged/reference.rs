//! The network in which iptables and nftables enforce.

use std::collections::BTreeMap;
use std::sync::Arc;

use libtest_mimic::Failed;
use netverdict_abi::{Reason, Verdict};
use netverdict_lab::LabError;
use netverdict_lab::reference::{Backend, Iptables, Reference, workload_link};
use netverdict_lab::wire::Place;
use netverdict_policy::diagnostic::SourceFile;
use netverdict_policy::frame::{Body, FrameSpec, IcmpKind, TcpFlags, Transport};
use netverdict_policy::frontend::{self, Checked, Files};
use netverdict_policy::generate::{self, Draw};
use netverdict_policy::journey::{Journey, Point, Sender, Target, route};
use netverdict_policy::model::Policy;
use netverdict_policy::oracle::{Memory, travel};
use netverdict_policy::reference::{Rulesets, rulesets};

use crate::Case;
use crate::given::{self, Probe};

pub(crate) const CASES: &[Case] = &[
    ("source_ranges_guard_a_balancer_and_no_node_port", ranges),
    (
        "rules_of_others_are_refused_before_anything_is_loaded",
        others,
    ),
    (
        "drawn_policies_in_nftables_agree_with_the_oracle",
        agreement,
    ),
];

/// Every backend that this machine has; one at least.
fn backends() -> Result<Vec<Iptables>, Failed> {
    let found: Vec<Iptables> = ([Backend::Legacy, Backend::Nft].into_iter())
        .filter_map(|backend| Iptables::find(Some(backend)))
        .collect();
    match found.is_empty() {
        true => Err("no iptables: apt install iptables".into()),
        false => Ok(found),
    }
}

fn any_backend() -> Result<Iptables, Failed> {
    Iptables::find(None).ok_or_else(|| "no iptables: apt install iptables".into())
}

fn rules_of(policy: &Policy) -> Rulesets {
    let links: Vec<String> = (0..policy.workloads.len()).map(workload_link).collect();
    rulesets(policy, &links)
}

/// No other files.
struct Nothing;

impl Files for Nothing {
    fn read(&mut self, _: &SourceFile, _: &str) -> Result<Arc<SourceFile>, String> {
        Err("no such file".to_owned())
    }
}

const BALANCED: &str = r#"
name: a balanced service
topology:
  node: { addresses: [192.0.2.10, "2001:db8::10"] }
  workloads: { shop: { labels: { app: shop } } }
probes: [{ from: 198.51.100.7, to: "shop:30443/tcp", expect: pass }]
---
apiVersion: v1
kind: Service
metadata: { name: shop }
spec:
  type: LoadBalancer
  selector: { app: shop }
  loadBalancerSourceRanges: [10.0.0.0/8]
  ports: [{ port: 443, targetPort: 8443, nodePort: 30443 }]
status: { loadBalancer: { ingress: [{ ip: 203.0.113.80 }] } }
"#;

fn balanced() -> Result<Checked, Failed> {
    let file = SourceFile {
        path: "balanced.yaml".to_owned(),
        text: BALANCED.to_owned(),
    };
    frontend::scenario(&Arc::new(file), &mut Nothing).map_err(|it| format!("{it:?}").into())
}

/// Who arrives at the workload, of those who send to each place.
fn ranges() -> Result<(), Failed> {
    let scenario = balanced()?.scenario;
    let rules = rules_of(&scenario.policy);
    for iptables in backends()? {
        let backend = iptables.backend;
        let mut reference = Reference::build(&scenario.topology, iptables)?;
        reference.load(&rules.iptables, &rules.ip6tables)?;
        reference.enforce(&rules.policy)?;
        let sent: Vec<(Sender, FrameSpec)> = [
            ("10.20.0.5", "203.0.113.80", 443),
            ("198.51.100.7", "203.0.113.80", 443),
            ("10.20.0.5", "192.0.2.10", 30443),
            // kube-proxy asks nobody at a node port.
            ("198.51.100.7", "192.0.2.10", 30443),
            // Nothing stands at this one.
            ("10.20.0.5", "203.0.113.80", 444),
        ]
        .map(|(from, to, port)| (Sender::Outside, given::between(from, to, given::syn(port))))
        .to_vec();
        let probes = given::numbered(&sent);
        let arrivals = reference.send(&given::shots(&probes))?;
        assert!(arrivals.sentinel_seen);
        let mut arrived: Vec<u32> = (arrivals.delivered.iter())
            .filter(|it| it.place == Place::Workload(0))
            .map(|it| it.id.0)
            .collect();
        arrived.sort_unstable();
        assert_eq!(arrived, [1, 3, 4], "{backend}");
    }
    Ok(())
}

fn others() -> Result<(), Failed> {
    let scenario = balanced()?.scenario;
    let rules = rules_of(&scenario.policy);
    for iptables in backends()? {
        let mut reference = Reference::build(&scenario.topology, iptables)?;
        reference.enforce("table ip somebody_s { chain theirs { }; }\n")?;
        match reference.load(&rules.iptables, &rules.ip6tables) {
            Err(LabError::ForeignRules { found }) => {
                assert_eq!(found, "table ip somebody_s");
            }
            other => return Err(format!("{other:?}").into()),
        }
        // Nothing was loaded: the node port leads nowhere.
        let spec = given::packet("10.20.0.5", given::syn(30443));
        let probes = given::numbered(&[(Sender::Outside, spec)]);
        let arrivals = reference.send(&given::shots(&probes))?;
        assert!(arrivals.sentinel_seen);
        assert!((arrivals.delivered.iter()).all(|it| it.place == Place::Node));
    }
    Ok(())
}

/// Policies drawn, and packets for each.
const POLICIES: u64 = 12;
const PACKETS: usize = 50;

/// What is compared is what connection tracking takes for the first packet of a
/// connection; where its egress and its ingress let it through it arrives.
fn agreement() -> Result<(), Failed> {
    let mut judged: BTreeMap<Reason, usize> = BTreeMap::new();
    for seed in 0..POLICIES {
        let mut draw = Draw::seeded(seed);
        let mut policy = generate::policy(&mut draw);
        // No part of the reference.
        policy.prefilters.clear();
        policy.deny_list.clear();
        let topology = generate::topology(&policy);
        let rules = rules_of(&policy);
        let journeys: Vec<Journey> = (0..PACKETS)
            .map(|_| generate::packet(&mut draw, &policy))
            .map(|(sender, frame)| route(&topology, sender, frame))
            .filter(is_plain)
            .collect();
        let mut reference = Reference::build(&topology, any_backend()?)?;
        reference.load(&rules.iptables, &rules.ip6tables)?;
        // Policies say nothing of whose address a sender takes.
        let decided: Vec<_> = (journeys.iter())
            .map(|journey| travel(&policy, journey, &mut Memory::untracked()))
            .map(|decisions| decisions.last().cloned().expect("a decision"))
            .collect();
        let sent = |index: &usize| decided[*index].reason != Reason::ForeignSource;
        let sent: Vec<usize> = (0..journeys.len()).filter(sent).collect();
        reference.enforce(&rules.accept_all)?;
        for index in &sent {
            if !arrives(&mut reference, &journeys[*index])? {
                let journey = &journeys[*index];
                return Err(format!("seed {seed}: no witness for {journey:?}").into());
            }
        }
        reference.enforce(&rules.policy)?;
        for index in sent {
            let (journey, deciding) = (&journeys[index], &decided[index]);
            assert_eq!(
                arrives(&mut reference, journey)?,
                deciding.verdict() == Verdict::Pass,
                "seed {seed}: {deciding:?}\n{journey:?}\n{}",
                rules.policy
            );
            *judged.entry(deciding.reason).or_default() += 1;
        }
    }
    for reason in [
        Reason::PolicyAllow,
        Reason::PolicyDeny,
        Reason::PolicyNoMatch,
        Reason::PolicyDefaultDeny,
        Reason::PolicyNotSelected,
    ] {
        assert!(judged.contains_key(&reason), "all sorts: {judged:?}");
    }
    Ok(())
}

/// Whether it arrives where it is meant to, with nothing remembered of others.
fn arrives(reference: &mut Reference, journey: &Journey) -> Result<bool, Failed> {
    let sender = match journey.first().point {
        Point::Egress(number) => Sender::Workload(number),
        Point::Uplink | Point::Ingress(_) => Sender::Outside,
    };
    let probe = Probe::new(1, sender, journey.frame());
    reference.forget()?;
    let arrivals = reference.send(&[probe.shot()])?;
    assert!(arrivals.sentinel_seen && arrivals.sent == 1);
    let meant = match journey.target {
        Target::Workload { workload, .. } => Place::Workload(workload),
        Target::Node => Place::Node,
        Target::Outside(_) | Target::Undeliverable(_) => Place::Outside,
    };
    Ok((arrivals.delivered.iter()).any(|it| it.id == probe.id && it.place == meant))
}

/// Whether both sides can be asked about it.
fn is_plain(journey: &Journey) -> bool {
    let frame = journey.frame();
    let Body::Ip(packet) = &frame.body else {
        return false;
    };
    let bare = frame.tags.is_empty()
        && packet.options.is_empty()
        && packet.extension_headers.is_empty()
        && packet.fragment.is_none()
        && packet.shortened_to.is_none();
    let begins = match packet.transport {
        Transport::Tcp { flags, .. } => flags == TcpFlags::SYN,
        Transport::Udp { .. } | Transport::Icmp(IcmpKind::EchoRequest { .. }) => true,
        Transport::Sctp { .. } | Transport::Icmp(_) | Transport::Other { .. } => false,
    };
    bare && begins && !matches!(journey.target, Target::Undeliverable(_))
}
