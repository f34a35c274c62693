//! Sets of admitted sources that can be compared.

use std::net::IpAddr;

use super::table::TableVerdict;
use crate::prefix::{Family, Prefix};

/// Who is admitted: the addresses, ascending, at which that changes. Before the
/// first of each family nobody is, so equal sets have equal steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Steps(Vec<IpAddr>);

impl Steps {
    /// Every source is admitted.
    pub(super) fn everyone() -> Steps {
        Steps(
            Family::ALL
                .map(|family| Prefix::all(family).first())
                .to_vec(),
        )
    }

    /// The sources that a table's rows allow.
    pub(super) fn of(rows: &[(Prefix, TableVerdict)]) -> Steps {
        let mut walk = Walk::default();
        for (prefix, verdict) in rows {
            walk.leave_all_but_enclosing(Some(*prefix));
            let admitted = matches!(verdict, TableVerdict::Allow(_));
            walk.starts.push((prefix.first(), admitted));
            walk.path.push((*prefix, admitted));
        }
        walk.leave_all_but_enclosing(None);
        Steps(changes(&walk.starts))
    }

    /// The first address that one admits and the other does not, and whether it
    /// is this one that does.
    pub(super) fn first_difference(&self, other: &Steps) -> Option<(IpAddr, bool)> {
        let alike = self
            .0
            .iter()
            .zip(&other.0)
            .take_while(|(a, b)| a == b)
            .count();
        let next = [self.0.get(alike), other.0.get(alike)];
        let address = *next.into_iter().flatten().min()?;
        let changes_before = (self.0.iter())
            .filter(|change| change.is_ipv4() == address.is_ipv4() && **change <= address);
        Some((address, changes_before.count() % 2 == 1))
    }
}

/// The walk through rows, and where something may begin on the way. Of several
/// beginnings at one address the last counts.
#[derive(Default)]
struct Walk {
    path: Vec<(Prefix, bool)>,
    starts: Vec<(IpAddr, bool)>,
}

impl Walk {
    /// Behind each prefix that ends here, its surroundings go on.
    fn leave_all_but_enclosing(&mut self, next: Option<Prefix>) {
        let encloses = |prefix: Prefix| next.is_some_and(|next| prefix.covers(next));
        while let Some((left, _)) = self.path.pop_if(|(prefix, _)| !encloses(*prefix)) {
            let around = self.path.last().is_some_and(|(_, admitted)| *admitted);
            self.starts
                .extend(left.after().map(|after| (after, around)));
        }
    }
}

fn changes(starts: &[(IpAddr, bool)]) -> Vec<IpAddr> {
    let mut changes = Vec::new();
    let mut admitting = false;
    let mut family = None;
    for (index, (address, admitted)) in starts.iter().enumerate() {
        if starts
            .get(index + 1)
            .is_some_and(|(next, _)| next == address)
        {
            continue;
        }
        if family.replace(Family::of(*address)) != Some(Family::of(*address)) {
            admitting = false;
        }
        if *admitted != admitting {
            changes.push(*address);
            admitting = *admitted;
        }
    }
    changes
}
