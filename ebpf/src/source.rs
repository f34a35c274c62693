//! Source addresses of either family, and the prefixes that hold them.

use aya_ebpf::btf_maps::lpm_trie::Key;
use netverdict_abi::{Lpm4, Lpm6, PrefixRule};

use crate::{faults, maps};

/// A source address, in network byte order.
pub(crate) trait Source: Copy {
    /// The longest prefix on the service's allow list that holds it.
    fn in_prefilter(self, service: u32) -> Option<PrefixRule>;

    /// The longest prefix of the service's policy that holds it.
    fn in_policy(self, service: u32) -> Option<PrefixRule>;
}

macro_rules! source {
    ($bytes:literal, $key:ident, $prefilter:ident, $policy:ident) => {
        impl Source for [u8; $bytes] {
            #[inline(always)]
            fn in_prefilter(self, service: u32) -> Option<PrefixRule> {
                if faults::PREFIX_LOOKUP_SKIPPED {
                    return None;
                }
                let address = self;
                let key = Key::new($key::SERVICE_BITS + $bytes * 8, $key { service, address });
                maps::$prefilter.get(&key).copied()
            }

            #[inline(always)]
            fn in_policy(self, service: u32) -> Option<PrefixRule> {
                if faults::PREFIX_LOOKUP_SKIPPED {
                    return None;
                }
                let address = self;
                let key = Key::new($key::SERVICE_BITS + $bytes * 8, $key { service, address });
                maps::$policy.get(&key).copied()
            }
        }
    };
}

source!(4, Lpm4, PREFILTER_V4, POLICY_V4);
source!(16, Lpm6, PREFILTER_V6, POLICY_V6);
