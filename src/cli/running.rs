//! A proxy that runs inside this process.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::config::Place;
use crate::config::{Config, Environment, Secret, load};
use crate::egress::{Egress, Options, ProxyVariables};
use crate::error::{Exit, Failure};
use crate::observe::log;
use crate::observe::trace::Trace;
use crate::observe::usage::Usage;
use crate::paths::Paths;
use crate::proxy::server::{Limits, Listener, serve};
use crate::proxy::{Load, Parts, Proxy, watch};

/// A listener that is served, until [`Running::stop`].
pub(super) struct Running {
    pub(super) usage: Arc<Usage>,
    proxy: Arc<Proxy>,
    end: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
    watched: JoinHandle<()>,
}

/// What a proxy is started with.
pub(super) struct Settings<'a> {
    pub(super) config: Config,
    pub(super) listener: Listener,
    pub(super) token: Secret,
    pub(super) trace_bodies: Option<&'a Path>,
    pub(super) reload: Load,
    pub(super) environment: Environment<'a>,
}

impl Running {
    /// Serves; needs a runtime.
    pub(super) fn start(settings: Settings<'_>) -> Result<Self, Failure> {
        let options = Options {
            proxy_url: settings.config.proxy_url.clone(),
            environment: ProxyVariables::from_lookup(settings.environment),
            connect_timeout: settings.config.clocks.connect(),
            ..Options::default()
        };
        let egress = Egress::new(&options).map_err(|error| {
            let error = anyhow::Error::new(error).context("cannot use the configured proxy");
            Failure::new(Exit::Config, error).hint("correct `PROXY_URL` or `HTTPS_PROXY`, or remove it")
        })?;
        let usage = Arc::new(Usage::default());
        let trace = settings.trace_bodies.map(Trace::open).transpose().map_err(|error| {
            Failure::new(Exit::CannotCreate, anyhow::Error::new(error).context("cannot write the trace of bodies"))
        })?;
        let parts = Parts {
            port: settings.listener.address().port(),
            token: settings.token,
            config: settings.config,
            egress,
            usage: Arc::clone(&usage),
            trace,
        };
        let proxy = Arc::new(Proxy::new(parts)?);
        let watched = tokio::spawn(watch(proxy.snapshot(), settings.reload));
        let (end, ended) = oneshot::channel::<()>();
        let served_proxy = Arc::clone(&proxy);
        let service = move |request| Arc::clone(&served_proxy).serve(request);
        let served = tokio::spawn(serve(settings.listener, service, Limits::default(), async {
            let _ = ended.await;
        }));
        Ok(Self { usage, proxy, end, served, watched })
    }

    /// Connects ahead of the first request.
    pub(super) fn warm(&self) {
        self.proxy.warm();
    }

    /// Lets answers in progress finish, then closes.
    pub(super) async fn stop(self) {
        self.watched.abort();
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

/// Reads the configuration anew from where it was read first.
pub(super) fn reload(place: &Place<'_>) -> Load {
    let explicit: Option<PathBuf> = place.explicit.map(Path::to_owned);
    let paths: Paths = place.paths.clone();
    Box::new(move || load(explicit.as_deref(), &paths, &super::variable))
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
        Failure::new(Exit::CannotCreate, anyhow::Error::new(error).context(what))
            .hint("set `LOG` to false to go without")
    })
}

/// Does a command's work on a runtime of its own; two threads carry more than one person can ask for.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Software, error))?;
    let end = runtime.block_on(work);
    // Dropping it would wait for the system to find a host that nobody needs any more.
    runtime.shutdown_background();
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
}
