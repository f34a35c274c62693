//! Proofs as JSON, an object a line.

use super::proof::Proof;

/// One line for each.
///
/// # Panics
/// Never: all of it can be written as JSON.
pub fn render(proofs: &[Proof]) -> String {
    let line = |proof: &Proof| serde_json::to_string(proof).expect("plain data");
    proofs.iter().map(|proof| line(proof) + "\n").collect()
}
