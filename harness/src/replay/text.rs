//! What is said of a replay, for reading.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use netverdict_abi::{Hook, Reason};
use netverdict_policy::frame::describe;
use netverdict_policy::interpret::Proposal;
use netverdict_policy::journey::Point;
use netverdict_policy::model::{Policy, RuleRef};
use netverdict_policy::oracle::Proposed;

use super::capture::{Damage, Record, Time};
use super::link;
use super::parties::{At, Judged, MOST_REMEMBERED, Word};
use super::tally::{
    Amount, Cause, Flow, FlowTally, MOST_FLOWS, NotJudged, Place, Seen, Tally, What,
};
use crate::matrix::input::Subject;
use crate::words::{counted, hook_name, verdict_name};

/// Lines of each table; what is left out is counted.
const MOST_LINES: usize = 20;

/// Bytes of a frame in a line of hex.
const BYTES_IN_LINE: usize = 32;

/// What was replayed, and against what.
#[derive(Clone, Copy, Debug)]
pub struct Replay<'a> {
    /// The captures, as they were named.
    pub captures: &'a [String],
    /// The policy.
    pub subject: &'a Subject,
    /// The lane's name.
    pub lane: &'a str,
    /// Whether connections were remembered.
    pub tracked: bool,
}

impl Replay<'_> {
    /// `frame 5`, and of which capture if there are several.
    pub fn place(&self, place: Place) -> String {
        match self.captures {
            [_] => format!("frame {}", place.frame),
            several => format!("{}, frame {}", several[place.capture], place.frame),
        }
    }

    /// A frame about which the parties differ: each one's word, and its bytes.
    pub fn difference(
        &self,
        place: Place,
        time: Option<Time>,
        judged: &Judged,
        bytes: &[u8],
    ) -> String {
        let mut text = format!("DIFFERENCE at {}{}: ", self.place(place), when(time));
        match &judged.description {
            Ok(spec) => text += &describe(spec),
            Err(error) => text += &error.to_string(),
        }
        for at in &judged.hooks {
            let _ = write!(text, "\n  {}", hook_name(&self.subject.topology, at.point));
            for (party, word) in self.words(at) {
                let _ = write!(text, "\n    {party:<8} {word}");
            }
        }
        for (line, bytes) in bytes.chunks(BYTES_IN_LINE).enumerate() {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let label = if line == 0 { "bytes" } else { "" };
            let _ = write!(text, "\n  {label:<10} {hex}");
        }
        text
    }

    fn words(&self, at: &At) -> Vec<(&'static str, String)> {
        let policy = match &at.oracle {
            Some(decision) => {
                let said = |reason: Reason, rules| {
                    format!(
                        "{}: {}{}",
                        verdict_name(reason.verdict()),
                        reason.slug(),
                        places(&self.subject.policy, rules)
                    )
                };
                let mut text = said(decision.reason, &decision.rules);
                if let Some(Proposed { reason, rules }) = &decision.proposed {
                    let _ = write!(text, "; as proposed {}", said(*reason, rules));
                }
                text
            }
            None => "nothing: the frame has no description".to_owned(),
        };
        let mut words = vec![("policy", policy), ("maps", self.word(at.interpreter))];
        words.extend(at.kernel.map(|word| ("kernel", self.word(word))));
        words
    }

    fn word(
        &self,
        Word {
            reason,
            rule,
            proposed,
        }: Word,
    ) -> String {
        let said = |reason: Reason, rule| {
            let rule = self.subject.image.rule(rule);
            format!(
                "{}: {}{}",
                verdict_name(reason.verdict()),
                reason.slug(),
                places(&self.subject.policy, rule.as_slice())
            )
        };
        let mut text = said(reason, rule);
        if let Some(Proposal { reason, rule }) = proposed {
            let _ = write!(text, "; as proposed {}", said(reason, rule));
        }
        text
    }

    /// A frame that was not judged.
    pub fn not_judged(&self, place: Place, record: &Record, why: NotJudged) -> String {
        format!(
            "{}{}, at byte {}, is not judged: {}",
            self.place(place),
            when(record.time),
            record.offset,
            self::why(why)
        )
    }

    /// A capture that ends in damage.
    pub fn damage(&self, capture: usize, damage: &Damage, frames: u64) -> String {
        format!(
            "{}: damaged {damage}; {} before that are judged",
            self.captures[capture],
            counted(usize::try_from(frames).unwrap_or(usize::MAX), "frame")
        )
    }

    /// Everything in sum.
    pub fn summary(&self, tally: &Tally) -> String {
        let mut text = self.headline(tally);
        for note in self.notes(tally) {
            let _ = writeln!(text, "note: {note}");
        }
        if !tally.reasons.is_empty() {
            text += "\nverdicts, hook by hook\n";
        }
        for ((hook, reason), count) in &tally.reasons {
            let verdict = verdict_name(reason.verdict());
            let _ = writeln!(
                text,
                "  {count:>10}  {:<8} {verdict:<5} {}",
                hook.slug(),
                reason.slug()
            );
        }
        self.drops(&mut text, tally);
        self.proposed(&mut text, tally);
        self.talkers(&mut text, tally);
        text
    }

    fn headline(&self, tally: &Tally) -> String {
        let name = self.subject.name.as_deref().unwrap_or("the manifests");
        let tracked = match self.tracked {
            true => "connections tracked",
            false => "untracked",
        };
        let mut text = format!(
            "{} replayed against {name}, lane {}, {tracked}\n",
            frames(tally.frames),
            self.lane
        );
        let _ = writeln!(
            text,
            "{} passed, {} dropped, {} of the node itself (which meets no hook), {} not judged; \
             {} judged differently",
            tally.passed.frames,
            tally.dropped.frames,
            tally.of_node.frames,
            tally
                .not_judged
                .values()
                .map(|seen| seen.frames)
                .sum::<u64>(),
            tally.differing
        );
        text
    }

    fn notes(&self, tally: &Tally) -> Vec<String> {
        let mut notes = Vec::new();
        for (link, count) in &tally.made {
            let name = link::name(*link);
            notes.push(format!(
                "{} came by a link of type {link} ({name}), and got an Ethernet header",
                frames(*count)
            ));
        }
        for (
            why,
            Seen {
                frames: count,
                first,
            },
        ) in &tally.not_judged
        {
            notes.push(format!(
                "{} not judged, the first of them {}: {}",
                frames(*count),
                self.place(*first),
                self::why(*why)
            ));
        }
        if tally.passed_over > 0 {
            notes.push(format!(
                "{} of pcapng without frames passed over: statistics, names, what is not known",
                counted(
                    usize::try_from(tally.passed_over).unwrap_or(usize::MAX),
                    "block"
                )
            ));
        }
        if tally.completed > 0 {
            notes.push(format!(
                "{} not captured as a whole, but all that is judged of them was",
                frames(tally.completed)
            ));
        }
        if tally.undescribed > 0 {
            notes.push(format!(
                "{} without a description: the compiled maps and the kernel judged them at the \
                 uplink, the policy did not",
                frames(tally.undescribed)
            ));
        }
        if tally.forgotten > 0 {
            notes.push(format!(
                "connections, first fragments and flows were forgotten {}, with {MOST_REMEMBERED} \
                 of a sort remembered: a reply to what was forgotten is judged as new",
                counted(
                    usize::try_from(tally.forgotten).unwrap_or(usize::MAX),
                    "time"
                )
            ));
        }
        notes
    }

    /// What policies in dry run would change.
    fn proposed(&self, text: &mut String, tally: &Tally) {
        let policy = &self.subject.policy;
        if policy.dry_run.is_empty() {
            return;
        }
        let all = |would_pass| -> u64 {
            let of = (tally.proposed.iter()).filter(|((passes, _), _)| *passes == would_pass);
            of.map(|(_, seen)| seen.frames).sum()
        };
        let _ = writeln!(
            text,
            "\nin dry run: {} would newly be dropped, {} would newly pass the hooks that they come \
             by now",
            frames(all(false)),
            frames(all(true))
        );
        for ((passes, rule), seen) in tally.proposed.iter().take(MOST_LINES) {
            let verdict = if *passes { "pass" } else { "drop" };
            let of = match rule {
                Some(
                    RuleRef::Policy { policy: index, .. } | RuleRef::DefaultDeny { policy: index },
                ) => {
                    let it = policy.network_policy(*index);
                    format!("{} {}", it.kind.name(), it.name)
                }
                _ => "no rule".to_owned(),
            };
            let _ = writeln!(
                text,
                "  {:>10}  {verdict}  {of}{}, first {}",
                seen.frames,
                places(policy, rule.as_slice()),
                self.place(seen.first)
            );
        }
        let more = tally.proposed.len().saturating_sub(MOST_LINES);
        if more > 0 {
            let _ = writeln!(text, "  and {}", counted(more, "more rule"));
        }
    }

    fn drops(&self, text: &mut String, tally: &Tally) {
        if tally.drops.is_empty() {
            return;
        }
        text.push_str("\ndropped\n");
        let mut drops: Vec<_> = tally.drops.iter().collect();
        drops.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.frames));
        for ((flow, cause), seen) in drops.iter().take(MOST_LINES) {
            let flow = flow
                .as_ref()
                .map_or("frames without a flow".to_owned(), flow_text);
            let _ = writeln!(
                text,
                "  {:>10}  {flow}: {}, first {}",
                seen.frames,
                self.cause(cause),
                self.place(seen.first)
            );
        }
        left_out(text, drops.len());
    }

    /// `at the uplink: prefilter-deny (path:line:column: the text there)`.
    pub fn cause(&self, cause: &Cause) -> String {
        let point = match cause.point {
            (Hook::Egress, Some(workload)) => Point::Egress(workload),
            (Hook::Ingress, Some(workload)) => Point::Ingress(workload),
            _ => Point::Uplink,
        };
        let location = cause
            .rule
            .and_then(|rule| self.subject.policy.location(rule));
        let place = location.map_or(String::new(), |location| {
            let text = location.text().lines().next().unwrap_or("").trim();
            format!(" ({location}: {text})")
        });
        let hook = hook_name(&self.subject.topology, point);
        format!("{hook}: {}{place}", cause.reason.slug())
    }

    fn talkers(&self, text: &mut String, tally: &Tally) {
        if tally.flows.is_empty() {
            return;
        }
        text.push_str("\ntop talkers\n      passed     dropped       bytes  \n");
        let mut flows: Vec<_> = tally.flows.iter().collect();
        flows.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.all().bytes));
        for (flow, tally) in flows.iter().take(MOST_LINES) {
            line(text, tally, &flow_text(flow));
        }
        left_out(text, flows.len());
        if tally.other_flows.all() != Amount::default() {
            line(
                text,
                &tally.other_flows,
                &format!("of others, beyond {MOST_FLOWS} flows"),
            );
        }
    }
}

