//! The background service, from its start to its end.

mod lifecycle;
mod logs;
mod presets;
mod stopping;
mod unit;

use std::fs;
use std::path::PathBuf;

use mcr::imitation::Client;
use serde_json::Value;

use crate::common::Sandbox;

/// A service in the background; ended when the test is over, however it ended.
pub struct Service<'s> {
    pub sandbox: &'s Sandbox,
}

impl<'s> Service<'s> {
    /// Starts the written configuration on a free port.
    pub fn start(sandbox: &'s Sandbox) -> Self {
        // First, so that it is ended even when the start goes wrong half way.
        let service = Self { sandbox };
        let picture = sandbox.mcr(["start", "--config", "config.json", "--port", "0"]);
        assert!(picture.starts_with("exit code: 0\n"), "{picture}");
        service
    }

    /// What the service left to be found by.
    pub fn record(&self) -> Value {
        serde_json::from_str(&fs::read_to_string(self.record_file()).expect("a record")).expect("JSON")
    }

    pub fn record_file(&self) -> PathBuf {
        self.sandbox.home().join("run/service.json")
    }

    pub fn url(&self) -> String {
        self.record()["url"].as_str().expect("a URL").to_owned()
    }

    /// A client that is let in, below a path.
    pub fn client(&self, path: &str) -> Client {
        let record = self.record();
        let token = record["token"].as_str().expect("a token");
        Client::new(&format!("{}{path}", self.url()), token).expect("an address")
    }

    /// What `mcr status --json` says.
    pub fn status(&self) -> Value {
        let output = self.sandbox.command(["status", "--json"]).output().expect("the binary runs");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// A picture without what differs from run to run.
    pub fn plain(&self, picture: &str) -> String {
        let record = self.record();
        let port = self.url().rsplit_once(':').expect("a port").1.to_owned();
        picture.replace(&port, "PORT").replace(&record["pid"].to_string(), "PID")
    }
}

impl Drop for Service<'_> {
    fn drop(&mut self) {
        let output = self.sandbox.command(["stop", "--now"]).output();
        if !std::thread::panicking() {
            assert!(output.is_ok_and(|output| output.status.success()), "the service ends");
        }
    }
}
