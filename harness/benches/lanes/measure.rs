//! Two things timed in turns, so that a drift of the machine hits both.

use std::time::{Duration, Instant};

/// Rounds of each; the median counts.
pub(crate) const ROUNDS: usize = 15;

/// Medians of both, and of the ratio of their rates, round by round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) ours: Duration,
    pub(crate) bare: Duration,
    /// Ours over bare as rates: 1 is as fast, 0.5 half as fast.
    pub(crate) ratio: f64,
}

/// Runs both once unmeasured, then in turns.
pub(crate) fn pair<E>(
    mut ours: impl FnMut() -> Result<(), E>,
    mut bare: impl FnMut() -> Result<(), E>,
) -> Result<Pair, E> {
    ours()?;
    bare()?;
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let first = timed(&mut ours)?;
        let second = timed(&mut bare)?;
        times.push((first, second));
    }
    let seconds = |each: fn(&(Duration, Duration)) -> Duration| {
        Duration::from_secs_f64(median(
            times.iter().map(|pair| each(pair).as_secs_f64()).collect(),
        ))
    };
    Ok(Pair {
        ours: seconds(|pair| pair.0),
        bare: seconds(|pair| pair.1),
        ratio: median(
            times
                .iter()
                .map(|(a, b)| b.as_secs_f64() / a.as_secs_f64())
                .collect(),
        ),
    })
}

/// The value in the middle, of at least one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// How long something takes.
pub(crate) fn timed<E>(run: &mut impl FnMut() -> Result<(), E>) -> Result<Duration, E> {
    let started = Instant::now();
    run()?;
    Ok(started.elapsed())
}

/// Millions a second.
pub(crate) fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64() / 1e6
}
