//! What a policy means: the oracle, the compiled map image and the map image
//! after a round trip through bytes must agree, on chosen points and on
//! generated ones.

mod agreement;
mod arb;
mod backends;
mod given;
mod limits;
mod parties;
mod semantics;
mod shapes;
