//! Kinds of findings about what is loaded in a kernel, held against what is declared.

use crate::diagnostic::Severity;
use crate::finding::reference::{
    AUDIT, FILTERING, FIREWALL_DISABLED, INBOUND_FILTERING, PUBLIC_FACING, SEGMENTATION,
};
use crate::finding::{Kind, Reference};

/// What somebody changed, or left, where the filter should stand.
const TAMPERED: &[Reference] = &[FIREWALL_DISABLED, FILTERING, AUDIT];
/// What lets in whom nobody meant to let in.
const OPEN: &[Reference] = &[PUBLIC_FACING, FILTERING, SEGMENTATION, INBOUND_FILTERING];

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $severity:ident, $references:expr,
       $summary:literal, $explanation:literal, $fix:literal;)*) => {
        $(
            $(#[$doc])*
            pub static $name: Kind = Kind {
                id: $id,
                severity: Severity::$severity,
                summary: $summary,
                explanation: $explanation,
                fix: $fix,
                references: $references,
            };
        )*

        /// Every kind of this module.
        pub static KINDS: &[&Kind] = &[$(&$name),*];
    };
}

kinds! {
    /// An interface without any XDP program.
    NO_PROGRAM = "live-no-program", Error, TAMPERED,
        "an interface that is up has no XDP program",
        "What comes in by this interface is judged by nobody: no prefilter and no policy of \
         these manifests is in its way. The loopback device and interfaces that are down are \
         not counted.",
        "Attach the filter to the interface. If it is meant to have none, name those that are \
         with `--interface NAME`.";
    /// Another program than the filter's.
    WRONG_PROGRAM = "live-wrong-program", Error, TAMPERED,
        "an interface has an XDP program that is none of the filter's",
        "The kernel keeps a digest of each program's instructions, its *tag*. That of this \
         program is none that the filter object has at any of its hooks: it is another program, \
         another version, or one that somebody changed, whatever it is called. What it lets \
         through cannot be told from its maps.",
        "Attach the filter that the manifests are compiled for. If it is another build of it, \
         name its object: `--filter OBJECT`.";
    /// A program of the filter where another one belongs.
    WRONG_HOOK = "live-wrong-hook", Error, TAMPERED,
        "a program of the filter is attached where another of its programs belongs",
        "The filter has three programs: `uplink` judges by prefilters, `egress` what a workload \
         sends, `ingress` what it receives. Each asks about other addresses and other entries; \
         at the wrong place it passes what it should drop.",
        "Attach the program of that hook.";
    /// Attached in another mode than asked for.
    OTHER_MODE = "live-other-mode", Warning, &[FILTERING],
        "the filter runs in another mode than it is meant to",
        "In native mode the driver runs the program before anything else; in generic mode the \
         network stack does, behind packet sockets and later by microseconds: under a flood the \
         node fails where it was meant to hold. What is judged is the same.",
        "Attach it in the mode that is meant, or say which that is with `--mode`.";
    /// A program of the filter that nobody loaded.
    MISSING_PROGRAM = "live-missing-program", Error, TAMPERED,
        "a program of the filter is not loaded anywhere",
        "The filter has three programs over the same maps: at the node's uplink, where \
         workloads' frames enter the node, and where frames enter workloads. One of them is not \
         in the kernel at all, in no network namespace, so that what it judges is judged by \
         nobody.",
        "Load and attach all three programs of the filter.";
    /// Maps that are not those of the layout.
    FOREIGN_LAYOUT = "live-foreign-layout", Error, TAMPERED,
        "the program's maps are not those of the filter",
        "A map that the policy stands in is missing, or is of another kind, or its keys or \
         values have other sizes. What the program does by its maps cannot be told.",
        "Load the filter of this version, or audit with the version of netverdict whose filter \
         is loaded (`netverdict --version` names the layout).";
    /// Several filters with maps of their own.
    SEVERAL_FILTERS = "live-several-filters", Error, TAMPERED,
        "interfaces have programs with different maps",
        "Programs of one filter share their maps, so that one store replaces the policy at every \
         hook. Here some of them read other maps: two policies are in force side by side, a \
         change reaches only one of them, and what a prefilter lets bypass the policy is unknown \
         to the other.",
        "Attach programs of one load of the filter at every hook; detach what an earlier load \
         left.";
    /// Everything passes.
    PASS_ALL = "live-pass-all", Error, OPEN,
        "the filter is in pass-all mode: it lets every frame pass",
        "The mode is there for tests, which show by it that a dropped frame could have arrived. \
         Left on, no policy decides about anything.",
        "Put the policy in force again.";
    /// The word that selects a generation is wrong.
    GENERATION = "live-generation", Error, TAMPERED,
        "the generation in force is not that of the declared policy",
        "Two policies stand in the maps, and one word says which is in force. It names a \
         generation that there is not, or that holds no policy, or it names the old policy while \
         the declared one stands beside it.",
        "Put the policy in force again.";
    /// An allow list without entries.
    EMPTY_ALLOW_LIST = "live-empty-allow-list", Error, OPEN,
        "a loaded prefilter has an empty allow list",
        "Its default decides about every source. With a default of pass it filters nothing; with \
         a default of drop nobody gets in.",
        "Load the list again, and find out who emptied it.";
    /// Passes by default.
    DEFAULT_PASS = "live-default-pass", Error, OPEN,
        "a loaded prefilter passes what its lists do not hold",
        "Sources that are on no list pass. Where nothing else judges them, everybody gets in. If \
         the manifests say so as well, this is a note, or a warning where what passes also \
         bypasses the policy.",
        "Declare `default: drop`, and put that in force.";
    /// Bypasses the policy.
    BYPASS = "live-bypass", Error, OPEN,
        "what a loaded prefilter passes skips the policy",
        "Policies of the workloads behind this port are not asked about what its prefilter \
         passes. If the manifests say so as well, this is a note.",
        "Declare `bypass_policy: false`, and put that in force.";
    /// An entry that no manifest asks for.
    UNDECLARED_ENTRY = "live-undeclared-entry", Error, TAMPERED,
        "an entry is loaded that nobody declared",
        "The maps hold an entry in force that the manifests, compiled, do not have; or one that \
         says something else than theirs. Somebody wrote it by hand, or loaded other manifests.",
        "Declare it, or put the declared policy in force again.";
    /// An entry that is not there.
    MISSING_ENTRY = "live-missing-entry", Error, TAMPERED,
        "a declared entry is not loaded",
        "The manifests, compiled, have an entry that the maps lack. Somebody took it out, or \
         loaded other manifests.",
        "Put the declared policy in force again.";
    /// An entry that no policy has.
    STRAY_ENTRY = "live-stray-entry", Error, TAMPERED,
        "an entry is loaded that no compiled policy has",
        "It contradicts itself or other entries, or no other entry leads to it: no compiler of \
         policies writes it. A program may read it otherwise than it looks.",
        "Find out who wrote it, and put the declared policy in force again.";
    /// Packets that are treated otherwise.
    OTHER_POLICY = "live-other-policy", Error, OPEN,
        "what is loaded treats packets otherwise than what is declared",
        "Both are compared as sets, at every hook and port and for every address there is: these \
         sources pass by one and are dropped by the other, or for another reason.",
        "Put the declared policy in force again, or declare what is loaded.";
    /// Rules have other numbers.
    OTHER_RULES = "live-other-rules", Note, &[AUDIT],
        "entries name their rules by other numbers than these manifests give them",
        "Every packet is treated as declared, but the rule that events and counters name is not \
         that of these manifests: something was added to them or moved since they were loaded.",
        "Put the policy in force again.";
    /// Connections are not remembered.
    UNTRACKED = "live-untracked", Warning, &[],
        "the filter does not remember connections",
        "Every frame is judged as if it were the first of its connection: answers to what a \
         workload sent are dropped unless a policy lets them in by themselves, and later \
         fragments are dropped.",
        "Put the policy in force with connections remembered.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_texts_are_there() {
        for (index, kind) in KINDS.iter().enumerate() {
            assert!(kind.id.starts_with("live-"), "{}", kind.id);
            assert!(
                KINDS[..index].iter().all(|other| other.id != kind.id),
                "{}",
                kind.id
            );
            assert!(
                !kind.summary.ends_with('.') && kind.explanation.ends_with('.'),
                "{}",
                kind.id
            );
            assert!(kind.fix.ends_with('.'), "{}", kind.id);
        }
    }
}
