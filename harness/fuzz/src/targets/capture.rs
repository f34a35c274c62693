//! Captures.

use netverdict::replay::capture::{Capture, MOST};

use super::frame;

/// Block types, magics and lengths.
pub(super) const WORDS: &[&[u8]] = &[
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\xc3\xd4",
    b"\x4d\x3c\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x0a\x0d\x0d\x0a",
    b"\x4d\x3c\x2b\x1a",
    b"\x1a\x2b\x3c\x4d",
    b"\x01\x00\x00\x00",
    b"\x06\x00\x00\x00",
    b"\x03\x00\x00\x00",
    b"\x02\x00\x00\x00",
    b"\x05\x00\x00\x00",
    b"\x0c\x00\x00\x00",
    b"\x1c\x00\x00\x00",
    b"\xff\xff\xff\x7f",
    b"\x09\x00\x01\x00\x06",
];

/// Reads every record: no more of them than there are bytes, none larger than the
/// input.
pub(super) fn run(bytes: &[u8]) {
    let Ok(mut capture) = Capture::open(bytes) else {
        return;
    };
    let mut records = 0;
    while let Some(record) = capture.next() {
        records += 1;
        assert!(records <= bytes.len(), "more records than bytes");
        match record {
            Ok(record) => {
                assert!(record.bytes.len() <= bytes.len());
                assert!(record.bytes.len() <= usize::try_from(MOST).unwrap_or(usize::MAX));
            }
            Err(damage) => {
                assert!(usize::try_from(damage.offset).is_ok_and(|at| at <= bytes.len()));
                assert!(capture.next().is_none(), "a record behind the damage");
                return;
            }
        }
    }
    capture.passed_over();
}

/// A few frames in each format.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let frames: Vec<Vec<u8>> = frame::frames().take(3).collect();
    let mut seeds = Vec::new();
    for (magic, is_little) in [(0xa1b2_c3d4_u32, true), (0xa1b2_3c4d, false)] {
        let word = |number: u32| match is_little {
            true => number.to_le_bytes(),
            false => number.to_be_bytes(),
        };
        let half = |number: u16| match is_little {
            true => number.to_le_bytes(),
            false => number.to_be_bytes(),
        };
        let mut pcap = word(magic).to_vec();
        pcap.extend([half(2), half(4)].concat());
        pcap.extend([word(0), word(0), word(65_535), word(1)].concat());
        let mut pcapng = Vec::new();
        let mut block = |kind: u32, body: &[u8]| {
            let mut body = body.to_vec();
            body.resize(body.len().next_multiple_of(4), 0);
            let length = word(u32::try_from(12 + body.len()).unwrap_or(u32::MAX));
            pcapng.extend(word(kind));
            pcapng.extend(length);
            pcapng.extend(body);
            pcapng.extend(length);
        };
        let section = [
            word(0x1a2b_3c4d).to_vec(),
            half(1).to_vec(),
            half(0).to_vec(),
        ]
        .concat();
        block(0x0a0d_0d0a, &[section, vec![0xff; 8]].concat());
        // An interface of Ethernet whose clock counts nanoseconds.
        let resolution = [half(9), half(1)].concat();
        let interface = [
            half(1).to_vec(),
            half(0).to_vec(),
            word(0).to_vec(),
            resolution,
        ]
        .concat();
        block(1, &[interface, vec![9, 0, 0, 0]].concat());
        for frame in &frames {
            let length = word(u32::try_from(frame.len()).unwrap_or(u32::MAX));
            pcap.extend([word(1), word(2), length, length].concat());
            pcap.extend(frame);
            let head = [word(0), word(1), word(2), length, length].concat();
            block(6, &[head, frame.clone()].concat());
            block(3, &[length.to_vec(), frame.clone()].concat());
        }
        seeds.extend([pcap, pcapng]);
    }
    seeds
}
