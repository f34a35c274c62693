//! How a probe is told from every other frame.

/// Number of a probe, unique within a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProbeId(pub u32);

/// The least payload in bytes: the magic and the id. A description that asks
/// for less gets this much, since a frame without its id proves nothing.
pub const MIN_PAYLOAD: usize = MAGIC.len() + size_of::<u32>();

/// Bytes of payload that a description gets that asks for `asked`: at least
/// [`MIN_PAYLOAD`], and where that is not the whole of it, enough for magic and id
/// at the start and once more at the very end.
pub const fn payload_length(asked: usize) -> usize {
    match asked {
        0..=MIN_PAYLOAD => MIN_PAYLOAD,
        9..=15 => 2 * MIN_PAYLOAD,
        _ => asked,
    }
}

/// What stands in front of the id. No header field that a scenario is likely to
/// set holds these bytes, so the id can be found without parsing.
const MAGIC: [u8; 4] = [0x9f, b'n', b'v', 0xe3];

/// The source MAC address of a probe: locally administered, `02:6e` and the id.
pub fn probe_mac(id: ProbeId) -> [u8; 6] {
    let [a, b, c, d] = id.0.to_be_bytes();
    [0x02, 0x6e, a, b, c, d]
}

/// The id in the first payload magic found in `bytes`.
pub fn find_id(bytes: &[u8]) -> Option<ProbeId> {
    bytes.windows(MIN_PAYLOAD).find_map(|window| {
        let id = window.strip_prefix(&MAGIC)?;
        Some(ProbeId(u32::from_be_bytes(id.try_into().ok()?)))
    })
}

/// The id in the last bytes of a frame, which no router changes. There is none in
/// a frame that was cut, or that has padding behind it.
pub fn id_of_tail(tail: [u8; MIN_PAYLOAD]) -> Option<ProbeId> {
    let id = tail.strip_prefix(&MAGIC)?;
    Some(ProbeId(u32::from_be_bytes(id.try_into().ok()?)))
}

/// A payload of [`payload_length`] bytes: magic, id in network byte order, zeros,
/// and magic and id again.
pub(super) fn payload(id: ProbeId, asked: usize) -> Vec<u8> {
    let mark = [MAGIC, id.0.to_be_bytes()].concat();
    let length = payload_length(asked);
    let mut payload = mark.clone();
    payload.resize(length, 0);
    payload[length - MIN_PAYLOAD..].copy_from_slice(&mark);
    payload
}
