use netverdict_policy::frame::probe_mac;

use super::*;

fn event(id: u32, hook: Hook, reason: Reason) -> Event {
    Event {
        source_mac: probe_mac(ProbeId(id)),
        reason: reason as u8,
        generation: 0,
        tail: [0; 8],
        hook: hook as u8,
        proposed: Event::NOT_PROPOSED,
        zero: [0; 2],
        proposed_rule: 0,
        rule: 7,
        frame_length: 60,
        ifindex: 1,
        rx_queue: 0,
    }
}

const NONE: Counters = [[0; REASON_COUNT]; Hook::ALL.len()];

fn counters(counts: &[(Hook, Reason, u64)]) -> Counters {
    let mut counters = [[0; REASON_COUNT]; Hook::ALL.len()];
    for (hook, reason, count) in counts {
        counters[*hook as usize][*reason as usize] = *count;
    }
    counters
}

#[test]
fn everybody_must_count_alike() {
    use Hook::{Egress, Ingress, Uplink};
    use Reason::{NoPrefilter, PolicyAllow, PolicyDeny};
    let events = [
        event(1, Uplink, NoPrefilter),
        event(1, Ingress, PolicyAllow),
        event(2, Egress, PolicyDeny),
    ];
    let right = counters(&[
        (Uplink, NoPrefilter, 1),
        (Ingress, PolicyAllow, 1),
        (Egress, PolicyDeny, 1),
    ]);
    let at_another_hook = counters(&[
        (Uplink, NoPrefilter, 1),
        (Egress, PolicyAllow, 1),
        (Egress, PolicyDeny, 1),
    ]);
    let unknown = Event {
        reason: 200,
        ..events[1]
    };
    let nowhere = Event {
        hook: 9,
        ..events[1]
    };
    let with = |odd: Event| vec![events[0], odd, events[2]];
    for (name, entered, arrived, lost_events, counters, events, balanced) in [
        ("all agree", 2, None, 0, right, events.to_vec(), true),
        (
            "all agree, arrivals too",
            2,
            Some(1),
            0,
            right,
            events.to_vec(),
            true,
        ),
        (
            "an arrival was not counted",
            2,
            Some(2),
            0,
            right,
            events.to_vec(),
            false,
        ),
        (
            "one more arrived",
            2,
            Some(0),
            0,
            right,
            events.to_vec(),
            false,
        ),
        (
            "one frame was not counted",
            3,
            None,
            0,
            right,
            events.to_vec(),
            false,
        ),
        (
            "one more was counted",
            1,
            None,
            0,
            right,
            events.to_vec(),
            false,
        ),
        (
            "an event is missing",
            2,
            None,
            0,
            right,
            events[..2].to_vec(),
            false,
        ),
        (
            "an event was lost",
            2,
            None,
            1,
            right,
            events.to_vec(),
            false,
        ),
        (
            "hooks differ",
            3,
            None,
            0,
            at_another_hook,
            events.to_vec(),
            false,
        ),
        ("an unknown reason", 2, None, 0, right, with(unknown), false),
        ("an unknown hook", 2, None, 0, right, with(nowhere), false),
        (
            "nothing at all",
            1,
            None,
            0,
            counters(&[]),
            Vec::new(),
            false,
        ),
    ] {
        let books = Books {
            entered,
            arrived,
            lost_events,
            counters,
            proposed: NONE,
            events: &events,
        };
        assert_eq!(balance(&books).is_ok(), balanced, "{name}");
    }
}

#[test]
fn both_lists_are_shown() {
    let events = [event(1, Hook::Ingress, Reason::PolicyAllow)];
    let counters = counters(&[(Hook::Ingress, Reason::PolicyDeny, 1)]);
    let books = Books {
        entered: 0,
        arrived: None,
        lost_events: 0,
        counters,
        proposed: NONE,
        events: &events,
    };
    let text = balance(&books).expect_err("they differ");
    for line in ["policy-allow", "policy-deny"] {
        let line = text.lines().find(|text| text.contains(line)).expect(line);
        assert!(line.contains("ingress"), "{text}");
        assert!(line.ends_with("<---- WRONG"), "{text}");
    }
}

#[test]
fn an_event_is_about_the_probe_in_its_source_address_or_at_the_frames_end() {
    let id = ProbeId(0x0102_0304);
    let ours = event(id.0, Hook::Egress, Reason::PolicyDeny);
    let account = Account {
        probe: Some(id),
        hook: Hook::Egress,
        reason: Reason::PolicyDeny,
        rule: RuleId(7),
        proposed: None,
    };
    assert_eq!(read(&ours), Ok(account));
    let foreign = Event {
        source_mac: [2, 0, 0, 0, 0, 1],
        ..ours
    };
    assert_eq!(
        read(&foreign),
        Ok(Account {
            probe: None,
            ..account
        })
    );
    let behind_a_router = Event {
        tail: [0x9f, b'n', b'v', 0xe3, 1, 2, 3, 4],
        ..foreign
    };
    assert_eq!(read(&behind_a_router), Ok(account));
    for broken in [
        Event {
            reason: 200,
            ..ours
        },
        Event { hook: 3, ..ours },
    ] {
        assert!(read(&broken).is_err());
    }
}

/// An event that says what would be, too.
fn proposing(proposed: Reason, rule: u32) -> Event {
    Event {
        proposed: proposed as u8,
        proposed_rule: rule,
        ..event(1, Hook::Egress, Reason::PolicyAllow)
    }
}

#[test]
fn what_is_proposed_is_counted_and_reported() {
    let events = [
        proposing(Reason::PolicyNoMatch, 3),
        event(2, Hook::Egress, Reason::PolicyAllow),
    ];
    let counted = counters;
    let counters = counted(&[(Hook::Egress, Reason::PolicyAllow, 2)]);
    let once = counted(&[(Hook::Egress, Reason::PolicyNoMatch, 1)]);
    let twice = counted(&[(Hook::Egress, Reason::PolicyNoMatch, 2)]);
    for (name, proposed, balanced) in [
        ("all agree", once, true),
        ("counted and not reported", twice, false),
        ("reported and not counted", NONE, false),
    ] {
        let books = Books {
            entered: 2,
            arrived: None,
            lost_events: 0,
            counters,
            proposed,
            events: &events,
        };
        let balance = balance(&books);
        assert_eq!(balance.is_ok(), balanced, "{name}");
        if let Err(text) = balance {
            assert!(text.contains("proposed policy-no-match"), "{text}");
            assert!(text.contains("<---- WRONG"), "{text}");
        }
    }
}

#[test]
fn what_is_proposed_is_read() {
    let account = read(&proposing(Reason::PolicyDeny, 9)).expect("it is in order");
    let proposal = Proposal {
        reason: Reason::PolicyDeny,
        rule: RuleId(9),
    };
    assert_eq!(account.proposed, Some(proposal));
    let unknown = Event {
        proposed: 100,
        ..proposing(Reason::PolicyDeny, 9)
    };
    assert!(read(&unknown).is_err());
}