fn line(text: &mut String, tally: &FlowTally, who: &str) {
    let FlowTally { passed, dropped } = tally;
    let bytes = tally.all().bytes;
    let _ = writeln!(
        text,
        "  {:>10}  {:>10}  {bytes:>10}  {who}",
        passed.frames, dropped.frames
    );
}

fn left_out(text: &mut String, lines: usize) {
    if let Some(more @ 1..) = lines.checked_sub(MOST_LINES) {
        let _ = writeln!(text, "  … and {more} more (-o json has all)");
    }
}

fn frames(count: u64) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), "frame")
}

/// ` (1700000000.000001000)`, in seconds since 1970.
fn when(time: Option<Time>) -> String {
    time.map_or(
        String::new(),
        |Time {
             seconds,
             nanoseconds,
         }| { format!(" ({seconds}.{nanoseconds:09})") },
    )
}

/// Why a frame was not judged.
pub fn why(why: NotJudged) -> String {
    match why {
        NotJudged::NoFrame(no_frame) => no_frame.to_string(),
        NotJudged::CutShort => {
            "the capture cut it off before the end of what it would be judged by".to_owned()
        }
    }
}

/// `198.51.100.7 > 192.0.2.10:30007/tcp`.
pub fn flow_text(flow: &Flow) -> String {
    let Flow {
        source,
        destination,
        what,
    } = *flow;
    let port = |port: u16, protocol: &str| {
        format!(
            "{source} > {}/{protocol}",
            SocketAddr::new(destination, port)
        )
    };
    match what {
        What::Tcp(number) => port(number, "tcp"),
        What::Udp(number) => port(number, "udp"),
        What::Sctp(number) => port(number, "sctp"),
        What::Icmp(kind) => {
            let name = match destination {
                IpAddr::V4(_) => "icmp",
                IpAddr::V6(_) => "icmpv6",
            };
            format!("{source} > {destination} {name} type {kind}")
        }
        What::Protocol(number) => format!("{source} > {destination} protocol {number}"),
        What::Fragment(number) => {
            format!("{source} > {destination} later fragments of protocol {number}")
        }
    }
}

/// ` at path:line:column` of each rule, the first three of them.
fn places(policy: &Policy, rules: &[RuleRef]) -> String {
    let known: Vec<String> = (rules.iter())
        .filter_map(|rule| policy.location(*rule))
        .map(ToString::to_string)
        .collect();
    match known.as_slice() {
        [] => String::new(),
        [first @ .., _] if first.len() >= 3 => {
            format!(" at {} and {} more", known[..3].join(", "), known.len() - 3)
        }
        all => format!(" at {}", all.join(", ")),
    }
}
