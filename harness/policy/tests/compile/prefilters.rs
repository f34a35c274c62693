//! Lists of sources, and who may be bypassed to.

use netverdict_abi::Reason;
use netverdict_policy::image::{MapImage, Verdict};
use netverdict_policy::journey::Point;
use netverdict_policy::lower::lower;
use netverdict_policy::model::{
    Backend, DefaultAction, ListedSource, NodePort, ObjectName, Policy, Prefilter, RuleRef,
};

use crate::given::{judged, node_alone, prefix, somewhere, to_tcp, workload};

fn list(prefixes: &str) -> Vec<ListedSource> {
    let location = somewhere();
    (prefixes.split_whitespace())
        .map(|text| ListedSource {
            prefix: prefix(text),
            location: location.clone(),
        })
        .collect()
}

fn with_lists(deny: &str, allow: &str) -> Policy {
    let mut policy = node_alone();
    policy.workloads = vec![
        workload("one", "app=one", "10.0.0.1"),
        workload("two", "app=two", "192.0.2.1"),
    ];
    policy.workloads[1].host_network = true;
    let backend = |workload| Backend {
        workload,
        port: 50051,
    };
    policy.node_ports = vec![NodePort {
        service: ObjectName {
            namespace: "default".to_owned(),
            name: "service".to_owned(),
        },
        node_port: "30007/tcp".parse().expect("a port"),
        backends: vec![backend(0), backend(1)],
        location: somewhere(),
    }];
    policy.prefilters = vec![Prefilter {
        node_port: "30007/tcp".parse().expect("a port"),
        deny: list(deny),
        allow: list(allow),
        default: DefaultAction::Drop,
        bypass_policy: false,
        location: somewhere(),
        allow_location: somewhere(),
        default_location: somewhere(),
        bypass_location: somewhere(),
    }];
    policy
}

/// Sources as `prefix: verdict and entry`.
fn sources(image: &MapImage) -> Vec<String> {
    let stage = image.prefilters.values().next().expect("one prefilter");
    let entries = stage.sources.iter().map(|(prefix, verdict)| {
        let (word, rule) = match verdict {
            Verdict::Allow(rule) => ("allow", rule),
            Verdict::Deny(rule) => ("deny", rule),
            Verdict::NoMatch => panic!("no list has holes"),
        };
        let entry = match image.rule(*rule) {
            Some(RuleRef::PrefilterAllow { entry, .. } | RuleRef::PrefilterDeny { entry, .. }) => {
                entry
            }
            other => panic!("an entry of a list, not {other:?}"),
        };
        format!("{prefix}: {word} {entry}")
    });
    entries.collect()
}

#[test]
fn deny_beats_allow_whatever_the_length() {
    for (deny, allow, expected) in [
        (
            "10.0.0.0/8",
            "10.1.0.0/16 10.1.2.3/32",
            &["10.0.0.0/8: deny 0"][..],
        ),
        (
            "10.1.0.0/16",
            "10.0.0.0/8",
            &["10.0.0.0/8: allow 0", "10.1.0.0/16: deny 0"],
        ),
        ("10.0.0.0/8", "10.0.0.0/8", &["10.0.0.0/8: deny 0"]),
        // Of equal prefixes the first is named, and the longer of two that hold.
        (
            "",
            "10.0.0.0/8 10.1.0.0/16 10.0.0.0/8",
            &["10.0.0.0/8: allow 0", "10.1.0.0/16: allow 1"],
        ),
        (
            "fd00::/16 fd00::/8",
            "fd00::/32 10.0.0.0/8",
            &["10.0.0.0/8: allow 1", "fd00::/8: deny 1"],
        ),
        ("", "", &[]),
    ] {
        let image = lower(&with_lists(deny, allow)).expect("a small policy");
        assert_eq!(sources(&image), expected, "{deny} against {allow}");
    }
}

#[test]
fn the_deny_list_holds_at_every_port() {
    let mut policy = with_lists("", "0.0.0.0/0");
    policy.deny_list = list("198.51.100.0/24 198.51.100.7/32 198.51.100.0/24");
    let image = lower(&policy).expect("a small policy");
    for (port, source, expected) in [
        (30007, "198.51.100.7", Reason::PrefilterDeny),
        (80, "198.51.100.8", Reason::PrefilterDeny),
        (30007, "198.51.101.7", Reason::PrefilterAllow),
        (80, "198.51.101.7", Reason::NoPrefilter),
    ] {
        let (reason, rule) = judged(&image, Point::Uplink, source, "192.0.2.1", to_tcp(port));
        assert_eq!(reason, expected, "{source} to {port}");
        if reason == Reason::PrefilterDeny {
            assert_eq!(rule, Some(RuleRef::DenyList { entry: 0 }));
        }
    }
}

#[test]
fn backends_are_those_that_have_a_policy_to_bypass() {
    let mut policy = with_lists("", "");
    let backends = |policy: &Policy| {
        let image = lower(policy).expect("a small policy");
        let stage = image.prefilters.values().next().expect("one prefilter");
        stage.backends.iter().copied().collect::<Vec<_>>()
    };
    assert_eq!(backends(&policy), [], "the policy is not bypassed");
    policy.prefilters[0].bypass_policy = true;
    assert_eq!(backends(&policy), [(0, 50051)]);
    policy.node_ports[0].node_port = "30007/udp".parse().expect("a port");
    assert_eq!(backends(&policy), [], "another protocol is another service");
}
