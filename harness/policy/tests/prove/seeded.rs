//! Images that are not what they should be, in one entry each.

use netverdict_policy::image::{
    EndpointImage, IdentityId, L4Prefix, MapImage, PolicyEntry, PrefilterImage, RuleId, Verdict,
};
use netverdict_policy::lower::lower;
use netverdict_policy::meaning::L4;
use netverdict_policy::model::{DefaultAction, ListedSource, Peers, Policy, Ports};
use netverdict_policy::port::ProtoPort;
use netverdict_policy::prefix::Prefix;
use netverdict_policy::prove::{Difference, Mismatch, Unread};

use crate::given::{mismatches, policy_of};

/// One workload that 10.0.0.0/8 and fd00::/8 may reach at 50051/tcp, behind a prefilter
/// with an allow list, a hole in it, and a list for every port.
fn policy() -> Policy {
    let mut policy = policy_of("incident/bypass-only.yaml");
    let stage = &mut policy.prefilters[0];
    let list = |prefixes: &[&str]| -> Vec<ListedSource> {
        let location = &stage.location;
        let listed = prefixes.iter().map(|text| ListedSource {
            prefix: prefix(text),
            location: location.clone(),
        });
        listed.collect()
    };
    policy.deny_list = list(&["203.0.113.0/24", "2001:db8:66::/48"]);
    let (allow, deny) = (list(&["10.0.0.0/8", "fd00::/8"]), list(&["10.9.0.0/16"]));
    stage.allow = allow;
    stage.deny = deny;
    stage.default = DefaultAction::Drop;
    policy
}

fn prefix(text: &str) -> Prefix {
    text.parse().expect(text)
}

fn port(text: &str) -> ProtoPort {
    text.parse().expect(text)
}

/// The prefilter of the only port.
fn stage(image: &mut MapImage) -> &mut PrefilterImage {
    let mut stages = image.prefilters.values_mut();
    stages.next().expect("a prefilter")
}

fn workload(image: &mut MapImage) -> &mut EndpointImage {
    let mut endpoints = image.endpoints.values_mut();
    endpoints.next().expect("a workload")
}

fn at_port(who: u32, port: u16) -> PolicyEntry {
    let l4 = L4Prefix::Ports {
        protocol: 6,
        port,
        bits: 16,
    };
    PolicyEntry {
        identity: Some(IdentityId(who)),
        l4,
    }
}

/// The identity of 10.0.0.0/8.
fn inside(image: &MapImage) -> u32 {
    image.identities[&prefix("10.0.0.0/8")].0
}

fn said(mismatch: &Mismatch) -> String {
    match mismatch {
        Mismatch::Difference(difference) => {
            let Difference {
                question,
                class,
                region,
                by_policy,
                by_image,
                ..
            } = difference;
            let prefixes = region.prefixes();
            let l4 = |l4| match l4 {
                L4::Ports(port) => port.to_string(),
                other => format!("{other:?}"),
            };
            format!(
                "{:?} {} to {}: {} and {} more: {} is {}",
                question.point,
                l4(class.first),
                l4(class.last),
                prefixes[0],
                prefixes.len() - 1,
                by_policy.slug(),
                by_image.slug()
            )
        }
        Mismatch::PassAll => "passes everything".to_owned(),
        Mismatch::Endpoint {
            address,
            by_policy,
            by_image,
        } => format!("{address} is {by_policy:?} and {by_image:?}"),
        Mismatch::Backend {
            node_port,
            workload,
            port,
            is_of_policy,
        } => format!("{node_port} to {workload} {port}: {is_of_policy}"),
        Mismatch::Prefilter { node_port, .. } => format!("says of {node_port}"),
        Mismatch::Otherwise {
            by_policy,
            by_image,
            ..
        } => format!("otherwise {} is {}", by_policy.slug(), by_image.slug()),
        Mismatch::Proposed {
            workload,
            direction,
            is_of_policy,
            ..
        } => format!("proposed for {direction} of {workload}: {is_of_policy}"),
        Mismatch::Unread(Unread::Entry { guard, .. }) => format!("unread in {guard}"),
        Mismatch::Unread(unread) => format!("unread {unread:?}"),
    }
}

