//! Captured traffic, judged by the program in the kernel.

use libtest_mimic::{Failed, Trial};

use crate::captures::{Pcap, syn, tcp};
use crate::program::{command, privileged};

const MONITORING: &str = "10.20.0.5";
const SCANNER: &str = "198.51.100.7";
const NODE: &str = "192.0.2.10";

pub(crate) fn trials() -> Vec<Trial> {
    let cases = [
        (
            "scenarios/incident/fixed.yaml",
            [
                "3 passed, 2 dropped",
                "policy-no-match (scenarios/incident/manifests/inventory-policy-internal.yaml:",
            ],
        ),
        (
            "scenarios/incident/as-deployed.yaml",
            ["5 passed, 0 dropped", "4  ingress  pass  bypassed"],
        ),
    ];
    let mut trials: Vec<Trial> = (cases.into_iter())
        .map(|(scenario, expected)| {
            let name = format!("replay: the incident against {scenario}");
            privileged(name, move || incident(scenario, &expected))
        })
        .collect();
    trials.push(privileged("replay: a memory that is full is said", forgets));
    trials
}

/// Given two clients, one of whom is a stranger, the words are those of the policy.
fn incident(scenario: &str, expected: &[&str]) -> Result<(), Failed> {
    let mut pcap = Pcap::new(1);
    for client in [MONITORING, SCANNER] {
        pcap.frame(&syn(client, 40000, NODE, 30007));
        pcap.frame(&tcp(client, 40000, NODE, 30007, 0x10));
    }
    pcap.frame(&syn(SCANNER, 40001, NODE, 443));
    let (code, out) = replay(&pcap, scenario)?;
    let is_right = code == Some(0) && expected.iter().all(|said| out.contains(said));
    match is_right && out.contains("lane testrun") && out.contains("0 judged differently") {
        true => Ok(()),
        false => Err(format!("exit {code:?}\n{out}").into()),
    }
}

/// Given more connections than any party remembers, all forget them together, and
/// still agree.
fn forgets() -> Result<(), Failed> {
    let mut pcap = Pcap::new(1);
    for port in 0..13_000 {
        pcap.frame(&syn(MONITORING, port, NODE, 30007));
    }
    let (code, out) = replay(&pcap, "scenarios/incident/fixed.yaml")?;
    match code == Some(0) && out.contains("were forgotten 1 time") {
        true => Ok(()),
        false => Err(format!("exit {code:?}\n{out}").into()),
    }
}

fn replay(pcap: &Pcap, scenario: &str) -> Result<(Option<i32>, String), Failed> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("made.pcap");
    std::fs::write(&path, &pcap.bytes)?;
    let output = (command(["replay", "--against", scenario]).arg(&path)).output()?;
    let text = [output.stdout, output.stderr].concat();
    Ok((output.status.code(), String::from_utf8(text)?))
}
