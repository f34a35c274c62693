//! How long it takes until a policy is in force.

use std::time::Instant;

use netverdict_lab::LabError;
use netverdict_lab::filter::Filter;
use netverdict_policy::image::MapImage;

use super::images::{SILENT, policy, prefilter};

/// Loading the programs with room for an image, putting it in force in empty maps,
/// and twice in place of another, so that what was there has to be taken out.
pub(crate) fn print(object: &[u8]) -> Result<(), LabError> {
    row(object, "an empty policy", &MapImage::default())?;
    row(object, "100000 prefixes", &prefilter(100_000))?;
    row(object, "1000000 policy entries", &policy(1_000_000))
}

fn row(object: &[u8], what: &str, image: &MapImage) -> Result<(), LabError> {
    let started = Instant::now();
    let mut filter = Filter::load(object, image.sizes())?;
    let loaded = started.elapsed();
    let mut took = Vec::new();
    for _ in 0..3 {
        let started = Instant::now();
        filter.install(image, SILENT)?;
        took.push(started.elapsed().as_secs_f64() * 1e3);
    }
    println!(
        "{what}: load {:.1} ms, install {:.1} ms, the third time {:.1} ms",
        loaded.as_secs_f64() * 1e3,
        took[0],
        took[2],
    );
    Ok(())
}