type Fault = (&'static str, fn(&mut MapImage), &'static [&'static str]);

/// What is done to the image, and what is found.
const FAULTS: &[Fault] = &[
    ("nothing", |_| {}, &[]),
    (
        "everything passes",
        |image| image.pass_all = true,
        &["passes everything"],
    ),
    (
        "an entry of the list for every port is gone",
        |image| {
            image.deny_list.remove(&prefix("203.0.113.0/24"));
        },
        &[
            "Uplink 0/tcp to 30006/tcp: 203.0.113.0/24 and 0 more: prefilter-deny is no-prefilter",
            "Uplink 30007/tcp to 30007/tcp: 203.0.113.0/24 and 0 more: prefilter-deny is \
             prefilter-default-drop",
            "Uplink 30008/tcp to 65535/tcp: 203.0.113.0/24 and 0 more: prefilter-deny is \
             no-prefilter",
            "Uplink 0/udp to 65535/udp: 203.0.113.0/24 and 0 more: prefilter-deny is no-prefilter",
            "Uplink 0/sctp to 65535/sctp: 203.0.113.0/24 and 0 more: prefilter-deny is \
             no-prefilter",
            "Uplink Icmp { kind: 0 } to Icmp { kind: 255 }: 203.0.113.0/24 and 0 more: \
             prefilter-deny is other-protocol",
            "Uplink ForeignIcmp to ForeignIcmp: 203.0.113.0/24 and 0 more: prefilter-deny is \
             other-protocol",
            "Uplink Other to Other: 203.0.113.0/24 and 0 more: prefilter-deny is other-protocol",
        ],
    ),
    (
        "a source is allowed",
        |image| {
            stage(image)
                .sources
                .insert(prefix("11.0.0.0/8"), Verdict::Allow(RuleId(1)));
        },
        &[
            "Uplink 30007/tcp to 30007/tcp: 11.0.0.0/8 and 0 more: prefilter-default-drop is \
             prefilter-allow-bypass",
        ],
    ),
    (
        "a hole is filled",
        |image| {
            stage(image).sources.remove(&prefix("10.9.0.0/16"));
        },
        &[
            "Uplink 30007/tcp to 30007/tcp: 10.9.0.0/16 and 0 more: prefilter-deny is \
             prefilter-allow-bypass",
        ],
    ),
    (
        "a hole says nothing",
        |image| {
            stage(image)
                .sources
                .insert(prefix("10.9.0.0/16"), Verdict::NoMatch);
        },
        &[
            "Uplink 30007/tcp to 30007/tcp: 10.9.0.0/16 and 0 more: prefilter-deny is \
             prefilter-default-drop",
        ],
    ),
    (
        "the default is pass",
        |image| stage(image).default_pass = true,
        &[
            "Uplink 30007/tcp to 30007/tcp: 0.0.0.0/5 and 83 more: prefilter-default-drop is \
             prefilter-default-bypass",
        ],
    ),
    (
        "nothing is bypassed",
        |image| stage(image).bypass_policy = false,
        &[
            "Uplink 30007/tcp to 30007/tcp: 10.0.0.0/13 and 8 more: prefilter-allow-bypass is \
             prefilter-allow",
        ],
    ),
    (
        "the prefilter stands at another port",
        |image| {
            let (_, stage) = image.prefilters.pop_first().expect("a prefilter");
            image.prefilters.insert(port("30008/tcp"), stage);
        },
        &[
            "30007/tcp to 0 50051: true",
            "30008/tcp to 0 50051: false",
            "Uplink 30008/tcp to 30008/tcp: 10.9.0.0/16 and 0 more: no-prefilter is prefilter-deny",
        ],
    ),
    (
        "a backend is gone",
        |image| stage(image).backends.clear(),
        &["30007/tcp to 0 50051: true"],
    ),
    (
        "another port is bypassed to",
        |image| {
            stage(image).backends.insert((0, 22));
        },
        &["30007/tcp to 0 22: false"],
    ),
    (
        "an address is gone",
        |image| {
            image.endpoints.pop_last();
        },
        &["fd00:10:244::2 is Some(0) and None"],
    ),
    (
        "an address is another's",
        |image| workload(image).number = 7,
        &["10.244.0.2 is Some(0) and Some(7)"],
    ),
    (
        "a stranger is there",
        |image| {
            let it = *workload(image);
            image
                .endpoints
                .insert("10.7.7.7".parse().expect("an address"), it);
        },
        &["10.7.7.7 is None and Some(0)"],
    ),
    (
        "nobody guards IPv4",
        |image| workload(image).ingress = None,
        &[
            "Ingress(0) 50051/tcp to 50051/tcp: 0.0.0.0/5 and 38 more: policy-no-match is \
             policy-not-selected",
        ],
    ),
    (
        "the wrong direction is guarded",
        |image| {
            let it = workload(image);
            (it.egress, it.ingress) = (it.ingress, it.egress);
        },
        &[
            "Egress(0) 0/tcp to 50050/tcp: 192.0.2.10/32 and 0 more: policy-not-selected is \
             policy-allow",
        ],
    ),
    (
        "a prefix is nobody's",
        |image| {
            image.identities.remove(&prefix("10.0.0.0/8"));
        },
        &[
            "Ingress(0) 50051/tcp to 50051/tcp: 10.0.0.0/9 and 23 more: policy-allow is \
             policy-no-match",
        ],
    ),
    (
        "a prefix is another's",
        |image| {
            let who = image.identities[&prefix("10.0.0.0/8")];
            image.identities.insert(prefix("12.0.0.0/8"), who);
        },
        &[
            "Ingress(0) 50051/tcp to 50051/tcp: 12.0.0.0/8 and 0 more: policy-no-match is \
             policy-allow",
        ],
    ),
    (
        "an entry is gone",
        |image| {
            let who = inside(image);
            image.guards[0].entries.remove(&at_port(who, 50051));
        },
        &[
            "Ingress(0) 50051/tcp to 50051/tcp: 10.0.0.0/9 and 23 more: policy-allow is \
             policy-no-match",
        ],
    ),
    (
        "another port is allowed",
        |image| {
            let entry = at_port(inside(image), 22);
            image.guards[0]
                .entries
                .insert(entry, Verdict::Allow(RuleId(1)));
        },
        &["Ingress(0) 22/tcp to 22/tcp: 10.0.0.0/9 and 23 more: policy-no-match is policy-allow"],
    ),
    (
        "what is allowed is denied",
        |image| {
            let entry = at_port(inside(image), 50051);
            image.guards[0]
                .entries
                .insert(entry, Verdict::Deny(RuleId(1)));
        },
        &[
            "Ingress(0) 50051/tcp to 50051/tcp: 10.0.0.0/9 and 23 more: policy-allow is \
             policy-deny",
        ],
    ),
    (
        "nobody asks for default deny",
        |image| image.guards[0].default_deny = None,
        &[
            "Ingress(0) 50051/tcp to 50051/tcp: 0.0.0.0/5 and 173 more: policy-no-match is \
             policy-not-selected",
        ],
    ),
    (
        "no rule is said to allow anything",
        |image| image.guards[0].allows = false,
        &[
            "Ingress(0) 50051/tcp to 50051/tcp: 0.0.0.0/5 and 173 more: policy-no-match is \
             policy-default-deny",
        ],
    ),
    (
        "a guard that nobody has",
        |image| {
            let guard = image.guards[0].clone();
            image.guards.push(guard);
        },
        &["unread Guard(1)"],
    ),
    (
        "an entry for nobody",
        |image| {
            let guard = &mut image.guards[0];
            guard
                .entries
                .insert(at_port(4000, 50051), Verdict::Allow(RuleId(1)));
        },
        &["unread in 0"],
    ),
    (
        "entries with keys that no packet has",
        |image| {
            let keys = [(47, 0, 8), (6, 50051, 12), (6, 50051, 17), (1, 300, 16)];
            let who = Some(IdentityId(inside(image)));
            for (protocol, port, bits) in keys {
                let l4 = L4Prefix::Ports {
                    protocol,
                    port,
                    bits,
                };
                let entry = PolicyEntry { identity: who, l4 };
                image.guards[0]
                    .entries
                    .insert(entry, Verdict::Allow(RuleId(1)));
            }
        },
        &["unread in 0", "unread in 0", "unread in 0", "unread in 0"],
    ),
];

#[test]
fn a_fault_in_any_map_is_found() {
    let policy = policy();
    let image = lower(&policy).expect("it compiles");
    let mut wrong = Vec::new();
    for (fault, seed, expected) in FAULTS {
        let mut seeded = image.clone();
        seed(&mut seeded);
        let found: Vec<String> = mismatches(&policy, &seeded).iter().map(said).collect();
        let mut left = found.clone();
        let mut missing = expected.to_vec();
        missing.retain(|line| match left.iter().position(|it| it == line) {
            Some(at) => {
                left.remove(at);
                false
            }
            None => true,
        });
        // Of many differences, some are enough.
        if !missing.is_empty() || expected.is_empty() != found.is_empty() {
            wrong.push(format!("{fault}: {missing:#?} of {found:#?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

/// What no packet shows is compared all the same.
#[test]
fn what_holds_where_something_else_decides_everywhere_is_compared() {
    let mut policy = policy();
    let location = policy.prefilters[0].location.clone();
    let everybody = ["0.0.0.0/0", "::/0"].map(|text| ListedSource {
        prefix: prefix(text),
        location: location.clone(),
    });
    policy.prefilters[0].deny = everybody.to_vec();
    for rule in &mut policy.network_policies[0].rules {
        (rule.peers, rule.ports) = (Peers::Any, Ports::All);
    }
    let image = lower(&policy).expect("it compiles");
    let faults: [Fault; 3] = [
        ("nothing", |_| {}, &[]),
        (
            "the default is pass",
            |image| stage(image).default_pass = true,
            &["says of 30007/tcp"],
        ),
        (
            "nobody asks for default deny",
            |image| image.guards[0].default_deny = None,
            &["otherwise policy-no-match is policy-not-selected"],
        ),
    ];
    for (fault, seed, expected) in faults {
        let mut seeded = image.clone();
        seed(&mut seeded);
        let found: Vec<String> = mismatches(&policy, &seeded).iter().map(said).collect();
        assert_eq!(found, expected, "{fault}");
    }
}
