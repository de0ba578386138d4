//! Who stops at a question with ^C has the terminal back as it was: with its echo and its cursor.

use std::io;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use dialoguer::console::Term;
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use tokio::runtime::Builder;
use tokio::signal::unix::SignalKind;
use tokio::sync::oneshot;

use crate::error::{Exit, Failure};
use crate::launch::signals::Ignored;
use crate::ui;

/// What shells report of a program that an interrupt has ended.
const INTERRUPTED: i32 = 130;

/// Ends mcr at an interrupt, with the terminal as it was before, until it is dropped.
pub(super) struct Asking {
    end: Option<oneshot::Sender<()>>,
    listening: Option<JoinHandle<()>>,
}

impl Drop for Asking {
    fn drop(&mut self) {
        // A question fails at an interrupt, too; whoever listens has the last word then.
        drop(self.end.take());
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

/// Begins to ask; there is nothing to bring back where nobody can be asked.
///
/// # Errors
/// Fails when the system gives no thread or no signal.
pub(super) fn begin() -> Result<Option<Asking>, Failure> {
    let Some(modes) = tcgetattr(io::stdin()).ok().filter(|_| ui::is_interactive()) else { return Ok(None) };
    let cannot = |error: io::Error| Failure::new(Exit::Software, error);
    let runtime = Builder::new_current_thread().enable_io().build().map_err(cannot)?;
    let interrupt = {
        let _inside = runtime.enter();
        Ignored::of_process().listen(SignalKind::interrupt())
    };
    let mut interrupt = interrupt.map_err(cannot)?;
    let (end, ended) = oneshot::channel();
    // The first question must not be put before somebody listens.
    let (send, listens) = channel();
    let listening = std::thread::spawn(move || {
        let stopped = runtime.block_on(async {
            let _ = send.send(());
            tokio::select! {
                biased;
                () = interrupt.recv() => true,
                _ = ended => false,
            }
        });
        if stopped {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &modes);
            let _ = Term::stderr().show_cursor();
            ui::say("");
            leave();
        }
    });
    let _ = listens.recv();
    Ok(Some(Asking { end: Some(end), listening: Some(listening) }))
}

#[expect(clippy::disallowed_methods, reason = "another thread waits for an answer that does not come")]
fn leave() -> ! {
    std::process::exit(INTERRUPTED)
}
