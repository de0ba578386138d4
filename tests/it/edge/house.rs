//! A listener with a small service behind it, and a client that writes what it is told to.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use hyper::body::Incoming;
use mcr::{
    config::Secret,
    proxy::{
        auth::{self, Door},
        body::{self, Aborted, Body, BodyLimits},
        refusal::Refusal,
        server::{self, Limits, Listener},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

pub const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// What a test waits for is there within this, or the test fails.
pub const SOON: Duration = Duration::from_secs(10);

/// The far end of a streamed answer, as the service holds it.
pub type Upstream = mpsc::Sender<Result<Bytes, Aborted>>;

/// A served listener.
pub struct House {
    pub address: SocketAddr,
    /// How many requests were let in.
    pub admitted: Arc<AtomicUsize>,
    /// One for each request to `/stream`.
    pub upstreams: mpsc::UnboundedReceiver<Upstream>,
    close: Option<oneshot::Sender<()>>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl House {
    pub fn open(limits: Limits, bodies: BodyLimits) -> Self {
        let listener = Listener::bind(IpAddr::V4(Ipv4Addr::LOCALHOST), 0).expect("a free port");
        let address = listener.address();
        let door = Arc::new(Door::new(address.port(), &Secret::new(TOKEN.to_owned())).expect("a door"));
        let admitted = Arc::new(AtomicUsize::new(0));
        let (new_upstream, upstreams) = mpsc::unbounded_channel();
        let (close, closing) = oneshot::channel::<()>();
        let count = Arc::clone(&admitted);
        let service = move |request: Request<Incoming>| {
            let (door, count, new_upstream) = (Arc::clone(&door), Arc::clone(&count), new_upstream.clone());
            async move {
                let (parts, body) = request.into_parts();
                if let Err(refusal) = auth::admit(&parts, &door) {
                    return refusal.response();
                }
                count.fetch_add(1, Ordering::Relaxed);
                match parts.uri.path() {
                    "/" | "/health" => Response::new(Body::from(Bytes::from_static(b"{}"))),
                    "/v1/messages" => match body::read(body, bodies).await {
                        Ok(body) => Response::new(Body::from(body)),
                        Err(refusal) => refusal.response(),
                    },
                    "/stream" => {
                        let (upstream, chunks) = mpsc::channel(1);
                        new_upstream.send(upstream).expect("a test that listens");
                        Response::new(Body::stream(Chunks(chunks)))
                    }
                    _ => Refusal::new(StatusCode::NOT_FOUND, "no such route").response(),
                }
            }
        };
        let serving = tokio::spawn(server::serve(listener, service, limits, async {
            let _ = closing.await;
        }));
        Self { address, admitted, upstreams, close: Some(close), serving }
    }

    pub fn usual() -> Self {
        Self::open(Limits::default(), BodyLimits::default())
    }

    pub fn with(limits: Limits) -> Self {
        Self::open(limits, BodyLimits::default())
    }

    pub async fn connect(&self) -> Raw {
        Raw(TcpStream::connect(self.address).await.expect("a listener"))
    }

    /// Sends one request on a connection of its own, with `close`, and returns the answer to its end.
    pub async fn ask(&self, start: &str, headers: &str) -> String {
        let mut raw = self.connect().await;
        raw.send(&format!("{start} HTTP/1.1\r\n{headers}connection: close\r\n\r\n")).await;
        raw.rest().await
    }

    /// The headers of a good request.
    pub fn good(&self) -> String {
        format!("host: {}\r\nauthorization: Bearer {TOKEN}\r\n", self.address)
    }

    pub async fn next_upstream(&mut self) -> Upstream {
        timeout(SOON, self.upstreams.recv()).await.expect("a request to /stream").expect("a house")
    }

    /// Asks the server to end.
    pub fn close(&mut self) {
        self.close.take().expect("closed once").send(()).expect("a server");
    }

    /// Waits until the server has ended.
    pub async fn closed(self) {
        timeout(SOON, self.serving).await.expect("an end").expect("no panic").expect("no error");
    }

    /// Drops the server in the middle of what it does.
    pub fn demolish(&self) {
        self.serving.abort();
    }

    pub fn admitted(&self) -> usize {
        self.admitted.load(Ordering::Relaxed)
    }
}

struct Chunks(mpsc::Receiver<Result<Bytes, Aborted>>);

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = Aborted;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Aborted>>> {
        self.0.poll_recv(cx).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    }
}

/// A client without manners.
pub struct Raw(pub TcpStream);

impl Raw {
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.expect("a server that reads");
    }

    /// Reads until the server ends the connection; a reset counts as an end.
    pub async fn rest(&mut self) -> String {
        let mut read = Vec::new();
        let end = timeout(SOON, self.0.read_to_end(&mut read)).await.expect("an end of the connection");
        if let Err(error) = end {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        }
        String::from_utf8_lossy(&read).into_owned()
    }

    /// Reads until `end` has come.
    pub async fn until(&mut self, end: &str) -> String {
        let mut read = Vec::new();
        while !read.ends_with(end.as_bytes()) {
            let byte = timeout(SOON, self.0.read_u8()).await.expect("more");
            read.push(byte.unwrap_or_else(|_| panic!("no `{end}` in {}", String::from_utf8_lossy(&read))));
        }
        String::from_utf8_lossy(&read).into_owned()
    }
}

/// The status of an answer; 0 when there is none.
pub fn status(answer: &str) -> u16 {
    answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).map_or(0, |code| code.parse().expect("a status"))
}

/// Checks that an answer is an error in Anthropic's shape, and returns its type.
pub fn error_type(answer: &str) -> String {
    let (_, body) = answer.split_once("\r\n\r\n").expect("a head");
    let error: serde_json::Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("not JSON: {answer}"));
    assert_eq!(error["type"], "error");
    assert!(error["error"]["message"].is_string());
    error["error"]["type"].as_str().expect("a type").to_owned()
}
