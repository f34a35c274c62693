//! Frames of which not everything was captured.

use netverdict_policy::frame::read;

use super::link::Ethernet;

/// The frame as long as it was, if what was captured says all that it is judged by:
/// then it is the same whatever the bytes are that are missing.
pub fn whole(frame: &Ethernet) -> Option<Vec<u8>> {
    if frame.bytes.len() >= frame.original {
        return Some(frame.bytes.clone());
    }
    let with = |filler: u8| {
        let mut bytes = frame.bytes.clone();
        bytes.resize(frame.original, filler);
        bytes
    };
    let zeros = with(0);
    // A field that was not captured reads 0 in one and all ones in the other.
    match (read(&zeros), read(&with(0xff))) {
        (Ok(one), Ok(other)) if one == other => Some(zeros),
        _ => None,
    }
}
