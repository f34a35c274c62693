//! The filter beside kube-proxy's rules and nftables.

use std::process::{Command, Output};

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::program::{NETVERDICT, command, privileged, workspace};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        privileged("crosscheck: a bypass is more permissive", bypass),
        privileged("crosscheck: a policy that is too wide is equal", too_wide),
        privileged("crosscheck: the fixed deployment is equal", fixed),
        privileged("crosscheck: every scenario, and what differs", everything),
        privileged("crosscheck: both backends say the same", backends),
        privileged("crosscheck: the host stays as it is", host),
        privileged("crosscheck: what is missing is named", missing),
    ]
}

/// Runs it; the JSON is that of its whole output.
fn crosscheck(args: &[&str], code: i32) -> Result<Value, Failed> {
    let output = run(args, code)?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn run(args: &[&str], code: i32) -> Result<Output, Failed> {
    let output = command(["crosscheck"].iter().chain(args)).output()?;
    if output.status.code() == Some(code) {
        return Ok(output);
    }
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    Err(format!("{}, not {code}\n{out}{err}", output.status).into())
}

/// `FIELD` of the frames with this outcome.
fn of_frames<'a>(whole: &'a Value, outcome: &str, field: &str) -> Vec<&'a str> {
    let scenarios = whole["scenarios"].as_array().into_iter().flatten();
    (scenarios.flat_map(|it| it["frames"].as_array().into_iter().flatten()))
        .filter(|frame| frame["outcome"] == outcome)
        .filter_map(|frame| frame[field].as_str())
        .collect()
}

fn bypass() -> Result<(), Failed> {
    let path = "scenarios/incident/bypass-only.yaml";
    let whole = crosscheck(&[path, "-o", "json"], 1)?;
    assert_eq!(whole["sum"]["more_permissive"], 6);
    // Nobody who is let in by the policy is shut out by the filter.
    assert_eq!(whole["sum"]["stricter"], 0);
    assert_eq!(whole["sum"]["equal"], 6);
    let findings = whole["scenarios"][0]["findings"].to_string();
    for part in [
        "crosscheck-more-permissive",
        "scanner-to-inventory",
        "default/inventory, NodePort 30007/tcp",
        "198.51.100.7",
        "bypass-only.yaml:23:",
    ] {
        assert!(findings.contains(part), "{part}: {findings}");
    }
    let human = run(&[path], 1)?;
    let text = String::from_utf8(human.stdout)?;
    assert!(text.contains("DANGER"), "{text}");
    // Three tags are no matter of rules behind the links, and that is said.
    assert!(text.contains("not compared  2 frames"), "{text}");
    Ok(())
}

fn too_wide() -> Result<(), Failed> {
    let path = "scenarios/incident/cidr-only.yaml";
    let whole = crosscheck(&[path, "-o", "json", "--fail-on", "any"], 0)?;
    assert_eq!(whole["sum"]["equal"], 12);
    let said = whole["cannot_see"].as_str().ok_or("what it cannot see")?;
    assert!(said.contains("cannot see it"), "{said}");
    let text = String::from_utf8(run(&[path], 0)?.stdout)?;
    assert!(text.contains(said), "{text}");
    Ok(())
}

fn fixed() -> Result<(), Failed> {
    let args = ["scenarios/incident/fixed.yaml", "-o", "json"];
    let whole = crosscheck(&args, 0)?;
    // Both ways: what is let in, and what is kept out.
    let frames = whole["scenarios"][0]["frames"].as_array().ok_or("frames")?;
    for arrives in [true, false] {
        let some = (frames.iter()).any(|it| it["outcome"] == "equal" && it["arrives"] == arrives);
        assert!(some, "{arrives}");
    }
    assert_eq!(whole["sum"]["equal"], 15);
    Ok(())
}

/// The reference reads policies as the filter does, but for what prefilters override.
fn everything() -> Result<(), Failed> {
    let whole = crosscheck(&["scenarios", "-o", "json", "--fail-on", "any"], 1)?;
    let sum = &whole["sum"];
    assert_eq!(
        (&sum["inconclusive"], &sum["stricter"]),
        (&0.into(), &0.into()),
        "{sum}"
    );
    let reasons = of_frames(&whole, "more-permissive", "xdp_reason");
    assert!(
        !reasons.is_empty() && reasons.iter().all(|it| *it == "bypassed"),
        "{reasons:?}"
    );
    let causes = of_frames(&whole, "stricter", "cause");
    for cause in ["prefilter", "foreign-source"] {
        assert!(causes.contains(&cause), "{cause}");
    }
    let reasons = of_frames(&whole, "not-compared", "not_compared");
    for reason in [
        "undeliverable",
        "vlan-tagged",
        "fragment",
        "untracked",
        "hidden-ports",
        "sctp-sequence",
        "masqueraded-sequence",
    ] {
        assert!(reasons.contains(&reason), "{reason}");
    }
    // Most of what there is is compared.
    assert!(sum["equal"].as_u64() > Some(2000), "{sum}");
    Ok(())
}

fn backends() -> Result<(), Failed> {
    let with = |backend| {
        let args = [
            "scenarios/incident/bypass-only.yaml",
            "-o",
            "json",
            "--iptables",
            backend,
        ];
        crosscheck(&args, 1)
    };
    let (legacy, nft) = (with("legacy")?, with("nft")?);
    assert_eq!(
        (&legacy["iptables"], &nft["iptables"]),
        (&"legacy".into(), &"nft".into())
    );
    assert_eq!(legacy["scenarios"], nft["scenarios"]);
    Ok(())
}

/// Everything that rules of the host are kept in, as far as it can be listed.
fn rules_of_the_host() -> Result<Vec<Vec<u8>>, Failed> {
    let mut rules = Vec::new();
    for (program, arguments) in [
        ("nft", &["list", "ruleset"][..]),
        ("iptables-legacy-save", &[]),
        ("ip6tables-legacy-save", &[]),
        ("iptables-nft-save", &[]),
        ("ip6tables-nft-save", &[]),
        ("ip", &["-o", "link"]),
    ] {
        // What the machine does not have it has no rules of.
        if let Ok(output) = Command::new(program).args(arguments).output() {
            let text = String::from_utf8(output.stdout)?;
            let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
            rules.push(lines.join("\n").into_bytes());
        }
    }
    match rules.len() {
        0 => Err("nothing lists rules here".into()),
        _ => Ok(rules),
    }
}

fn host() -> Result<(), Failed> {
    let locked = || {
        std::fs::metadata("/run/xtables.lock")
            .and_then(|it| it.modified())
            .ok()
    };
    let before = (rules_of_the_host()?, locked());
    for backend in ["legacy", "nft"] {
        run(&["scenarios/incident/fixed.yaml", "--iptables", backend], 0)?;
    }
    let lock = locked();
    assert_eq!((&rules_of_the_host()?, lock), (&before.0, before.1));
    Ok(())
}

/// In a mount namespace in which the tools are gone.
fn missing() -> Result<(), Failed> {
    let script = "mount -t tmpfs none /usr/sbin && { [ -L /sbin ] || mount -t tmpfs none /sbin; } \
                  && exec \"$0\" crosscheck scenarios/incident/fixed.yaml";
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", script, NETVERDICT])
        .current_dir(workspace())
        .env("PATH", "/usr/bin:/bin")
        .output()?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(4), "{said}");
    for part in [
        "nft",
        "apt install nftables",
        "iptables and ip6tables",
        "apt install iptables",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    Ok(())
}
