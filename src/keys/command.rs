//! A program that prints a key: `cmd:pass show mistral`.
//!
//! No shell, nothing on stdin, ten seconds. What it says on stderr is shown when it
//! fails, what it says on stdout never.

use std::{io, os::unix::process::ExitStatusExt as _, path::Path, process::ExitStatus, process::Stdio, time::Duration};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, Command},
    time::timeout,
};

use super::KeyError;
use crate::{config::Secret, error::Exit};

/// How long a program may take; one that asks a person is better run beforehand, to unlock what it reads.
const CLOCK: Duration = Duration::from_secs(10);
/// How long to read on when the program has ended and another still holds its pipes, as an agent that it started may.
const LINGER: Duration = Duration::from_millis(500);
/// Bytes that are kept of each pipe.
const KEPT: u64 = 64 * 1024;
/// Characters of stderr that are shown.
const SHOWN: usize = 500;

/// Runs a program and returns the first line that it prints; `written` is how errors call it.
pub(super) async fn run(words: &[String], folder: &Path, written: &str) -> Result<Secret, KeyError> {
    let failed = |what: String| {
        let line = written.trim_start_matches("cmd:");
        let mend = format!("run `{line}` to see what it wants, and start mcr again");
        KeyError::new(Exit::Config, format!("`{written}` {what}"), mend)
    };
    let mut child = start(words, folder).map_err(|error| failed(format!("cannot be started: {error}")))?;
    let group = Group::of(&child);
    let Ok(output) = timeout(CLOCK, output(&mut child)).await else {
        drop(group);
        let _ = child.wait().await;
        return Err(failed(format!("took longer than {} s and was ended", CLOCK.as_secs())));
    };
    group.let_go();
    let Output { status, stdout, stderr } = output.map_err(|error| failed(format!("cannot be read: {error}")))?;
    if !status.success() {
        let said = shown(&stderr);
        let how = match (status.code(), status.signal()) {
            (Some(code), _) => format!("failed with exit code {code}"),
            (None, signal) => format!("was ended by signal {}", signal.unwrap_or_default()),
        };
        let what = if said.is_empty() { how } else { format!("{how}: {said}") };
        return Err(KeyError { quoted: said, ..failed(what) });
    }
    // The first line, because that is where `pass` and its kin keep the password.
    let line = stdout.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
    let line = String::from_utf8(line.to_vec()).map_err(|_| failed("printed something that is no text".to_owned()))?;
    Secret::key(line).map_err(|error| failed(format!("printed no key: {error}")))
}

fn start(words: &[String], folder: &Path) -> io::Result<Child> {
    let [program, arguments @ ..] = words else {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    };
    // `mcr` is called in other people's repositories, and a program of theirs must not be taken for the one meant.
    let folder = std::path::absolute(if folder.as_os_str().is_empty() { Path::new(".") } else { folder })?;
    let mut command = if program.contains('/') { Command::new(folder.join(program)) } else { Command::new(program) };
    command.args(arguments).current_dir(folder).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own: it ends with everything it started, and the terminal's keys are the agent's.
    command.process_group(0).spawn()
}

struct Output {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

async fn output(child: &mut Child) -> io::Result<Output> {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let status = {
        let reading = async { tokio::join!(read(out, &mut stdout), read(err, &mut stderr)) };
        tokio::pin!(reading);
        tokio::select! {
            _ = &mut reading => child.wait().await?,
            status = child.wait() => {
                let _ = timeout(LINGER, &mut reading).await;
                status?
            }
        }
    };
    Ok(Output { status, stdout, stderr })
}

/// Keeps the beginning and reads the rest away, so that nobody waits for a full pipe.
async fn read(pipe: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut pipe) = pipe else { return };
    // A pipe that breaks has ended.
    let _ = (&mut pipe).take(KEPT).read_to_end(kept).await;
    let _ = tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await;
}

fn shown(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    text.trim().chars().map(|character| if character.is_control() { ' ' } else { character }).take(SHOWN).collect()
}

