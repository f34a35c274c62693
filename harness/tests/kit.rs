//! What comes along for CI: the GitHub Action, dry, and every command line in the kit.

#[path = "kit/action.rs"]
mod action;
#[path = "kit/commands.rs"]
mod commands;
#[expect(dead_code, reason = "the program is called by the action's steps")]
mod started;
