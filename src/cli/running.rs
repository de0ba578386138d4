//! A proxy that runs inside this process.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::audit::Audit;
use crate::config::{Config, Secret};
use crate::egress::Egress;
use crate::error::{Exit, Failure};
use crate::keys::Resolver;
use crate::observe::ledger::Ledger;
use crate::observe::log;
use crate::observe::spending::{Scope, Spending};
use crate::observe::trace::Trace;
use crate::observe::usage::Usage;
use crate::paths::{self, Paths};
use crate::proxy::server::{Limits, Listener, serve};
use crate::proxy::{Parts, Proxy, Reload, Service, watch};

/// Files that mcr needs for itself: the log, the runtime, a configuration that is being read.
const OWN_FILES: usize = 64;
/// One to the client and one to the upstream.
const FILES_PER_CONNECTION: usize = 2;

/// A listener that is served, until [`Running::stop`].
pub(super) struct Running {
    pub(super) usage: Arc<Usage>,
    proxy: Arc<Proxy>,
    end: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
    watched: Option<JoinHandle<()>>,
    probed: JoinHandle<()>,
}

/// What a proxy is started with.
pub(super) struct Settings<'a> {
    pub(super) config: Config,
    pub(super) listener: Listener,
    pub(super) token: Secret,
    pub(super) keys: Resolver,
    pub(super) trace_bodies: Option<&'a Path>,
    /// Where it is noted what every request has used; absent where nothing of it is a person's.
    pub(super) ledger: Option<Ledger>,
    /// Absent where nothing of a person's is in use.
    pub(super) reload: Option<Reload>,
    /// The door out, for this configuration.
    pub(super) egress: Egress,
    /// Where it is recorded what leaves this machine.
    pub(super) audit: Audit,
    /// The preset that the configuration is, where it is one.
    pub(super) preset: Option<Arc<str>>,
    /// Present in the background service.
    pub(super) service: Option<Service>,
}

impl Running {
    /// Serves; needs a runtime.
    pub(super) fn start(settings: Settings<'_>) -> Result<Self, Failure> {
        let scope = if settings.service.is_some() { Scope::Agent } else { Scope::Launch };
        let spending = Spending::new(scope, settings.ledger.as_ref().map(Ledger::tail));
        // What the month has cost so far is read now, where a budget asks for it, and not when the first request waits.
        drop(spending.standings(&settings.config.budgets, None));
        let usage = Arc::new(settings.ledger.map_or_else(Usage::default, Usage::noted_in));
        let trace = settings.trace_bodies.map(Trace::open).transpose().map_err(|error| {
            Failure::new(Exit::CannotCreate, anyhow::Error::new(error).context("cannot write the trace of bodies"))
        })?;
        let parts = Parts {
            port: settings.listener.address().port(),
            token: settings.token,
            config: settings.config,
            egress: settings.egress,
            keys: settings.keys,
            usage: Arc::clone(&usage),
            spending,
            trace,
            audit: settings.audit,
            preset: settings.preset,
            service: settings.service,
        };
        let proxy = Arc::new(Proxy::new(parts)?);
        let watched = settings.reload.map(|reload| tokio::spawn(watch(proxy.current(), reload)));
        let probed = tokio::spawn(proxy.probe());
        let (end, ended) = oneshot::channel::<()>();
        let served_proxy = Arc::clone(&proxy);
        let service = move |request| Arc::clone(&served_proxy).serve(request);
        let served = tokio::spawn(serve(settings.listener, service, limits(), async {
            let _ = ended.await;
        }));
        Ok(Self { usage, proxy, end, served, watched, probed })
    }

    /// Serves one listener more, to the end of the process.
    pub(super) fn also(&self, listener: Listener) {
        let proxy = Arc::clone(&self.proxy);
        let service = move |request| Arc::clone(&proxy).serve(request);
        tokio::spawn(serve(listener, service, limits(), std::future::pending()));
    }

    /// Connects ahead of the first request.
    pub(super) fn warm(&self) {
        self.proxy.warm();
    }

    /// Lets answers in progress finish, then closes.
    pub(super) async fn stop(self) {
        if let Some(watched) = &self.watched {
            watched.abort();
        }
        self.probed.abort();
        let _ = self.end.send(());
        let _ = self.served.await;
    }
}

/// Takes a port; who connects waits until it is served.
pub(super) fn bind(host: IpAddr, port: u16) -> Result<Listener, Failure> {
    Listener::bind(host, port).map_err(|error| {
        let hint = error.hint();
        Failure::new(Exit::CannotCreate, error).hint(hint)
    })
}

/// Where the providers' keys are looked for.
pub(super) fn keys(paths: &Paths) -> Resolver {
    Resolver::new(paths, crate::env::process)
}

/// Where it is noted what was used.
pub(super) fn ledger(paths: &Paths) -> PathBuf {
    paths.state.join("usage")
}

/// Opens the log as the configuration asks for it.
pub(super) fn open_log(config: &Config, paths: &Paths, stderr: bool) -> Result<log::Log, Failure> {
    let options = log::Options {
        folder: paths.logs.clone(),
        level: config.log_level.as_str().parse().unwrap_or_default(),
        enabled: config.log,
        stderr,
    };
    log::init(&options).map_err(|error| {
        let what = format!("cannot write the log: {}", paths.logs.display());
        Failure::new(paths::exit(&error, Exit::CannotCreate), anyhow::Error::new(error).context(what))
            .hint("set `LOG` to false to go without")
    })
}

/// What clients may take, as far as this process has files for it.
fn limits() -> Limits {
    let usual = Limits::default();
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    Limits { connections: usual.connections.min(connections(files)), ..usual }
}

/// Connections for which there are files; a client that is let in without one for its upstream could only be refused.
fn connections(files: u64) -> usize {
    let rest = usize::try_from(files).unwrap_or(usize::MAX).saturating_sub(OWN_FILES);
    (rest / FILES_PER_CONNECTION).max(1)
}

/// Lets this process open the files that all its connections may need: a login gives it 1,024.
pub(super) fn raise_file_limit() {
    let wanted = (Limits::default().connections * FILES_PER_CONNECTION + OWN_FILES) as u64;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|files| files < wanted) {
        limit.current = Some(limit.maximum.map_or(wanted, |most| most.min(wanted)));
        // Without it there are fewer seats, as `limits` sees.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

/// Does a command's work on a runtime of its own; two threads carry more than one person can ask for.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Software, error))?;
    let end = runtime.block_on(work);
    // Requests in progress are noted as they are dropped. Dropping the runtime would wait for the system, too, to find a
    // host that nobody needs any more.
    runtime.shutdown_timeout(Duration::from_millis(300));
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_does_not_wait_for_a_name_that_is_still_looked_up() {
        let (_found, look_up) = std::sync::mpsc::channel::<()>();
        let work = async {
            let (began, begins) = oneshot::channel();
            tokio::task::spawn_blocking(move || {
                let _ = began.send(());
                look_up.recv()
            });
            begins.await.map_err(|error| Failure::new(Exit::Software, error))
        };
        assert!(block_on(work).is_ok());
    }

    #[test]
    fn there_are_no_more_connections_than_files_for_both_of_their_ends() {
        assert_eq!([1_024, 4_160, 10].map(connections), [480, 2_048, 1]);
    }
}
