//! From a description to bytes.

use thiserror::Error;

use super::FrameSpec;

/// Number of a probe, unique within a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProbeId(pub u32);

/// The bytes of a frame, from the Ethernet header on, without FCS.
pub type Frame = Vec<u8>;

/// Why a description has no bytes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FrameError {}

/// The source MAC address of a probe: locally administered, `02:6e` and the id.
pub fn probe_mac(id: ProbeId) -> [u8; 6] {
    let [a, b, c, d] = id.0.to_be_bytes();
    [0x02, 0x6e, a, b, c, d]
}

/// Makes the frame, its source MAC [`probe_mac`], its payload beginning with
/// the magic and the id.
///
/// # Errors
/// Where the description cannot be put into bytes.
pub fn build(
    _spec: &FrameSpec,
    _id: ProbeId,
    _destination_mac: [u8; 6],
) -> Result<Frame, FrameError> {
    Ok(Vec::new())
}

/// The id in the first payload magic found in `bytes`.
pub fn find_id(_bytes: &[u8]) -> Option<ProbeId> {
    None
}
