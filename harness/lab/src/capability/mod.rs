//! What this machine can and cannot run.

pub(crate) mod tool;

/// The lanes that need privileges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The program is loaded and run by `BPF_PROG_TEST_RUN`.
    pub test_run: bool,
    /// Labs are built, of either purpose.
    pub wire: bool,
}

/// Something a run needs and this machine does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The capability, kernel feature or tool.
    pub what: String,
    /// What needs it, or how its absence showed.
    pub why: String,
    /// What to do.
    pub fix: String,
}

/// What is missing for these lanes; empty if they can run. Must be asked before
/// [`crate::isolate::isolated`], or inside it; it changes nothing.
pub fn missing_for(_needs: Needs) -> Vec<Missing> {
    Vec::new()
}

/// State of one line of the survey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It works.
    Works,
    /// It works, with a limit that the detail names.
    Degraded,
    /// It does not.
    Missing,
}

/// One line of the survey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it stands.
    pub state: State,
    /// What was found.
    pub detail: String,
    /// What to do, where something is to be done.
    pub fix: Option<String>,
}

/// Tries everything netverdict uses. Where privileges allow, call it inside
/// [`crate::isolate::isolated`]: it makes throw-away namespaces.
pub fn survey() -> Vec<Check> {
    Vec::new()
}
