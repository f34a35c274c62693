//! Tries cases on all processors, and shrinks what fails.

use std::cell::RefCell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use netverdict_lab::filter::FilterError;
use proptest::strategy::{Strategy as _, ValueTree};
use proptest::test_runner::{TestCaseError, TestError};

use super::check::{Checker, Failure, Tamper};
use super::choices::CasesOf;
use super::simplify::simplify;
use super::{Case, Finding, Property, Seed};

/// Cases between two looks at what was found. What is found in them is shrunk and
/// handed on before the next are tried.
const ROUND: u64 = 1024;

/// So many findings are enough: where everything is wrong, more say nothing.
const MOST_FINDINGS: usize = 5;

/// So many failing cases are shrunk; most of them turn out to be the same.
const MOST_SHRUNK: usize = 12;

/// Tries for one failing case, by choices and then by parts.
const SHRINKS: u32 = 6_000;
/// How long they may take together; what is shrunk by choices leaves most of it to
/// what takes apart.
const SHRINK_TIME: Duration = Duration::from_secs(30);
/// How long, all together, once the user does not want to wait any more.
const HURRIED: Duration = Duration::from_secs(3);

/// What is tried, and by whom.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    /// What cases are drawn from.
    pub seed: Seed,
    /// How many; `None` is without end.
    pub cases: Option<u64>,
    /// For how long; `None` is without end.
    pub time: Option<Duration>,
    /// What they are held to, in turns; at least one.
    pub properties: &'a [Property],
    /// The filter's object; `None` leaves the kernel out.
    pub object: Option<&'a [u8]>,
    /// What is wrong with the images that the interpreter reads.
    pub tamper: Option<Tamper>,
    /// Threads, at least one; what is found does not depend on it.
    pub threads: usize,
    /// Whether the user wants it to end.
    pub stop: &'a (dyn Fn() -> bool + Sync),
    /// Is told how many cases were tried so far.
    pub tried: &'a (dyn Fn(u64) + Sync),
}

/// What came of it.
#[derive(Debug)]
pub struct Hunted {
    /// Cases that were tried.
    pub cases: u64,
    /// Of these, cases that failed.
    pub failed: u64,
    /// Of those, cases that were shrunk; the others are most likely the same.
    pub shrunk: usize,
    /// What was found, in the order of the cases; no two are the same.
    pub findings: Vec<Finding>,
    /// How long it took, shrinking included.
    pub took: Duration,
    /// Why it ended.
    pub ended: Ended,
}

/// Why a hunt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything was tried that was asked for.
    Done,
    /// More findings would say no more.
    Enough,
    /// The user did not want to wait any more.
    Interrupted,
}

/// Tries cases until there are enough; `found` gets each finding as soon as it is
/// shrunk.
///
/// # Errors
/// Where the object does not load, or the kernel refuses.
pub fn hunt(
    settings: Settings<'_>,
    mut found: impl FnMut(&mut Finding),
) -> Result<Hunted, FilterError> {
    let started = Instant::now();
    let mut checkers: Vec<Checker<'_>> = (0..settings.threads.max(1))
        .map(|_| match settings.object {
            Some(object) => Checker::with_kernel(object, settings.tamper),
            None => Ok(Checker::of_model(settings.tamper)),
        })
        .collect::<Result<_, _>>()?;
    let mut hunted = Hunted {
        cases: 0,
        failed: 0,
        shrunk: 0,
        findings: Vec::new(),
        took: Duration::ZERO,
        ended: Ended::Done,
    };
    let hurry = |since: &mut Option<Instant>| {
        if (settings.stop)() {
            since.get_or_insert_with(Instant::now);
        }
        *since
    };
    let mut hurried = None;
    let is_late = || settings.time.is_some_and(|time| started.elapsed() >= time);
    let is_over = || is_late() || (settings.stop)();
    let mut next = 0;
    while settings.cases.is_none_or(|cases| next < cases) && !is_over() {
        let end = settings
            .cases
            .map_or(next + ROUND, |cases| cases.min(next + ROUND));
        let round = try_all(&settings, &mut checkers, next..end, &is_over)?;
        next = end;
        hunted.cases += round.cases;
        hunted.failed += round.failing.len() as u64;
        (settings.tried)(hunted.cases);
        for number in round.failing {
            if hunted.shrunk == MOST_SHRUNK || hunted.findings.len() == MOST_FINDINGS {
                hunted.ended = Ended::Enough;
                break;
            }
            let is_impatient = hurry(&mut hurried).is_some_and(|since| since.elapsed() >= HURRIED);
            if is_impatient && !hunted.findings.is_empty() {
                break;
            }
            hunted.shrunk += 1;
            let shrinking = Instant::now();
            let checker = &mut checkers[0];
            let mut is_late = |share: u32| match hurry(&mut hurried) {
                Some(since) => since.elapsed() >= HURRIED / share,
                None => shrinking.elapsed() >= SHRINK_TIME / share,
            };
            let shrunk = shrink(&settings, checker, number, &mut is_late)?;
            let Some(Shrunk { case, failure }) = shrunk else {
                continue;
            };
            let mut finding = Finding::new(settings.seed, number, case, *failure);
            if !hunted.findings.iter().any(|known| known.is_like(&finding)) {
                found(&mut finding);
                hunted.findings.push(finding);
            }
        }
        if hunted.ended == Ended::Enough {
            break;
        }
    }
    if (settings.stop)() {
        hunted.ended = Ended::Interrupted;
    }
    hunted.took = started.elapsed();
    Ok(hunted)
}

