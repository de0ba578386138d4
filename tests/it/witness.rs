//! What the agent itself may reach, seen from the agent's end of the proxy variable.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mcr::audit::{Audit, Decision, Kind, read};
use mcr::config::{AgentTraffic, EgressRules, Secret};
use mcr::egress::witness::{self, Limits, Policy, Witness};
use mcr::egress::{Egress, Guard, Options, ProxyVariables};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::common::raw::status;
use crate::common::soon;

/// What a client makes of `http://mcr:token@…`.
const CREDENTIALS: &str = "Proxy-Authorization: Basic bWNyOnRva2Vu\r\n";

/// A witness, and behind it a proxy that plays every host: it gives back what comes, in capitals.
struct Stage {
    witness: Witness,
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Stage {
    async fn of(agent: AgentTraffic, agent_allow: &[&str]) -> Self {
        let agent_allow = agent_allow.iter().map(|host| (*host).to_owned()).collect();
        let rules = EgressRules { agent, agent_allow, ..EgressRules::default() };
        Self::with(Policy::Configured(rules), Limits::default(), "direct.invalid").await
    }

    async fn with(policy: Policy, limits: Limits, none: &str) -> Self {
        let (environment, heads) = Self::proxy(none).await;
        Self { heads, ..Self::behind(policy, limits, environment) }
    }

    /// A proxy that plays every host but one, and what it was asked for.
    async fn proxy(none: &str) -> (ProxyVariables, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = format!("http://user:word@{}", listener.local_addr().unwrap());
        let heads = Arc::new(Mutex::default());
        let kept = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(play(stream, Arc::clone(&kept)));
            }
        });
        (ProxyVariables { all: proxy, none: none.to_owned(), ..ProxyVariables::default() }, heads)
    }

    fn behind(policy: Policy, limits: Limits, environment: ProxyVariables) -> Self {
        Self::noting(policy, limits, Options { environment, ..Options::default() })
    }

    fn noting(policy: Policy, limits: Limits, options: Options) -> Self {
        let audit = options.audit.clone();
        let guard = Guard::new(EgressRules::default(), vec![], vec![]);
        let egress = Egress::new(&Options { guard, ..options }).unwrap();
        let token = Secret::new("token".to_owned());
        let witness = Witness::new(policy, egress, audit, &token, limits);
        let listener = witness::bind().unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(witness.clone().serve(listener));
        Self { witness, port, heads: Arc::default() }
    }

    async fn send(&self, request: &str) -> (TcpStream, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = async {
            while !answer.ends_with(b"\n") || !String::from_utf8_lossy(&answer).contains("\r\n\r\n") {
                if stream.read_buf(&mut answer).await.unwrap() == 0 {
                    break;
                }
            }
        };
        soon(read).await;
        (stream, String::from_utf8(answer).unwrap())
    }

    /// Asks for a tunnel as the agent does.
    async fn connect(&self, target: &str) -> (TcpStream, String) {
        self.send(&format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{CREDENTIALS}\r\n")).await
    }

    async fn status(&self, target: &str) -> u16 {
        status(&self.connect(target).await.1)
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// Who was asked for how often, once everything is noted.
    async fn counts(&self) -> BTreeMap<(String, u16, Decision), (u64, u64, u64)> {
        self.witness.end().await;
        let seen = self.witness.seen().into_iter();
        seen.map(|(asked, seen)| (asked, (seen.count, seen.bytes_out, seen.bytes_in))).collect()
    }
}

async fn play(mut stream: TcpStream, heads: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let head = String::from_utf8(head).unwrap();
    let is_tunnel = head.starts_with("CONNECT ");
    heads.lock().unwrap().push(head);
    if !is_tunnel {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nKeep-Alive: 5\r\n\r\nplain\n").await;
        return;
    }
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
    let mut bytes = [0; 1024];
    while let Ok(read @ 1..) = stream.read(&mut bytes).await {
        let _ = stream.write_all(&bytes[..read].to_ascii_uppercase()).await;
    }
}

fn asked(host: &str, port: u16, decision: Decision) -> (String, u16, Decision) {
    (host.to_owned(), port, decision)
}

#[tokio::test]
async fn the_vendor_is_blocked_and_told_so_and_others_are_let_through() {
    let stage = Stage::of(AgentTraffic::BlockVendor, &[]).await;
    let (_, answer) = stage.connect("api.anthropic.com:443").await;
    assert_eq!(status(&answer), 403);
    let body = answer.split("\r\n\r\n").nth(1).unwrap();
    let words =
        "mcr denied api.anthropic.com:443 to the agent: it is Anthropic's, and `Egress.agent` is `block-vendor`\n";
    assert_eq!(body, words);
    assert_eq!(stage.status("API.Anthropic.COM.:443").await, 403);
    let (mut tunnel, answer) = stage.connect("github.com:443").await;
    assert_eq!(status(&answer), 200);
    tunnel.write_all(b"hello").await.unwrap();
    let mut bytes = [0; 5];
    soon(tunnel.read_exact(&mut bytes)).await.unwrap();
    assert_eq!(&bytes, b"HELLO");
    drop(tunnel);
    let expected = BTreeMap::from([
        (asked("api.anthropic.com", 443, Decision::Denied), (2, 0, 0)),
        (asked("github.com", 443, Decision::Allowed), (1, 5, 5)),
    ]);
    assert_eq!(stage.counts().await, expected);
    assert_eq!(stage.heads().len(), 1, "{:?}", stage.heads());
}

#[tokio::test]
async fn observed_traffic_goes_and_is_marked() {
    let stage = Stage::of(AgentTraffic::Observe, &[]).await;
    assert_eq!(stage.status("api.anthropic.com:443").await, 200);
    let expected = BTreeMap::from([(asked("api.anthropic.com", 443, Decision::Observed), (1, 0, 0))]);
    assert_eq!(stage.counts().await, expected);
}

#[tokio::test]
async fn what_has_to_be_on_record_is_there_before_it_goes_or_does_not_go() {
    for (can_be_written, expect, goes) in [(true, vec![Kind::Begin, Kind::Connect], 200), (false, Vec::new(), 503)] {
        let folder = tempfile::tempdir().unwrap();
        let record = folder.path().join("audit");
        if !can_be_written {
            std::fs::write(&record, "a file").unwrap();
        }
        let (environment, heads) = Stage::proxy("direct.invalid").await;
        let options = Options { environment, audit: Audit::open(record.clone()), required: true, ..Options::default() };
        let rules = EgressRules { agent: AgentTraffic::Observe, ..EgressRules::default() };
        let stage = Stage { heads, ..Stage::noting(Policy::Configured(rules), Limits::default(), options) };
        let (tunnel, answer) = stage.connect("registry.npmjs.org:443").await;
        assert_eq!(status(&answer), goes, "{answer}");
        let kinds = || -> Vec<Kind> {
            let read = read(&record, None).map(|it| it.records).unwrap_or_default();
            read.into_iter()
                .filter(|it| it.event.host.as_deref() == Some("registry.npmjs.org"))
                .map(|it| it.event.kind)
                .collect()
        };
        assert_eq!(kinds(), expect.get(..1).unwrap_or_default(), "while it is open");
        assert_eq!(stage.heads().len(), expect.len() / 2);
        drop(tunnel);
        stage.counts().await;
        assert_eq!(kinds(), expect);
    }
}

#[tokio::test]
async fn strict_traffic_reaches_what_is_named_and_nothing_else() {
    let stage = Stage::of(AgentTraffic::Strict, &[".crates.io", "github.com"]).await;
    for (target, expected) in [
        ("index.crates.io:443", 200),
        ("github.com:22", 200),
        ("gist.github.com:443", 403),
        ("api.anthropic.com:443", 403),
        ("10.0.0.1:443", 403),
        // The guard's rules, whoever asks: an operator in Europe, and one that nobody here knows.
        ("api.eu.mistral.ai:443", 200),
        ("api.openai.com:443", 403),
        ("llm.example:443", 403),
    ] {
        assert_eq!(stage.status(target).await, expected, "{target}");
    }
}

#[tokio::test]
async fn without_the_token_nothing_is_reached_and_nothing_is_counted() {
    let stage = Stage::of(AgentTraffic::Observe, &[]).await;
    for credentials in ["", "Proxy-Authorization: Basic bWNyOnRvbGVu\r\n", "Authorization: Basic bWNyOnRva2Vu\r\n"] {
        for line in ["CONNECT github.com:443", "GET http://github.com/"] {
            let (_, answer) = stage.send(&format!("{line} HTTP/1.1\r\nHost: github.com\r\n{credentials}\r\n")).await;
            assert_eq!(status(&answer), 407, "{answer}");
            assert!(answer.to_lowercase().contains("\r\nproxy-authenticate: basic realm=\"mcr\"\r\n"), "{answer}");
        }
    }
    assert_eq!(stage.counts().await, BTreeMap::new());
    assert_eq!(stage.heads(), [""; 0]);
}

#[tokio::test]
async fn this_machine_and_a_clouds_metadata_are_not_reached_whatever_they_are_called() {
    let policy = Policy::Configured(EgressRules { agent: AgentTraffic::Observe, ..EgressRules::default() });
    let stage = Stage::behind(policy, Limits::default(), ProxyVariables::default());
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    for host in [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "[::1]",
        "0.0.0.0",
        "[::]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "169.254.1.1",
        "[fe80::1]",
        "224.0.0.1",
        // As the system's resolver reads them.
        "127.1",
        "2130706433",
        "0x7f.1",
    ] {
        let (_, answer) = stage.connect(&format!("{host}:{port}")).await;
        assert_eq!(status(&answer), 403, "{host}: {answer}");
    }
    assert!(stage.counts().await.keys().all(|(.., decision)| *decision == Decision::Denied));
}

#[tokio::test]
async fn the_users_proxy_is_the_next_one_with_its_own_credentials() {
    let stage = Stage::of(AgentTraffic::BlockVendor, &[]).await;
    assert_eq!(stage.status("github.com:443").await, 200);
    let request = "POST http://plain.example:8080/a?b=c HTTP/1.1\r\nHost: other.example\r\nContent-Length: 0\r\n\
                   X-Mine: 1\r\nX-Hop: 1\r\nConnection: X-Hop\r\nProxy-Connection: keep-alive\r\n";
    let (_, answer) = stage.send(&format!("{request}{CREDENTIALS}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\nplain\n"), "{answer}");
    assert!(!answer.to_lowercase().contains("keep-alive:"), "{answer}");
    let heads: Vec<String> = stage.heads().iter().map(|head| head.to_lowercase()).collect();
    assert!(heads[0].starts_with("connect github.com:443 http/1.1\r\n"), "{heads:?}");
    assert!(heads[1].starts_with("post http://plain.example:8080/a?b=c http/1.1\r\n"), "{heads:?}");
    for part in ["\r\nhost: plain.example:8080\r\n", "\r\nx-mine: 1\r\n"] {
        assert!(heads[1].contains(part), "{heads:?}");
    }
    assert!(!heads[1].contains("x-hop") && !heads[1].contains("proxy-connection"), "{heads:?}");
    for head in &heads {
        let credentials: Vec<&str> = head.lines().filter(|line| line.starts_with("proxy-authorization:")).collect();
        assert_eq!(credentials, ["proxy-authorization: basic dxnlcjp3b3jk"]);
    }
}

#[tokio::test]
async fn the_users_exceptions_from_the_proxy_are_heeded() {
    let stage = Stage::of(AgentTraffic::BlockVendor, &[]).await;
    let (_, answer) = stage.connect("direct.invalid:443").await;
    assert_eq!(status(&answer), 502);
    assert!(answer.contains("direct.invalid:443: name cannot be resolved"), "{answer}");
    assert_eq!(stage.heads(), [""; 0]);
    stage.witness.end().await;
    let line = witness::summary(&stage.witness.seen());
    assert_eq!(line.as_deref(), Some("agent: asked for 1 host besides mcr; not reached: direct.invalid (1)"));
}

#[tokio::test]
async fn what_is_no_proxys_business_is_refused() {
    let stage = Stage::of(AgentTraffic::Observe, &[]).await;
    for line in ["GET /", "GET https://github.com/", "CONNECT github.com", "GET ftp://github.com/"] {
        let (_, answer) = stage.send(&format!("{line} HTTP/1.1\r\nHost: x\r\n{CREDENTIALS}\r\n")).await;
        assert_eq!(status(&answer), 400, "{line}: {answer}");
    }
    assert_eq!(stage.heads(), [""; 0]);
}

#[tokio::test]
async fn a_client_of_http_1_0_gets_its_tunnel() {
    let stage = Stage::of(AgentTraffic::Observe, &[]).await;
    let (mut tunnel, answer) = stage.send(&format!("CONNECT pip.example:443 HTTP/1.0\r\n{CREDENTIALS}\r\n")).await;
    assert_eq!(answer.split(' ').nth(1), Some("200"), "{answer}");
    tunnel.write_all(b"x").await.unwrap();
    let mut byte = [0];
    soon(tunnel.read_exact(&mut byte)).await.unwrap();
    assert_eq!(&byte, b"X");
}

#[tokio::test]
async fn the_clocks_close_what_is_silent() {
    let short = Duration::from_millis(50);
    let limits = Limits { header_read: short, idle: short, ..Limits::default() };
    let stage = Stage::with(Policy::Configured(EgressRules::default()), limits, "").await;
    let (mut tunnel, answer) = stage.connect("github.com:443").await;
    assert_eq!(status(&answer), 200);
    assert_eq!(soon(tunnel.read(&mut [0])).await.unwrap_or(0), 0);
    let mut slow = TcpStream::connect(("127.0.0.1", stage.port)).await.unwrap();
    slow.write_all(b"CONNECT git").await.unwrap();
    let mut rest = Vec::new();
    let _ = soon(slow.read_to_end(&mut rest)).await;
    assert!(!String::from_utf8_lossy(&rest).contains(" 200 "));
}

#[tokio::test]
async fn the_end_closes_tunnels_and_the_port() {
    let stage = Stage::of(AgentTraffic::BlockVendor, &[]).await;
    let (mut tunnel, _) = stage.connect("github.com:443").await;
    tunnel.write_all(b"abc").await.unwrap();
    soon(tunnel.read_exact(&mut [0; 3])).await.unwrap();
    let counted = soon(stage.counts()).await;
    assert_eq!(counted, BTreeMap::from([(asked("github.com", 443, Decision::Allowed), (1, 3, 3))]));
    assert_eq!(soon(tunnel.read(&mut [0])).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn no_more_are_served_at_a_time_than_there_are_places() {
    let limits = Limits { connections: 1, ..Limits::default() };
    let stage = Stage::with(Policy::Configured(EgressRules::default()), limits, "").await;
    let (first, answer) = stage.connect("github.com:443").await;
    assert_eq!(status(&answer), 200);
    let second = stage.connect("gitlab.com:443");
    tokio::pin!(second);
    assert!(tokio::time::timeout(Duration::from_millis(50), second.as_mut()).await.is_err());
    drop(first);
    assert_eq!(status(&second.await.1), 200);
}
