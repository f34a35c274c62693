//! How far it is, once that takes long, to whoever looks.

use std::io::IsTerminal;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long nothing is said of how far it is.
const QUIET: Duration = Duration::from_secs(2);
/// How often it is drawn anew.
const TICK: Duration = Duration::from_millis(200);

/// A bar on standard error: only on a terminal, only after two seconds, never in the log
/// of a CI job. It is gone once this is dropped.
pub(super) struct Progress {
    bar: ProgressBar,
    /// Draws the bar when it is time, until the sender is dropped.
    drawing: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Of so many things, if that is known. Starts a thread: not to be made before
    /// [`netverdict_lab::isolate::isolated`].
    pub(super) fn new(total: Option<usize>) -> Progress {
        let hidden = ProgressDrawTarget::hidden();
        let bar = ProgressBar::with_draw_target(total.map(|total| total as u64), hidden);
        let template = match total {
            Some(_) => "{pos}/{len} {bar:20} {wide_msg} {elapsed}",
            None => "{spinner} {pos} {wide_msg} {elapsed}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let somebody_looks = std::io::stderr().is_terminal() && std::env::var_os("CI").is_none();
        let drawing = somebody_looks.then(|| {
            let (sender, done) = channel::<()>();
            let bar = bar.clone();
            let thread = std::thread::spawn(move || {
                if done.recv_timeout(QUIET) == Err(RecvTimeoutError::Timeout) {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                    while done.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                        bar.tick();
                    }
                }
            });
            (sender, thread)
        });
        Progress { bar, drawing }
    }

    /// What is being done.
    pub(super) fn show(&self, what: String) {
        self.bar.set_message(what);
    }

    /// One of them is done.
    pub(super) fn next(&self) {
        self.bar.inc(1);
    }

    /// So many of them are done.
    pub(super) fn at(&self, done: u64) {
        self.bar.set_position(done);
    }

    /// Prints something, with the bar out of the way.
    pub(super) fn aside(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.drawing.take() {
            drop(sender);
            // A thread that panicked drew nothing.
            let _ = thread.join();
        }
        self.bar.finish_and_clear();
    }
}
