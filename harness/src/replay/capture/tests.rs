//! Captures made by hand, sound and damaged.

mod made;

use super::*;
use made::{Ng, Order, pcap};

/// All records, and the damage at the end.
fn all(bytes: &[u8]) -> (Vec<Record>, Option<Damage>) {
    let mut records = Vec::new();
    match Capture::open(bytes) {
        Err(damage) => (records, Some(damage)),
        Ok(capture) => {
            for record in capture {
                match record {
                    Ok(record) => records.push(record),
                    Err(damage) => return (records, Some(damage)),
                }
            }
            (records, None)
        }
    }
}

fn sound(bytes: &[u8]) -> Vec<Record> {
    let (records, damage) = all(bytes);
    assert!(damage.is_none(), "{damage:?}");
    records
}

fn damage(bytes: &[u8]) -> (usize, u64, Why) {
    let (records, damage) = all(bytes);
    let damage = damage.expect("it is damaged");
    (records.len(), damage.offset, damage.why)
}

/// Seconds and nanoseconds.
type Moment = Option<(i64, u32)>;

/// Link type, original length, time, bytes.
type Told<'a> = (u16, u32, Moment, &'a [u8]);

/// An option of an interface: its code, and its value.
type Choice<'a> = (u16, &'a [u8]);

const FRAMES: [&[u8]; 3] = [b"", b"fourteen bytes", b"a frame of an odd length."];

#[test]
fn pcap_is_read_in_both_byte_orders_and_both_resolutions() {
    for order in [Order::Little, Order::Big] {
        for (magic, nanoseconds) in [(0xa1b2_c3d4, 7_000), (0xa1b2_3c4d, 7)] {
            let records = sound(&pcap(order, magic, 1, &FRAMES));
            let times: Vec<Option<Time>> = records.iter().map(|record| record.time).collect();
            let expected = (1_700_000_000..).take(3).map(|seconds| {
                Some(Time {
                    seconds,
                    nanoseconds,
                })
            });
            assert_eq!(times, expected.collect::<Vec<_>>(), "{order:?} {magic:x}");
            let bytes: Vec<&[u8]> = records.iter().map(|record| &record.bytes[..]).collect();
            assert_eq!(bytes, FRAMES);
            let offsets: Vec<u64> = records.iter().map(|record| record.offset).collect();
            assert_eq!(offsets, [24, 40, 70]);
            assert!(records.iter().all(|record| record.link == 1));
        }
    }
}

#[test]
fn records_with_more_in_their_headers_are_read_as_well() {
    let mut bytes = pcap(Order::Little, 0xa1b2_cd34, 113, &[]);
    bytes.extend([0; 8]);
    bytes.extend([2, 0, 0, 0, 3, 0, 0, 0]);
    bytes.extend([9; 8]);
    bytes.extend([1, 2]);
    let records = sound(&bytes);
    assert_eq!(records[0].bytes, [1, 2]);
    assert_eq!((records[0].original, records[0].link), (3, 113));
}

/// Frames with a check sequence at their end say so in the upper half of the link type.
#[test]
fn the_link_type_is_the_lower_half_of_its_field() {
    let bytes = pcap(Order::Big, 0xa1b2_c3d4, 0x5400_0001, &FRAMES);
    assert_eq!(sound(&bytes)[0].link, 1);
}

fn section(order: Order) -> Ng {
    let mut ng = Ng::new(order);
    ng.interface(1, 0, &[]).interface(276, 9, &[(9, &[9])]);
    ng
}

#[test]
fn pcapng_is_read_in_both_byte_orders_and_by_interface() {
    for order in [Order::Little, Order::Big] {
        let mut ng = section(order);
        ng.frame(0, 1_700_000_000_000_007, FRAMES[1]);
        ng.unknown(0x0bad_cafe, &[1; 12]).frame(1, 5, FRAMES[2]);
        ng.simple(20, FRAMES[2]).obsolete(1, 6, FRAMES[1]);
        let records = sound(&ng.bytes);
        let told: Vec<Told<'_>> = (records.iter())
            .map(|record| {
                let time = record.time.map(|time| (time.seconds, time.nanoseconds));
                (record.link, record.original, time, &record.bytes[..])
            })
            .collect();
        let expected: [Told<'_>; 4] = [
            (1, 14, Some((1_700_000_000, 7_000)), FRAMES[1]),
            (276, 25, Some((0, 5)), FRAMES[2]),
            (1, 20, None, &FRAMES[2][..20]),
            (276, 14, Some((0, 6)), FRAMES[1]),
        ];
        assert_eq!(told, expected, "{order:?}");
    }
}

