//! The test-run lane beside a bare loop of its system call.

use netverdict::lanes::testrun;
use netverdict_abi::Hook;
use netverdict_lab::LabError;
use netverdict_lab::filter::Filter;

use super::bare::Program;
use super::filter::{SILENT, frames_over, prefilter, system, topology, work};
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
    let bare =
        Program::by_id(silent.program_id(Hook::Uplink)).map_err(system("get the program"))?;
    let (cases, frames) = frames_over(VERDICTS, PREFIXES);
    let topology = topology();
    let work = work(&topology, &image, &cases, &frames);
    let pair = pair(
        || {
            let findings = testrun::run(&mut filter, &work)?;
            assert!(findings.iter().all(Result::is_ok), "every verdict is there");
            Ok::<(), LabError>(())
        },
        || {
            for frame in &frames {
                bare.test_run(&frame.legs[0], 1)
                    .map_err(system("run the program"))?;
            }
            Ok(())
        },
    )?;
    println!(
        "test-run lane, one thread: {:.2} M verdicts/s; bare loop {:.2} M/s; ratio {:.2}",
        rate(VERDICTS, pair.ours),
        rate(VERDICTS, pair.bare),
        pair.ratio,
    );
    Ok(())
}
