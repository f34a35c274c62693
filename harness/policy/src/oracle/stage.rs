//! What prefilter and policy say, each by itself.
