//! Writes at once and seals later: a record is a line in a file, a checkpoint waits for the disk on a thread of its own.

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use jiff::Timestamp;

use super::checkpoint::{Checkpoint, Occasion};
use super::cover::{Whose, cover};
use super::event::{Event, Kind};
use super::keyed::Keyed;
use super::sealing::Sealing;
use super::writer::{NotWritten, Writer};

/// Records after which a checkpoint is made.
const RECORDS: u64 = 1_000;
/// How long a record may be without one.
const SPAN: Duration = Duration::from_mins(15);

/// One process's record.
#[derive(Debug)]
pub(super) struct Recorder {
    shared: Arc<Shared>,
    sealer: Mutex<Option<Sealer>>,
    keyed: OnceLock<Option<Keyed>>,
}

/// The thread that waits for the disk.
#[derive(Debug)]
struct Sealer {
    occasions: Sender<Occasion>,
    thread: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    sealing: Sealing,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    writer: Option<Writer>,
    /// Events that could not be written since the last that could.
    lost: u64,
    /// Records since a checkpoint was asked for.
    unsealed: u64,
}

impl Recorder {
    pub(super) fn new(folder: PathBuf) -> Self {
        let sealing = Sealing::new(folder.clone());
        let shared = Arc::new(Shared { folder, sealing, state: Mutex::default() });
        Self { shared, sealer: Mutex::default(), keyed: OnceLock::new() }
    }

    /// The installation's key for digests; asked for once.
    pub(super) fn keyed(&self) -> Option<&Keyed> {
        let open = || {
            let keyed = Keyed::open(&self.shared.folder);
            keyed.inspect_err(|error| tracing::warn!(%error, "the audit record does without digests")).ok()
        };
        self.keyed.get_or_init(open).as_ref()
    }

    pub(super) fn note(&self, event: Event) {
        let mut state = self.shared.lock();
        match self.append(&mut state, event) {
            Ok(()) => {}
            Err(error) => {
                if state.lost == 0 {
                    tracing::error!(%error, "the audit record cannot be written; what is lost is counted");
                }
                state.lost += 1;
            }
        }
    }

    pub(super) fn begin(&self, event: Event) -> io::Result<()> {
        self.append(&mut self.shared.lock(), event)
    }

    fn append(&self, state: &mut State, event: Event) -> io::Result<()> {
        let is_new = state.writer.is_none();
        if state.lost > 0 {
            state.append(&self.shared.folder, Event { lost: Some(state.lost), ..Event::new(Kind::Gap) })?;
            tracing::info!(lost = state.lost, "the audit record is written again");
            state.lost = 0;
        }
        state.append(&self.shared.folder, event)?;
        if is_new {
            self.ask(Occasion::Open);
        } else if state.unsealed.is_multiple_of(RECORDS) {
            self.ask(Occasion::Seal);
        }
        Ok(())
    }

    /// Lets the thread make a checkpoint.
    fn ask(&self, occasion: Occasion) {
        let mut sealer = self.sealer.lock().unwrap_or_else(PoisonError::into_inner);
        if sealer.is_none() {
            let (occasions, asked) = mpsc::channel();
            let shared = Arc::clone(&self.shared);
            let thread = std::thread::Builder::new().name("audit".to_owned()).spawn(move || {
                loop {
                    let occasion = match asked.recv_timeout(SPAN) {
                        Ok(occasion) => occasion,
                        Err(RecvTimeoutError::Timeout) => Occasion::Seal,
                        Err(RecvTimeoutError::Disconnected) => return,
                    };
                    if occasion == Occasion::Open
                        && let Err(error) = cover(&shared.folder, Whose::Ended)
                    {
                        tracing::warn!(%error, "what ended processes have recorded is not signed");
                    }
                    shared.seal_or_tell(occasion);
                }
            });
            match thread {
                Ok(thread) => *sealer = Some(Sealer { occasions, thread }),
                Err(error) => tracing::warn!(%error, "no checkpoint of the audit record"),
            }
        }
        if let Some(sealer) = &*sealer {
            let _ = sealer.occasions.send(occasion);
        }
    }

    pub(super) fn seal(&self, occasion: Occasion) -> io::Result<Option<Checkpoint>> {
        self.shared.seal(occasion)
    }

    pub(super) fn close(&self) {
        let sealer = self.sealer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Sealer { occasions, thread }) = sealer {
            drop(occasions);
            let _ = thread.join();
        }
        self.shared.seal_or_tell(Occasion::Close);
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.close();
    }
}

impl State {
    fn append(&mut self, folder: &std::path::Path, event: Event) -> io::Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => none.insert(Writer::new(folder)?),
        };
        match writer.append(event, Timestamp::now()) {
            Ok(()) => {
                self.unsealed += 1;
                Ok(())
            }
            Err(NotWritten::Yet(error)) => Err(error),
            Err(NotWritten::EverAgain(error)) => {
                self.writer = None;
                Err(error)
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seal_or_tell(&self, occasion: Occasion) {
        if let Err(error) = self.seal(occasion) {
            tracing::warn!(%error, "no checkpoint of the audit record; the next occasion makes one");
        }
    }

    /// Syncs what was written, and signs it; nothing where there is nothing new.
    fn seal(&self, occasion: Occasion) -> io::Result<Option<Checkpoint>> {
        let (mark, written, files, unsealed, ended) = {
            let mut state = self.lock();
            let mut ended = if occasion == Occasion::Close { state.writer.take() } else { None };
            let unsealed = std::mem::take(&mut state.unsealed);
            if occasion == Occasion::Seal && unsealed == 0 {
                return Ok(None);
            }
            let writer = ended.as_mut().or(state.writer.as_mut());
            let Some((mark, written, files)) = writer.and_then(Writer::mark) else { return Ok(None) };
            (mark, written, files, unsealed, ended)
        };
        let synced = files.iter().try_for_each(|file| file.sync_data());
        let sealed = synced.and_then(|()| self.sealing.seal(occasion, &mark, &written));
        if sealed.is_err() && ended.is_none() {
            self.lock().unsealed += unsealed;
        }
        // The file stays locked until what was written to it is sealed.
        drop(ended);
        sealed.map(Some)
    }
}
