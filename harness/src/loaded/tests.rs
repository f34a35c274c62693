//! Findings about loaded filters that are made up.
