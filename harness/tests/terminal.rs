//! What a terminal gets that a log does not, and what shells and `man` get.

use std::fs;
use std::io::Read;
use std::os::fd::FromRawFd;
use std::process::Stdio;

mod started;

use started::{command, netverdict};

/// Hunts for a little longer than nothing is said.
const HUNT: [&str; 7] = ["fuzz", "--lane", "model", "--time", "4s", "--seed", "1"];

/// What the program writes to a terminal that is its standard error.
fn on_a_terminal(is_ci: bool) -> String {
    let (mut ours, mut its) = (0, 0);
    let null = std::ptr::null_mut();
    let size = libc::winsize {
        ws_row: 24,
        ws_col: 80,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: both numbers are ours to be written to, the size is read; no name is asked
    // for.
    let opened = unsafe {
        libc::openpty(
            &raw mut ours,
            &raw mut its,
            null,
            null.cast(),
            &raw const size,
        )
    };
    assert_eq!(opened, 0, "a terminal");
    // SAFETY: openpty gave both away, each to one owner.
    let (ours, its) = unsafe { (fs::File::from_raw_fd(ours), Stdio::from_raw_fd(its)) };
    let mut fuzz = command(&HUNT);
    fuzz.stderr(its)
        .stdout(Stdio::null())
        .env_remove("CI")
        .env("TERM", "xterm");
    if is_ci {
        fuzz.env("CI", "true");
    }
    let mut child = fuzz.spawn().expect("the program starts");
    // With it goes the last descriptor of the terminal's other end but the child's.
    drop(fuzz);
    let mut seen = Vec::new();
    let mut ours = ours;
    let mut buffer = [0; 4096];
    // Reading from a terminal nobody holds any more is an error.
    while let Ok(count @ 1..) = ours.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..count]);
    }
    assert!(child.wait().expect("it ends").success());
    String::from_utf8_lossy(&seen).into_owned()
}

/// Drawing moves the cursor; lines do not.
fn is_drawn(text: &str) -> bool {
    text.contains("\u{1b}[")
}

#[test]
fn progress_is_drawn_on_a_terminal_and_nowhere_else() {
    assert!(is_drawn(&on_a_terminal(false)));
    assert!(!is_drawn(&on_a_terminal(true)), "the log of a CI job");
    let (code, _, log) = netverdict(&HUNT);
    assert_eq!(code, 0);
    assert!(!is_drawn(&log), "{log}");
}

#[test]
fn shells_get_completions_and_man_gets_pages() {
    for (shell, said) in [
        ("bash", "complete -F _netverdict"),
        ("zsh", "#compdef netverdict"),
        ("fish", "complete -c netverdict"),
    ] {
        let (code, script, err) = netverdict(&["completions", shell]);
        assert_eq!(code, 0, "{err}");
        assert!(script.contains(said), "{shell}");
        assert!(script.contains("report-dir"), "{shell}");
    }
    assert_eq!(netverdict(&["completions", "dos"]).0, 2);
    let (code, page, _) = netverdict(&["man"]);
    assert_eq!(code, 0);
    assert!(page.contains(".TH netverdict 1"), "{page}");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("UTF-8");
    assert_eq!(netverdict(&["man", path]).0, 0);
    for page in ["netverdict.1", "netverdict-run.1", "netverdict-merge.1"] {
        let text = fs::read_to_string(folder.path().join(page)).expect("a page");
        assert!(text.contains(".SH"), "{page}");
    }
    let file = folder.path().join("netverdict.1");
    let (code, _, err) = netverdict(&["man", file.to_str().expect("UTF-8")]);
    assert_eq!(code, 3, "{err}");
}

#[test]
fn a_summary_is_appended() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let summary = path("summary.md");
    fs::write(&summary, "before\n").expect("written");
    let reports = path("reports");
    let reports = reports.to_str().expect("UTF-8");
    let args = [
        "run",
        "scenarios/incident",
        "--lane",
        "model",
        "--report-dir",
        reports,
    ];
    let red = [&args[..], &["--no-xfail"]].concat();
    let output = command(&red).env("GITHUB_STEP_SUMMARY", &summary).output();
    assert_eq!(output.expect("it starts").status.code(), Some(1));
    let text = fs::read_to_string(&summary).expect("a summary");
    assert!(
        text.starts_with("before\n### netverdict run: not as expected\n"),
        "{text}"
    );
    assert!(
        text.contains("policy-mismatch") && text.contains("inventory-policy"),
        "{text}"
    );
    // What the command line says counts for more.
    let other = path("other.md");
    let named = [&args[..], &["--summary", other.to_str().expect("UTF-8")]].concat();
    let output = command(&named)
        .env("GITHUB_STEP_SUMMARY", &summary)
        .output();
    assert_eq!(output.expect("it starts").status.code(), Some(0));
    assert_eq!(fs::read_to_string(&summary).expect("a summary"), text);
    let text = fs::read_to_string(&other).expect("a summary");
    assert!(
        text.starts_with("### netverdict run: as expected\n"),
        "{text}"
    );
    // A folder is no file: green is worth nothing to who reads it there.
    let nowhere = [
        &args[..],
        &["--summary", folder.path().to_str().expect("UTF-8")],
    ]
    .concat();
    let (code, _, err) = netverdict(&nowhere);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("cannot write the summary"), "{err}");
}
