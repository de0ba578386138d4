//! A running `mcr <preset>` with an agent that hands its settings over and waits.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use mcr::imitation::Client;
use serde_json::Value;

use crate::common::{Sandbox, soon};

/// The process; killed when the test is over, however it ended.
pub struct Session {
    child: tokio::process::Child,
    folder: PathBuf,
    /// What the agent was given with `--settings`.
    pub settings: Value,
}

const AGENT: &str = "#!/bin/sh\n[ \"$1\" = --settings ] || exit 99\ncat \"$2\" > settings.fifo\nshift 2\n\
                     for one; do printf '%s\\n' \"$one\"; done > arguments\ncat go.fifo > /dev/null\nexit 7\n";

/// Readies a sandbox for agents: one that waits, and what it waits on.
pub fn agent(sandbox: &mut Sandbox) {
    // A shell writes it, since a file that this process had open could not be run at once.
    let write = r#"printf '%s' "$1" > agent && chmod +x agent && mkfifo settings.fifo go.fifo"#;
    let made = Command::new("/bin/sh").args(["-c", write, "-", AGENT]).current_dir(sandbox.folder()).status();
    assert!(made.expect("a shell").success());
    let agent = sandbox.folder().join("agent").display().to_string();
    sandbox.set("CLAUDE_PATH", &agent);
    sandbox.set("PATH", "/usr/bin:/bin");
}

impl Session {
    /// Starts and waits until the agent has its settings.
    pub async fn start(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        let mut command = tokio::process::Command::from(sandbox.command(arguments));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the binary runs");
        let folder = sandbox.folder().to_owned();
        let fifo = folder.join("settings.fifo");
        let opened = fifo.clone();
        let read = tokio::task::spawn_blocking(move || fs::read_to_string(opened));
        let settings = tokio::select! {
            text = soon(read) => text.expect("no panic").expect("settings"),
            status = child.wait() => {
                // Nobody will ever write; let the reader go.
                let _ = fs::OpenOptions::new().write(true).open(&fifo);
                let output = child.wait_with_output().await.expect("output");
                panic!("{status:?}: {}", String::from_utf8_lossy(&output.stderr));
            }
        };
        let settings = serde_json::from_str(&settings).expect("JSON");
        Self { child, folder, settings }
    }

    /// A client in the agent's place.
    pub fn client(&self) -> Client {
        let variable = |name: &str| self.settings["env"][name].as_str().expect("a variable");
        Client::new(variable("ANTHROPIC_BASE_URL"), variable("ANTHROPIC_AUTH_TOKEN")).expect("an address")
    }

    /// Lets the agent end; returns what mcr said to the person.
    pub async fn words(mut self) -> String {
        let mut stderr = self.child.stderr.take().expect("a pipe");
        self.end().await;
        let mut words = String::new();
        soon(tokio::io::AsyncReadExt::read_to_string(&mut stderr, &mut words)).await.expect("words");
        words
    }

    /// Lets the agent end; returns mcr's exit code and the agent's arguments.
    pub async fn end(mut self) -> (Option<i32>, String) {
        let go = self.folder.join("go.fifo");
        let written = tokio::task::spawn_blocking(move || fs::write(go, "go"));
        soon(written).await.expect("no panic").expect("the agent waits");
        let status = soon(self.child.wait()).await.expect("a status");
        (status.code(), fs::read_to_string(self.folder.join("arguments")).expect("arguments"))
    }
}
