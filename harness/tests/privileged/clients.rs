//! Real clients in the lab: the leak, and the block when it is mended.

use libtest_mimic::{Failed, Trial};

use crate::program::privileged;
use crate::run::run;

/// `curl: (28)`: nothing came back within the time.
const TIMED_OUT: i32 = 28;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for url in ["http://192.0.2.10:30007/", "http://[2001:db8::10]:30007/"] {
        for (scenario, host, leaks) in [
            ("as-deployed", "scanner", true),
            ("cidr-only", "scanner", true),
            ("bypass-only", "scanner", true),
            ("fixed", "scanner", false),
            ("fixed", "monitoring", true),
        ] {
            for mode in ["native", "generic"] {
                let name = format!("clients: {host} asks {url} of {scenario} in {mode} mode");
                trials.push(privileged(name, move || {
                    ask(scenario, host, mode, url, leaks)
                }));
            }
        }
    }
    for (workload, answered) in [("frontend", true), ("batch", false)] {
        for url in ["http://10.244.0.3:8080/", "http://[fd00:10:244::3]:8080/"] {
            let name = format!("clients: workload {workload} asks {url}");
            trials.push(privileged(name, move || {
                workload_asks(workload, url, answered)
            }));
        }
    }
    for (member, answered) in [
        ("frontend", true),
        ("shop/frontend", true),
        ("batch", false),
        ("outside", false),
        ("node", true),
    ] {
        let name = format!("clients: {member} asks a pod of manifests");
        trials.push(privileged(name, move || manifests_ask(member, answered)));
    }
    trials.push(privileged(
        "clients: the command's status is the lab's",
        statuses,
    ));
    trials
}

fn ask(scenario: &str, host: &str, mode: &str, url: &str, leaks: bool) -> Result<(), Failed> {
    let file = format!("scenarios/incident/{scenario}.yaml");
    let args = [
        "lab", &file, "--in", host, "--mode", mode, "--", "curl", "-sS", "-m", "2", url,
    ];
    let run = run(args);
    if leaks {
        let run = run.expect(0)?;
        if !run.stdout.starts_with("this is inventory's data") {
            return Err(format!("not inventory's data: {:?}", run.stdout).into());
        }
    } else {
        let run = run.expect(TIMED_OUT)?;
        if !run.stdout.is_empty() {
            return Err(format!("something came back: {:?}", run.stdout).into());
        }
    }
    Ok(())
}

/// The answers come by the connection that is remembered: nothing else would let
/// them into the frontend.
fn workload_asks(workload: &str, url: &str, answered: bool) -> Result<(), Failed> {
    let file = "scenarios/workloads/both-ends.yaml";
    let args = [
        "lab", file, "--in", workload, "--", "curl", "-sS", "-m", "2", url,
    ];
    if !answered {
        run(args).expect(TIMED_OUT)?;
        return Ok(());
    }
    let run = run(args).expect(0)?;
    let replies = run.stderr.lines().filter(|line| line.contains("reply"));
    if run.stdout.starts_with("this is backend's data") && replies.count() == 2 {
        return Ok(());
    }
    Err(format!("{}\n{}", run.stdout, run.stderr).into())
}

/// `backend` may be called by `frontend` alone.
const CLUSTER: &str = "\
apiVersion: v1
kind: Pod
metadata: { name: backend, namespace: shop, labels: { app: backend } }
spec: { containers: [{ name: c, image: i, ports: [{ containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: frontend, namespace: shop, labels: { app: frontend } }
spec: { containers: [{ name: c, image: i }] }
---
apiVersion: v1
kind: Pod
metadata: { name: batch, namespace: shop, labels: { app: batch } }
spec: { containers: [{ name: c, image: i }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: backend, namespace: shop }
spec:
  podSelector: { matchLabels: { app: backend } }
  policyTypes: [Ingress, Egress]
  ingress: [{ from: [{ podSelector: { matchLabels: { app: frontend } } }], ports: [{ port: 8080 }] }]
";

/// Without a scenario: the lab of all manifests in a folder.
fn manifests_ask(member: &str, answered: bool) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("shop.yaml"), CLUSTER)?;
    let manifests = folder.path().to_str().ok_or("UTF-8")?;
    for url in ["http://10.244.0.2:8080/", "http://[fd00:10:244::2]:8080/"] {
        let run = run([
            "lab", manifests, "--in", member, "--", "curl", "-sS", "-m", "2", url,
        ]);
        if !answered {
            run.expect(TIMED_OUT)?;
            continue;
        }
        let run = run.expect(0)?;
        if run.stdout != "this is shop/backend[Pod]'s data, served at 8080/tcp\n" {
            return Err(format!("{}\n{}", run.stdout, run.stderr).into());
        }
    }
    Ok(())
}

fn statuses() -> Result<(), Failed> {
    let lab = |script: &str| {
        run([
            "lab",
            "scenarios/incident/fixed.yaml",
            "--",
            "sh",
            "-c",
            script,
        ])
    };
    lab("exit 0").expect(0)?;
    lab("exit 42").expect(42)?;
    lab("kill -TERM $$").expect(128 + 15)?;
    let unknown = run([
        "lab",
        "scenarios/incident/fixed.yaml",
        "--in",
        "nobody",
        "--",
        "true",
    ]);
    let unknown = unknown.expect(2)?;
    if !unknown.stderr.starts_with("netverdict: ") || !unknown.stderr.contains("scanner") {
        return Err(format!("the error does not name the hosts: {}", unknown.stderr).into());
    }
    Ok(())
}
