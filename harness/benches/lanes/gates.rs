//! What stands before a merge, from process start to exit, on manifests that are made
//! here: `check` and `audit` of a thousand, `diff` of two lists of ten thousand prefixes,
//! and how long it takes until there is anything to read.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::measure::{ROUNDS, timed};

/// Applications of four manifests each.
const APPLICATIONS: usize = 250;

/// Prefixes of each of the two lists.
const PREFIXES: u32 = 10_000;

/// Median times of `check` and `audit`.
pub(crate) fn audit() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    for number in 0..APPLICATIONS {
        for (kind, text) in application(number) {
            std::fs::write(folder.path().join(format!("{number}-{kind}.yaml")), text)?;
        }
    }
    for command in ["check", "audit"] {
        let mut netverdict = netverdict();
        netverdict.arg(command).arg(folder.path());
        let took = median(|| ended(&mut netverdict))?;
        println!(
            "netverdict {command}, {} manifests in as many files: {:.0} ms; asked: under 300",
            4 * APPLICATIONS,
            took.as_secs_f64() * 1e3
        );
    }
    Ok(())
}

/// Median time of a `diff` that finds one prefix in ten thousand, witness included.
pub(crate) fn diff() -> io::Result<()> {
    let folder = tempfile::tempdir()?;
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    for (path, added) in [(&old, None), (&new, Some("203.0.113.0/24"))] {
        std::fs::create_dir(path)?;
        std::fs::write(path.join("inventory.yaml"), inventory(added))?;
    }
    let mut netverdict = netverdict();
    netverdict.arg("diff").args([&old, &new]);
    let took = median(|| ended(&mut netverdict))?;
    println!(
        "netverdict diff, {PREFIXES} prefixes beside {}, witness on the kernel: {:.0} ms; asked: \
         under 1000",
        PREFIXES + 1,
        took.as_secs_f64() * 1e3
    );
    Ok(())
}

/// Median time until the first byte of output, beside a program that does nothing.
pub(crate) fn start() -> io::Result<()> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut checking = netverdict();
    checking
        .current_dir(&workspace)
        .args(["check", "scenarios/incident/fixed.yaml"]);
    let ours = median(|| first_output(&mut checking))?;
    let bare = median(|| timed(&mut || Command::new("true").status().map(drop)))?;
    println!(
        "netverdict check, one scenario, until its first output: {:.1} ms, beside {:.1} ms of \
         `true`; asked: under 20",
        ours.as_secs_f64() * 1e3,
        bare.as_secs_f64() * 1e3
    );
    Ok(())
}

fn netverdict() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netverdict"));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// From start to exit. A finding is no failure; bad input is.
fn ended(command: &mut Command) -> io::Result<Duration> {
    timed(&mut || {
        let status = command.status()?;
        match status.code() {
            Some(0 | 1) => Ok(()),
            _ => Err(io::Error::other(format!("{command:?}: {status}"))),
        }
    })
}

fn first_output(command: &mut Command) -> io::Result<Duration> {
    let begin = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut stdout = child.stdout.take().expect("it is piped");
    let read = stdout.read(&mut [0])?;
    let took = begin.elapsed();
    io::copy(&mut stdout, &mut io::sink())?;
    let status = child.wait()?;
    match (read, status.success()) {
        (1, true) => Ok(took),
        _ => Err(io::Error::other(format!("{command:?}: {status}"))),
    }
}

/// The first run warms the page cache.
fn median(mut run: impl FnMut() -> io::Result<Duration>) -> io::Result<Duration> {
    let mut times = Vec::with_capacity(ROUNDS);
    for round in 0..=ROUNDS {
        let took = run()?;
        if round > 0 {
            times.push(took);
        }
    }
    times.sort();
    Ok(times[times.len() / 2])
}

fn application(number: usize) -> [(&'static str, String); 4] {
    let namespace = format!("team-{}", number % 10);
    let app = format!("app-{number}");
    let caller = format!("app-{}", (number + 10) % APPLICATIONS);
    let metadata = format!("metadata: {{ name: {app}, namespace: {namespace} }}\n");
    let node_port = 30000 + number;
    [
        (
            "deployment",
            format!(
                "apiVersion: apps/v1\nkind: Deployment\n{metadata}spec:\n  selector: {{ \
                 matchLabels: {{ app: {app} }} }}\n  template:\n    metadata: {{ labels: {{ app: \
                 {app} }} }}\n    spec:\n      containers:\n      - name: main\n        image: \
                 example/main\n        ports: [{{ containerPort: 8080, name: http }}]\n"
            ),
        ),
        (
            "service",
            format!(
                "apiVersion: v1\nkind: Service\n{metadata}spec:\n  type: NodePort\n  selector: {{ \
                 app: {app} }}\n  ports: [{{ port: 80, targetPort: http, nodePort: {node_port} }}]\n"
            ),
        ),
        (
            "networkpolicy",
            format!(
                "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n{metadata}spec:\n  \
                 podSelector: {{ matchLabels: {{ app: {app} }} }}\n  ingress:\n  - from:\n    - \
                 podSelector: {{ matchLabels: {{ app: {caller} }} }}\n    - ipBlock: {{ cidr: \
                 10.{}.0.0/16 }}\n    ports: [{{ port: http }}]\n",
                number % 256
            ),
        ),
        (
            "ciliumnetworkpolicy",
            format!(
                "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n{metadata}spec:\n  \
                 endpointSelector: {{ matchLabels: {{ app: {app} }} }}\n  egress:\n  - \
                 toEntities: [cluster]\n  - toCIDR: [192.168.{}.0/24]\n    toPorts: [{{ ports: [{{ \
                 port: \"443\", protocol: TCP }}] }}]\n",
                number % 256
            ),
        ),
    ]
}

/// A service on a node port, and who may call it: every second /24 from 20.0.0.0 on.
fn inventory(added: Option<&str>) -> String {
    let mut text = String::from(
        "apiVersion: v1\nkind: Pod\nmetadata: { name: inventory, labels: { app: inventory } }\n\
         spec: { containers: [{ name: main, image: example/main }] }\n---\napiVersion: v1\nkind: \
         Service\nmetadata: { name: inventory }\nspec:\n  type: NodePort\n  selector: { app: \
         inventory }\n  ports: [{ port: 50051, nodePort: 30007 }]\n---\napiVersion: \
         cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: { name: inventory }\nspec:\n  \
         endpointSelector: { matchLabels: { app: inventory } }\n  ingress:\n  - fromCIDR:\n",
    );
    for number in 0..PREFIXES {
        let (second, third) = (number * 2 / 256, number * 2 % 256);
        let _ = writeln!(
            text,
            "    - {}.{}.{third}.0/24",
            20 + second / 256,
            second % 256
        );
    }
    if let Some(added) = added {
        let _ = writeln!(text, "    - {added}");
    }
    text
}
