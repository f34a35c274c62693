//! Changes in sentences.

use netverdict_policy::diff::{Cause, Change, Difference, Effect, End, Mask, Side};
use netverdict_policy::meaning::{L4, L4Class};
use netverdict_policy::model::{Direction, Policy};
use netverdict_policy::port::Protocol;
use netverdict_policy::prefix::{Family, Prefix};
use netverdict_policy::region::Region;

use super::edits::{Edit, Spot};
use super::pairing::Pair;
use super::side::Loaded;
use crate::words::{counted, rule_words};

/// Prefixes of a family that are named before the rest is counted.
const PREFIXES: usize = 8;
/// Workloads that are.
const NAMES: usize = 4;

/// What is said of a change needs both sides' names and policies.
#[derive(Clone, Copy, Debug)]
pub struct Teller<'a> {
    /// The sides.
    pub sides: [&'a Loaded; 2],
    /// The worlds.
    pub pair: &'a Pair<'a>,
    /// What they differ in.
    pub difference: &'a Difference,
}

impl Teller<'_> {
    /// The whole change: who, with whom, and since when.
    pub fn sentence(&self, change: &Change, edits: &[Edit]) -> String {
        let what = match change.masked {
            None => self.verdict(change),
            Some(mask) => self.masked(change, mask),
        };
        let why = self.why(change, edits);
        let behind = match change.masked {
            None => String::new(),
            Some(mask) => self.why_masked(change, mask),
        };
        format!("{what}{why}{behind}.")
    }

    fn verdict(&self, change: &Change) -> String {
        let from = self.names(&change.from);
        let to = self.target(change);
        let ports = self.ports_behind(change);
        let who = addresses(&change.addresses);
        let over = over(change);
        let newly = change.effect == Effect::Passes;
        match (change.from[0], change.to[0]) {
            (End::Strangers, _) => {
                let place = match change.danger {
                    netverdict_policy::diff::Danger::Internet => "the internet",
                    _ => "private addresses outside the cluster",
                };
                match newly {
                    true => format!("{to} is newly open to {place}{ports}: {who} now get in"),
                    false => {
                        format!("{to} is newly closed to {place}{ports}: {who} no longer get in")
                    }
                }
            }
            (End::KnownHosts, _) => match newly {
                true => format!("{to} is newly open to known hosts{ports}: {who} now get in"),
                false => {
                    format!("{to} is newly closed to known hosts{ports}: {who} no longer get in")
                }
            },
            (_, End::Strangers | End::KnownHosts) => match newly {
                true => format!("{from} may newly send to {who}{ports}"),
                false => format!("{from} may no longer send to {who}{ports}"),
            },
            _ => match newly {
                true => format!("{from} newly gets to {to}{ports}{over}"),
                false => format!("{from} no longer gets to {to}{ports}{over}"),
            },
        }
    }

    fn masked(&self, change: &Change, mask: Mask) -> String {
        let who = addresses(&change.addresses);
        let (done, says) = match change.effect {
            Effect::Passes => ("widened", "now allows"),
            Effect::Drops => ("narrowed", "no longer allows"),
        };
        let by = match mask {
            Mask::Bypass => "bypass",
            Mask::Prefilter => "prefilter",
        };
        let behind = change.behind.iter().map(|member| End::Member(*member));
        let backend = self.names(&behind.collect::<Vec<_>>());
        let at = self.target(change);
        format!(
            "policy layer {done}, masked by {by}: the policy of {backend} behind {at} {says} {who}"
        )
    }

    fn why_masked(&self, change: &Change, mask: Mask) -> String {
        let place = self
            .prefilter(change)
            .map_or(String::new(), |(side, prefilter, policy)| {
                let prefilter = &policy.prefilters[prefilter];
                let location = match mask {
                    Mask::Bypass => &prefilter.bypass_location,
                    Mask::Prefilter => &prefilter.location,
                };
                format!(" ({})", self.place(side, location))
            });
        match mask {
            Mask::Bypass => format!(
                "; no verdict changes, for the prefilter{place} lets them in without asking the policy"
            ),
            Mask::Prefilter => format!(
                "; no verdict changes, for they are dropped before the policy is asked{place}"
            ),
        }
    }

    /// The prefilter at the change's node port.
    fn prefilter(&self, change: &Change) -> Option<(Side, usize, &Policy)> {
        let End::Gate(gate) = change.to[0] else {
            return None;
        };
        let port = self.difference.pairs.gates[gate].port;
        [Side::New, Side::Old].into_iter().find_map(|side| {
            let policy = self.policy(side)?;
            let index = policy
                .prefilters
                .iter()
                .position(|it| it.node_port == port)?;
            Some((side, index, policy))
        })
    }

    fn why(&self, change: &Change, edits: &[Edit]) -> String {
        let more = |count: usize| match count {
            0 => String::new(),
            count => format!(" (and {})", counted(count, "more line")),
        };
        if let Some(edit) = edits.first() {
            let more = more(edits.len() - 1);
            let quoted = |spot: &Spot| format!("`{}`", spot.text);
            let what = edit
                .what
                .as_ref()
                .map_or(String::new(), |what| format!(" ({what})"));
            return match (&edit.old, &edit.new) {
                (Some(old), Some(new)) if old.text != new.text => format!(
                    ", since {}{what} says {} where it said {}{more}",
                    self.place(Side::New, &new.location),
                    quoted(new),
                    quoted(old),
                ),
                (_, Some(new)) => format!(
                    ", since {}{what} says {}{}{more}",
                    self.place(Side::New, &new.location),
                    quoted(new),
                    if edit.old.is_none() {
                        ", which is new"
                    } else {
                        ""
                    },
                ),
                (Some(old), None) => format!(
                    ", since {}{what} is gone, which said {}{more}",
                    self.place(Side::Old, &old.location),
                    quoted(old)
                ),
                (None, None) => String::new(),
            };
        }
        let absent =
            [Side::Old, Side::New].map(|side| change.causes.of(side).contains(&Cause::Absent));
        match absent {
            [true, _] => {
                let lets: Vec<String> = self.lets(change, Side::New);
                format!(": it is new{}", behind(", and ", &lets))
            }
            [_, true] => ": it is gone".to_owned(),
            [false, false] => {
                let lets = self.lets(change, change.effect.passing());
                behind(": ", &lets)
            }
        }
    }

    /// What lets packets pass on a side, briefly.
    fn lets(&self, change: &Change, side: Side) -> Vec<String> {
        let Some(policy) = self.policy(side) else {
            return Vec::new();
        };
        let causes = change.causes.of(side).iter().take(2);
        causes
            .map(|cause| self.cause(side, policy, *cause))
            .collect()
    }

    /// What a cause does, and where it stands.
    pub fn cause(&self, side: Side, policy: &Policy, cause: Cause) -> String {
        let text = match cause {
            Cause::Rule(rule) => rule_words(policy, rule),
            Cause::Bypass { prefilter } => format!(
                "the prefilter of {} lets sources skip the policy",
                policy.prefilters[prefilter].node_port
            ),
            Cause::NotSelected(Direction::Ingress) => {
                "no policy guards what it receives".to_owned()
            }
            Cause::NotSelected(Direction::Egress) => "no policy guards what it sends".to_owned(),
            Cause::NoPrefilter => "no prefilter stands there".to_owned(),
            Cause::Absent => "there is nothing".to_owned(),
        };
        match cause.location(policy) {
            Some(location) => format!("{text} ({})", self.place(side, location)),
            None => text,
        }
    }

    /// `HEAD~1:policies/web.yaml:12`: of the new side without the revision.
    pub fn place(&self, side: Side, location: &netverdict_policy::diagnostic::Location) -> String {
        let prefix = match side {
            Side::Old => self.sides[0].prefix.as_str(),
            Side::New => "",
        };
        format!("{prefix}{}:{}", location.file.path, location.line)
    }

    /// The policy of a side.
    pub fn policy(&self, side: Side) -> Option<&Policy> {
        self.pair.stages[side as usize].map(|stage| stage.policy)
    }

    /// Who receives: `default/inventory, NodePort 30007/tcp,`.
    fn target(&self, change: &Change) -> String {
        self.names(&change.to)
    }

    fn ports_behind(&self, change: &Change) -> String {
        match change.to[0] {
            End::Gate(_) => String::new(),
            _ => format!(" at {}", ports(&change.ports)),
        }
    }

    /// What ends are called, the first few by name.
    pub fn names(&self, ends: &[End]) -> String {
        let mut named: Vec<String> = ends.iter().take(NAMES).map(|end| self.name(*end)).collect();
        let more = ends.len().saturating_sub(NAMES);
        if more > 0 {
            named.push(counted(more, "more workload"));
        }
        and(&named)
    }

    /// What an end is called.
    pub fn name(&self, end: End) -> String {
        let pairs = &self.difference.pairs;
        match end {
            End::Gate(gate) => {
                let gate = &pairs.gates[gate];
                format!("{} (NodePort {})", gate.service, gate.port)
            }
            End::Member(member) => pairs.members[member].name.to_string(),
            End::Node => "the node".to_owned(),
            End::Strangers => "the outside".to_owned(),
            End::KnownHosts => "known hosts".to_owned(),
        }
    }
}

