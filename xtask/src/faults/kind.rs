//! What filters get wrong.

/// A kind of mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Where the parts of a packet begin, and what they say.
    Parse,
    /// Tags in front of a packet.
    Vlan,
    /// Numbers read the wrong way round.
    ByteOrder,
    /// Packets in pieces.
    Fragments,
    /// What is found in a map.
    Lookup,
    /// Which of several answers counts.
    Precedence,
    /// What happens without an answer.
    Defaults,
    /// What is proposed, beside what is in force.
    DryRun,
    /// From one policy to the next.
    Update,
    /// What one packet says about the next.
    Memory,
    /// What comes of a verdict.
    Enforcement,
}

impl Kind {
    pub(super) const ALL: [Kind; 11] = [
        Kind::Parse,
        Kind::Vlan,
        Kind::ByteOrder,
        Kind::Fragments,
        Kind::Lookup,
        Kind::Precedence,
        Kind::Defaults,
        Kind::DryRun,
        Kind::Update,
        Kind::Memory,
        Kind::Enforcement,
    ];

    /// As a heading.
    pub(super) fn title(self) -> &'static str {
        match self {
            Kind::Parse => "Parse",
            Kind::Vlan => "VLAN",
            Kind::ByteOrder => "Byte order",
            Kind::Fragments => "Fragments",
            Kind::Lookup => "Lookup",
            Kind::Precedence => "Precedence",
            Kind::Defaults => "Defaults",
            Kind::DryRun => "Dry run",
            Kind::Update => "Update",
            Kind::Memory => "Memory",
            Kind::Enforcement => "Enforcement",
        }
    }
}
