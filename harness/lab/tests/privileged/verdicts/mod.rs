//! Every reason that a program can give, at each hook that can give it, by test
//! run: the frames by hand, and by hand what is to be said of them.

mod errors;
mod image;
mod memory;
mod policy;
mod prefilter;
mod shapes;

use std::collections::BTreeSet;

use libtest_mimic::Failed;
use netverdict_abi::{Event, Hook, Reason, Verdict};
use netverdict_lab::filter::{Connections, Events, Filter, Install, Links};
use netverdict_policy::frame::{Fragment, FrameSpec, ProbeId, TcpFlags, Transport, build};
use netverdict_policy::image::MapImage;

use self::image::image;
use crate::Case;

pub(crate) const CASES: &[Case] = &[
    ("every_shape_is_judged_alike_at_every_hook", || {
        shapes::shapes(&mut Judge::new())
    }),
    ("the_prefilter_has_the_first_word", || {
        prefilter::prefilter(&mut Judge::new())
    }),
    (
        "what_bypasses_the_policy_does_so_at_its_backends_only",
        || prefilter::bypass(&mut Judge::new()),
    ),
    ("deny_beats_allow_and_the_longer_prefix_is_named", || {
        policy::policy(&mut Judge::new())
    }),
    ("workloads_have_their_own_addresses", || {
        policy::addresses(&mut Judge::new())
    }),
    ("replies_pass_and_new_connections_do_not", || {
        memory::connections(&mut Judge::new())
    }),
    ("errors_about_a_connection_pass", || {
        errors::errors(&mut Judge::new())
    }),
    ("errors_about_a_reply_pass", || {
        errors::about_replies(&mut Judge::new())
    }),
    ("later_fragments_share_the_fate_of_the_first", || {
        memory::fragments(&mut Judge::new())
    }),
    ("a_new_epoch_knows_nothing", || {
        memory::epochs(&mut Judge::new())
    }),
    ("thousands_of_connections_are_remembered", || {
        memory::many(&mut Judge::new())
    }),
    ("every_reason_is_given_where_it_can_be", every_reason),
];

/// A reason that no test brings about is not known to work.
fn every_reason() -> Result<(), Failed> {
    let mut judge = Judge::new();
    for part in [
        shapes::shapes,
        prefilter::prefilter,
        prefilter::bypass,
        policy::policy,
        policy::addresses,
        memory::connections,
        errors::errors,
        errors::about_replies,
        memory::fragments,
        memory::epochs,
    ] {
        part(&mut judge)?;
    }
    for hook in Hook::ALL {
        for reason in Reason::ALL {
            assert_eq!(
                judge.seen.contains(&(hook, *reason)),
                can_be_given(hook, *reason),
                "{reason:?} at {hook:?}"
            );
        }
    }
    Ok(())
}

/// What [`Reason`] says of where.
fn can_be_given(hook: Hook, reason: Reason) -> bool {
    use Reason::*;
    match reason {
        Impossible => false,
        NotIp
        | PassAll
        | UntrackedFragment
        | TooManyTags
        | Truncated
        | BadIpHeader
        | TooManyExtensionHeaders
        | FirstFragmentWithoutPorts => true,
        OtherProtocol
        | NoPrefilter
        | PrefilterAllow
        | PrefilterDefaultPass
        | PrefilterAllowBypass
        | PrefilterDefaultBypass
        | PrefilterDeny
        | PrefilterDefaultDrop => hook == Hook::Uplink,
        NeighbourDiscovery | Reply | Related | PolicyNotSelected | PolicyDefaultDeny
        | PolicyNoMatch | PolicyAllow | PolicyDeny => hook != Hook::Uplink,
        ForeignSource => hook == Hook::Egress,
        Bypassed | ForeignDestination => hook == Hook::Ingress,
    }
}

/// A filter, and what it was seen to say.
struct Judge {
    filter: Filter,
    seen: BTreeSet<(Hook, Reason)>,
    frames: u32,
}

impl Judge {
    fn new() -> Judge {
        Judge {
            filter: crate::given::filter(),
            seen: BTreeSet::new(),
            frames: 0,
        }
    }

    /// Without memory.
    fn start(&mut self) -> Result<(), Failed> {
        self.install(&image(), false, Connections::Forget)
    }

    fn install(
        &mut self,
        image: &MapImage,
        track: bool,
        connections: Connections,
    ) -> Result<(), Failed> {
        let how = Install {
            events: Events::All,
            track,
            links: Links::Unchecked,
            connections,
        };
        self.filter.install(image, how)?;
        Ok(())
    }

    /// With memory, of which there is none yet.
    fn track(&mut self) -> Result<(), Failed> {
        self.install(&image(), true, Connections::Forget)
    }

    /// Has frames judged, one after the other.
    fn expect(&mut self, expected: &[(&str, Hook, FrameSpec, Reason, u32)]) -> Result<(), Failed> {
        for (name, hook, spec, reason, rule) in expected {
            self.frames += 1;
            let frame = build(spec, ProbeId(self.frames), [2, 0, 0, 0, 0, 1])
                .map_err(|error| format!("{name}: {error}"))?;
            let said = self.judge(*hook, &frame)?;
            assert_eq!(said, (*reason, *rule), "{name} at {hook:?}");
            self.seen.insert((*hook, *reason));
        }
        Ok(())
    }

    fn judge(&mut self, hook: Hook, frame: &[u8]) -> Result<(Reason, u32), Failed> {
        let before = self.filter.counters()?;
        let action = self.filter.test_run(hook, frame)?;
        let mut events: Vec<Event> = Vec::new();
        self.filter.drain(|event| events.push(event));
        let [event] = events[..] else {
            return Err(format!("one event for one frame: {events:?}").into());
        };
        let reason = Reason::from_code(event.reason).ok_or("a reason's code")?;
        let tail: [u8; 8] = frame.last_chunk().copied().unwrap_or_default();
        assert_eq!((event.hook, event.tail), (hook as u8, tail));
        assert_eq!(event.frame_length as usize, frame.len());
        assert_eq!(event.source_mac[..], frame[6..12]);
        let expected_action = match reason.verdict() {
            Verdict::Pass => 2,
            Verdict::Drop => 1,
            Verdict::Abort => 0,
        };
        assert_eq!(action, expected_action, "{reason:?}");
        let mut counters = before;
        counters[hook as usize][reason as usize] += 1;
        assert_eq!(self.filter.counters()?, counters, "{reason:?}");
        Ok((reason, event.rule))
    }
}

fn syn(destination: u16) -> Transport {
    tcp_packet(40000, destination, TcpFlags::SYN)
}

fn tcp_packet(source: u16, destination: u16, flags: TcpFlags) -> Transport {
    Transport::Tcp {
        source,
        destination,
        flags,
    }
}

fn udp(source: u16, destination: u16) -> Transport {
    Transport::Udp {
        source,
        destination,
    }
}

const ACK: TcpFlags = TcpFlags(0x10);

fn fragment(offset: u16, more: bool, identification: u32) -> Option<Fragment> {
    Some(Fragment {
        offset,
        more,
        identification: Some(identification),
    })
}