fn behind(before: &str, all: &[String]) -> String {
    match all {
        [] => String::new(),
        all => format!("{before}{}", and(all)),
    }
}

/// `a`, `a and b`, `a, b and c`.
fn and(all: &[String]) -> String {
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

fn over(change: &Change) -> String {
    match change.family {
        Some(Family::V4) => " over IPv4 (IPv6 is as before)".to_owned(),
        Some(Family::V6) => " over IPv6 (IPv4 is as before)".to_owned(),
        None => String::new(),
    }
}

/// How many addresses, and which: `4,278,190,080 IPv4 addresses (0.0.0.0/5, …)`.
pub fn addresses(region: &Region) -> String {
    let mut parts = Vec::new();
    for family in Family::ALL {
        let own = region.intersect(&Region::all(family));
        if own.is_empty() {
            continue;
        }
        let name = match family {
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        };
        let prefixes = own.prefixes();
        if prefixes == [Prefix::all(family)] {
            parts.push(format!("every {name} address ({})", prefixes[0]));
            continue;
        }
        let count = own.count(family);
        let noun = if count == 1 { "address" } else { "addresses" };
        let count = number(count);
        let others = Region::all(family).minus(&own).prefixes();
        let which = match others.len() * 2 < prefixes.len() && others.len() <= PREFIXES {
            true => format!("all but {}", few(&others)),
            false => few(&prefixes),
        };
        parts.push(format!("{count} {name} {noun} ({which})"));
    }
    and(&parts)
}

/// The shortest prefixes, which hold most, and how many more there are.
fn few(prefixes: &[Prefix]) -> String {
    let mut largest: Vec<&Prefix> = prefixes.iter().collect();
    largest.sort_by_key(|prefix| prefix.length());
    largest.truncate(PREFIXES);
    largest.sort();
    let mut named: Vec<String> = largest.iter().map(ToString::to_string).collect();
    let more = prefixes.len() - largest.len();
    if more > 0 {
        named.push(format!("and {more} smaller"));
    }
    named.join(", ")
}

/// `4,278,190,080`; what has more than 15 digits as `about 3.4e38`.
fn number(count: u128) -> String {
    if count >= 1_000_000_000_000_000 {
        return format!("about {count:.1e}");
    }
    let digits = count.to_string();
    let first = digits.len() % 3;
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && place % 3 == first {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `80/tcp and 8000-8080/udp`, `every port of TCP`, `every port and protocol`.
pub fn ports(classes: &[L4Class]) -> String {
    let is_whole = |class: &&L4Class| match (class.first, class.last) {
        (L4::Ports(first), L4::Ports(last)) => first.port <= 1 && last.port == u16::MAX,
        (L4::Icmp { kind: first }, L4::Icmp { kind: last }) => first == 0 && last == u8::MAX,
        (L4::Other, _) => true,
        _ => false,
    };
    let whole: Vec<&L4Class> = classes.iter().filter(is_whole).collect();
    if whole.len() == 5 {
        return "every port and protocol".to_owned();
    }
    let mut parts = Vec::new();
    let protocols: Vec<String> = (whole.iter())
        .filter_map(|class| match class.first {
            L4::Ports(port) => Some(match port.protocol {
                Protocol::Tcp => "TCP".to_owned(),
                Protocol::Udp => "UDP".to_owned(),
                Protocol::Sctp => "SCTP".to_owned(),
            }),
            L4::Icmp { .. } | L4::ForeignIcmp | L4::Other => None,
        })
        .collect();
    if !protocols.is_empty() {
        parts.push(format!("every port of {}", and(&protocols)));
    }
    for class in classes {
        match (class.first, class.last) {
            (L4::Ports(_), L4::Ports(_)) if is_whole(&class) => {}
            (L4::Ports(first), L4::Ports(last)) if first == last => parts.push(first.to_string()),
            (L4::Ports(first), L4::Ports(last)) => {
                parts.push(format!("{}-{last}", first.port.max(1)));
            }
            (L4::Icmp { .. }, _) if is_whole(&class) => parts.push("every ICMP message".to_owned()),
            (L4::Icmp { kind: first }, L4::Icmp { kind: last }) if first == last => {
                parts.push(format!("ICMP type {first}"));
            }
            (L4::Icmp { kind: first }, L4::Icmp { kind: last }) => {
                parts.push(format!("ICMP types {first}-{last}"));
            }
            _ => parts.push("protocols without ports".to_owned()),
        }
    }
    and(&parts)
}
