//! How a probe is told from every other frame.

/// Number of a probe, unique within a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProbeId(pub u32);

/// The least payload in bytes: the magic and the id. A description that asks
/// for less gets this much, since a frame without its id proves nothing.
pub const MIN_PAYLOAD: usize = MAGIC.len() + size_of::<u32>();

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

/// A payload of `length` bytes, or [`MIN_PAYLOAD`] if that is more: magic, id in
/// network byte order, zeros.
pub(super) fn payload(id: ProbeId, length: usize) -> Vec<u8> {
    let mut payload = [MAGIC, id.0.to_be_bytes()].concat();
    payload.resize(length.max(MIN_PAYLOAD), 0);
    payload
}
