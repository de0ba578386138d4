//! What mcr costs, measured from outside beside a byte-for-byte pass-through.
//!
//! `cargo bench --bench rig [-- --quick] [-- --json] [-- --against BINARY]`. Upstream, pass-through and mcr are
//! processes of their own; direct, pass-through and mcr are measured in short slices
//! taken in turn, so that a machine that drifts drifts for all of them. Where `taskset`
//! is there, what is measured runs on the first core and everything else on the second.
//! Read the ratios.

#[path = "../common/mod.rs"]
mod common;

mod against;
mod client;
mod life;
mod measure;
mod pass;
mod process;
mod report;
mod stages;
mod upstream;

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use process::{CORES, Server};

/// What clients show to mcr.
pub const TOKEN: &str = "bench-token";

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["upstream"] => return upstream::run(),
        ["pass", upstream] => return pass::run(upstream),
        _ => {}
    }
    let has = |flag: &str| arguments.contains(&flag);
    // `cargo test --all-targets` runs benchmarks too, only to see that they run.
    if !has("--bench") {
        return Ok(());
    }
    let started = Instant::now();
    limit_files(None);
    let rig = Rig::new(process::pin(CORES[1]))?;
    let plan = if has("--quick") { Plan::quick() } else { Plan::full() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if let Some(other) = arguments.iter().skip_while(|argument| **argument != "--against").nth(1) {
        let lines = runtime.block_on(against::lines(&rig, &plan, Path::new(other)))?;
        print!("{}", against::markdown(&lines));
        return Ok(());
    }
    let rows = runtime.block_on(stages::all(&rig, &plan))?;
    if has("--json") {
        print!("{}", report::json(&rows));
    } else {
        print!("{}", report::markdown(&rows));
        let cores = if rig.is_pinned { "mcr and pass-through on one core, the rest on another" } else { "not pinned" };
        println!(
            "\n{cores}; {} KB request; {:.0} s",
            common::request(true, 1).len() / 1024,
            started.elapsed().as_secs_f64()
        );
    }
    Ok(())
}

/// How long everything is measured.
pub struct Plan {
    rounds: usize,
    /// Requests of a latency slice.
    requests: usize,
    /// Length of a throughput slice.
    span: Duration,
    /// Starts of each program.
    starts: usize,
    /// Open streams.
    streams: usize,
    /// How long memory may take to come back after a large body.
    patience: Duration,
}

impl Plan {
    fn quick() -> Self {
        Self {
            rounds: 3,
            requests: 150,
            span: Duration::from_millis(250),
            starts: 10,
            streams: 1_000,
            patience: Duration::from_secs(5),
        }
    }

    fn full() -> Self {
        Self {
            rounds: 10,
            requests: 300,
            span: Duration::from_millis(500),
            starts: 30,
            streams: 1_000,
            patience: Duration::from_mins(1),
        }
    }
}

/// The processes, and what they need.
pub struct Rig {
    is_pinned: bool,
    home: tempfile::TempDir,
    agent: PathBuf,
    upstream: Server,
}

impl Rig {
    fn new(is_pinned: bool) -> io::Result<Self> {
        let home = tempfile::tempdir()?;
        let mut upstream = process::command(&std::env::current_exe()?, None);
        upstream.arg("upstream");
        let upstream = Server::start(upstream)?;
        let agent = home.path().join("agent");
        std::fs::write(&agent, "#!/bin/sh\nexit 0\n")?;
        #[cfg(unix)]
        std::fs::set_permissions(&agent, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        let endpoint = format!("http://127.0.0.1:{}/v1", upstream.port);
        let text = common::configuration_text(&endpoint, TOKEN, &agent.display().to_string());
        std::fs::write(home.path().join("config.json"), text)?;
        Ok(Self { is_pinned, home, agent, upstream })
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = process::command(program, self.is_pinned.then_some(CORES[0]));
        command.env("MCR_HOME", self.home.path()).env("HOME", self.home.path()).env("PATH", "/usr/bin:/bin");
        command
    }

    fn start_pass(&self) -> io::Result<Server> {
        let mut command = self.command(&std::env::current_exe()?);
        command.args(["pass", &format!("http://127.0.0.1:{}", self.upstream.port)]);
        Server::start(command)
    }

    fn start_mcr(&self) -> io::Result<Server> {
        Self::start(self.mcr())
    }

    /// Starts another build of mcr, in a home of its own: of one home there is one service.
    fn start_other(&self, mcr: &Path) -> io::Result<Server> {
        let home = self.home.path().join("other");
        std::fs::create_dir_all(&home)?;
        std::fs::copy(self.home.path().join("config.json"), home.join("config.json"))?;
        let mut command = self.command(mcr);
        command.env("MCR_HOME", &home);
        Self::start(command)
    }

    fn start(mut command: Command) -> io::Result<Server> {
        command.args(["start", "--foreground", "--port", "0"]);
        // What a login gives; more is for mcr itself to take.
        limit_files(Some(1_024));
        let server = Server::start(command);
        limit_files(None);
        server
    }

    fn mcr(&self) -> Command {
        self.command(Path::new(env!("CARGO_BIN_EXE_mcr")))
    }
}

/// Sets how many files this process and those it starts may open; by itself as many as may be.
///
/// A thousand streams need two thousand in a proxy.
fn limit_files(wanted: Option<u64>) {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = wanted.or(limit.maximum);
    let _ = setrlimit(Resource::Nofile, limit);
}
