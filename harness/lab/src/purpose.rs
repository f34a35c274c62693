//! What a lab is for.

/// What a lab is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Exact counts: everything behind the filter is a silent sink, and the
    /// hosts are not there, for their frames are injected.
    Probing,
    /// Real clients: hosts exist, and everything answers.
    Clients,
    /// Silent sinks as for probing, but nothing is rewritten: others bring the rules.
    Reference,
}
