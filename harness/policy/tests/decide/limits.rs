//! As many prefixes as a map holds, and one more.

use netverdict_policy::image::ImageSizes;
use netverdict_policy::lower::lower;
use netverdict_policy::model::{AllowedSource, CidrSource, DefaultAction, Policy, Sources};
use netverdict_policy::prefix::Prefix;

use crate::given::{allow, for_inventory, inventory, node_port, prefilter, somewhere, workload};

const LIMIT: usize = ImageSizes::MAX_PREFIXES;

/// Single addresses, every other one, from 10.0.0.0 on: none covers another.
fn hosts(count: usize) -> impl Iterator<Item = Prefix> {
    (0..count).map(|index| {
        let offset = u32::try_from(2 * index).expect("within 10.0.0.0/8");
        Prefix::host(std::net::Ipv4Addr::from_bits((10 << 24) + offset).into())
    })
}

fn with_sources(count: usize) -> Policy {
    let location = somewhere();
    let mut rule = allow("", "all");
    rule.sources = Sources::Cidrs(
        hosts(count)
            .map(|cidr| CidrSource {
                cidr,
                except: Vec::new(),
                location: location.clone(),
            })
            .collect(),
    );
    inventory(vec![for_inventory(vec![rule])])
}

#[test]
fn policies() {
    // Each port has its own copy: two of them hold half of it each.
    let mut policy = with_sources(LIMIT / 2 + 1);
    policy
        .workloads
        .push(workload("default", "other", "app=other"));
    policy.node_ports.push(node_port("30008/tcp", 50051, &[0]));
    policy.node_ports.push(node_port("30009/tcp", 50051, &[1]));
    let diagnostics = lower(&policy).expect_err("one too many");
    let [diagnostic] = &diagnostics[..] else {
        panic!("one diagnostic: {diagnostics:?}");
    };
    assert_eq!(diagnostic.code, "too-many-prefixes");
    assert_eq!(
        diagnostic.message,
        "with 30008/tcp there are 1048578 IPv4 prefixes of policies, more than the 1048576 that the map holds"
    );
}

#[test]
fn prefilters() {
    let mut policy = Policy {
        prefilters: vec![prefilter("30007/tcp", "", DefaultAction::Drop, false)],
        ..Policy::default()
    };
    let location = somewhere();
    let source = |prefix| AllowedSource {
        prefix,
        location: location.clone(),
    };
    policy.prefilters[0].allow = hosts(LIMIT).map(source).collect();
    let image = lower(&policy).expect("as many as the map holds");
    assert_eq!(image.sizes().prefilter_v4, LIMIT);

    policy.prefilters[0]
        .allow
        .extend(hosts(LIMIT + 1).last().map(source));
    let diagnostics = lower(&policy).expect_err("one too many");
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(
        diagnostics[0].message,
        "with 30007/tcp there are 1048577 IPv4 prefixes of prefilters, more than the 1048576 that the map holds"
    );
}
