//! What comes along for CI: the GitHub Action, dry, and every command line in the kit.

#[path = "kit/action.rs"]
mod action;
#[path = "kit/commands.rs"]
mod commands;
mod started;
