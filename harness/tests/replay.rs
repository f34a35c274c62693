//! `netverdict replay`, in the lane that needs no privileges.

#[path = "captures/mod.rs"]
mod captures;

use std::path::Path;
use std::process::Command;

use captures::{Pcap, syn};

const FIXED: &str = "scenarios/incident/fixed.yaml";
const MONITORING: &str = "10.20.0.5";
const SCANNER: &str = "198.51.100.7";
const NODE: &str = "192.0.2.10";

/// Exit code, standard output and standard error.
fn replay(capture: &[u8], args: &[&str]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("made.pcap");
    std::fs::write(&path, capture).expect("written");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new(env!("CARGO_BIN_EXE_netverdict"))
        .current_dir(workspace)
        .arg("replay")
        .arg(&path)
        .args(["--lane", "model", "--against"])
        .args(args)
        .output()
        .expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let name = path.display().to_string();
    (
        output.status.code(),
        text(output.stdout).replace(&name, "made.pcap"),
        text(output.stderr).replace(&name, "made.pcap"),
    )
}

fn incident(link: u32) -> Pcap {
    let mut pcap = Pcap::new(link);
    for frame in [
        syn(MONITORING, 40000, NODE, 30007),
        syn(SCANNER, 40000, NODE, 30007),
        syn(SCANNER, 40001, NODE, 443),
        syn(NODE, 30007, MONITORING, 40000),
    ] {
        match link {
            1 => pcap.frame(&frame),
            _ => pcap.frame(&frame[14..]),
        }
    }
    pcap
}

#[test]
fn it_says_what_would_be_dropped_and_by_which_line() {
    let (code, out, err) = replay(&incident(1).bytes, &[FIXED]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    for line in [
        "4 frames replayed against inventory, fixed, lane model, connections tracked",
        "2 passed, 1 dropped, 1 of the node itself (which meets no hook), 0 not judged; 0 judged \
         differently",
        "           1  uplink   pass  prefilter-allow",
        "           1  ingress  drop  policy-no-match",
    ] {
        assert!(out.lines().any(|said| said == line), "{line}\n{out}");
    }
    let dropped = "1  198.51.100.7 > 192.0.2.10:30007/tcp: before inventory (ingress): \
                   policy-no-match (scenarios/incident/manifests/inventory-policy-internal.yaml:";
    assert!(out.contains(dropped), "{out}");
    assert!(out.contains("first frame 2"), "{out}");
    let (code, ..) = replay(&incident(1).bytes, &[FIXED, "--fail-on", "drop"]);
    assert_eq!(code, Some(1));
}

#[test]
fn packets_without_ethernet_headers_get_one() {
    let (code, out, _) = replay(&incident(101).bytes, &[FIXED]);
    assert_eq!(code, Some(0), "{out}");
    let note = "note: 4 frames came by a link of type 101 (IP), and got an Ethernet header";
    assert!(out.contains(note), "{out}");
    assert!(out.contains("2 passed, 1 dropped, 1 of the node"), "{out}");
}

/// Given frames of which less was captured than there was, those whose headers are
/// there are judged, and the others counted.
#[test]
fn snapped_frames_are_judged_if_their_headers_are_there() {
    let frame = syn(SCANNER, 40000, NODE, 30007);
    let mut pcap = Pcap::new(1);
    pcap.snapped(&frame, 48)
        .snapped(&frame, 37)
        .snapped(&frame, 14);
    pcap.snapped(&[], 0).snapped(&frame[..13], 13);
    let (code, out, _) = replay(&pcap.bytes, &[FIXED]);
    assert_eq!(code, Some(0), "{out}");
    for said in [
        "0 passed, 1 dropped, 0 of the node itself (which meets no hook), 4 not judged",
        "frame 2 (1700000001.000005000), at byte 88, is not judged: the capture cut it off before",
        "note: 2 frames not judged, the first of them frame 2: the capture cut it off before",
        "note: 1 frame not judged, the first of them frame 4: it is empty",
        "note: 1 frame not judged, the first of them frame 5: it has no whole link header",
        "note: 1 frame not captured as a whole, but all that is judged of them was",
    ] {
        assert!(out.contains(said), "{said}\n{out}");
    }
}

#[test]
fn what_is_before_the_damage_is_judged() {
    let whole = incident(1).bytes;
    let (code, out, err) = replay(&whole[..whole.len() - 1], &[FIXED]);
    assert_eq!(code, Some(2), "{out}");
    assert!(out.contains("3 frames replayed"), "{out}");
    let damage = "made.pcap: damaged at byte 252: the file ends within a record: 59 of 60 bytes \
                  are there; 3 frames before that are judged";
    assert!(err.contains(damage), "{err}");
}

#[test]
fn each_end_has_its_exit_code() {
    let mut radio = Pcap::new(127);
    radio.frame(&[0; 40]);
    for (capture, args, code, said) in [
        (
            Pcap::new(1).bytes,
            &[FIXED][..],
            5,
            "there is no frame in these captures",
        ),
        (radio.bytes, &[FIXED], 2, ""),
        (b"name: x".to_vec(), &[FIXED], 2, "neither pcap nor pcapng"),
        (incident(1).bytes, &["nowhere.yaml"], 2, "nowhere.yaml"),
        (incident(1).bytes, &["scenarios/incident"], 2, "worlds"),
    ] {
        let (exit, out, err) = replay(&capture, args);
        assert_eq!(exit, Some(code), "{out}{err}");
        assert!(err.contains(said), "{said}\n{err}");
    }
}

#[test]
fn a_program_can_read_it() {
    let (code, out, _) = replay(&incident(1).bytes, &[FIXED, "-o", "json"]);
    assert_eq!(code, Some(0));
    let summary: serde_json::Value = serde_json::from_str(&out).expect("one object");
    assert_eq!(summary["dropped"]["frames"], 1);
    assert_eq!(summary["drops"][0]["reason"], "policy-no-match");
    assert_eq!(summary["drops"][0]["first"]["frame"], 2);
}

/// Given a policy in dry run, what it would change of captured traffic is told by its
/// lines, beside what is done now.
#[test]
fn it_says_what_policies_in_dry_run_would_change() {
    let mut pcap = Pcap::new(1);
    let (web, shop, partner) = ("10.244.0.2", "10.244.0.3", "198.51.100.80");
    for (from, port) in [
        (shop, 80),
        (shop, 443),
        (partner, 443),
        (partner, 80),
        (shop, 80),
    ] {
        pcap.frame(&syn(from, 40000 + port, web, port));
    }
    let scenario = "scenarios/dry-run/proposed.yaml";
    let (code, out, _) = replay(&pcap.bytes, &[scenario, "--untracked"]);
    assert_eq!(code, Some(0), "{out}");
    let policy = "CiliumNetworkPolicy default/no-plain-text";
    for line in [
        "3 passed, 2 dropped, 0 of the node itself".to_owned(),
        "in dry run: 2 frames would newly be dropped, 1 frame would newly pass".to_owned(),
        format!("2  drop  {policy} at scenarios/dry-run/manifests/web.yaml:47:7, first frame 1"),
        format!("1  pass  {policy} at scenarios/dry-run/manifests/web.yaml:43:18, first frame 3"),
    ] {
        assert!(out.contains(&line), "{line}\n{out}");
    }
    let (_, out, _) = replay(&pcap.bytes, &[FIXED]);
    assert!(!out.contains("dry run"), "{out}");
}
