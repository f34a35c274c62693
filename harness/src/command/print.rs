//! Where text goes: the only place that prints.

use std::io::{IsTerminal, Write};

use netverdict_lab::capability::Missing;

/// A stream the user sees.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stream {
    /// What was asked for.
    Out,
    /// Everything else.
    Err,
}

impl Stream {
    /// Whether ANSI codes are wanted: a terminal, unless `NO_COLOR` is set
    /// (<https://no-color.org>).
    pub(super) fn colour(self) -> bool {
        let terminal = match self {
            Stream::Out => std::io::stdout().is_terminal(),
            Stream::Err => std::io::stderr().is_terminal(),
        };
        terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
    }

    /// Prints `text` and ends the line. A reader that has gone away is no
    /// reason to fail: the exit code and the reports stand.
    pub(super) fn line(self, text: &str) {
        let text = text.trim_end_matches('\n');
        let _ = match self {
            Stream::Out => writeln!(std::io::stdout(), "{text}"),
            Stream::Err => writeln!(std::io::stderr(), "{text}"),
        };
    }
}

/// What a machine lacks, in a form that can be acted upon.
pub(super) fn lacking(missing: &[Missing]) -> String {
    let mut text = String::from("this machine lacks what the run needs:\n");
    for missing in missing {
        text.push_str(&format!(
            "  {}: {}\n    {}\n",
            missing.what, missing.why, missing.fix
        ));
    }
    text
}
