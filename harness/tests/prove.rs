//! `netverdict prove`, in the lane that needs no privileges.

#[allow(dead_code, reason = "most of it is about privileges")]
mod program;

use std::fs;
use std::path::Path;
use std::process::Output;

use program::command;

fn prove(args: &[&str], folder: &Path) -> Output {
    let folder = folder.to_str().expect("UTF-8");
    command(["prove", "--lane", "model", "--report-dir", folder])
        .args(args)
        .output()
        .expect("the program starts")
}

/// Two deployments with a bypass that is too wide, and two without: what is found has
/// its prefixes, its lines and a packet, and is expected of those that say so.
#[test]
fn the_incident() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = prove(&["scenarios/incident"], folder.path());
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let text = text.replace(folder.path().to_str().expect("UTF-8"), "reports");
    insta::assert_snapshot!(text);
    let capture = fs::read(folder.path().join("prove.pcap")).expect("a capture");
    let packets = 2;
    let [file_header, record_header, frame] = [24, 16, 62];
    assert_eq!(
        capture.len(),
        file_header + packets * (record_header + frame)
    );
}

#[test]
fn what_cannot_be_proven_ends_with_its_own_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).expect("made");
    let unwritable = folder.path().join("file");
    fs::write(&unwritable, "no folder").expect("written");
    for (args, report, code) in [
        (
            &["scenarios/invalid/empty-peers.yaml"][..],
            folder.path(),
            2,
        ),
        (&["nowhere.yaml"], folder.path(), 2),
        (&[empty.to_str().expect("UTF-8")], folder.path(), 5),
        (&["scenarios/incident/fixed.yaml"], &unwritable, 3),
        (&["scenarios/prefilter/bypass.yaml"], folder.path(), 1),
        (&["scenarios/prefilter/allow-list.yaml"], folder.path(), 0),
    ] {
        let output = prove(args, report);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}\n{stderr}");
    }
}

/// Claim B says where its frames ask nothing of policies in dry run.
#[test]
fn what_plain_frames_do_not_ask_of_proposals_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let words = "the plain frames do not";
    for (scenario, said) in [
        ("scenarios/dry-run/proposed.yaml", true),
        ("scenarios/incident/fixed.yaml", false),
    ] {
        let output = prove(&[scenario], folder.path());
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert_eq!(output.status.code(), Some(0), "{text}");
        assert_eq!(text.contains(words), said, "{text}");
    }
}