/// What came of some cases.
struct Round {
    cases: u64,
    /// Numbers of those that failed, ascending.
    failing: Vec<u64>,
}

fn try_all(
    settings: &Settings<'_>,
    checkers: &mut [Checker<'_>],
    numbers: std::ops::Range<u64>,
    is_over: &(dyn Fn() -> bool + Sync),
) -> Result<Round, FilterError> {
    let next = AtomicU64::new(numbers.start);
    let tried = AtomicU64::new(0);
    let failing = Mutex::new(Vec::new());
    let work = |checker: &mut Checker<'_>| -> Result<(), FilterError> {
        while !is_over() {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= numbers.end {
                break;
            }
            let tree = tree(settings, number);
            let failure = checker.check(&tree.current())?;
            tried.fetch_add(1, Ordering::Relaxed);
            if failure.is_some() {
                failing.lock().expect("nobody panics with it").push(number);
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (checkers.iter_mut())
            .map(|checker| scope.spawn(|| work(checker)))
            .collect();
        (workers.into_iter()).try_for_each(|worker| {
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    })?;
    let mut failing = failing.into_inner().expect("nobody panics with it");
    failing.sort_unstable();
    Ok(Round {
        cases: tried.into_inner(),
        failing,
    })
}

/// The case with this number, and the simpler ones.
fn tree(settings: &Settings<'_>, number: u64) -> super::choices::Choices {
    let turn = usize::try_from(number).unwrap_or(0) % settings.properties.len();
    let strategy = CasesOf(settings.properties[turn]);
    let tree = strategy.new_tree(&mut settings.seed.runner(number, 0));
    tree.expect("cases of a property are not refused")
}

/// A failing case as simple as it gets, and how it fails; `None` if it does not fail a
/// second time. `is_late` says whether one part in so many of the time is over.
fn shrink(
    settings: &Settings<'_>,
    checker: &mut Checker<'_>,
    number: u64,
    is_late: &mut dyn FnMut(u32) -> bool,
) -> Result<Option<Shrunk>, FilterError> {
    let first = tree(settings, number);
    let Some(failure) = checker.check(&first.current())? else {
        return Ok(None);
    };
    let (property, enough) = (failure.property, first.enough());
    let state = RefCell::new((&mut *checker, &mut *is_late, None, false));
    let outcome = settings
        .seed
        .runner(number, SHRINKS)
        .run_one(first, |case| {
            let (checker, is_late, refused, began) = &mut *state.borrow_mut();
            // What is not tried any more is not simpler; the first is known to fail.
            if std::mem::replace(began, true) && (refused.is_some() || is_late(3)) {
                enough.set(true);
                return Ok(());
            }
            match checker.check(&case) {
                Ok(Some(failure)) if failure.property == property => {
                    Err(TestCaseError::fail(property.slug()))
                }
                Ok(_) => Ok(()),
                Err(error) => {
                    *refused = Some(error);
                    Ok(())
                }
            }
        });
    let (_, _, refused, _) = state.into_inner();
    if let Some(error) = refused {
        return Err(error);
    }
    let Err(TestError::Fail(_, case)) = outcome else {
        return Ok(None);
    };
    let write = |case: &Case, failure: Box<Failure>| {
        Finding::new(settings.seed, number, case.clone(), *failure).scenario()
    };
    // Once it can be written as a scenario, which damaged frames cannot, it should not
    // lose that.
    let mut is_writable = checker
        .check(&case)?
        .is_some_and(|failure| write(&case, failure).is_ok());
    let case = simplify(case, SHRINKS, |case| {
        if is_late(1) {
            return Ok(None);
        }
        Ok::<_, FilterError>(match checker.check(case)? {
            Some(failure) if failure.property == case.property => {
                let can_be_written = write(case, failure).is_ok();
                let is_kept = can_be_written || !is_writable;
                is_writable |= can_be_written;
                is_kept.then_some(case.property)
            }
            Some(_) | None => None,
        })
    })?;
    Ok((checker.check(&case)?).map(|failure| Shrunk { case, failure }))
}

/// A case that was made simpler, and how it fails.
struct Shrunk {
    case: Case,
    failure: Box<Failure>,
}
