//! What prefilters decide, and whom they let bypass the policy.

use netverdict_abi::Reason;
use netverdict_policy::journey::Point;
use netverdict_policy::model::{DefaultAction, Policy, RuleRef};
use netverdict_policy::oracle::{Memory, judge};
use netverdict_policy::scenario::Connections;

use crate::given::{cilium, cluster, listed, node_port, packet, prefilter};
use crate::parties::Parties;

const PORT: &str = "30007/tcp";

/// `web` stands at 80 behind the node's 30007/tcp, and is closed by policy.
fn closed() -> Policy {
    Policy {
        node_ports: vec![node_port(PORT, 80, &[0])],
        ..cluster(vec![cilium(
            "front:app=web",
            &["ingress allow nobody on all"],
        )])
    }
}

#[test]
fn lists_and_defaults() {
    use DefaultAction::{Drop, Pass};
    use Reason::{
        NoPrefilter, OtherProtocol, PrefilterAllow, PrefilterAllowBypass, PrefilterDefaultBypass,
        PrefilterDefaultDrop, PrefilterDefaultPass, PrefilterDeny,
    };
    let allow = "10.0.0.0/8, 2001:db8::/32";
    for (name, deny, allow, default, bypass, packets) in [
        (
            "an allow list",
            "",
            allow,
            Drop,
            false,
            &[
                ("10.1.2.3 > 192.0.2.10 30007/tcp", PrefilterAllow),
                ("2001:db8:bad::7 > 2001:db8::10 30007/tcp", PrefilterAllow),
                ("11.0.0.0 > 192.0.2.10 30007/tcp", PrefilterDefaultDrop),
                ("11.0.0.0 > 192.0.2.10 30007/udp", NoPrefilter),
                ("11.0.0.0 > 192.0.2.10 30008/tcp", NoPrefilter),
                ("11.0.0.0 > 192.0.2.10 echo 1", OtherProtocol),
                ("11.0.0.0 > 192.0.2.10 protocol 47", OtherProtocol),
                // The port counts at every address.
                ("11.0.0.0 > 10.0.0.10 30007/tcp", PrefilterDefaultDrop),
            ][..],
        ),
        (
            "what it passes bypasses the policy",
            "",
            allow,
            Drop,
            true,
            &[
                ("10.1.2.3 > 192.0.2.10 30007/tcp", PrefilterAllowBypass),
                ("11.0.0.0 > 192.0.2.10 30007/tcp", PrefilterDefaultDrop),
            ],
        ),
        (
            "the incident: an empty list, and pass",
            "",
            "",
            Pass,
            true,
            &[(
                "198.51.100.7 > 192.0.2.10 30007/tcp",
                PrefilterDefaultBypass,
            )],
        ),
        (
            "a deny list beats the allow list, whatever is longer",
            "10.0.0.0/9",
            "10.0.0.0/8, 10.1.2.3/32",
            Pass,
            false,
            &[
                ("10.1.2.3 > 192.0.2.10 30007/tcp", PrefilterDeny),
                ("10.128.0.0 > 192.0.2.10 30007/tcp", PrefilterAllow),
                ("11.0.0.0 > 192.0.2.10 30007/tcp", PrefilterDefaultPass),
            ],
        ),
    ] {
        let policy = Policy {
            prefilters: vec![prefilter(PORT, deny, allow, default, bypass)],
            ..closed()
        };
        for (text, expected) in packets {
            let decision = (Parties::untracked(&policy).judge(Point::Uplink, &packet(text)))
                .unwrap_or_else(|difference| panic!("{name}: {difference}"));
            assert_eq!(decision.reason, *expected, "{name}: {text}");
        }
    }
}

#[test]
fn the_deny_list_for_every_port_comes_first() {
    let policy = Policy {
        deny_list: listed("198.51.100.0/24, 198.51.100.7/32, 2001:db8:bad::/48"),
        prefilters: vec![prefilter(PORT, "", "0.0.0.0/0", DefaultAction::Pass, true)],
        ..closed()
    };
    for (text, expected) in [
        ("198.51.100.7 > 192.0.2.10 30007/tcp", Reason::PrefilterDeny),
        ("198.51.100.7 > 192.0.2.10 80/udp", Reason::PrefilterDeny),
        ("198.51.100.7 > 10.0.0.10 echo 1", Reason::PrefilterDeny),
        (
            "2001:db8:bad::7 > 2001:db8::10 protocol 47",
            Reason::PrefilterDeny,
        ),
        (
            "198.51.101.0 > 192.0.2.10 30007/tcp",
            Reason::PrefilterAllowBypass,
        ),
    ] {
        let mut parties = Parties::untracked(&policy);
        let decision = parties.judge(Point::Uplink, &packet(text)).expect(text);
        assert_eq!(decision.reason, expected, "{text}");
    }
    let decision = (Parties::untracked(&policy))
        .judge(
            Point::Uplink,
            &packet("198.51.100.7 > 192.0.2.10 30007/tcp"),
        )
        .expect("agreed");
    let both = [
        RuleRef::DenyList { entry: 0 },
        RuleRef::DenyList { entry: 1 },
    ];
    assert_eq!(decision.rules, both);
    assert!(
        decision.stage.is_some(),
        "the prefilter's own word is given all the same"
    );
    // At the workloads it means nothing.
    let decision = (Parties::untracked(&policy))
        .judge(Point::Egress(1), &packet("10.0.0.11 > 198.51.100.7 80/tcp"))
        .expect("agreed");
    assert_eq!(decision.reason, Reason::PolicyNotSelected);
}