#[test]
fn blocks_without_frames_are_counted() {
    let mut ng = section(Order::Little);
    ng.unknown(5, &[0; 8]).unknown(0x0000_0bad, &[]);
    let mut capture = Capture::open(&ng.bytes[..]).expect("a capture");
    assert!(capture.next().is_none());
    assert_eq!(capture.passed_over(), 2);
}

/// Given a section of another byte order behind the first, its interfaces are its own.
#[test]
fn sections_follow_each_other() {
    let mut bytes = section(Order::Little).frame(1, 0, FRAMES[1]).bytes.clone();
    let mut second = Ng::new(Order::Big);
    second.interface(101, 0, &[]).frame(0, 0, FRAMES[2]);
    let begins = bytes.len() as u64;
    bytes.extend(&second.bytes);
    let links: Vec<u16> = sound(&bytes).iter().map(|record| record.link).collect();
    assert_eq!(links, [276, 101]);

    bytes.extend(Ng::new(Order::Big).frame(1, 0, FRAMES[1]).bytes.clone());
    let (before, offset, why) = damage(&bytes);
    assert_eq!(before, 2);
    assert!(
        offset > begins && matches!(why, Why::NoInterface(1)),
        "{why}"
    );
}

#[test]
fn times_are_counted_in_what_their_interface_says() {
    let cases: [(&[Choice<'_>], Moment); 6] = [
        (&[], Some((3, 500_000_000))),
        (&[(9, &[3])], Some((3_500, 0))),
        (&[(9, &[0x80 + 20])], Some((3, 337_860_107))),
        (&[(9, &[0])], Some((3_500_000, 0))),
        (&[(14, &10_i64.to_le_bytes())], Some((13, 500_000_000))),
        // No time is counted in units so small.
        (&[(9, &[200])], None),
    ];
    for (options, expected) in cases {
        let mut ng = Ng::new(Order::Little);
        ng.interface(1, 0, options).frame(0, 3_500_000, b"x");
        let time = sound(&ng.bytes)[0].time;
        let told = time.map(|time| (time.seconds, time.nanoseconds));
        assert_eq!(told, expected, "{options:?}");
    }
}

/// Given a capture cut at every byte: the records before the cut are there, and the
/// damage is at the beginning of the next; where the cut is between two of them,
/// nothing is missing.
#[test]
fn a_cut_is_noticed_wherever_it_is() {
    let mut ng = section(Order::Big);
    ng.frame(0, 1, FRAMES[1])
        .simple(25, FRAMES[2])
        .unknown(5, &[0; 8]);
    ng.frame(1, 2, FRAMES[2]);
    let whole = [
        pcap(Order::Little, 0xa1b2_c3d4, 1, &FRAMES),
        pcap(Order::Big, 0xa1b2_3c4d, 1, &FRAMES),
        ng.bytes,
    ];
    for whole in &whole {
        let begins: Vec<u64> = sound(whole).iter().map(|record| record.offset).collect();
        for cut in 0..whole.len() {
            let (records, damage) = all(&whole[..cut]);
            let expected = records.len();
            assert!(begins.iter().filter(|at| **at < cut as u64).count() >= expected);
            match damage {
                None => assert!(is_boundary(whole, cut), "a cut at {cut} is not noticed"),
                Some(Damage { offset, why }) => {
                    assert!(offset <= cut as u64, "{offset} is behind the cut at {cut}");
                    let is_named = matches!(why, Why::CutShort { .. } | Why::Empty);
                    assert!(is_named, "cut at {cut}: {why}");
                }
            }
        }
    }
}

/// Whether the file may end here: all that is before can be read, and is followed.
fn is_boundary(whole: &[u8], cut: usize) -> bool {
    let mut at = match whole[0] {
        0x0a => 0,
        _ => 24,
    };
    let big = |at: usize| u32::from_be_bytes(*whole[at..].first_chunk().expect("there"));
    let little = |at: usize| u32::from_le_bytes(*whole[at..].first_chunk().expect("there"));
    while at < cut {
        at += match whole[0] {
            0x0a => big(at + 4) as usize,
            0xd4 => 16 + little(at + 8) as usize,
            _ => 16 + big(at + 8) as usize,
        };
    }
    at == cut && cut > 0
}

#[test]
fn what_is_no_capture_is_named() {
    for (bytes, expected) in [
        (&b""[..], "at byte 0: the file is empty"),
        (
            b"name: x\n",
            "at byte 0: neither pcap nor pcapng: it begins with [6e, 61, 6d, 65]",
        ),
        (
            &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0],
            "at byte 0: this is compressed with gzip; decompress it first",
        ),
        (
            &[0xd4, 0xc3, 0xb2],
            "at byte 0: the file ends within its first four bytes: 3 of 4 bytes are there",
        ),
        (
            &[0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0, 1, 2, 3, 4],
            "at byte 0: a section of unknown byte order, [01, 02, 03, 04]",
        ),
    ] {
        let (records, damage) = all(bytes);
        assert!(records.is_empty());
        assert_eq!(damage.expect("none").to_string(), expected);
    }
}

/// Given lengths that lie, nothing is set aside for them, and the damage is where the
/// record begins.
#[test]
fn lengths_that_lie_are_named() {
    let mut long = pcap(Order::Little, 0xa1b2_c3d4, 1, &FRAMES[..1]);
    long.extend([0; 8]);
    long.extend(0xffff_fff0_u32.to_le_bytes());
    long.extend([0; 8]);
    let (before, offset, why) = damage(&long);
    assert_eq!((before, offset), (1, 40));
    assert!(
        matches!(
            why,
            Why::TooLong {
                length: 0xffff_fff0,
                ..
            }
        ),
        "{why}"
    );

    let with = |change: fn(&mut Vec<u8>, usize)| {
        let mut ng = section(Order::Little);
        let at = ng.frame(0, 0, FRAMES[1]).bytes.len();
        let mut bytes = ng.frame(0, 0, FRAMES[2]).bytes.clone();
        change(&mut bytes, at);
        let (before, offset, why) = damage(&bytes);
        assert_eq!((before, offset), (1, at as u64), "{why}");
        why.to_string()
    };
    let lies = [
        with(|bytes, at| bytes[at + 4] = 8),
        with(|bytes, at| bytes[at + 4] += 1),
        with(|bytes, at| bytes[at + 4] -= 4),
        with(|bytes, at| bytes[at + 7] = 0xff),
        with(|bytes, at| bytes[at + 20] = 200),
        with(|bytes, at| bytes[at + 23] = 0xff),
        with(|bytes, at| *bytes.last_mut().expect("there") = at as u8),
    ];
    assert_eq!(
        lies,
        [
            "a block cannot be 8 bytes long",
            "a block cannot be 61 bytes long",
            "a block of 56 bytes ends by saying that it has 46",
            "a block of 4278190140 bytes, where 16777216 is the most there can be",
            "the frame does not fit into its block",
            "the frame does not fit into its block",
            "a block of 60 bytes ends by saying that it has 2080374844",
        ]
    );
}

/// Given any bytes at all: an end, and no panic.
#[test]
fn any_byte_may_be_wrong() {
    let mut ng = section(Order::Big);
    ng.frame(0, 1, FRAMES[1])
        .simple(25, FRAMES[2])
        .obsolete(0, 1, b"x");
    for whole in [pcap(Order::Little, 0xa1b2_c3d4, 1, &FRAMES), ng.bytes] {
        for at in 0..whole.len() {
            for value in [0, 1, 4, 0x7f, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] = value;
                let (records, _) = all(&bytes);
                assert!(records.len() <= whole.len() / 12);
            }
        }
    }
}
