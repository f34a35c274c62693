//! What a case of `fuzz` costs.

use netverdict::fuzz::Property;
use netverdict::fuzz::Seed;
use netverdict::fuzz::case::Case;
use netverdict::fuzz::hunt::{Settings, hunt};
use netverdict_lab::filter::FilterError;
use netverdict_policy::generate::Draw;

/// Cases that are tried for a figure.
const CASES: u64 = 8_192;

/// Cases a second on all processors, with three parties and without the kernel; and how
/// large they are.
pub(crate) fn print(object: &[u8]) -> Result<(), FilterError> {
    let drawn = |seed| Case::draw(Property::Agreement, &mut Draw::seeded(seed));
    let (rules, packets) = (0..1_000)
        .map(drawn)
        .fold((0, 0), |(rules, packets), case| {
            (rules + case.rules(), packets + case.frames())
        });
    println!(
        "fuzz: a case has {:.1} rules and {:.1} packets on average",
        rules as f64 / 1e3,
        packets as f64 / 1e3
    );
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    for (what, properties) in [
        ("every property", &Property::ALL[..]),
        ("agreement alone", &[Property::Agreement]),
    ] {
        let rate = |object| -> Result<f64, FilterError> {
            let settings = Settings {
                seed: Seed(1),
                cases: Some(CASES),
                time: None,
                properties,
                object,
                tamper: None,
                threads,
                stop: &|| false,
                tried: &|_| {},
            };
            let hunted = hunt(settings, |_| {})?;
            assert_eq!(hunted.failed, 0, "the filter is right");
            Ok(CASES as f64 / hunted.took.as_secs_f64())
        };
        let (with_kernel, without) = (rate(Some(object))?, rate(None)?);
        println!(
            "fuzz, {what}: {with_kernel:.0} whole cases/s with the kernel (asked: at least 2000), {without:.0} \
             without; {threads} threads, {:.0} µs a case and thread",
            1e6 * threads as f64 / with_kernel,
        );
    }
    Ok(())
}
