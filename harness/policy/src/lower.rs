//! Compiles a policy to a map image: identities, prefix sets, ports, precedence.

use crate::diagnostic::Diagnostic;
use crate::image::MapImage;
use crate::model::Policy;

/// The image of `policy`.
///
/// # Errors
/// More entries than a map holds (`too-many-prefixes`, `too-many-policy-entries`).
pub fn lower(policy: &Policy) -> Result<MapImage, Vec<Diagnostic>> {
    let _ = policy;
    todo!()
}
