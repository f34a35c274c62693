//! The frame behind a batch.

use netverdict_abi::SENTINEL_ETHERTYPE;

/// First two bytes of a sentinel's source MAC address; a probe has others.
const PREFIX: [u8; 2] = [0x02, 0x73];

/// Length of the frame: the least that Ethernet carries, without FCS.
const LENGTH: usize = 60;

/// What tells a sentinel from those of other batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sentinel(pub(super) u32);

impl Sentinel {
    fn mac(self) -> [u8; 6] {
        let [a, b, c, d] = self.0.to_be_bytes();
        [PREFIX[0], PREFIX[1], a, b, c, d]
    }

    /// Whether this is the source address of this sentinel.
    pub(super) fn is(self, source_mac: [u8; 6]) -> bool {
        self.mac() == source_mac
    }

    /// Whether this is the source address of a sentinel.
    pub(super) fn any(source_mac: [u8; 6]) -> bool {
        source_mac[..2] == PREFIX
    }

    /// Its bytes. It goes to everybody, so that it is the same on every link.
    pub(super) fn frame(self) -> [u8; LENGTH] {
        let mut frame = [0; LENGTH];
        frame[..6].copy_from_slice(&[0xff; 6]);
        frame[6..12].copy_from_slice(&self.mac());
        frame[12..14].copy_from_slice(&SENTINEL_ETHERTYPE.to_be_bytes());
        frame
    }
}

#[cfg(test)]
mod tests {
    use netverdict_policy::frame::{ProbeId, probe_mac};

    use super::*;

    #[test]
    fn a_sentinel_is_told_from_others_and_from_probes() {
        let sentinel = Sentinel(0x0102_0304);
        let mac: [u8; 6] = sentinel.frame()[6..12].try_into().expect("six bytes");
        assert!(sentinel.is(mac) && Sentinel::any(mac));
        assert!(!Sentinel(0x0102_0305).is(mac));
        assert!(!Sentinel::any(probe_mac(ProbeId(0x0102_0304))));
    }
}
