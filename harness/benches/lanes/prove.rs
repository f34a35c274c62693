//! A proof, beside bare loops of what it is made of.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use netverdict::matrix::input::{Input, Readings, load};
use netverdict::prove::proof::Proof;
use netverdict::prove::proving::{How, Under, prove};
use netverdict::prove::subject;
use netverdict_abi::Hook;
use netverdict_lab::filter::Filter;
use netverdict_policy::frontend::HostNetwork;

use super::bare::Program;
use super::images::{from_outside, prefilter};
use super::measure::{median, rate};

/// Prefixes on the allow list, and proofs of each.
const SIZES: [(usize, usize); 2] = [(60_000, 5), (1_000_000, 1)];

/// Frames of a bare loop, on each processor.
const BARE: usize = 100_000;

/// From files to findings, for a node port with an allow list.
pub(crate) fn print(object: &[u8]) -> Result<(), Box<dyn Error>> {
    for (prefixes, rounds) in SIZES {
        let folder = tempfile::tempdir()?;
        write(folder.path(), prefixes)?;
        let mut all = Vec::with_capacity(rounds);
        for _ in 0..rounds {
            all.push(round(object, folder.path())?);
        }
        let seconds = |each: fn(&Round) -> Duration| {
            median(all.iter().map(|it| each(it).as_secs_f64()).collect())
        };
        let (frames, threads) = (all[0].proof.program.frames, threads());
        let trying = seconds(|it| it.proof.program.trying);
        let ours = frames as f64 / trying / 1e6;
        let bare = bare(object, prefixes)?;
        println!(
            "prove, {prefixes} prefixes on an allow list, {threads} threads: read {:.2} s, prove \
             {:.2} s, of which {frames} plain frames {trying:.2} s, {ours:.2} M/s; bare loops on \
             a list of that size {bare:.2} M/s; ratio {:.2} (asked: at least 0.7 of the test-run \
             lane); at most {:.2} GiB so far",
            seconds(|it| it.reading),
            seconds(|it| it.proving),
            ours / bare,
            peak()?,
        );
    }
    Ok(())
}

struct Round {
    reading: Duration,
    proving: Duration,
    proof: Proof,
}

/// As `netverdict prove` does it.
fn round(object: &[u8], folder: &Path) -> Result<Round, Box<dyn Error>> {
    let started = Instant::now();
    let readings = Readings {
        ip_blocks_match_workloads: None,
        cidrs_match_workloads: None,
        host_network: HostNetwork::AsWorkloads,
    };
    let input: Input = load(&[folder.join("scenario.yaml")], readings, false);
    assert!(input.problems.is_empty(), "{:?}", input.problems);
    let reading = started.elapsed();
    let started = Instant::now();
    let subjects = subject::all(&input);
    let mut filter = Filter::load(object, subject::sizes(&subjects))?;
    let how = How {
        threads: threads(),
        more: &|_| true,
    };
    let proof = prove(&subjects[0], Under::Kernel(&mut filter), how)?;
    assert!(!proof.has_unexpected(), "{:?}", proof.findings.first());
    Ok(Round {
        reading,
        proving: started.elapsed(),
        proof,
    })
}

/// Nothing but the system call, on every processor, on frames from all over a list.
fn bare(object: &[u8], prefixes: usize) -> Result<f64, Box<dyn Error>> {
    let image = prefilter(prefixes);
    let mut filter = Filter::load(object, image.sizes())?;
    filter.install(&image, super::images::SILENT)?;
    let program = Program::by_id(filter.program_id(Hook::Uplink))?;
    let probe = from_outside(BARE, prefixes);
    let frames = netverdict::lanes::Work::of(
        &super::images::topology(),
        &image,
        &[&probe],
        netverdict_policy::frame::ProbeId(1),
        0,
    )?
    .frames;
    let run = || -> std::io::Result<()> {
        for frame in &frames {
            program.test_run(&frame.legs[0], 1)?;
        }
        Ok(())
    };
    run()?;
    let started = Instant::now();
    thread::scope(|scope| {
        let others: Vec<_> = (1..threads()).map(|_| scope.spawn(run)).collect();
        run()?;
        for other in others {
            other.join().expect("a loop ends")?;
        }
        std::io::Result::Ok(())
    })?;
    Ok(rate(BARE * threads(), started.elapsed()))
}

fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The most memory that this process had, in GiB (proc(5), `VmHWM`).
fn peak() -> Result<f64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes: f64 = (line.and_then(|line| line.split_whitespace().next()))
        .ok_or("the kernel says it")?
        .parse()?;
    Ok(kibibytes / f64::from(1 << 20))
}

/// A scenario whose allow list has one prefix in each of so many equal blocks, 20 to
/// 32 bits long.
fn write(folder: &Path, prefixes: usize) -> std::io::Result<()> {
    let block = (1_u64 << 20) / prefixes.next_power_of_two() as u64;
    let mut list = String::new();
    for index in 0..prefixes as u64 {
        let address = u32::try_from((index * block) << 12).expect("blocks fit");
        let length = 20 + index * 7 % 13;
        let _ = writeln!(list, "{}/{length}", std::net::Ipv4Addr::from(address));
    }
    fs::write(folder.join("list.txt"), list)?;
    fs::write(folder.join("service.yaml"), SERVICE)?;
    fs::write(folder.join("scenario.yaml"), SCENARIO)
}

const SERVICE: &str = "
apiVersion: v1
kind: Service
metadata: { name: inventory }
spec:
  type: NodePort
  selector: { app: inventory }
  ports: [{ port: 50051, targetPort: 50051, nodePort: 30007, protocol: TCP }]
";

const SCENARIO: &str = "
name: a long allow list
why: to be measured
topology:
  node: { addresses: [192.0.2.10] }
  hosts: { scanner: { zone: external, addresses: [198.51.100.7] } }
  workloads: { inventory: { labels: { app: inventory }, listen: [50051/tcp] } }
address_sets: { partners: { file: list.txt } }
manifests: [service.yaml]
prefilter:
  - { node_port: 30007/tcp, bypass_policy: false, allow: [partners], default: drop }
probes:
  - { from: scanner, to: \"node:9/udp\", expect: pass }
";
