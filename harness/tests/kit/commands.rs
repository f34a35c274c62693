//! Every command line in the kit's files is one that the program takes.

use std::fs;

use clap::Parser;
use netverdict::cli::Cli;

use crate::started::workspace;

/// Files with command lines, and how many there are at least.
const FILES: [(&str, usize); 6] = [
    ("action.yml", 3),
    (".pre-commit-hooks.yaml", 2),
    ("harness/kit/gitlab-ci.yml", 3),
    ("harness/kit/indexed-job.yaml", 2),
    ("harness/kit/Containerfile", 1),
    ("README.md", 5),
];

/// The words behind `netverdict` in a line that calls it.
fn words(line: &str) -> Option<Vec<String>> {
    let line = line.trim().trim_start_matches('#').trim_start();
    let line = line.trim_start_matches("- ");
    let line = line.strip_prefix("entry: ").unwrap_or(line);
    let line = line.strip_prefix("$ ").unwrap_or(line);
    let line = line.strip_prefix("sudo ").unwrap_or(line);
    let line = line.strip_prefix(r#""${as_root[@]}" "#).unwrap_or(line);
    let podman = r#"podman run --rm --privileged --volume "$PWD:/work" "#;
    let line = line.strip_prefix(podman).unwrap_or(line);
    let rest =
        (line.strip_prefix("netverdict ")).or_else(|| line.strip_prefix(r#""$NETVERDICT" "#))?;
    let mut words = Vec::new();
    for word in rest.split_whitespace() {
        if matches!(word, ">" | "||" | "|" | "\\" | "#") {
            break;
        }
        words.push(stands_for(word));
    }
    Some(words)
}

/// What a word of the shell might become.
fn stands_for(word: &str) -> String {
    let word = word.replace('"', "");
    let optional = word
        .strip_prefix("${")
        .and_then(|rest| rest.split_once(":+"));
    let word = optional.map_or(word.as_str(), |(_, then)| then.trim_end_matches('}'));
    if word.contains("--lane=$") {
        return "--lane=model,testrun,wire".to_owned();
    }
    if word.contains("--shard=$") {
        return "--shard=2/4".to_owned();
    }
    word.replace("${paths[@]}", "some/path").replace('$', "")
}

#[test]
fn command_lines_of_the_kit_are_ours() {
    for (file, least) in FILES {
        let text = fs::read_to_string(workspace().join(file)).expect("a file of the kit");
        let mut found = 0;
        for line in text.lines() {
            let Some(words) = words(line) else { continue };
            // Descriptions in prose, and usage lines with placeholders.
            if file == "README.md" && !line.starts_with("    $ ") {
                continue;
            }
            found += 1;
            let mut args = vec!["netverdict".to_owned()];
            args.extend(words);
            // A hook's files come behind.
            if args.last().is_some_and(|last| last == "--") {
                args.push("some/path".to_owned());
            }
            if let Err(error) = Cli::try_parse_from(&args) {
                assert!(error.exit_code() == 0, "{file}: {line}\n{args:?}\n{error}");
            }
        }
        assert!(
            found >= least,
            "{file}: {found} command lines, at least {least}"
        );
    }
}

#[test]
fn a_command_line_that_is_not_ours_is_noticed() {
    let line = r#"- netverdict run scenarios --report-folder "reports/$CI_NODE_INDEX""#;
    let words = words(line).expect("a command line");
    assert!(Cli::try_parse_from([vec!["netverdict".to_owned()], words].concat()).is_err());
    assert_eq!(super::commands::words("echo netverdict run"), None);
}
