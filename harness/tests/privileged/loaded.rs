//! `audit --live`, in labs whose maps and programs somebody tampers with.

mod kernel;
mod tamper;

use std::process::{Command, Output, Stdio};

use libtest_mimic::{Failed, Trial};

use crate::program::{NETVERDICT, command, privileged, workspace};

pub(crate) use tamper::play_role;

/// An allow list with a default of drop, and nothing that an audit would note.
const PLAIN: &str = "scenarios/prefilter/allow-list.yaml";
/// A prefilter before a policy.
const POLICED: &str = "scenarios/prefilter/before-policy.yaml";

/// What is done in which namespace of which lab, how the audit ends, and what it says.
struct Case {
    name: &'static str,
    scenario: &'static str,
    inside: &'static str,
    tamper: &'static str,
    /// Behind the scenario.
    arguments: &'static [&'static str],
    code: i32,
    said: &'static [&'static str],
    /// Ids that are not to be found.
    unsaid: &'static [&'static str],
}

const CASE: Case = Case {
    name: "",
    scenario: PLAIN,
    inside: "node",
    tamper: "nothing",
    arguments: &[],
    code: 1,
    said: &[],
    unsaid: &[],
};

const CASES: &[Case] = &[
    Case {
        name: "what is loaded as declared has no finding, and is as it was",
        code: 0,
        said: &[
            "seen: the uplink program at uplink (native",
            "seen: the egress program at w0 (native",
            "not seen from here: the ingress program",
        ],
        unsaid: &["live-"],
        ..CASE
    },
    Case {
        name: "in a workload's own namespace as well",
        inside: "inventory",
        code: 0,
        said: &[
            "seen: the ingress program at eth0 (native",
            "not seen from here: the uplink program",
            "not seen from here: the egress program",
        ],
        unsaid: &["live-"],
        ..CASE
    },
    Case {
        name: "the policy of a cluster is compared",
        scenario: POLICED,
        code: 0,
        ..CASE
    },
    Case {
        name: "an allow list that somebody emptied",
        tamper: "empty-allow-list",
        said: &[
            "live-empty-allow-list",
            "the loaded allow list of 30007/tcp is empty: nobody passes, though 3 prefixes are \
             declared",
            "live-missing-entry",
            "declared, and not loaded: PREFILTER_V4 30007/tcp 10.0.0.0/8: allow",
            "allow-list.yaml:15:14: error[live-missing-entry]: declared",
            "live-other-policy",
            "10.0.0.0/8, 203.0.113.7/32, fd00::/8 to inventory 30007/tcp: is dropped as loaded, \
             passes as declared",
        ],
        unsaid: &["live-undeclared-entry"],
        ..CASE
    },
    Case {
        name: "the same from where only the workload's program is seen",
        inside: "inventory",
        tamper: "empty-allow-list",
        said: &["live-empty-allow-list"],
        ..CASE
    },
    Case {
        name: "an entry that nobody declared",
        tamper: "undeclared-entry",
        said: &[
            "live-undeclared-entry",
            "loaded, and declared nowhere: PREFILTER_V4 30007/tcp 198.51.100.0/24: allow",
            "198.51.100.0/24 to inventory 30007/tcp: passes as loaded, is dropped as declared",
        ],
        unsaid: &["live-missing-entry", "live-empty-allow-list"],
        ..CASE
    },
    Case {
        name: "a default and a bypass that somebody switched on",
        tamper: "open-prefilter",
        said: &[
            "live-default-pass",
            "live-bypass",
            "; the manifests do not say so",
            "loaded otherwise than declared: PREFILTERS 30007/tcp: default pass, bypasses policy",
        ],
        ..CASE
    },
    Case {
        name: "pass-all mode left on",
        tamper: "pass-all",
        said: &["live-pass-all"],
        // Nothing else decides.
        unsaid: &["live-other-policy"],
        ..CASE
    },
    Case {
        name: "a generation that holds nothing",
        tamper: "other-generation",
        said: &[
            "live-generation",
            "generation 0 is in force and holds no entry, while generation 1 holds",
        ],
        // That says everything.
        unsaid: &["live-missing-entry", "live-other-policy"],
        ..CASE
    },
    Case {
        name: "a generation that there is not",
        tamper: "no-generation",
        said: &["live-generation", "the generation in force is 7"],
        ..CASE
    },
    Case {
        name: "connections that are not remembered",
        tamper: "untracked",
        said: &["live-untracked"],
        unsaid: &["live-other-policy", "live-stray-entry"],
        ..CASE
    },
    Case {
        name: "a policy that differs from the manifests",
        scenario: "scenarios/incident/fixed.yaml",
        tamper: "nothing, but audit scenarios/incident/cidr-only.yaml",
        said: &[
            "live-other-policy",
            "to inventory 50051/tcp: is dropped as loaded, passes as declared",
            "inventory-policy-open.yaml",
        ],
        ..CASE
    },
    Case {
        name: "an interface without a program",
        inside: "scanner",
        said: &["live-no-program", "interface eth0 has no XDP program"],
        unsaid: &["interface lo"],
        ..CASE
    },
    Case {
        name: "a foreign program",
        inside: "scanner",
        tamper: "foreign-program",
        said: &[
            "live-wrong-program",
            "interface eth0 has program",
            "'stranger'",
            "which is none of the filter's",
        ],
        unsaid: &["live-no-program", "BTF"],
        ..CASE
    },
    Case {
        name: "a foreign program with maps and without BTF",
        inside: "scanner",
        tamper: "foreign-maps",
        code: 2,
        said: &[
            "live-wrong-program",
            "loaded without BTF",
            "--filter OBJECT",
        ],
        ..CASE
    },
    Case {
        name: "a filter that was changed to pass what it drops",
        inside: "scanner",
        tamper: "changed-filter",
        said: &[
            "live-wrong-program",
            "it is called like the uplink program, but its instructions are others",
            "live-generation",
            "no policy was ever put there",
            "live-missing-program",
            "the ingress program of the filter of program",
        ],
        // Some maps are missing with the programs that use them.
        unsaid: &["live-foreign-layout", "live-missing-entry"],
        ..CASE
    },
    Case {
        name: "a program of the filter at the wrong hook",
        tamper: "wrong-hook",
        said: &[
            "live-wrong-hook",
            "interface uplink has the egress program",
            "where the uplink program belongs",
        ],
        ..CASE
    },
    Case {
        name: "a second filter beside it",
        tamper: "second-filter",
        said: &[
            "live-several-filters",
            "at uplink, w0; at lo",
            "live-other-mode",
        ],
        ..CASE
    },
    Case {
        name: "and only the interfaces that are named",
        tamper: "second-filter",
        arguments: &["--interface", "uplink", "--interface", "w0"],
        code: 0,
        unsaid: &["live-", "at lo"],
        ..CASE
    },
    Case {
        name: "an interface that there is not",
        arguments: &["--interface", "nope0"],
        code: 2,
        said: &["--interface nope0: this network namespace has no such interface; it has lo"],
        ..CASE
    },
    Case {
        name: "native mode where generic is meant",
        arguments: &["--mode", "generic"],
        said: &[
            "live-other-mode",
            "the filter at uplink runs in native mode, not in generic mode",
        ],
        ..CASE
    },
    Case {
        name: "more than one world",
        tamper: "nothing, but audit scenarios/incident",
        code: 2,
        said: &["4 worlds, and one is loaded"],
        ..CASE
    },
];

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = (CASES.iter())
        .map(|case| privileged(format!("loaded: {}", case.name), || in_lab(case)))
        .collect();
    trials.push(privileged("loaded: generic mode is seen", generic));
    trials.push(privileged("loaded: what is lacking is named", lacking));
    trials
}

