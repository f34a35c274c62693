//! What a frame is taken for.

use libtest_mimic::Failed;
use netverdict_abi::Hook;
use netverdict_abi::Hook::{Egress, Ingress, Uplink};
use netverdict_abi::Reason::*;
use netverdict_lab::filter::Connections;
use netverdict_policy::frame::{Body, ExtensionHeader, FrameSpec, IpOption, VlanTag};
use netverdict_policy::image::MapImage;

use super::image::{ALLOWED, ALLOWED_V6, POD, POD_V6, rule};
use super::{Judge, fragment, syn};
use crate::given::{between, with};

pub(super) fn shapes(judge: &mut Judge) -> Result<(), Failed> {
    let tag = |id| VlanTag {
        tpid: 0x8100,
        id,
        priority: 0,
    };
    let tagged = |tags: usize| FrameSpec {
        tags: vec![tag(0); tags],
        ..between(ALLOWED, POD, syn(80))
    };
    let cut = |spec: FrameSpec, to| FrameSpec {
        truncate: Some(to),
        ..spec
    };
    let v6 = between(ALLOWED_V6, POD_V6, syn(80));
    let extended = |count: usize| {
        with(v6.clone(), |packet| {
            packet.extension_headers = vec![ExtensionHeader::Destination; count];
        })
    };
    let v4 = between(ALLOWED, POD, syn(80));
    let other = FrameSpec {
        body: Body::Other { ethertype: 0x88cc },
        ..v4.clone()
    };
    let first = with(v4.clone(), |packet| {
        packet.fragment = fragment(0, true, 1);
        packet.lengths.total = Some(22);
    });
    judge.start()?;
    for hook in [Uplink, Ingress] {
        let (reason, rule) = match hook {
            Uplink => (NoPrefilter, 0),
            Egress | Ingress => (PolicyAllow, rule::PORT),
        };
        judge.expect(&[
            ("two tags", hook, tagged(2), reason, rule),
            ("eight extensions", hook, extended(8), reason, rule),
            (
                "options",
                hook,
                with(v4.clone(), |packet| {
                    packet.options = vec![IpOption::RecordRoute(9)];
                }),
                reason,
                rule,
            ),
        ])?;
    }
    for hook in Hook::ALL {
        judge.expect(&[
            ("another ethertype", hook, other.clone(), NotIp, 0),
            ("three tags", hook, tagged(3), TooManyTags, 0),
            ("half a tag", hook, cut(tagged(1), 16), Truncated, 0),
            ("half a header", hook, cut(v4.clone(), 30), Truncated, 0),
            ("half a port", hook, cut(v4.clone(), 37), Truncated, 0),
            (
                "half an IPv6 header",
                hook,
                cut(v6.clone(), 50),
                Truncated,
                0,
            ),
            (
                "version 5",
                hook,
                with(v4.clone(), |packet| packet.lengths.version = Some(5)),
                BadIpHeader,
                0,
            ),
            (
                "a header of 16 bytes",
                hook,
                with(v4.clone(), |packet| packet.lengths.ihl = Some(4)),
                BadIpHeader,
                0,
            ),
            (
                "nine extensions",
                hook,
                extended(9),
                TooManyExtensionHeaders,
                0,
            ),
            (
                "a first fragment without ports",
                hook,
                first.clone(),
                FirstFragmentWithoutPorts,
                0,
            ),
            (
                "a later fragment",
                hook,
                with(v4.clone(), |packet| packet.fragment = fragment(8, false, 1)),
                UntrackedFragment,
                0,
            ),
            (
                "a later fragment of IPv6",
                hook,
                with(v6.clone(), |packet| packet.fragment = fragment(8, true, 1)),
                UntrackedFragment,
                0,
            ),
        ])?;
    }
    judge.install(&MapImage::pass_all(), false, Connections::Keep)?;
    for hook in Hook::ALL {
        judge.expect(&[
            ("anything", hook, tagged(3), PassAll, 0),
            ("nothing at all", hook, cut(v4.clone(), 14), PassAll, 0),
        ])?;
    }
    Ok(())
}
