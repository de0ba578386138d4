//! A proxy that lets nothing through and remembers who was asked for.
//!
//! It sees what an agent sends by way of `HTTPS_PROXY` and its kin; what opens
//! sockets of its own past those variables, it does not see.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Uri;
use http::uri::Authority;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

/// The hosts that were asked for, without their ports.
type Hosts = Arc<Mutex<BTreeSet<String>>>;

/// A listening trap.
#[derive(Debug)]
pub(super) struct Trap {
    address: SocketAddr,
    hosts: Hosts,
    end: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Trap {
    /// Listens on a free loopback port.
    pub(super) async fn open() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let hosts = Hosts::default();
        let (end, ended) = oneshot::channel();
        let served = tokio::spawn(serve(listener, Arc::clone(&hosts), ended));
        Ok(Self { address, hosts, end, served })
    }

    /// The variables that lead an agent here, in both spellings.
    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
            .map(|name| (name, format!("http://{}", self.address)))
            .to_vec()
    }

    /// Ends once everything that was sent until now is read, and returns the hosts.
    pub(super) async fn close(self) -> BTreeSet<String> {
        // A process that outlived the agent may hold a connection open and say nothing.
        const PATIENCE: Duration = Duration::from_secs(2);
        let _ = self.end.send(());
        let mut served = self.served;
        if tokio::time::timeout(PATIENCE, &mut served).await.is_err() {
            served.abort();
        }
        std::mem::take(&mut self.hosts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn serve(listener: TcpListener, hosts: Hosts, mut ended: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(refuse(stream, Arc::clone(&hosts)));
                }
            }
            _ = &mut ended => break,
        }
    }
    connections.join_all().await;
}

/// Notes the host of the first request and refuses it.
async fn refuse(mut stream: TcpStream, hosts: Hosts) {
    const LONGEST_HEAD: usize = 16 << 10;
    let mut head = Vec::new();
    while head.len() < LONGEST_HEAD && !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read_buf(&mut head).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    if head.is_empty() {
        return;
    }
    let host = asked_for(&head).unwrap_or_else(|| "something unreadable".to_owned());
    hosts.lock().unwrap_or_else(PoisonError::into_inner).insert(host);
    let refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let _ = stream.write_all(refusal).await;
}

/// The host of `CONNECT host:port` or of a request in absolute form.
fn asked_for(head: &[u8]) -> Option<String> {
    let line = head.split(|byte| *byte == b'\n').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let (method, target) = (words.next()?, words.next()?);
    let host = if method == "CONNECT" {
        target.parse::<Authority>().ok()?.host().to_owned()
    } else {
        target.parse::<Uri>().ok()?.host()?.to_owned()
    };
    Some(host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tunnels_and_absolute_forms_name_a_host() {
        let host = |head: &str| asked_for(head.as_bytes());
        assert_eq!(host("CONNECT API.anthropic.com:443 HTTP/1.1\r\n\r\n").as_deref(), Some("api.anthropic.com"));
        assert_eq!(host("GET http://claude.ai/x HTTP/1.1\r\n\r\n").as_deref(), Some("claude.ai"));
        assert_eq!(host("GET /x HTTP/1.1\r\n\r\n"), None);
        assert_eq!(host("\u{16}\u{3}\u{1}"), None);
    }

    #[tokio::test]
    async fn what_was_sent_before_the_end_is_seen_and_refused() {
        let trap = Trap::open().await.unwrap();
        let mut client = TcpStream::connect(trap.address).await.unwrap();
        client.write_all(b"CONNECT api.anthropic.com:443 HTTP/1.1\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
        let mut other = TcpStream::connect(trap.address).await.unwrap();
        other.write_all(b"nonsense").await.unwrap();
        drop(other);
        assert_eq!(Vec::from_iter(trap.close().await), ["api.anthropic.com", "something unreadable"]);
    }
}
