//! Prefixes that begin like private ranges, and are wider.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::catalogue::PRIVATE_RANGE_TYPO;
use super::context::Context;
use super::public::private;
use super::{Found, finding, words};
use crate::diagnostic::{Diagnostic, Location};
use crate::model::{ListedSource, PeerKind, Peers};
use crate::prefix::Prefix;

pub(super) fn findings(context: &Context<'_>) -> Vec<Found> {
    let policy = context.policy;
    let private = private();
    let mut found = Vec::new();
    let mut known: BTreeSet<Location> = BTreeSet::new();
    for network_policy in policy.all_network_policies() {
        for rule in &network_policy.rules {
            let Peers::Listed(peers) = &rule.peers else {
                continue;
            };
            for peer in peers {
                let PeerKind::Cidr(cidr) = &peer.kind else {
                    continue;
                };
                if let Some(typo) = Typo::of(cidr.prefix, &peer.location, &private)
                    && known.insert(peer.location.clone())
                {
                    let subject = context.rule_name(network_policy, rule);
                    let found_here = typo.found(&peer.location, &subject);
                    found.push(found_here.about(network_policy.kind.name(), &network_policy.name));
                }
            }
        }
    }
    let of_prefilters = policy.prefilters.iter();
    let listed = of_prefilters
        .flat_map(|prefilter| {
            let subject = format!("prefilter {}", prefilter.node_port);
            (prefilter.allow.iter().chain(&prefilter.deny))
                .map(move |source| (subject.clone(), source))
        })
        .chain((policy.deny_list.iter()).map(|source| ("deny list".to_owned(), source)));
    for (subject, ListedSource { prefix, location }) in listed {
        if let Some(typo) = Typo::of(*prefix, location, &private)
            && known.insert(location.clone())
        {
            found.push(typo.found(location, &subject));
        }
    }
    // What an entry says is gone from the model where its host bits were dropped, unless
    // its place is the text itself.
    for Diagnostic { code, labels, .. } in context.world.diagnostics {
        let Some(label) = labels.first().filter(|_| *code == "prefix-host-bits") else {
            continue;
        };
        if let Some(typo) = Typo::written(&label.location, &private)
            && known.insert(label.location.clone())
        {
            found.push(typo.found(&label.location, label.location.text()));
        }
    }
    found
}

/// A prefix that begins like a private range.
struct Typo {
    /// As written.
    written: String,
    /// What it counts as.
    counts_as: Prefix,
    /// The range that it begins like.
    range: Prefix,
}

impl Typo {
    fn of(prefix: Prefix, place: &Location, private: &[Prefix]) -> Option<Typo> {
        Typo::written(place, private)
            .or_else(|| Typo::begins(prefix.first(), prefix.length(), prefix.to_string(), private))
    }

    /// Of the text of a place, if that is a prefix.
    fn written(place: &Location, private: &[Prefix]) -> Option<Typo> {
        let text = place.text().trim().trim_matches(['"', '\'']);
        let (address, length) = text.split_once('/')?;
        let (address, length) = (address.parse().ok()?, length.parse().ok()?);
        Typo::begins(address, length, text.to_owned(), private)
    }

    fn begins(address: IpAddr, length: u8, text: String, private: &[Prefix]) -> Option<Typo> {
        let range = (private.iter()).find(|range| range.contains(address))?;
        (length < range.length()).then(|| Typo {
            written: text,
            counts_as: Prefix::containing(address, length),
            range: *range,
        })
    }

    fn found(&self, place: &Location, subject: &str) -> Found {
        let Typo {
            written,
            counts_as,
            range,
        } = self;
        let canonical = counts_as.to_string();
        let counts = match canonical == *written {
            true => String::new(),
            false => format!(", counts as {canonical}"),
        };
        let many = crate::region::Region::of(*counts_as).count(counts_as.family());
        let message = format!(
            "{written} begins like the private range {range}{counts}, and holds {} addresses",
            words::number(many)
        );
        let finding = finding(&PRIVATE_RANGE_TYPO, place, subject, message);
        Found::of(finding.with_fix(format!("write {range}, or a prefix inside it")))
    }
}
