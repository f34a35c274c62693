//! What a policy means: the oracle, which reads the policy and the description of a
//! frame, and the interpreter, which reads the compiled image and the frame's bytes,
//! must agree, on chosen points and on drawn ones.

mod agreement;
mod given;
mod lengths;
mod memory;
mod parties;
mod read;
mod said;
mod semantics;
mod shapes;
mod uplink;
