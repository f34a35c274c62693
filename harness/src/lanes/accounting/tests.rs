use super::*;

fn event(id: u32, reason: Reason) -> Event {
    Event {
        source_mac: probe_mac(ProbeId(id)),
        reason: reason as u8,
        generation: 0,
        rule: 7,
        frame_length: 60,
        ifindex: 1,
        rx_queue: 0,
    }
}

fn counters(counts: &[(Reason, u64)]) -> [u64; REASON_COUNT] {
    let mut counters = [0; REASON_COUNT];
    for (reason, count) in counts {
        counters[*reason as usize] = *count;
    }
    counters
}

#[test]
fn everybody_must_count_alike() {
    use Reason::{PolicyAllow, PolicyDeny};
    let events = [event(1, PolicyAllow), event(2, PolicyDeny)];
    let right = counters(&[(PolicyAllow, 1), (PolicyDeny, 1)]);
    let unknown = Event {
        reason: 200,
        ..events[1]
    };
    for (name, sent, lost_events, counters, events, balanced) in [
        ("all agree", 2, 0, right, &events[..], true),
        ("one frame was not counted", 3, 0, right, &events, false),
        ("one more was counted", 1, 0, right, &events, false),
        ("an event is missing", 2, 0, right, &events[..1], false),
        ("an event was lost", 2, 1, right, &events, false),
        (
            "reasons differ",
            2,
            0,
            counters(&[(PolicyAllow, 2)]),
            &events,
            false,
        ),
        (
            "an unknown reason",
            2,
            0,
            right,
            &[events[0], unknown],
            false,
        ),
        ("nothing at all", 1, 0, counters(&[]), &[], false),
    ] {
        let books = Books {
            sent,
            lost_events,
            counters,
            events,
        };
        assert_eq!(balance(&books).is_ok(), balanced, "{name}");
    }
}

#[test]
fn both_lists_are_shown() {
    let events = [event(1, Reason::PolicyAllow)];
    let counters = counters(&[(Reason::PolicyDeny, 1)]);
    let books = Books {
        sent: 1,
        lost_events: 0,
        counters,
        events: &events,
    };
    let text = balance(&books).expect_err("they differ");
    for line in ["policy-allow", "policy-deny"] {
        let line = text.lines().find(|text| text.contains(line)).expect(line);
        assert!(line.ends_with("<---- WRONG"), "{text}");
    }
}

#[test]
fn an_event_is_about_the_probe_in_its_source_address() {
    let judged = Judged {
        reason: Reason::PolicyDeny,
        rule: RuleId(7),
    };
    let ours = event(0x0102_0304, Reason::PolicyDeny);
    assert_eq!(
        read(&ours),
        Ok(Account::Probe(ProbeId(0x0102_0304), judged))
    );
    let foreign = Event {
        source_mac: [2, 0, 0, 0, 0, 1],
        ..ours
    };
    assert_eq!(read(&foreign), Ok(Account::Foreign));
    assert!(
        read(&Event {
            reason: 200,
            ..ours
        })
        .is_err()
    );
}
