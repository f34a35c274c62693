//! From a policy to its map image: what is told apart, who is guarded alike, which
//! rule wins, and what fits.

mod given;
mod guards;
mod identities;
mod precedence;
mod prefilters;
mod small_worlds;
