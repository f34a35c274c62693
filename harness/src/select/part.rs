//! What a run is a part of, so that the reports of all parts can be put together.

use sha2::{Digest, Sha256};

use super::{Selected, Shard};
use crate::event::Part;

/// Says which part `shard` of `all` is.
///
/// `judged` is how they are judged. Not part of the digest is what is judged alike
/// whatever it is, such as where reports go.
pub(super) fn part(all: &[Selected], shard: Option<Shard>, judged: &str) -> Part {
    let mut digest = Sha256::new();
    let mut add = |text: &str| {
        // Lengths keep texts apart.
        digest.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_le_bytes());
        digest.update(text.as_bytes());
    };
    add(judged);
    for selected in all {
        let scenario = &selected.scenario;
        add(&scenario.file.path);
        add(&scenario.file.text);
        for probe in selected.probes().chain(selected.live_probes()) {
            add(&probe.name);
        }
        add(if selected.steps { "steps" } else { "" });
    }
    let selection = hex(&digest.finalize());
    let (shard, shards) = shard.map_or((1, 1), |shard| (shard.index, shard.count));
    Part {
        shard,
        shards,
        scenarios: all.len(),
        selection,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
