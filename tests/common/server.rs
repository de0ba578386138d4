//! A running `mcr start --foreground`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use mcr::imitation::Client;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Child;
use tokio::task::JoinHandle;

use super::soon;

/// The process; killed when the test is over, however it ended.
pub struct Server {
    child: Child,
    stderr: JoinHandle<String>,
    home: PathBuf,
    pub port: u16,
    pub token: String,
}

impl Server {
    /// Starts the command and waits for its ready line.
    pub async fn spawn(command: Command, home: &Path) -> Self {
        let mut command = tokio::process::Command::from(command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the binary runs");
        let mut errors = child.stderr.take().expect("a pipe");
        let stderr = tokio::spawn(async move {
            let mut text = String::new();
            errors.read_to_string(&mut text).await.expect("text");
            text
        });
        let mut line = String::new();
        soon(BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line)).await.expect("a line");
        let ready: Value = serde_json::from_str(&line).unwrap_or_default();
        let Some(port) = ready["ok"]["port"].as_u64() else {
            panic!("no ready line but `{line}`, and {}", stderr.await.expect("text"));
        };
        let token = fs::read_to_string(home.join("state/token")).unwrap_or_default();
        Self { child, stderr, home: home.to_owned(), port: u16::try_from(port).expect("a port"), token }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A client that is let in.
    pub fn client(&self) -> Client {
        Client::new(&self.url(), &self.token).expect("an address")
    }

    /// What the log holds.
    pub fn log(&self) -> String {
        let files = fs::read_dir(self.home.join("logs")).expect("a folder of logs");
        files.map(|file| fs::read_to_string(file.expect("an entry").path()).expect("a log")).collect()
    }

    /// Waits until the log holds this many lines with these words, and returns them.
    ///
    /// A file tells nobody that it has grown, so it is looked at again and again.
    pub async fn wait_for_log(&self, words: &str, count: usize) -> Vec<String> {
        let look = async {
            loop {
                let log = self.log();
                let lines: Vec<_> = log.lines().filter(|line| line.contains(words)).map(str::to_owned).collect();
                if lines.len() >= count {
                    return lines;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        soon(look).await
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let id = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).expect("a process id")));
        kill_process(id.expect("a running process"), signal).expect("ours to signal");
    }

    /// Ends it, and waits until it has.
    pub async fn stopped(self) {
        self.signal(Signal::TERM);
        self.ended().await;
    }

    /// Waits for the end, and returns exit code and stderr.
    pub async fn ended(mut self) -> (i32, String) {
        let status = soon(self.child.wait()).await.expect("a status");
        (status.code().expect("an exit code"), self.stderr.await.expect("text"))
    }
}
