//! A network namespace and the thread that lives in it.

use std::any::Any;
use std::os::fd::{AsRawFd as _, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use netns_rs::{Env, NetNs};

use super::netlink::Netlink;
use crate::error::LabError;
use crate::isolate::{self, NETNS_DIRECTORY};

/// Where `ip netns` looks; inside [`crate::isolate::isolated`] it is private.
#[derive(Clone, Copy, Debug)]
struct Private;

impl Env for Private {
    fn persist_dir(&self) -> PathBuf {
        PathBuf::from(NETNS_DIRECTORY)
    }
}

type Job = Box<dyn FnOnce(&mut Inside) + Send>;

/// A network namespace. One thread created it and never leaves it, for the
/// namespace is a thread's property and a socket keeps that of its opener.
#[derive(Debug)]
pub(crate) struct Namespace {
    name: Arc<str>,
    netns: Option<Arc<NetNs<Private>>>,
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// What the namespace's thread has at hand.
#[derive(Debug, Default)]
pub(crate) struct Inside {
    netlink: Option<Netlink>,
}

impl Inside {
    /// The thread's netlink connection.
    pub(crate) fn netlink(&mut self) -> Result<&mut Netlink, LabError> {
        if self.netlink.is_none() {
            self.netlink = Some(Netlink::connect()?);
        }
        Ok(self.netlink.as_mut().expect("connected just now"))
    }
}

/// A job that was begun.
#[derive(Debug)]
pub(crate) struct Begun<T> {
    name: Arc<str>,
    doing: &'static str,
    result: mpsc::Receiver<thread::Result<Result<T, LabError>>>,
}

/// A name that no other namespace of this process has.
pub(crate) fn unique_name(stem: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{stem}{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

impl Namespace {
    /// Makes a namespace of this name and waits for its thread to be inside.
    pub(crate) fn create(name: String) -> Result<Namespace, LabError> {
        Namespace::begin(name)?.finish()
    }

    /// Begins to make one; several can be made at the same time.
    pub(crate) fn begin(name: String) -> Result<BeingMade, LabError> {
        if !isolate::entered() {
            return Err(LabError::NotIsolated);
        }
        let (jobs, queue) = mpsc::channel::<Job>();
        let (made, result) = mpsc::channel();
        let name: Arc<str> = name.into();
        let thread = thread::Builder::new()
            .name(name.to_string())
            .spawn({
                let name = Arc::clone(&name);
                move || live_in(&name, &made, &queue)
            })
            .map_err(LabError::system(format!("start a thread for {name}")))?;
        Ok(BeingMade {
            name,
            jobs,
            thread,
            result,
        })
    }

    /// Its name under `ip netns`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A descriptor that names it to netlink; valid as long as `self`.
    pub(crate) fn descriptor(&self) -> RawFd {
        self.netns().file().as_raw_fd()
    }

    /// Does something inside and waits for it.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        doing: &'static str,
        job: impl FnOnce(&mut Inside) -> Result<T, LabError> + Send + 'static,
    ) -> Result<T, LabError> {
        self.start(doing, job).finish()
    }

    /// Begins to do something inside.
    pub(crate) fn start<T: Send + 'static>(
        &self,
        doing: &'static str,
        job: impl FnOnce(&mut Inside) -> Result<T, LabError> + Send + 'static,
    ) -> Begun<T> {
        let (answer, result) = mpsc::channel();
        let job: Job = Box::new(move |inside| {
            // Nobody waits any more if the caller gave up: then the result goes.
            let _ = answer.send(catch_unwind(AssertUnwindSafe(|| job(inside))));
        });
        self.jobs
            .as_ref()
            .expect("the thread lives until the namespace is dropped")
            .send(job)
            .expect("the thread ends only when the channel closes");
        Begun {
            name: Arc::clone(&self.name),
            doing,
            result,
        }
    }

    /// Does something inside that borrows from the caller, on a thread made for
    /// it.
    pub(crate) fn visit<T: Send>(
        &self,
        doing: &'static str,
        job: impl FnOnce() -> Result<T, LabError> + Send,
    ) -> Result<T, LabError> {
        let netns = self.netns();
        let visited = thread::scope(|scope| {
            scope
                .spawn(|| {
                    netns.enter().map_err(|error| trouble(&self.name, error))?;
                    job()
                })
                .join()
        });
        visited.unwrap_or_else(|panic| Err(panicked(&self.name, doing, panic.as_ref())))
    }

    fn netns(&self) -> &NetNs<Private> {
        self.netns.as_deref().expect("there until it is dropped")
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        // The last reference: the thread's is gone. What cannot be unmounted
        // goes with the private mount namespace.
        if let Some(netns) = self.netns.take().and_then(Arc::into_inner) {
            let _ = netns.remove();
        }
    }
}

/// A namespace on its way.
#[derive(Debug)]
pub(crate) struct BeingMade {
    name: Arc<str>,
    jobs: mpsc::Sender<Job>,
    thread: JoinHandle<()>,
    result: mpsc::Receiver<Result<Arc<NetNs<Private>>, LabError>>,
}

impl BeingMade {
    /// Waits for it.
    pub(crate) fn finish(self) -> Result<Namespace, LabError> {
        let BeingMade {
            name,
            jobs,
            thread,
            result,
        } = self;
        match result.recv() {
            Ok(made) => Ok(Namespace {
                netns: Some(made?),
                name,
                jobs: Some(jobs),
                thread: Some(thread),
            }),
            // The thread ended without a word.
            Err(mpsc::RecvError) => Err(match thread.join() {
                Err(panic) => panicked(&name, "enter", panic.as_ref()),
                Ok(()) => panicked(&name, "enter", &"it ended early"),
            }),
        }
    }
}

impl<T> Begun<T> {
    /// Waits for the result.
    pub(crate) fn finish(self) -> Result<T, LabError> {
        match self.result.recv() {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => Err(panicked(&self.name, self.doing, panic.as_ref())),
            Err(mpsc::RecvError) => Err(panicked(&self.name, self.doing, &"it ended early")),
        }
    }
}

/// The thread's life: make the namespace, enter it, do what is asked.
fn live_in(
    name: &str,
    made: &mpsc::Sender<Result<Arc<NetNs<Private>>, LabError>>,
    queue: &mpsc::Receiver<Job>,
) {
    let entered = NetNs::new_with_env(name, Private).and_then(|netns| {
        netns.enter()?;
        Ok(Arc::new(netns))
    });
    let failed = entered.is_err();
    let told = made.send(entered.map_err(|error| trouble(name, error)));
    if failed || told.is_err() {
        return;
    }
    let mut inside = Inside::default();
    for job in queue {
        job(&mut inside);
    }
}

fn trouble(name: &str, source: netns_rs::Error) -> LabError {
    LabError::Namespace {
        name: name.to_owned(),
        source: Box::new(source),
    }
}

fn panicked(name: &str, doing: &'static str, panic: &(dyn Any + Send)) -> LabError {
    let message = (panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    LabError::Panicked {
        name: name.to_owned(),
        doing: doing.to_owned(),
        message,
    }
}
