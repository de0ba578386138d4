//! Processes of the rig: starting, watching, and serving inside one.
//!
//! Only what was started here is ended here, by its handle.

use std::convert::Infallible;
use std::io::{self, BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

/// The core of what is measured, and the core of load and upstream.
pub const CORES: [&str; 2] = ["0", "1"];

/// Makes a command that runs on one core, where the machine can do that.
pub fn command(program: &Path, core: Option<&str>) -> Command {
    let mut command = match core {
        Some(core) => {
            let mut command = Command::new("taskset");
            command.args(["-c", core]).arg(program);
            command
        }
        None => Command::new(program),
    };
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Puts this process and all it starts on a core; false where that is not possible.
pub fn pin(core: &str) -> bool {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let me = std::process::id().to_string();
    let mut taskset = Command::new("taskset");
    taskset.args(["-a", "-c", "-p", core, &me]).stdout(Stdio::null()).stderr(Stdio::null());
    cores > 1 && taskset.status().is_ok_and(|status| status.success())
}

/// A process that listens, ended when dropped.
pub struct Server {
    child: Child,
    /// The port it listens on.
    pub port: u16,
}

impl Server {
    /// Starts a process and waits for the line that holds `"port":<number>`.
    pub fn start(mut command: Command) -> io::Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let digits = line.split("\"port\":").nth(1).unwrap_or_default();
        let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
        if let Ok(port) = digits.parse() {
            return Ok(Self { child, port });
        }
        let _ = child.kill();
        let _ = child.wait();
        Err(io::Error::other(format!("a server did not start: {command:?} said `{}`", line.trim())))
    }

    /// Seconds of CPU time so far, where the system tells.
    pub fn cpu(&self) -> Option<f64> {
        /// What Linux shows to programs, whatever it uses itself.
        const TICKS_PER_SECOND: f64 = 100.0;
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok()?;
        // The name stands in parentheses and may hold anything; user and system time are the 12th and 13th behind it.
        let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut next = || fields.next()?.parse::<f64>().ok();
        Some((next()? + next()?) / TICKS_PER_SECOND)
    }

    /// Resident memory in megabytes, where the system tells.
    pub fn memory(&self) -> Option<f64> {
        self.status("VmRSS:")
    }

    /// The most memory there ever was, in megabytes.
    pub fn peak(&self) -> Option<f64> {
        self.status("VmHWM:")
    }

    /// Open files, where the system tells.
    #[allow(dead_code, reason = "for the soak")]
    pub fn files(&self) -> Option<usize> {
        Some(std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).ok()?.count())
    }

    fn status(&self, key: &str) -> Option<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(key))?;
        Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Listens on a free port, says so on stdout, and serves for ever.
pub fn serve<F, R, E>(service: F) -> io::Result<()>
where
    F: Fn(Request<Incoming>) -> R + Clone + Send + 'static,
    R: Future<Output = Response<BoxBody<Bytes, E>>> + Send + 'static,
    E: Into<Box<dyn std::error::Error + Send + Sync>> + 'static,
{
    // As many threads as mcr itself has.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        println!("{{\"port\":{}}}", listener.local_addr()?.port());
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let Ok((tcp, _)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            tcp.set_nodelay(true)?;
            let service = service.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let answer = service(request);
                    async move { Ok::<_, Infallible>(answer.await) }
                });
                let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(tcp), service).await;
            });
        }
    })
}
