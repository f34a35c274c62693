//! The policy that the verdicts are about.

use std::collections::BTreeMap;

use netverdict_policy::image::{
    EndpointImage, GuardImage, IdentityId, L4Prefix, MapImage, PolicyEntry, PrefilterImage, RuleId,
    Verdict,
};
use netverdict_policy::prefix::Prefix;

use crate::given::{address, tcp};

pub(super) const POD: &str = "172.30.0.2";
pub(super) const POD_V6: &str = "fd00:30::2";
/// Which sends and receives what it likes.
pub(super) const OPEN: &str = "172.30.0.3";
pub(super) const OPEN_V6: &str = "fd00:30::3";
pub(super) const ALLOWED: &str = "10.1.2.3";
pub(super) const ALLOWED_V6: &str = "2001:db8:a::1";
pub(super) const OTHER: &str = "198.51.100.7";
pub(super) const OTHER_V6: &str = "2001:db8:bad::7";

/// Rules of [`image`].
pub(super) mod rule {
    pub(in crate::verdicts) const LISTED: u32 = 1;
    pub(in crate::verdicts) const PREFILTER: u32 = 2;
    pub(in crate::verdicts) const ALLOW: u32 = 3;
    pub(in crate::verdicts) const DENY: u32 = 4;
    pub(in crate::verdicts) const POD_IN: u32 = 5;
    pub(in crate::verdicts) const ALL_PORTS: u32 = 6;
    pub(in crate::verdicts) const PORT: u32 = 7;
    pub(in crate::verdicts) const ANYBODY: u32 = 8;
    pub(in crate::verdicts) const NOBODY: u32 = 9;
    pub(in crate::verdicts) const POD_OUT: u32 = 10;
    pub(in crate::verdicts) const ECHO: u32 = 11;
    pub(in crate::verdicts) const SCTP: u32 = 12;
}

/// Ports with prefilters: default drop; default pass; bypass.
pub(super) const GUARDED: u16 = 30001;
pub(super) const LENIENT: u16 = 30002;
pub(super) const BYPASS: u16 = 30003;

/// `POD` receives, from 10.0.0.0/8 and 2001:db8:a::/48, everything but ports 80
/// and 8080 to 8095, the latter denied to anybody; from anybody port 80, echo
/// requests, and SCTP. It sends nothing. `OPEN` is selected by nobody, but that
/// nobody may send port 25 to it.
pub(super) fn image() -> MapImage {
    let prefix = |text: &str| -> Prefix { text.parse().expect("a prefix") };
    let allow = |rule| Verdict::Allow(RuleId(rule));
    let deny = |rule| Verdict::Deny(RuleId(rule));
    let sources = BTreeMap::from([
        (prefix("10.0.0.0/8"), allow(rule::ALLOW)),
        (prefix("10.66.0.0/16"), deny(rule::DENY)),
        (prefix("10.77.0.0/16"), Verdict::NoMatch),
        (prefix("2001:db8:a::/48"), allow(rule::ALLOW)),
    ]);
    let stage = |default_pass, backends: &[(u32, u16)]| PrefilterImage {
        default_pass,
        bypass_policy: !backends.is_empty(),
        default_rule: RuleId(rule::PREFILTER),
        sources: sources.clone(),
        backends: backends.iter().copied().collect(),
    };
    let ports = |protocol, port, bits| L4Prefix::Ports {
        protocol,
        port,
        bits,
    };
    let entry = |identity: Option<u32>, l4| PolicyEntry {
        identity: identity.map(IdentityId),
        l4,
    };
    let endpoint = |number, egress, ingress| EndpointImage {
        number,
        egress,
        ingress,
        proposed_egress: None,
        proposed_ingress: None,
    };
    MapImage {
        deny_list: BTreeMap::from([
            (prefix("203.0.113.0/24"), RuleId(rule::LISTED)),
            (prefix("2001:db8:dead::/48"), RuleId(rule::LISTED)),
        ]),
        prefilters: BTreeMap::from([
            (tcp(GUARDED), stage(false, &[])),
            (tcp(LENIENT), stage(true, &[])),
            (tcp(BYPASS), stage(true, &[(0, 50051)])),
        ]),
        endpoints: [
            (POD, endpoint(0, Some(1), Some(0))),
            (POD_V6, endpoint(0, Some(1), Some(0))),
            (OPEN, endpoint(1, None, Some(2))),
            (OPEN_V6, endpoint(1, None, Some(2))),
        ]
        .map(|(text, endpoint)| (address(text), endpoint))
        .into(),
        guards: vec![
            GuardImage {
                default_deny: Some(RuleId(rule::POD_IN)),
                allows: true,
                entries: BTreeMap::from([
                    (entry(Some(256), L4Prefix::All), allow(rule::ALL_PORTS)),
                    (entry(Some(256), ports(6, 80, 16)), allow(rule::PORT)),
                    (entry(None, ports(6, 80, 16)), allow(rule::ANYBODY)),
                    (entry(None, ports(6, 0x1f90, 12)), deny(rule::NOBODY)),
                    (entry(None, ports(1, 8, 16)), allow(rule::ECHO)),
                    (entry(None, ports(58, 128, 16)), allow(rule::ECHO)),
                    (entry(None, ports(132, 0, 0)), allow(rule::SCTP)),
                ]),
            },
            GuardImage {
                default_deny: Some(RuleId(rule::POD_OUT)),
                allows: false,
                entries: BTreeMap::new(),
            },
            GuardImage {
                default_deny: None,
                allows: false,
                entries: BTreeMap::from([(entry(None, ports(6, 25, 16)), deny(rule::NOBODY))]),
            },
        ],
        identities: BTreeMap::from([
            (prefix("10.0.0.0/8"), IdentityId(256)),
            (prefix("2001:db8:a::/48"), IdentityId(256)),
        ]),
        ..MapImage::default()
    }
}
