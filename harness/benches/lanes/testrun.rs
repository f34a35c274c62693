//! The test-run lane beside a bare loop of its system call.

use netverdict::lanes::{Work, testrun};
use netverdict_abi::Hook;
use netverdict_lab::LabError;
use netverdict_lab::filter::Filter;
use netverdict_policy::frame::ProbeId;

use super::bare::{Program, system};
use super::images::{SILENT, from_outside, prefilter, topology};
use super::measure::{pair, rate};

/// Verdicts in a round.
const VERDICTS: usize = 100_000;
const PREFIXES: usize = 10;

/// One thread; sources all over a prefilter of ten prefixes. The bare loop runs
/// the same program, which reports nothing, and looks at nothing.
pub(crate) fn print(object: &[u8]) -> Result<(), LabError> {
    let image = prefilter(PREFIXES);
    let mut filter = Filter::load(object, image.sizes())?;
    let mut silent = Filter::load(object, image.sizes())?;
    silent.install(&image, SILENT)?;
    let uplink = silent.program_id(Hook::Uplink);
    let bare = Program::by_id(uplink).map_err(system("get the program"))?;
    let probe = from_outside(VERDICTS, PREFIXES);
    let topology = topology();
    let work = Work::of(&topology, &image, &[&probe], ProbeId(1), 0).expect("plain frames");
    let pair = pair(
        || {
            let findings = testrun::run(&mut filter, &work)?;
            assert!(findings.iter().all(Result::is_ok), "every verdict is there");
            Ok::<(), LabError>(())
        },
        || {
            for frames in &work.frames {
                (bare.test_run(&frames.legs[0], 1)).map_err(system("run the program"))?;
            }
            Ok(())
        },
    )?;
    println!(
        "test-run lane, one thread: {:.2} M verdicts/s; bare loop {:.2} M/s; ratio {:.2} (asked: \
         at least 0.8)",
        rate(VERDICTS, pair.ours),
        rate(VERDICTS, pair.bare),
        pair.ratio,
    );
    Ok(())
}
