//! Tables of rules that cannot decide, and the oracle's word on drawn policies.

mod drawn;
mod tables;
