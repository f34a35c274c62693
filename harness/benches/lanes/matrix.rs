//! A matrix, beside the time that its verdicts alone take.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use netverdict::matrix::ask::{AskError, Lane, ask};
use netverdict::matrix::input::{Readings, load};
use netverdict_policy::frontend::HostNetwork;
use netverdict_policy::matrix::{self, FamilyChoice, World};

use super::measure::median;

const ROUNDS: usize = 7;
/// Of the cluster made up by rule.
const NAMESPACES: usize = 6;
const APPS: usize = 25;

/// The largest cluster of np-guard's test-suite, if it is beside the repository, and
/// one that is made up.
pub(crate) fn print(object: &[u8]) -> Result<(), AskError> {
    match largest(object, &corpus())? {
        Some(case) => {
            let name = case.file_name().unwrap_or_default().to_string_lossy();
            row(
                object,
                &format!("np-guard's {name}"),
                &case.join("manifests"),
            )?;
        }
        None => println!("matrix: no {}: not measured", corpus().display()),
    }
    let folder = tempfile::tempdir().expect("a folder for manifests");
    for namespace in 0..NAMESPACES {
        let path = folder.path().join(format!("n{namespace}.yaml"));
        fs::write(path, manifests(namespace)).expect("manifests are written");
    }
    let name = format!("{} deployments made up by rule", NAMESPACES * APPS);
    row(object, &name, folder.path())
}

fn row(object: &[u8], what: &str, folder: &Path) -> Result<(), AskError> {
    let mut rounds: Vec<Round> = Vec::new();
    // The first warms the page cache.
    for _ in 0..=ROUNDS {
        rounds.push(round(object, folder)?);
    }
    rounds.remove(0);
    let ms = |each: fn(&Round) -> Duration| {
        median(
            rounds
                .iter()
                .map(|round| each(round).as_secs_f64() * 1e3)
                .collect(),
        )
    };
    let (whole, asking, verdicts) = (
        ms(|round| round.whole),
        ms(|round| round.asking),
        ms(|round| round.verdicts),
    );
    let rate = rounds[0].count as f64 / verdicts / 1e3;
    println!(
        "matrix, test-run lane, {what}: {} rows of {} verdicts; {whole:.1} ms in all, of which \
         {asking:.1} ms load, ask and compare; the verdicts alone {verdicts:.1} ms, {rate:.2} \
         M/s; ratio {:.2}, from loading on {:.2} (asked: at most 3)",
        rounds[0].rows,
        rounds[0].count,
        median(rounds.iter().map(Round::ratio).collect()),
        asking / verdicts,
    );
    Ok(())
}

struct Round {
    whole: Duration,
    asking: Duration,
    verdicts: Duration,
    count: u64,
    rows: usize,
}

impl Round {
    fn ratio(&self) -> f64 {
        self.whole.as_secs_f64() / self.verdicts.as_secs_f64()
    }
}

/// From files to text, as `netverdict matrix` does it.
fn round(object: &[u8], folder: &Path) -> Result<Round, AskError> {
    let started = Instant::now();
    let readings = Readings {
        ip_blocks_match_workloads: None,
        cidrs_match_workloads: None,
        host_network: HostNetwork::AsWorkloads,
    };
    let input = load(&[PathBuf::from(folder)], readings, false);
    assert!(input.problems.is_empty(), "{:?}", input.problems);
    let subject = &input.subjects[0];
    let world = World::new(&subject.policy, &subject.image);
    let asked = ask(&world, &subject.topology, Lane::TestRun(object))?;
    assert!(asked.is_right(), "{:?}", asked.unbalanced);
    let rows = matrix::rows(&world, &asked.survey, FamilyChoice::V4);
    let text = matrix::text(&subject.policy, &rows);
    std::hint::black_box(text);
    Ok(Round {
        whole: started.elapsed(),
        asking: asked.everything,
        verdicts: asked.verdicts,
        count: asked.survey.verdicts,
        rows: rows.len(),
    })
}

/// np-guard's test-suite is no part of the project.
fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/np-guard")
}

/// The case with the most verdicts.
fn largest(object: &[u8], corpus: &Path) -> Result<Option<PathBuf>, AskError> {
    let mut largest: Option<(u64, PathBuf)> = None;
    for case in fs::read_dir(corpus).into_iter().flatten().flatten() {
        let case = case.path();
        if !case.join("connlist.txt").is_file() {
            continue;
        }
        let count = round(object, &case.join("manifests"))?.count;
        if (largest.as_ref()).is_none_or(|(most, _)| count > *most) {
            largest = Some((count, case));
        }
    }
    Ok(largest.map(|(_, case)| case))
}

/// Deployments of one namespace. Each lets in the one before it, and calls that and
/// some of the outside; the first of each namespace lets in the next namespace.
fn manifests(namespace: usize) -> String {
    let name = format!("n{namespace}");
    let mut text = format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{ name: {name}, labels: {{ team: t{} }} }}\n",
        namespace % 2
    );
    for app in 0..APPS {
        let before = (app + APPS - 1) % APPS;
        let port = 8000 + app;
        let other = (namespace + 1) % NAMESPACES;
        let from = match app {
            0 => format!(
                "{{ namespaceSelector: {{ matchLabels: {{ kubernetes.io/metadata.name: n{other} }} }} }}"
            ),
            _ => format!("{{ podSelector: {{ matchLabels: {{ app: a{before} }} }} }}"),
        };
        let _ = write!(
            text,
            "---
apiVersion: apps/v1
kind: Deployment
metadata: {{ name: a{app}, namespace: {name} }}
spec:
  selector: {{ matchLabels: {{ app: a{app} }} }}
  template:
    metadata: {{ labels: {{ app: a{app} }} }}
    spec: {{ containers: [{{ name: main, image: main }}] }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{ name: a{app}, namespace: {name} }}
spec:
  podSelector: {{ matchLabels: {{ app: a{app} }} }}
  policyTypes: [Ingress, Egress]
  ingress: [{{ from: [{from}], ports: [{{ port: {port}, protocol: TCP }}] }}]
  egress:
    - {{ to: [{{ podSelector: {{}} }}] }}
    - {{ to: [{{ ipBlock: {{ cidr: 203.0.{namespace}.0/24, except: [203.0.{namespace}.{app}/32] }} }}] }}
"
        );
    }
    text
}
