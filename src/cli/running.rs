//! A proxy that runs inside this process.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::config::Place;
use crate::config::{Config, Environment, Secret, load};
use crate::egress::{Egress, Options, ProxyVariables};
use crate::error::{Exit, Failure};
use crate::keys::Resolver;
use crate::observe::log;
use crate::observe::trace::Trace;
use crate::observe::usage::Usage;
use crate::paths::Paths;
use crate::proxy::server::{Limits, Listener, serve};
use crate::proxy::{Load, Parts, Proxy, watch};

/// A listener that is served, until [`Running::stop`].
pub(super) struct Running {
    pub(super) address: SocketAddr,
    pub(super) usage: Arc<Usage>,
    end: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<()>>,
    watched: JoinHandle<()>,
}

/// What a proxy is started with.
pub(super) struct Settings<'a> {
    pub(super) config: Config,
    pub(super) host: IpAddr,
    pub(super) port: u16,
    pub(super) token: Secret,
    pub(super) keys: Resolver,
    pub(super) trace_bodies: Option<&'a Path>,
    pub(super) reload: Load,
    pub(super) environment: Environment<'a>,
}

impl Running {
    /// Binds, then serves; needs a runtime.
    pub(super) fn start(settings: Settings<'_>) -> Result<Self, Failure> {
        let listener = Listener::bind(settings.host, settings.port).map_err(|error| {
            let hint = error.hint();
            Failure::new(Exit::CannotCreate, error).hint(hint)
        })?;
        let address = listener.address();
        let egress = egress(&settings.config, settings.environment)?;
        if let Ok(connection) = &settings.config.routes.default.provider.connection {
            egress.warm(&connection.endpoint);
        }
        let usage = Arc::new(Usage::default());
        let trace = settings.trace_bodies.map(Trace::open).transpose().map_err(|error| {
            Failure::new(Exit::CannotCreate, anyhow::Error::new(error).context("cannot write the trace of bodies"))
        })?;
        let parts = Parts {
            port: address.port(),
            token: settings.token,
            config: settings.config,
            egress,
            keys: settings.keys,
            usage: Arc::clone(&usage),
            trace,
        };
        let proxy = Arc::new(Proxy::new(parts)?);
        let watched = tokio::spawn(watch(proxy.snapshot(), settings.reload));
        let (end, ended) = oneshot::channel::<()>();
        let service = move |request| Arc::clone(&proxy).serve(request);
        let served = tokio::spawn(serve(listener, service, Limits::default(), async {
            let _ = ended.await;
        }));
        Ok(Self { address, usage, end, served, watched })
    }

    /// The base URL for clients on this machine.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets answers in progress finish, then closes.
    pub(super) async fn stop(self) {
        self.watched.abort();
        let _ = self.end.send(());
        let _ = self.served.await;
    }
}

/// The door out, as the configuration and the environment want it.
pub(super) fn egress(config: &Config, environment: Environment<'_>) -> Result<Egress, Failure> {
    let options = Options {
        proxy_url: config.proxy_url.clone(),
        environment: ProxyVariables::from_lookup(environment),
        connect_timeout: config.clocks.connect(),
        ..Options::default()
    };
    Egress::new(&options).map_err(|error| {
        let error = anyhow::Error::new(error).context("cannot use the configured proxy");
        Failure::new(Exit::Config, error).hint("correct `PROXY_URL` or `HTTPS_PROXY`, or remove it")
    })
}

/// Where the providers' keys are looked for.
pub(super) fn keys(paths: &Paths) -> Resolver {
    Resolver::new(paths, super::variable)
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

/// The runtime of a proxy: two threads carry more than one person can ask for.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Software, error))
}
