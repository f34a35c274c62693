//! The order in which frames are sent.

/// A permutation of `0..length` that `seed` names; 0 names the identity.
///
/// Fisher and Yates' shuffle, driven by SplitMix64 (Steele, Lea and Flood,
/// 2014), so that a seed means the same order on every machine.
pub fn order(seed: u64, length: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..length).collect();
    if seed == 0 {
        return order;
    }
    let mut state = seed;
    for last in (1..length).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        // The remainder is below `last + 1`, which is a usize.
        let other = (mixed % (last as u64 + 1)) as usize;
        order.swap(last, other);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::order;

    #[test]
    fn a_seed_names_one_permutation() {
        let identity: Vec<usize> = (0..100).collect();
        assert_eq!(order(0, 100), identity);
        let shuffled = order(7, 100);
        assert_ne!(shuffled, identity);
        assert_eq!(order(7, 100), shuffled);
        let mut sorted = shuffled;
        sorted.sort_unstable();
        assert_eq!(sorted, identity);
    }
}
