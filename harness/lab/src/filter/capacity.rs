//! How much the maps hold.

use netverdict_abi::map;
use netverdict_policy::image::ImageSizes;

use super::FilterError;

/// Entries that a map has room for at least, of one image, so that a small policy
/// can be replaced by a larger one without loading again.
const FLOOR: usize = 512;

/// Ports that there are: TCP, UDP and SCTP.
const MAX_PREFILTERS: usize = 3 << 16;

/// Entries that a hash of one image may have: some 100 bytes each are set aside
/// when it is made.
const MAX_HASHED: usize = 1 << 20;

/// Room for one image in each map that an image fills. The maps themselves have
/// twice that, for two generations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Capacity(ImageSizes);

impl Capacity {
    /// Room for images of these sizes.
    pub(super) fn for_images(sizes: ImageSizes) -> Result<Capacity, FilterError> {
        let floor = ImageSizes {
            prefilters: FLOOR,
            prefilter_v4: FLOOR,
            prefilter_v6: FLOOR,
            backends: FLOOR,
            endpoints: FLOOR,
            identities_v4: FLOOR,
            identities_v6: FLOOR,
            policy: FLOOR,
        };
        let most = ImageSizes {
            prefilters: MAX_PREFILTERS,
            prefilter_v4: ImageSizes::MAX_PREFIXES,
            prefilter_v6: ImageSizes::MAX_PREFIXES,
            backends: MAX_HASHED,
            endpoints: MAX_HASHED,
            identities_v4: ImageSizes::MAX_PREFIXES,
            identities_v6: ImageSizes::MAX_PREFIXES,
            policy: ImageSizes::MAX_POLICY_ENTRIES,
        };
        Capacity(most).check(sizes)?;
        Ok(Capacity(sizes.max(floor)))
    }

    /// Fails for an image that is larger.
    pub(super) fn check(self, sizes: ImageSizes) -> Result<(), FilterError> {
        let room = by_map(self.0);
        match (room.into_iter().zip(by_map(sizes))).find(|((_, room), (_, needed))| needed > room) {
            None => Ok(()),
            Some(((name, room), (_, needed))) => Err(FilterError::TooLarge { name, needed, room }),
        }
    }

    /// Each map that an image fills, and the entries it is made with.
    pub(super) fn maps(self) -> [(&'static str, u32); 8] {
        by_map(self.0).map(|(name, entries)| {
            let entries = u32::try_from(2 * entries).expect("a capacity is below 2^21");
            (name, entries)
        })
    }
}

fn by_map(sizes: ImageSizes) -> [(&'static str, usize); 8] {
    let ImageSizes {
        prefilters,
        prefilter_v4,
        prefilter_v6,
        backends,
        endpoints,
        identities_v4,
        identities_v6,
        policy,
    } = sizes;
    [
        (map::PREFILTERS, prefilters),
        (map::PREFILTER_V4, prefilter_v4),
        (map::PREFILTER_V6, prefilter_v6),
        (map::BACKENDS, backends),
        (map::ENDPOINTS, endpoints),
        (map::IDENTITIES_V4, identities_v4),
        (map::IDENTITIES_V6, identities_v6),
        (map::POLICY, policy),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_holds_two_generations_and_never_less_than_the_floor() {
        let sizes = ImageSizes {
            policy: 10_000,
            ..ImageSizes::default()
        };
        let capacity = Capacity::for_images(sizes).expect("it fits");
        for (name, entries) in capacity.maps() {
            let expected = if name == map::POLICY { 20_000 } else { 1024 };
            assert_eq!(entries, expected, "{name}");
        }
        assert!(capacity.check(sizes).is_ok());
    }

    #[test]
    fn what_does_not_fit_is_said_by_name_and_number() {
        let sizes = |policy| ImageSizes {
            policy,
            ..ImageSizes::default()
        };
        let capacity = Capacity::for_images(sizes(0)).expect("it fits");
        assert!(capacity.check(sizes(FLOOR)).is_ok());
        for (refused, room) in [
            (capacity.check(sizes(FLOOR + 1)), FLOOR),
            (
                Capacity::for_images(sizes(ImageSizes::MAX_POLICY_ENTRIES + 1)).map(|_| ()),
                ImageSizes::MAX_POLICY_ENTRIES,
            ),
        ] {
            let Err(FilterError::TooLarge {
                name,
                needed,
                room: said,
            }) = refused
            else {
                panic!("it does not fit: {refused:?}");
            };
            assert_eq!((name, needed, said), (map::POLICY, room + 1, room));
        }
    }
}
