//! The search.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use netverdict_fuzz::{Target, corpus, folder, keep, mutated};
use netverdict_policy::generate::Draw;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use sha2::{Digest, Sha256};

use super::coverage::{self, Seen};
use super::minimise::minimise;
use super::pool::Pool;

/// What takes longer is a finding.
const SLOW: Duration = Duration::from_secs(1);

/// Tries to make a panic smaller.
const ATTEMPTS: usize = 2_000;

/// Tries to make what is slow smaller: each of them takes long.
const SLOW_ATTEMPTS: usize = 40;

/// What came of a search.
pub(crate) struct Report {
    inputs: u64,
    kept: usize,
    reached: usize,
    slowest: Duration,
    pub(crate) findings: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report {
            inputs,
            kept,
            reached,
            slowest,
            findings,
        } = self;
        write!(
            f,
            "{inputs} inputs, {kept} of them new; {reached} of {} branches; the slowest took \
             {slowest:.0?}; {findings} findings",
            coverage::branches()
        )
    }
}

thread_local! {
    /// Where the last panic was.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// What is wrong with an input.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// A panic, by its place.
    Panic(String),
    Slow,
}

/// Feeds mutations for so long.
pub(crate) fn hunt(target: &Target, time: Duration, work: &Path) -> io::Result<Report> {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map_or_else(String::new, ToString::to_string);
        PLACE.with(|cell| *cell.borrow_mut() = place);
    }));
    let known = work.join("corpus");
    std::fs::create_dir_all(&known)?;
    let current = File::create(work.join("current"))?;
    let mut hunt = Hunt {
        target,
        current,
        seen: Seen::default(),
        pool: Pool::new(),
        faults: BTreeSet::new(),
        report: Report {
            inputs: 0,
            kept: 0,
            reached: 0,
            slowest: Duration::ZERO,
            findings: 0,
        },
    };
    let mut begin = (target.seeds)();
    begin.extend(corpus(target.name)?.into_iter().map(|(_, input)| input));
    for entry in std::fs::read_dir(&known)? {
        begin.push(std::fs::read(entry?.path())?);
    }
    // What a short one reaches, no longer one is kept for.
    begin.sort_by_key(Vec::len);
    let started = Instant::now();
    coverage::reset();
    for input in begin {
        hunt.try_one(input)?;
    }
    // No two searches are alike: what they find is an input, which needs no seed.
    let first = started.elapsed().as_nanos();
    let first = u64::try_from(first).unwrap_or(0) << 32;
    while started.elapsed() < time {
        let mut draw = Draw::seeded(first.wrapping_add(hunt.report.inputs));
        let some = hunt.pool.some(&mut draw);
        let input = mutated(&mut draw, &some, target.words);
        if hunt.try_one(input.clone())? {
            keep(&known, &name(&input), &input)?;
            hunt.report.kept += 1;
        }
    }
    hunt.report.reached = hunt.seen.reached();
    Ok(hunt.report)
}

struct Hunt<'t> {
    target: &'t Target,
    /// Holds what is being tried, in case the process ends with it.
    current: File,
    seen: Seen,
    pool: Pool,
    /// Faults that are known already.
    faults: BTreeSet<Fault>,
    report: Report,
}

impl Hunt<'_> {
    /// Whether the input reached anything new.
    fn try_one(&mut self, input: Vec<u8>) -> io::Result<bool> {
        self.report.inputs += 1;
        self.current.set_len(0)?;
        self.current.write_all_at(&input, 0)?;
        let (fault, took) = feed(self.target, &input);
        let is_new = self.seen.take() > 0;
        self.report.slowest = self.report.slowest.max(took);
        if let Some(fault) = fault {
            if self.faults.insert(fault.clone()) {
                self.found(&fault, input)?;
            }
            return Ok(false);
        }
        if is_new || self.pool.len() == 0 {
            self.pool.add(input);
        }
        Ok(is_new)
    }

    /// Makes a finding small and keeps it where its test replays it.
    fn found(&mut self, fault: &Fault, input: Vec<u8>) -> io::Result<()> {
        let attempts = match fault {
            Fault::Panic(_) => ATTEMPTS,
            Fault::Slow => SLOW_ATTEMPTS,
        };
        let small = minimise(input, attempts, |input| {
            feed(self.target, input).0.as_ref() == Some(fault)
        });
        coverage::reset();
        let path = keep(&folder(self.target.name), &name(&small), &small)?;
        let what = match fault {
            Fault::Panic(place) => format!("panics at {place}"),
            Fault::Slow => format!("takes longer than {SLOW:?}"),
        };
        println!("{}: {what}: {}", self.target.name, path.display());
        self.report.findings += 1;
        Ok(())
    }
}

/// What is wrong with the input, if anything, and the time that the processor spent on
/// it: others may be at work on this machine.
fn feed(target: &Target, input: &[u8]) -> (Option<Fault>, Duration) {
    let started = spent();
    let fed = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    let took = spent().saturating_sub(started);
    let fault = match fed {
        Err(_) => Some(Fault::Panic(PLACE.with(|cell| cell.borrow().clone()))),
        Ok(()) if took > SLOW => Some(Fault::Slow),
        Ok(()) => None,
    };
    (fault, took)
}

/// Time of the processor that this process has had.
fn spent() -> Duration {
    getrusage(UsageWho::RUSAGE_SELF).map_or(Duration::ZERO, |usage| {
        let (user, system) = (usage.user_time(), usage.system_time());
        let microseconds = user.num_microseconds() + system.num_microseconds();
        Duration::from_micros(u64::try_from(microseconds).unwrap_or(0))
    })
}

/// The begin of the input's digest.
fn name(input: &[u8]) -> String {
    let digest = Sha256::digest(input);
    digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