/// Given a lab in which something is done behind its back, the audit that runs there
/// says so. Unless something is done, it also leaves everything as it was.
fn in_lab(case: &Case) -> Result<(), Failed> {
    let audited = match case.tamper.split_once("audit ") {
        Some((_, path)) => path,
        None => case.scenario,
    };
    let mut lab = command(["lab", case.scenario, "--in", case.inside, "--"]);
    lab.arg(std::env::current_exe()?)
        .env(tamper::ROLE, case.tamper)
        .env(tamper::PROGRAM, NETVERDICT)
        .env_remove("NETVERDICT_FILTER")
        .args(["audit", "--live", audited])
        .args(case.arguments);
    if case.code == 0 {
        // The audit of the file has something to say about it.
        lab.args(["--fail-on", "error"]);
    }
    judge(lab.output()?, case.code, case.said, case.unsaid)
}

fn judge(output: Output, code: i32, said: &[&str], unsaid: &[&str]) -> Result<(), Failed> {
    let [stdout, stderr] = [output.stdout, output.stderr].map(String::from_utf8);
    let text = format!("{}\n{}", stdout?, stderr?);
    let in_one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if output.status.code() != Some(code) {
        return Err(format!("ended with {}, not {code}:\n{text}", output.status).into());
    }
    for part in said {
        if !in_one_line.contains(part) {
            return Err(format!("'{part}' is not in\n{text}").into());
        }
    }
    for part in unsaid {
        if in_one_line.contains(part) {
            return Err(format!("'{part}' is in\n{text}").into());
        }
    }
    Ok(())
}

/// Given a lab whose filter is attached in generic mode, that is said, unless it is
/// meant.
fn generic() -> Result<(), Failed> {
    for (arguments, code, said) in [
        (&[][..], 1, &["live-other-mode", "runs in generic mode"][..]),
        (&["--mode", "generic"], 0, &["at uplink (generic"]),
    ] {
        let mut lab = command([
            "lab", PLAIN, "--mode", "generic", "--in", "node", "--", NETVERDICT,
        ]);
        lab.args(["audit", "--live", PLAIN]).args(arguments);
        if code == 0 {
            lab.args(["--fail-on", "error"]);
        }
        judge(
            lab.env_remove("NETVERDICT_FILTER").output()?,
            code,
            said,
            &[],
        )?;
    }
    Ok(())
}

/// Given a user without privileges, the audit says which are needed.
fn lacking() -> Result<(), Failed> {
    use std::os::unix::process::CommandExt as _;
    let folder = tempfile::tempdir()?;
    // The checkout may be in a folder that only root can enter.
    let script = format!("cp {NETVERDICT} {PLAIN} \"$0\" && chmod -R a+rX \"$0\"");
    let copied = Command::new("sh")
        .args(["-c", &script])
        .arg(folder.path())
        .current_dir(workspace())
        .stdin(Stdio::null())
        .status()?;
    assert!(copied.success(), "{copied}");
    std::fs::write(folder.path().join("pod.yaml"), POD)?;
    let mut audit = Command::new(folder.path().join("netverdict"));
    audit
        .current_dir(folder.path())
        .args(["audit", "--live", "pod.yaml"])
        .uid(65534)
        .gid(65534);
    let said = [
        "CAP_BPF or CAP_SYS_ADMIN",
        "CAP_SYS_ADMIN: the kernel hands out programs",
    ];
    judge(audit.output()?, 4, &said, &["live-"])
}

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: { name: web, labels: { app: web } }\n\
                   spec: { containers: [{ name: c, image: i }] }\n";
