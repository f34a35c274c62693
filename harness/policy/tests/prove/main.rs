//! Claims about every address: that an image means what a policy means, and that no
//! prefilter overrides a policy.

#[path = "../disk/mod.rs"]
mod disk;
mod drawn;
mod given;
mod proposed;
mod scenarios;
mod seeded;
