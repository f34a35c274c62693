//! What holds of every policy and packet.

use std::fmt;

use clap::ValueEnum;

/// What is held against drawn cases. Whatever the property, oracle, interpreter and
/// kernel have to say the same of each frame at each hook: reason, rule, and what was
/// done. Where they do not, that is a finding of [`Property::Agreement`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub enum Property {
    /// Oracle, interpreter and kernel say the same, of packets by themselves and of
    /// packets that have to do with one another.
    Agreement,
    /// Adding something that denies never lets a packet through that was dropped: a
    /// rule that denies, in a policy or with a policy of its own, which may isolate; a
    /// prefix on a deny list. Each packet is by itself, with nothing remembered: in a
    /// memory, what one packet is denied can be what another is no longer told apart
    /// by (a flow that would have replaced another one's right to bypass).
    DenyNeverWidens,
    /// Adding something that allows never stops a packet that passed: a rule that
    /// allows, a prefix on an allow list. Default deny must not begin with it: a rule
    /// that is added leaves alone whether its policy isolates, and a policy that is
    /// added isolates nobody (`enableDefaultDeny: false`). Upstream, the first rule of
    /// a direction makes a policy isolate, unless told otherwise: that is default deny
    /// added, and narrows as it should. Each packet is by itself.
    AllowNeverNarrows,
    /// Policies, their rules, peers, ports and exceptions, prefilters and entries of
    /// their lists, services and known hosts in another order give the same reasons.
    OrderDoesNotMatter,
    /// Two halves in place of a prefix, on a list, of a rule, or excepted from one,
    /// give the same reasons.
    HalvesAreTheWhole,
    /// The fewest prefixes of the same addresses, exceptions worked in, give the same
    /// reasons.
    AggregationChangesNothing,
    /// After policies that followed each other in a loaded filter, with packets in
    /// between, the last one means what it means in a filter that was just loaded; and
    /// on the way the parties agree, connections kept or forgotten.
    UpdateEqualsFreshLoad,
    /// Bytes that nobody sends on purpose end in a verdict of the documented reasons,
    /// never in an abort, the same by all parties, which read them each with a parser
    /// of its own: nothing passes a guarded port unless they agree what it is.
    DamagedFrames,
}

impl Property {
    /// Each, in the order in which cases take turns.
    pub const ALL: [Property; 8] = [
        Property::Agreement,
        Property::DenyNeverWidens,
        Property::AllowNeverNarrows,
        Property::OrderDoesNotMatter,
        Property::HalvesAreTheWhole,
        Property::AggregationChangesNothing,
        Property::UpdateEqualsFreshLoad,
        Property::DamagedFrames,
    ];

    /// The name on the command line and in file names.
    pub const fn slug(self) -> &'static str {
        match self {
            Property::Agreement => "agreement",
            Property::DenyNeverWidens => "deny-never-widens",
            Property::AllowNeverNarrows => "allow-never-narrows",
            Property::OrderDoesNotMatter => "order-does-not-matter",
            Property::HalvesAreTheWhole => "halves-are-the-whole",
            Property::AggregationChangesNothing => "aggregation-changes-nothing",
            Property::UpdateEqualsFreshLoad => "update-equals-fresh-load",
            Property::DamagedFrames => "damaged-frames",
        }
    }

    /// What is wrong where it does not hold.
    pub const fn broken(self) -> &'static str {
        match self {
            Property::Agreement => "policy, map image and filter do not say the same",
            Property::DenyNeverWidens => "more is let through after something was denied",
            Property::AllowNeverNarrows => "less is let through after something was allowed",
            Property::OrderDoesNotMatter => "another order of the same has another meaning",
            Property::HalvesAreTheWhole => "two halves mean something else than their prefix",
            Property::AggregationChangesNothing => {
                "fewer prefixes of the same addresses mean something else"
            }
            Property::UpdateEqualsFreshLoad => {
                "a policy means something else after others than by itself"
            }
            Property::DamagedFrames => "a damaged frame is not judged as it should be",
        }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_on_the_command_line_are_those_of_files() {
        for property in Property::ALL {
            let value = property.to_possible_value().expect("none is hidden");
            assert_eq!(value.get_name(), property.slug());
        }
        assert_eq!(Property::value_variants(), Property::ALL);
    }
}
