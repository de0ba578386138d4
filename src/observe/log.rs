//! Setting up the log: a file per process, one write per line.
//!
//! Only mcr's own events are kept: what libraries say at `debug` is about frames
//! and may quote them.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    str::FromStr,
    sync::{Arc, OnceLock},
};

use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{Layer, filter::Targets, layer::SubscriberExt};

use super::line::Line;
use super::log_files;
use crate::paths;

/// How much is logged, in the words of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level(LevelFilter);

impl Default for Level {
    fn default() -> Self {
        Self(LevelFilter::INFO)
    }
}

/// A word that is no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown log level `{0}`, expected fatal, error, warn, info, debug or trace")]
pub struct UnknownLevel(String);

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(word: &str) -> Result<Self, UnknownLevel> {
        match word.to_ascii_lowercase().as_str() {
            // mcr ends on what is fatal, so that is the last `error`.
            "fatal" | "error" => Ok(Self(LevelFilter::ERROR)),
            "warn" => Ok(Self(LevelFilter::WARN)),
            "info" => Ok(Self(LevelFilter::INFO)),
            "debug" => Ok(Self(LevelFilter::DEBUG)),
            "trace" => Ok(Self(LevelFilter::TRACE)),
            _ => Err(UnknownLevel(word.to_owned())),
        }
    }
}

/// Where the log goes.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder of the log files; made when it is not there, for its owner only.
    pub folder: PathBuf,
    /// How much is logged.
    pub level: Level,
    /// Whether a file is written at all.
    pub enabled: bool,
    /// Whether the lines go to stderr too, which an agent's screen must not have.
    pub stderr: bool,
}

/// The log in use.
#[derive(Debug)]
pub struct Log(Arc<Sink>);

impl Log {
    /// The file of this process, once there is a line in it.
    pub fn path(&self) -> Option<&Path> {
        self.0.file.as_ref().filter(|file| matches!(file.open.get(), Some(Some(_)))).map(|file| file.path.as_path())
    }
}

/// Sets the log up for the whole process; a second time is an error.
pub fn init(options: &Options) -> io::Result<Log> {
    let (subscriber, log) = subscriber(options)?;
    // Without anywhere to go, events are best not made at all.
    if options.enabled || options.stderr {
        tracing::subscriber::set_global_default(subscriber).map_err(io::Error::other)?;
    }
    Ok(log)
}

/// Makes what [`init`] sets.
pub fn subscriber(options: &Options) -> io::Result<(impl Subscriber + Send + Sync + use<>, Log)> {
    let file = options.enabled.then(|| LogFile::prepare(&options.folder)).transpose()?;
    let sink = Arc::new(Sink { file, stderr: options.stderr });
    let log = Log(Arc::clone(&sink));
    let layer = tracing_subscriber::fmt::layer()
        .event_format(Line)
        .with_writer(move || Lines(Arc::clone(&sink)))
        .with_filter(Targets::new().with_target("mcr", options.level.0));
    Ok((tracing_subscriber::registry().with(layer), log))
}

#[derive(Debug)]
struct Sink {
    file: Option<LogFile>,
    stderr: bool,
}

/// This process's file: made with the first line, since most runs have nothing to say.
#[derive(Debug)]
struct LogFile {
    path: PathBuf,
    /// Holds nothing once making it has failed.
    open: OnceLock<Option<File>>,
}

impl LogFile {
    /// Makes the folder and sees to it that a file can be made there.
    fn prepare(folder: &Path) -> io::Result<Self> {
        paths::private_dir(folder)?;
        #[cfg(unix)]
        rustix::fs::access(folder, rustix::fs::Access::WRITE_OK)?;
        let time = jiff::Timestamp::now().strftime("%Y%m%d%H%M%S").to_string();
        let path = folder.join(log_files::name(&time, std::process::id()));
        Ok(Self { path, open: OnceLock::new() })
    }

    fn write(&self, line: &[u8]) {
        let file = self.open.get_or_init(|| {
            let made = self.make();
            if let Err(error) = &made {
                let _ = writeln!(io::stderr(), "warning: no log is written: {error}");
            }
            made.ok()
        });
        if let Some(mut file) = file.as_ref() {
            // Appended whole by the kernel, so that threads need no lock; a full disk must not stop an answer.
            let _ = file.write_all(line);
        }
    }

    /// Makes the file, locks it against being taken for an old one, and takes the old ones away.
    fn make(&self) -> io::Result<File> {
        let file = paths::append_private(&self.path)?;
        // Where there are no locks, as on some network disks, age alone decides.
        let _ = file.try_lock();
        if let Some(folder) = self.path.parent() {
            log_files::remove_old(folder);
        }
        Ok(file)
    }
}

