//! Real clients and servers.

use crate::Case;

pub(crate) const CASES: &[Case] = &[];
