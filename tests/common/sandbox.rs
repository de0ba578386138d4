//! A home of its own for a test, and nothing of the machine's environment.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Server, hearing};

/// A folder that is gone afterwards; `MCR_HOME` lies in it and is made by mcr itself.
pub struct Sandbox {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

impl Sandbox {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), variables: Vec::new() }
    }

    /// Sets a variable for every command that follows.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn home(&self) -> PathBuf {
        self.folder().join("home")
    }

    /// Writes a file, seen from the folder.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder().join(name);
        fs::create_dir_all(path.parent().expect("a folder above")).expect("a folder");
        fs::write(&path, text).expect("a file");
        path
    }

    /// Writes the configuration that [`Sandbox::start`] names.
    pub fn configure(&self, config: &Value) -> PathBuf {
        self.write("config.json", &format!("{config:#}"))
    }

    /// Lets traffic go to hosts that nobody knows, as `mcr egress allow` does.
    pub fn vouch_for(&self, hosts: &[&str]) {
        let vouch = |host: &&str| json!({"host": host, "operator": "a test", "reason": "a test"});
        let list: Vec<Value> = hosts.iter().map(vouch).collect();
        self.write("home/egress.json", &json!(list).to_string());
    }

    /// The real binary, in a cleared environment.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = hearing(env!("CARGO_BIN_EXE_mcr"));
        command.args(arguments).env_clear().current_dir(self.folder());
        command.env("HOME", self.folder()).env("MCR_HOME", self.home());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a command to its end and draws exit code, stdout and stderr as one picture; `~` is the folder.
    pub fn mcr<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> String {
        let output = self.command(arguments).output().expect("the binary runs");
        let code = output.status.code().expect("an exit code");
        let mut picture = format!("exit code: {code}\n");
        for (name, bytes) in [("stdout", output.stdout), ("stderr", output.stderr)] {
            if !bytes.is_empty() {
                picture.extend(["----- ", name, " -----\n", &String::from_utf8(bytes).expect("text")]);
            }
        }
        picture.replace(&self.folder().display().to_string(), "~")
    }

    /// Serves the written configuration on a free port.
    pub async fn start(&self) -> Server {
        self.start_with(&[]).await
    }

    /// The same, with more options.
    pub async fn start_with(&self, options: &[&str]) -> Server {
        let file = self.folder().join("config.json");
        let mut command = self.command(["start", "--foreground", "--port", "0"]);
        command.arg("--config").arg(file).args(options);
        Server::spawn(command, &self.home()).await
    }
}
