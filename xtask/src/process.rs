//! Running other programs, and saying so.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The command as one would type it, without environment and folder.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| quoted(&word.to_string_lossy())).collect();
    words.join(" ")
}

/// Says what is run, runs it, and returns its exit code.
pub(crate) fn status(command: &mut Command) -> Result<i32> {
    let line = line(command);
    eprintln!("+ {line}");
    let status = command.status().with_context(|| format!("run {line}"))?;
    status
        .code()
        .with_context(|| format!("{line} was ended by a signal ({status})"))
}

/// The same, for a command that must succeed.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    match status(command)? {
        0 => Ok(()),
        code => bail!("{} ended with exit code {code}", line(command)),
    }
}

/// What a command prints, if it succeeds; quietly.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then_some(())?;
    String::from_utf8(output.stdout).ok()
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = Command::new("cargo");
        command.args(["rustc", "--cfg", "fault=\"x\"", "it's", ""]);
        assert_eq!(
            line(&command),
            r#"cargo rustc --cfg 'fault="x"' 'it'\''s' ''"#
        );
    }
}