/// What passes the uplink on a bypassed port passes the policy at the backends, and
/// nowhere else; nothing else of the same client does.
#[test]
fn bypassed_flows() {
    let policy = Policy {
        node_ports: vec![node_port(PORT, 80, &[0]), node_port("30008/tcp", 81, &[0])],
        prefilters: vec![prefilter(PORT, "", "", DefaultAction::Pass, true)],
        ..cluster(vec![cilium("*:", &["ingress allow nobody on all"])])
    };
    for (name, at_uplink, at_workload, expected) in [
        (
            "the backend",
            "198.51.100.7 > 192.0.2.10 40000>30007/tcp",
            "198.51.100.7 > 10.0.0.10 40000>80/tcp",
            Reason::Bypassed,
        ),
        (
            "another port of the backend",
            "198.51.100.7 > 192.0.2.10 40000>30007/tcp",
            "198.51.100.7 > 10.0.0.10 40000>81/tcp",
            Reason::PolicyDefaultDeny,
        ),
        (
            "another workload",
            "198.51.100.7 > 192.0.2.10 40000>30007/tcp",
            "198.51.100.7 > 10.0.0.11 40000>80/tcp",
            Reason::PolicyDefaultDeny,
        ),
        (
            "another port of the client",
            "198.51.100.7 > 192.0.2.10 40000>30007/tcp",
            "198.51.100.7 > 10.0.0.10 40001>80/tcp",
            Reason::PolicyDefaultDeny,
        ),
        (
            "another protocol",
            "198.51.100.7 > 192.0.2.10 40000>30007/tcp",
            "198.51.100.7 > 10.0.0.10 40000>80/udp",
            Reason::PolicyDefaultDeny,
        ),
        (
            "a port without prefilter",
            "198.51.100.7 > 192.0.2.10 40000>30008/tcp",
            "198.51.100.7 > 10.0.0.10 40000>81/tcp",
            Reason::PolicyDefaultDeny,
        ),
    ] {
        for mut parties in [Parties::untracked(&policy), Parties::tracking(&policy)] {
            parties
                .judge(Point::Uplink, &packet(at_uplink))
                .expect(name);
            let decision = parties
                .judge(Point::Ingress(0), &packet(at_workload))
                .expect(name);
            assert_eq!(decision.reason, expected, "{name}");
            let rules = match expected {
                Reason::Bypassed => vec![RuleRef::PrefilterDefault { prefilter: 0 }],
                _ => vec![RuleRef::DefaultDeny { policy: 0 }],
            };
            assert_eq!(decision.rules, rules, "{name}");
        }
    }
}

/// A flow is let bypass by a policy: one that follows lets it only if it does so too.
#[test]
fn another_policy_forgets_flows() {
    let bypassing = Policy {
        prefilters: vec![prefilter(PORT, "", "", DefaultAction::Pass, true)],
        ..closed()
    };
    let ask = |memory: &mut Memory, policy: &Policy, point, text| {
        judge(policy, point, &packet(text), memory).reason
    };
    let at_uplink = "198.51.100.7 > 192.0.2.10 40000>30007/tcp";
    let at_web = "198.51.100.7 > 10.0.0.10 40000>80/tcp";
    let reply = "10.0.0.10 > 198.51.100.7 80>40000/tcp";
    // `web` may answer only what it was asked.
    let mut closed = closed();
    (closed.network_policies).push(cilium("front:app=web", &["egress allow nobody on all"]));
    for (connections, answered) in [
        (Connections::Keep, Reason::Reply),
        (Connections::Forget, Reason::PolicyDefaultDeny),
    ] {
        let mut memory = Memory::tracking();
        let at = (Point::Uplink, Point::Ingress(0), Point::Egress(0));
        let first = ask(&mut memory, &bypassing, at.0, at_uplink);
        assert_eq!(first, Reason::PrefilterDefaultBypass);
        assert_eq!(ask(&mut memory, &bypassing, at.1, at_web), Reason::Bypassed);
        memory.policy_replaced(connections);
        let again = ask(&mut memory, &closed, at.1, at_web);
        assert_eq!(again, Reason::PolicyDefaultDeny, "{connections:?}");
        assert_eq!(
            ask(&mut memory, &closed, at.2, reply),
            answered,
            "{connections:?}"
        );
    }
}
