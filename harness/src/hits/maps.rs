//! Which entries of the maps were found.

use netverdict_policy::image::Key;

use super::stage::Stage;
use crate::event::MapPart;

/// Entries that no look-up found which are named.
const NAMED: usize = 3;

/// Every map of a stage, part by part, in the image's order.
pub(super) fn parts(stage: &Stage<'_>) -> Vec<MapPart> {
    let keys: Vec<Key> = stage.image.keys().collect();
    (keys.chunk_by(|one, next| one.is_beside(*next)))
        .map(|part| {
            let (found, not_found): (Vec<Key>, Vec<Key>) =
                (part.iter()).partition(|key| stage.hits.found(**key) > 0);
            MapPart {
                step: stage.step.map(str::to_owned),
                part: part[0].part(),
                entries: part.len(),
                found: found.len(),
                not_found: (not_found.iter().take(NAMED))
                    .map(|key| stage.image.describe(*key))
                    .collect(),
            }
        })
        .collect()
}
