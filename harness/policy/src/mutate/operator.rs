//! The ways in which people err.

use std::fmt;

/// A way to err. The order is that of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// A prefix is one bit shorter: twice the addresses.
    PrefixShorter,
    /// A prefix is one bit longer: half of the addresses.
    PrefixLonger,
    /// A prefix is every address of its family.
    PrefixZero,
    /// A bit of a prefix's address is wrong.
    AddressBit,
    /// A prefix is of the other family.
    FamilySwapped,
    /// An exception from a prefix is missing.
    ExceptLost,
    /// What is allowed is denied, or the other way round.
    ActionSwapped,
    /// A port, or an end of a range of ports, is off by one.
    PortShifted,
    /// A port is one of another protocol.
    ProtocolSwapped,
    /// An entry of a rule's ports is missing.
    PortLost,
    /// One of those whom a rule is about is missing.
    PeerLost,
    /// A requirement of a selector is missing.
    LabelLost,
    /// A rule is missing.
    RuleLost,
    /// A policy is missing.
    PolicyLost,
    /// A policy isolates nobody in a direction.
    DefaultDenyLost,
    /// A prefilter's default is the other one.
    DefaultFlipped,
    /// A prefilter lets what it passes skip the policy, where it did not, or the
    /// other way round.
    BypassSwitched,
    /// A prefilter's allow list is empty.
    AllowListEmptied,
    /// An entry of a prefilter's allow list is missing.
    AllowEntryLost,
    /// An entry of a deny list is missing.
    DenyEntryLost,
    /// A prefilter is missing.
    PrefilterLost,
}

impl Operator {
    /// Every operator, in order.
    pub const ALL: [Operator; 21] = [
        Operator::PrefixShorter,
        Operator::PrefixLonger,
        Operator::PrefixZero,
        Operator::AddressBit,
        Operator::FamilySwapped,
        Operator::ExceptLost,
        Operator::ActionSwapped,
        Operator::PortShifted,
        Operator::ProtocolSwapped,
        Operator::PortLost,
        Operator::PeerLost,
        Operator::LabelLost,
        Operator::RuleLost,
        Operator::PolicyLost,
        Operator::DefaultDenyLost,
        Operator::DefaultFlipped,
        Operator::BypassSwitched,
        Operator::AllowListEmptied,
        Operator::AllowEntryLost,
        Operator::DenyEntryLost,
        Operator::PrefilterLost,
    ];

    /// Its name in reports.
    pub const fn slug(self) -> &'static str {
        match self {
            Operator::PrefixShorter => "prefix-shorter",
            Operator::PrefixLonger => "prefix-longer",
            Operator::PrefixZero => "prefix-zero",
            Operator::AddressBit => "address-bit",
            Operator::FamilySwapped => "family-swapped",
            Operator::ExceptLost => "except-lost",
            Operator::ActionSwapped => "action-swapped",
            Operator::PortShifted => "port-shifted",
            Operator::ProtocolSwapped => "protocol-swapped",
            Operator::PortLost => "port-lost",
            Operator::PeerLost => "peer-lost",
            Operator::LabelLost => "label-lost",
            Operator::RuleLost => "rule-lost",
            Operator::PolicyLost => "policy-lost",
            Operator::DefaultDenyLost => "default-deny-lost",
            Operator::DefaultFlipped => "default-flipped",
            Operator::BypassSwitched => "bypass-switched",
            Operator::AllowListEmptied => "allow-list-emptied",
            Operator::AllowEntryLost => "allow-entry-lost",
            Operator::DenyEntryLost => "deny-entry-lost",
            Operator::PrefilterLost => "prefilter-lost",
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}
