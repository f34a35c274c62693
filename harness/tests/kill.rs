//! SIGKILL at any moment leaves nothing behind. A binary of its own, as it
//! counts what is on the whole machine.

mod program;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed};
use netverdict::shuffle::order;

use program::{command, privileged};

/// Kills of a run, spread over the time that it takes.
const MOMENTS: usize = 50;
/// Kills of a lab with children in it.
const LAB_MOMENTS: usize = 20;
/// Tear-down is asynchronous: how long to wait for it.
const PATIENCE: Duration = Duration::from_secs(20);
/// Names the processes of one kill, in their environment.
const MARK: &str = "NETVERDICT_TEST_MARK";

fn main() {
    let mut args = Arguments::from_args();
    // Each trial counts what is on the machine.
    args.test_threads = Some(1);
    let trials = vec![
        privileged("a killed run leaves nothing behind", || {
            let folder = tempfile::tempdir()?;
            let report = folder.path().to_str().ok_or("UTF-8")?.to_owned();
            let run = move || command(["run", "scenarios/incident", "--report-dir", &report]);
            kill_at(MOMENTS, &run)
        }),
        privileged("a killed lab leaves no child behind", || {
            kill_at(LAB_MOMENTS, &|| {
                let script = "sleep 99 & setsid sleep 99 & sleep 99";
                command([
                    "lab",
                    "scenarios/incident/fixed.yaml",
                    "--",
                    "sh",
                    "-c",
                    script,
                ])
            })
        }),
    ];
    libtest_mimic::run(&args, trials).exit();
}

/// Kills the command at moments spread over its usual time, in random order.
fn kill_at(moments: usize, make: &dyn Fn() -> Command) -> Result<(), Failed> {
    let seed = std::process::id().into();
    println!("seed {seed}");
    let usual = usual_time(make)?;
    let before = before()?;
    let mut killed = 0;
    for (number, moment) in order(seed, moments).into_iter().enumerate() {
        let mark = format!("{}-{number}", std::process::id());
        let mut child = start(make().env(MARK, &mark))?;
        let share = (moment as f64 + 0.5) / moments as f64;
        pause(usual.mul_f64(share));
        child.kill()?;
        killed += usize::from(child.wait()?.signal() == Some(9));
        until_as_before(&before, &mark)?;
    }
    println!("{killed} of {moments} were killed while they ran");
    if killed < moments / 2 {
        return Err(format!("only {killed} of {moments} were still running when killed").into());
    }
    Ok(())
}

/// How long the command runs by itself; a second for one that stays.
fn usual_time(make: &dyn Fn() -> Command) -> Result<Duration, Failed> {
    let started = Instant::now();
    let mut child = start(&mut make())?;
    while child.try_wait()?.is_none() {
        if started.elapsed() > Duration::from_secs(1) {
            child.kill()?;
            child.wait()?;
            break;
        }
        pause(Duration::from_millis(1));
    }
    Ok(started.elapsed())
}

fn start(command: &mut Command) -> Result<Child, Failed> {
    Ok(command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?)
}

/// Waits for a time, for nothing happens that could be waited for instead.
fn pause(time: Duration) {
    let (_silent, never) = mpsc::channel::<()>();
    let _ = never.recv_timeout(time);
}

/// What is on the machine.
#[derive(Debug, Default, PartialEq, Eq)]
struct State {
    processes: BTreeSet<u32>,
    network_namespaces: u64,
    links: BTreeSet<String>,
    mounts: BTreeSet<String>,
    named: BTreeSet<String>,
    programs: BTreeSet<u32>,
    bpf_links: BTreeSet<u32>,
}

impl State {
    /// `mark` names the processes to look for.
    fn now(mark: &str) -> Result<State, Failed> {
        let wanted = format!("{MARK}={mark}");
        let processes = (fs::read_dir("/proc")?.flatten())
            .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
            .filter(|pid| {
                let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
                environment
                    .split(|byte| *byte == 0)
                    .any(|entry| entry == wanted.as_bytes())
            })
            .collect();
        let names = |folder: &str| -> BTreeSet<String> {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            entries
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect()
        };
        let mounts = fs::read_to_string("/proc/self/mountinfo")?;
        Ok(State {
            processes,
            network_namespaces: network_namespaces()?,
            links: names("/sys/class/net"),
            mounts: mounts.lines().map(str::to_owned).collect(),
            named: names("/run/netns"),
            programs: (aya::programs::loaded_programs().flatten())
                .filter(|program| program.name_as_str() == Some("netverdict"))
                .map(|program| program.id())
                .collect(),
            bpf_links: aya::programs::loaded_links()
                .flatten()
                .map(|link| link.id())
                .collect(),
        })
    }
}

/// Network namespaces that the kernel holds, those without a process or a name
/// among them: objects in use in their slab cache.
///
/// The kernel frees the last that were taken down only when the next one is
/// (net/core/net_namespace.c, `net_complete_free`), and counts free objects in a
/// processor's own slab as used until the cache is shrunk. So one more namespace
/// comes and goes first, and is given a moment to go.
fn network_namespaces() -> Result<u64, Failed> {
    const CACHE: &str = "/sys/kernel/slab/net_namespace";
    Command::new("unshare").args(["--net", "true"]).status()?;
    pause(Duration::from_millis(50));
    fs::write(format!("{CACHE}/shrink"), "1")?;
    let objects = fs::read_to_string(format!("{CACHE}/objects"))?;
    let count = objects
        .split_whitespace()
        .next()
        .ok_or("no count of objects")?;
    Ok(count.parse()?)
}

/// What is on the machine before anything is started: the least that is seen in
/// a while, as tear-down from before may still go on.
fn before() -> Result<State, Failed> {
    let mut before = State::now("none")?;
    for _ in 0..10 {
        let now = State::now("none")?;
        if now.network_namespaces <= before.network_namespaces {
            before = now;
        }
    }
    Ok(before)
}

/// Others may use the machine, and end what was there before: only what is new
/// counts.
fn until_as_before(before: &State, mark: &str) -> Result<(), Failed> {
    let started = Instant::now();
    loop {
        let left = State::now(mark)?.beyond(before);
        if left == State::default() {
            return Ok(());
        }
        if started.elapsed() > PATIENCE {
            return Err(format!("left behind: {left:#?}").into());
        }
    }
}

impl State {
    fn beyond(&self, before: &State) -> State {
        fn new<T: Ord + Clone>(now: &BTreeSet<T>, before: &BTreeSet<T>) -> BTreeSet<T> {
            now.difference(before).cloned().collect()
        }
        State {
            processes: new(&self.processes, &before.processes),
            network_namespaces: self
                .network_namespaces
                .saturating_sub(before.network_namespaces),
            links: new(&self.links, &before.links),
            mounts: new(&self.mounts, &before.mounts),
            named: new(&self.named, &before.named),
            programs: new(&self.programs, &before.programs),
            bpf_links: new(&self.bpf_links, &before.bpf_links),
        }
    }
}