/// Ends a program and everything it started, unless let go.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
    }

    /// The number may soon be another's.
    fn let_go(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0.take() {
            // One that has just ended by itself is no error.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn key(script: &str) -> Result<String, String> {
        let words = ["sh", "-c", script].map(str::to_owned);
        let key = run(&words, Path::new(""), "cmd:x").await;
        key.map(|secret| secret.expose().to_owned()).map_err(|error| error.what)
    }

    fn said(text: &str) -> Result<String, String> {
        Err(format!("`cmd:x` {text}"))
    }

    #[tokio::test]
    async fn the_first_line_is_the_key() {
        assert_eq!(key("echo sk-1").await, Ok("sk-1".to_owned()));
        assert_eq!(key("printf 'sk-1\\r\\nuser: me\\n'").await, Ok("sk-1".to_owned()));
        assert_eq!(key("echo sk-1; echo note >&2").await, Ok("sk-1".to_owned()));
    }

    #[tokio::test]
    async fn a_failure_shows_stderr_and_never_stdout() {
        assert_eq!(
            key("echo sk-1; printf 'no such\\nentry\\033[0m' >&2; exit 3").await,
            said("failed with exit code 3: no such entry [0m")
        );
        assert_eq!(key("echo sk-1; exit 1").await, said("failed with exit code 1"));
        assert_eq!(key("kill -TERM $$").await, said("was ended by signal 15"));
    }

    #[tokio::test]
    async fn what_stderr_says_is_marked_as_quoted() {
        let words = ["sh", "-c", "echo locked >&2; exit 2"].map(str::to_owned);
        let error = run(&words, Path::new(""), "cmd:pass show x").await.unwrap_err();
        assert_eq!((error.quoted.as_str(), error.exit), ("locked", Exit::Config));
        assert_eq!(error.mend, "run `pass show x` to see what it wants, and start mcr again");
    }

    #[tokio::test]
    async fn what_is_no_key_is_not_repeated() {
        assert_eq!(key("true").await, said("printed no key: the key is empty"));
        assert_eq!(
            key("echo 'sk 1'").await,
            said("printed no key: a key has no spaces, line ends or other than ASCII characters")
        );
        assert_eq!(key("printf '\\377'").await, said("printed something that is no text"));
    }

    #[tokio::test]
    async fn nothing_waits_on_stdin_or_on_a_full_pipe() {
        assert_eq!(key("cat; echo sk-1").await, Ok("sk-1".to_owned()));
        assert_eq!(
            key("echo sk-1; head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2").await,
            Ok("sk-1".to_owned())
        );
    }

    #[tokio::test]
    async fn a_program_that_leaves_another_behind_keeps_nobody_waiting() {
        let key = timeout(Duration::from_secs(15), key("sleep 30 & echo sk-1")).await;
        assert_eq!(key, Ok(Ok("sk-1".to_owned())));
    }

    #[tokio::test]
    async fn a_program_ends_with_all_that_it_started() {
        let words = ["sh", "-c", "sleep 1000 & echo; sleep 1000"].map(str::to_owned);
        let mut child = start(&words, Path::new("")).unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_u8().await.unwrap();
        drop(Group::of(&child));
        assert_eq!(child.wait().await.unwrap().signal(), Some(9));
        // The pipe ends when nobody holds its other end.
        let end = timeout(Duration::from_secs(30), stdout.read_to_end(&mut Vec::new())).await;
        assert!(matches!(end, Ok(Ok(0))), "{end:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_program_has_ten_seconds() {
        assert_eq!(key("sleep 1000").await, said("took longer than 10 s and was ended"));
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_told() {
        let words = ["mcr-no-such-program".to_owned()];
        let error = run(&words, Path::new(""), "cmd:mcr-no-such-program").await.unwrap_err();
        assert!(error.what.starts_with("`cmd:mcr-no-such-program` cannot be started: No such file"), "{error}");
    }

    #[tokio::test]
    async fn a_relative_program_is_the_one_beside_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/bin/pwd", folder.path().join("where")).unwrap();
        let key = run(&["./where".to_owned()], folder.path(), "cmd:./where").await.unwrap();
        let expect = folder.path().canonicalize().unwrap();
        assert_eq!(Path::new(key.expose()), expect);
    }
}