struct Lines(Arc<Sink>);

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.0.stderr {
            let _ = io::stderr().write_all(line);
        }
        if let Some(file) = &self.0.file {
            file.write(line);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tracing::subscriber::with_default;

    use super::*;

    /// Logs into a fresh folder and returns the file's lines without their time.
    fn logged(level: &str, log: impl FnOnce()) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let options = Options {
            folder: folder.path().join("logs"),
            level: level.parse().expect("a level"),
            enabled: true,
            stderr: false,
        };
        let (subscriber, set) = subscriber(&options).expect("a log");
        with_default(subscriber, log);
        let text = fs::read_to_string(set.path().expect("a file")).expect("readable");
        text.lines().map(|line| line.split_once(' ').expect("a time").1.to_owned()).collect()
    }

    #[test]
    fn an_event_is_one_line_with_the_message_first() {
        let lines = logged("info", || {
            let target = "mistral,mistral-medium-3-5";
            tracing::info!(request = 7, %target, reason = "long context", took = ?Some(1), empty = "", "routed");
        });
        let expected =
            r#"info  routed request=7 target=mistral,mistral-medium-3-5 reason="long context" took=Some(1) empty="""#;
        assert_eq!(lines, [expected]);
    }

    #[test]
    fn a_value_cannot_forge_a_line() {
        let lines = logged("info", || {
            tracing::warn!(answer = "no\n2026-01-01T00:00:00Z info  paid", shown = %"\u{1b}[31m\"", "odd");
        });
        let expected = r#"warn  odd answer="no\n2026-01-01T00:00:00Z info  paid" shown="\u{1b}[31m\"""#;
        assert_eq!(lines, [expected]);
    }

    #[test]
    fn only_our_own_events_of_the_level_are_kept() {
        let lines = logged("warn", || {
            tracing::info!("too fine");
            tracing::error!(target: "h2::frame", "not ours");
            tracing::error!("ours");
        });
        assert_eq!(lines, ["error ours"]);
    }

    #[test]
    fn the_time_is_utc_to_the_millisecond() {
        let folder = tempfile::tempdir().expect("a folder");
        let options =
            Options { folder: folder.path().to_owned(), level: Level::default(), enabled: true, stderr: false };
        let (subscriber, set) = subscriber(&options).expect("a log");
        with_default(subscriber, || tracing::info!("now"));
        let text = fs::read_to_string(set.path().expect("a file")).expect("readable");
        let time = text.split_once(' ').expect("a time").0;
        assert_eq!((time.len(), time.ends_with('Z')), ("2026-11-21T15:04:05.678Z".len(), true), "{time}");
        time.parse::<jiff::Timestamp>().expect("RFC 3339");
    }

    /// A log in this folder, in use.
    fn in_use(folder: &Path) -> (impl Subscriber + Send + Sync + use<>, Log) {
        let options = Options { folder: folder.to_owned(), level: Level::default(), enabled: true, stderr: false };
        subscriber(&options).expect("a log")
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = entries.map(|name| name.into_string().expect("text")).collect();
        names.sort();
        names
    }

    #[cfg(unix)]
    #[test]
    fn the_log_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let logs = folder.path().join("state/logs");
        fs::create_dir_all(&logs).expect("a folder");
        fs::set_permissions(&logs, fs::Permissions::from_mode(0o777)).expect("ours");
        let (subscriber, log) = in_use(&logs);
        with_default(subscriber, || tracing::info!("now"));
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&logs), mode(log.path().expect("a file"))), (0o700, 0o600));
    }

    #[test]
    fn a_run_without_a_line_leaves_no_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let (subscriber, log) = in_use(folder.path());
        with_default(subscriber, || tracing::debug!("too fine"));
        assert_eq!((log.path(), names(folder.path())), (None, Vec::new()));
    }

    #[test]
    fn the_newest_twenty_files_are_kept_and_others_files_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        for day in 1..=25 {
            File::create(folder.path().join(format!("mcr-202001{day:02}000000-1.log"))).expect("a file");
        }
        File::create(folder.path().join("mcr-notes.log")).expect("a file");
        let (subscriber, log) = in_use(folder.path());
        with_default(subscriber, || tracing::info!("now"));
        let names = names(folder.path());
        assert_eq!(names.len(), 21);
        assert_eq!(names[0], "mcr-20200107000000-1.log");
        assert!(log.path().is_some_and(Path::exists) && names.contains(&"mcr-notes.log".to_owned()));
    }

    #[test]
    fn a_file_that_is_still_written_stays_however_old_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let old = folder.path().join("mcr-20200101000000-1.log");
        let service = File::create(&old).expect("a file");
        service.lock().expect("locked");
        for day in 1..=25 {
            File::create(folder.path().join(format!("mcr-202002{day:02}000000-1.log"))).expect("a file");
        }
        let (subscriber, _log) = in_use(folder.path());
        with_default(subscriber, || tracing::info!("now"));
        assert!(old.exists());
        assert_eq!(names(folder.path()).len(), log_files::KEPT + 1);
    }

    #[test]
    fn a_log_locks_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let (subscriber, log) = in_use(folder.path());
        with_default(subscriber, || tracing::info!("now"));
        let other = File::options().write(true).open(log.path().expect("a file")).expect("ours");
        assert!(matches!(other.try_lock(), Err(fs::TryLockError::WouldBlock)));
    }

    #[test]
    fn a_level_is_one_of_six_words() {
        assert_eq!("fatal".parse(), Ok(Level(LevelFilter::ERROR)));
        assert_eq!("TRACE".parse(), Ok(Level(LevelFilter::TRACE)));
        assert_eq!(
            "loud".parse::<Level>().map_err(|error| error.to_string()),
            Err("unknown log level `loud`, expected fatal, error, warn, info, debug or trace".to_owned())
        );
    }
}
