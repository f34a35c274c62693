//! Prefixes in policies.

use crate::diagnostic::Diagnostic;
use crate::frontend::problems::{Problems, Rigour};
use crate::frontend::tree::Node;
use crate::prefix::{Prefix, PrefixError};

/// A prefix. Kubernetes and Cilium take one with host bits for the whole prefix
/// (`netip.ParsePrefix` and `Masked`), which may not be what was meant.
pub(super) fn prefix(node: &Node, problems: &mut Problems) -> Option<Prefix> {
    let text = problems.text(node)?;
    match text.parse() {
        Ok(prefix) => Some(prefix),
        Err(PrefixError::HostBits {
            address,
            length,
            canonical,
        }) => {
            problems.warn(
                "prefix-host-bits",
                &node.location,
                format!("{address}/{length} has host bits set, and counts as {canonical}"),
                format!(
                    "write {canonical} if the whole prefix is meant, or {} for the address alone",
                    Prefix::host(address)
                ),
            );
            Some(canonical)
        }
        Err(error) => {
            problems.bad_prefix(&node.location, text, &error);
            None
        }
    }
}

/// A list of prefixes.
pub(super) fn prefixes(node: &Node, problems: &mut Problems) -> Option<Vec<Prefix>> {
    let items = problems.list(node)?;
    let found: Vec<Option<Prefix>> = (items.iter()).map(|item| prefix(item, problems)).collect();
    found.into_iter().collect()
}

/// The prefix of an entry, and its exceptions, each of which must lie in it;
/// with `strict` the whole prefix is no exception.
pub(super) fn block(
    cidr: &Node,
    except: Option<&Node>,
    strict: bool,
    problems: &mut Problems,
) -> Option<(Prefix, Vec<Prefix>)> {
    let outer = prefix(cidr, problems);
    let mut exceptions = Vec::new();
    let mut sound = true;
    let items = match except {
        Some(node) => problems.list(node)?,
        None => &[],
    };
    for item in items {
        let Some(inner) = prefix(item, problems) else {
            sound = false;
            continue;
        };
        if let Some(outer) = outer
            && (!outer.covers(inner) || strict && outer == inner)
        {
            sound &= problems.rigour() == Rigour::TakeAsIs;
            problems.fault(
                Diagnostic::error(
                    "except-outside",
                    &item.location,
                    match outer == inner {
                        true => format!("{inner} is the whole entry, which leaves nothing of it"),
                        false => format!("{inner} does not lie in {outer}"),
                    },
                    except_help(outer, inner),
                )
                .with_label(&cidr.location, "the prefix it is an exception of"),
            );
            // What is not in the prefix takes nothing out of it.
            if outer != inner {
                continue;
            }
        }
        exceptions.push(inner);
    }
    let outer = outer?;
    sound.then_some((outer, exceptions))
}

fn except_help(cidr: Prefix, except: Prefix) -> String {
    if cidr.family() == except.family() {
        return format!("an exception narrows its own entry: name a prefix inside {cidr}");
    }
    format!("{cidr} holds {} addresses only", cidr.family())
}
