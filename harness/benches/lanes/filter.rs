//! What the filter costs a packet, beside an empty program.

use netverdict::lanes::Work;
use netverdict_abi::Hook;
use netverdict_lab::LabError;
use netverdict_lab::filter::{Connections, Filter, Install};
use netverdict_policy::frame::ProbeId;
use netverdict_policy::image::MapImage;
use netverdict_policy::scenario::Probe;

use super::bare::{Program, system};
use super::images::{Call, SILENT, from_outside, of_workload, policy, prefilter, topology};
use super::measure::median;

/// Frames whose cost is averaged. Each is run often before the next, so that what it
/// is looked up by is in the processor's cache.
const FRAMES: usize = 512;
const REPEAT: u32 = 500;
/// Rounds of the empty program and the filter, in turns.
const ROUNDS: usize = 7;

/// Nanoseconds a packet, by hook and size of the policy.
pub(crate) fn print(object: &[u8]) -> Result<(), LabError> {
    let empty = Program::empty().map_err(system("load an empty program"))?;
    let _anchor = empty.anchor().map_err(system("anchor an empty program"))?;
    let bench = Bench { object, empty };
    bench.verified()?;
    for prefixes in [1, 1_000, 10_000, 100_000] {
        let image = prefilter(prefixes);
        let filter = bench.filter(&image, false)?;
        let probe = from_outside(FRAMES, prefixes);
        let what = format!("uplink, prefilter of {prefixes} prefixes");
        bench.row(&what, &filter, Hook::Uplink, &probe)?;
    }
    for entries in [10, 1_000, 10_000] {
        let image = policy(entries);
        for track in [false, true] {
            let mut filter = bench.filter(&image, track)?;
            let tracking = if track { "on" } else { "off" };
            for (hook, call) in [
                (Hook::Egress, Call::Egress),
                (Hook::Ingress, Call::Ingress),
                (Hook::Ingress, Call::Reply),
            ] {
                if matches!(call, Call::Reply) && !track {
                    continue;
                }
                filter.forget()?;
                if let Call::Reply = call {
                    let calls = of_workload(Call::Egress, FRAMES, entries);
                    for frame in frames(&image, &calls) {
                        filter.test_run(Hook::Egress, &frame)?;
                    }
                }
                let probe = of_workload(call, FRAMES, entries);
                let packet = match call {
                    Call::Egress | Call::Ingress => "",
                    Call::Reply => ", replies",
                };
                let what = format!(
                    "{}, policy of {entries} entries, tracking {tracking}{packet}",
                    hook.slug()
                );
                bench.row(&what, &filter, hook, &probe)?;
            }
        }
    }
    Ok(())
}

struct Bench<'a> {
    object: &'a [u8],
    empty: Program,
}

impl Bench<'_> {
    fn verified(&self) -> Result<(), LabError> {
        let filter = Filter::load(self.object, MapImage::default().sizes())?;
        for hook in Hook::ALL {
            let count = filter.verified_instructions(hook).unwrap_or(0);
            println!("{}: {count} instructions verified", hook.slug());
        }
        Ok(())
    }

    fn filter(&self, image: &MapImage, track: bool) -> Result<Filter, LabError> {
        let mut filter = Filter::load(self.object, image.sizes())?;
        let how = Install {
            track,
            connections: Connections::Forget,
            ..SILENT
        };
        filter.install(image, how)?;
        filter.anchor()?;
        Ok(filter)
    }

    fn row(&self, what: &str, filter: &Filter, hook: Hook, probe: &Probe) -> Result<(), LabError> {
        let program = Program::by_id(filter.program_id(hook)).map_err(system("get the program"))?;
        let frames = frames(&MapImage::default(), probe);
        let before = filter.counters()?;
        let mut rounds = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            rounds.push((average(&self.empty, &frames)?, average(&program, &frames)?));
        }
        let base = median(rounds.iter().map(|(base, _)| *base).collect());
        let cost = median(rounds.iter().map(|(_, cost)| *cost).collect());
        let ratio = median(rounds.iter().map(|(base, cost)| cost / base).collect());
        let reasons = reasons(&before, &filter.counters()?, hook);
        println!(
            "{what}: {cost:.0} ns a packet, {ratio:.1} times an empty program's {base:.0} ns \
             ({reasons})"
        );
        Ok(())
    }
}

/// What became of the frames, for whoever reads the figures.
fn reasons(
    before: &[[u64; netverdict_abi::REASON_COUNT]; 3],
    after: &[[u64; netverdict_abi::REASON_COUNT]; 3],
    hook: Hook,
) -> String {
    let at = hook as usize;
    let given: Vec<&str> = (netverdict_abi::Reason::ALL.iter())
        .filter(|reason| after[at][**reason as usize] > before[at][**reason as usize])
        .map(|reason| reason.slug())
        .collect();
    given.join(", ")
}

fn frames(image: &MapImage, probe: &Probe) -> Vec<Vec<u8>> {
    let topology = topology();
    let work = Work::of(&topology, image, &[probe], ProbeId(1), 0).expect("plain frames");
    let first = |frames: &mut netverdict::lanes::Frames| frames.legs.swap_remove(0);
    let mut all = work.frames;
    all.iter_mut().map(first).collect()
}

fn average(program: &Program, frames: &[Vec<u8>]) -> Result<f64, LabError> {
    let mut sum = 0.0;
    for frame in frames {
        let took = program.test_run(frame, REPEAT);
        sum += f64::from(took.map_err(system("run the program"))?);
    }
    Ok(sum / frames.len() as f64)
}
