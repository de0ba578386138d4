//! Accept, limit, serve, drain.
//!
//! HTTP/1.1 on a loopback address and nothing else. What a request means is the
//! service's business; here it is only told how long and how large it may be.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body::{Frame, SizeHint};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpStream, select, time::timeout};

use crate::config::may_listen;
use crate::egress::accept;

use super::{
    body::{Aborted, Body},
    clocked::Clocked,
    protocol::Protocol,
    refusal::Refusal,
    seats::{Answering, Order, Seat, Seats},
};

/// What a client may take, and for how long. Tests set the clocks to milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the first byte of a request's head, or from the connection's start, to the head's end.
    pub header_read: Duration,
    /// From an answer to the next request on the same connection.
    pub keep_alive: Duration,
    /// How long a write may wait for a client that does not read; its upstream goes with it.
    pub write_stall: Duration,
    /// How long what a client sends after our last word is read and thrown away.
    pub linger: Duration,
    /// What answers in progress get when the server ends.
    pub grace: Duration,
    /// Connections at a time.
    ///
    /// A thousand streams at once are one program that fans out, not an attack. Each costs
    /// some 100 KB and two files, so whoever has fewer files must ask for fewer connections.
    pub connections: usize,
    /// Header lines of a request.
    pub headers: usize,
    /// Bytes of all header lines of a request.
    pub header_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_read: Duration::from_secs(10),
            keep_alive: Duration::from_mins(1),
            write_stall: Duration::from_mins(1),
            linger: Duration::from_secs(1),
            grace: Duration::from_mins(2),
            connections: 2_048,
            headers: 100,
            header_bytes: 32 << 10,
        }
    }
}

/// A bound port; connections queue up from here on, before anyone serves them.
#[derive(Debug)]
pub struct Listener {
    socket: std::net::TcpListener,
    address: SocketAddr,
}

/// Why a port cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Other machines could speak to it.
    #[error("cannot listen on {0}: mcr listens on this machine only, at 127.0.0.1 or ::1")]
    NotLoopback(IpAddr),
    /// Someone else has it.
    #[error("port {} is in use", .0.port())]
    InUse(SocketAddr),
    /// Anything else.
    #[error("cannot listen on {address}")]
    Other {
        /// What was to be bound.
        address: SocketAddr,
        /// Why it was not.
        source: io::Error,
    },
}

impl BindError {
    /// Returns the step that mends it.
    pub fn hint(&self) -> String {
        match self {
            Self::NotLoopback(_) => "set `HOST` to `127.0.0.1`, or remove it".to_owned(),
            Self::InUse(address) => {
                format!("set `PORT` to another than {}, or run `mcr start --port 0` for a free one", address.port())
            }
            Self::Other { .. } => "set `PORT` to a free port above 1023".to_owned(),
        }
    }
}

impl Listener {
    /// Binds a loopback address; port 0 takes any free one. Needs no runtime.
    pub fn bind(ip: IpAddr, port: u16) -> Result<Self, BindError> {
        if !may_listen(ip) {
            return Err(BindError::NotLoopback(ip));
        }
        let wanted = SocketAddr::new(ip, port);
        let bound = std::net::TcpListener::bind(wanted).and_then(|socket| {
            socket.set_nonblocking(true)?;
            Ok(Self { address: socket.local_addr()?, socket })
        });
        bound.map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => BindError::InUse(wanted),
            _ => BindError::Other { address: wanted, source },
        })
    }

    /// Takes a socket that listens already; it must not block.
    pub fn of(socket: std::net::TcpListener) -> io::Result<Self> {
        Ok(Self { address: socket.local_addr()?, socket })
    }

    /// Returns the address, with the port that was given.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the base URL for clients on this machine.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Serves until `shutdown` is ready, then lets answers in progress finish within the grace.
///
/// Dropping the returned future closes every connection at once.
pub async fn serve<F, R>(
    listener: Listener,
    service: F,
    limits: Limits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()>
where
    F: Fn(Request<Incoming>) -> R + Send + Sync + 'static,
    R: Future<Output = Response<Body>> + Send + 'static,
{
    let socket = tokio::net::TcpListener::from_std(listener.socket)?;
    let service = Arc::new(service);
    let mut seats = Seats::new(limits.connections);
    let mut shutdown = pin!(shutdown);
    loop {
        let next = async {
            let tcp = accept(&socket).await;
            (tcp, seats.take().await)
        };
        select! {
            (tcp, seat) = next => {
                tokio::spawn(attend(tcp, seat, Arc::clone(&service), limits));
            }
            () = &mut shutdown => break,
        }
    }
    drop(socket);
    seats.tell_all(Order::Finish);
    if timeout(limits.grace, seats.emptied()).await.is_err() {
        tracing::warn!(connections = seats.count(), "closed connections whose grace was over");
        seats.tell_all(Order::Leave);
        seats.emptied().await;
    }
    Ok(())
}

/// Serves one connection to its end.
async fn attend<F, R>(tcp: TcpStream, seat: Seat, service: Arc<F>, limits: Limits)
where
    F: Fn(Request<Incoming>) -> R + Send + Sync + 'static,
    R: Future<Output = Response<Body>> + Send + 'static,
{
    // Without it the kernel holds a streamed piece back for up to 40 ms.
    let _ = tcp.set_nodelay(true);
    let occupant = &seat.occupant;
    let service = service_fn(|request: Request<Incoming>| {
        let answering = Answering::begin(occupant);
        let service = Arc::clone(&service);
        async move {
            let is_chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
            let mut response = match check_head(&request, &limits) {
                Ok(()) => service(request).await,
                Err(refusal) => refusal.response_in(Protocol::of(request.uri().path())),
            };
            if is_chunked {
                // A length beside it was dropped by hyper, and two readings of one request end with it.
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response.map(|body| Accounted { body, _answering: answering }))
        }
    });
    let io = TokioIo::new(Clocked::new(tcp, Arc::clone(occupant), limits));
    let mut http = http1::Builder::new();
    // Starts anew after each answer; does nothing without the timer. A head that has begun is on `Clocked`'s clock.
    http.timer(TokioTimer::new()).header_read_timeout(limits.keep_alive);
    // Ours are lower, and say so; hyper's answers have no body.
    http.max_headers(4 * limits.headers).max_header_size(4 * limits.header_bytes);
    let mut connection = pin!(http.serve_connection(io, service));
    loop {
        select! {
            biased;
            end = connection.as_mut() => {
                if let Err(error) = end {
                    tracing::debug!(%error, "a connection ended early");
                }
                return;
            }
            order = occupant.order() => match order {
                Order::Stay => {}
                Order::LeaveIfQuiet if occupant.is_quiet() => return,
                Order::LeaveIfQuiet => occupant.decline(),
                Order::Finish => connection.as_mut().graceful_shutdown(),
                Order::Leave => return,
            },
        }
    }
}

fn check_head(request: &Request<Incoming>, limits: &Limits) -> Result<(), Refusal> {
    let headers = request.headers();
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if headers.len() > limits.headers || bytes > limits.header_bytes {
        let message = format!("more than {} headers, or than {} bytes of them", limits.headers, limits.header_bytes);
        return Err(Refusal::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, message));
    }
    Ok(())
}

/// A body that says when it is over.
struct Accounted {
    body: Body,
    _answering: Answering,
}

impl http_body::Body for Accounted {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
