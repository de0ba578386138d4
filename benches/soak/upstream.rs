//! An upstream that fails in every way, written on bare sockets so that it can fail anywhere.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use crate::says::{Chance, MARK, Said, said};

/// What goes wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Limited,
    Failed,
    Full,
    Reset,
    HangUp,
    Hang,
    Stall,
    InEvent,
    InCharacter,
    InCall,
    NoEnd,
    NoReason,
}

impl Fault {
    pub const ALL: [(Self, &str); 12] = [
        (Self::Limited, "429"),
        (Self::Failed, "500"),
        (Self::Full, "503"),
        (Self::Reset, "reset"),
        (Self::HangUp, "closed before the answer"),
        (Self::Hang, "hang before the headers"),
        (Self::Stall, "hang in the stream"),
        (Self::InEvent, "cut in an event"),
        (Self::InCharacter, "cut in a character"),
        (Self::InCall, "cut in a call"),
        (Self::NoEnd, "cut between events"),
        (Self::NoReason, "end without a finish reason"),
    ];
}

/// Requests that were seen, and what was done with them.
pub struct Upstream {
    pub port: u16,
    who: &'static str,
    pub asked: AtomicU64,
    pub faults: [AtomicU64; Fault::ALL.len()],
    pub closed: AtomicU64,
}

/// Begins to listen; ends with the process.
pub fn start(who: &'static str, seed: u64) -> io::Result<Arc<Upstream>> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    let upstream = Arc::new(Upstream {
        port: address.port(),
        who,
        asked: AtomicU64::new(0),
        faults: Default::default(),
        closed: AtomicU64::new(0),
    });
    listener.set_nonblocking(true)?;
    tokio::spawn(listen(Arc::clone(&upstream), TcpListener::from_std(listener)?, address, seed));
    Ok(upstream)
}

/// Accepts for some seconds, then refuses for a moment, and so on.
async fn listen(upstream: Arc<Upstream>, mut listener: TcpListener, address: SocketAddr, seed: u64) {
    let mut chance = Chance::new(seed);
    let mut count = seed << 32;
    loop {
        let open = Duration::from_millis(4_000 + chance.below(6_000) as u64);
        let accept = async {
            loop {
                let Ok((tcp, _)) = listener.accept().await else { continue };
                count += 1;
                let (upstream, chance) = (Arc::clone(&upstream), Chance::new(count));
                tokio::spawn(async move { drop(upstream.serve(tcp, chance).await) });
            }
        };
        let _ = tokio::time::timeout(open, accept).await;
        drop(listener);
        upstream.closed.fetch_add(1, Relaxed);
        sleep(Duration::from_millis(200)).await;
        listener = loop {
            match TcpListener::bind(address).await {
                Ok(listener) => break listener,
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        };
    }
}

impl Upstream {
    /// Answers one request after another on a connection.
    async fn serve(&self, tcp: TcpStream, mut chance: Chance) -> io::Result<()> {
        tcp.set_nodelay(true)?;
        let mut tcp = BufReader::new(tcp);
        while let Some(body) = read(&mut tcp).await? {
            self.asked.fetch_add(1, Relaxed);
            let Some((said, streams)) = self.question(&body) else { return Ok(()) };
            // One in four, as often as the next.
            let fault = (chance.below(4) == 0).then(|| chance.below(Fault::ALL.len()));
            let fault = fault.map(|at| {
                self.faults[at].fetch_add(1, Relaxed);
                Fault::ALL[at].0
            });
            if !answer(tcp.get_mut(), &mut chance, &said, streams, fault).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn question(&self, body: &[u8]) -> Option<(Said, bool)> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let last = body["messages"].as_array()?.last()?["content"].as_str()?;
        let number = last.rsplit(MARK).next()?.parse().ok()?;
        Some((said(self.who, number), body["stream"] == true))
    }
}

/// Reads a request to its end; nothing where the connection is closed instead.
async fn read(tcp: &mut BufReader<TcpStream>) -> io::Result<Option<Vec<u8>>> {
    let mut length = 0;
    let mut line = String::new();
    loop {
        line.clear();
        if tcp.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    let mut body = vec![0; length];
    tcp.read_exact(&mut body).await?;
    Ok(Some(body))
}

/// Answers as the fault has it; false where the connection is no use any more.
async fn answer(
    tcp: &mut TcpStream,
    chance: &mut Chance,
    said: &Said,
    streams: bool,
    fault: Option<Fault>,
) -> io::Result<bool> {
    match fault {
        Some(Fault::Limited) => status(tcp, "429 Too Many Requests", "retry-after: 0\r\n").await?,
        Some(Fault::Failed) => status(tcp, "500 Internal Server Error", "").await?,
        Some(Fault::Full) => status(tcp, "503 Service Unavailable", "").await?,
        Some(Fault::Reset) => {
            tcp.set_zero_linger()?;
            return Ok(false);
        }
        Some(Fault::HangUp) => return Ok(false),
        Some(Fault::Hang) => {
            // Until whoever waits has had enough.
            let _ = tcp.read(&mut [0; 1]).await;
            return Ok(false);
        }
        fault if streams => return stream(tcp, chance, said, fault).await,
        None => whole(tcp, &completion(said)).await?,
        Some(_) => {
            let body = completion(said);
            let cut = 1 + chance.below(body.len() - 1);
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
            tcp.write_all(head.as_bytes()).await?;
            tcp.write_all(&body.as_bytes()[..cut]).await?;
            return Ok(false);
        }
    }
    Ok(true)
}

async fn status(tcp: &mut TcpStream, line: &str, header: &str) -> io::Result<()> {
    let body = r#"{"message":"as the soak wants it"}"#;
    let head =
        format!("HTTP/1.1 {line}\r\n{header}content-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    tcp.write_all(format!("{head}{body}").as_bytes()).await
}

async fn whole(tcp: &mut TcpStream, body: &str) -> io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    tcp.write_all(format!("{head}{body}").as_bytes()).await
}

fn completion(said: &Said) -> String {
    let mut message = json!({"role": "assistant", "content": said.text});
    if let Some(call) = &said.call {
        message["tool_calls"] = json!([{"id": "abcdefghi", "type": "function",
            "function": {"name": "Read", "arguments": call.to_string()}}]);
    }
    let reason = if said.call.is_some() { "tool_calls" } else { "stop" };
    json!({"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}})
    .to_string()
}

async fn stream(tcp: &mut TcpStream, chance: &mut Chance, said: &Said, fault: Option<Fault>) -> io::Result<bool> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    tcp.write_all(head.as_bytes()).await?;
    let mut events = events(chance, said, fault);
    // Anywhere, the first event included.
    let cut = fault.map(|_| chance.below(events.len()));
    if let Some(at) = cut {
        let last = events.split_off(at).swap_remove(0);
        let last = match fault {
            Some(Fault::InEvent | Fault::InCall) => last[..=chance.below(last.len() - 2)].to_vec(),
            Some(Fault::InCharacter) => up_to_half_a_character(&last),
            _ => Vec::new(),
        };
        events.push(last);
    }
    for event in events {
        write_in_pieces(tcp, chance, &event).await?;
    }
    match fault {
        None | Some(Fault::NoReason) => {
            tcp.write_all(b"0\r\n\r\n").await?;
            Ok(true)
        }
        Some(Fault::Stall) => {
            let _ = tcp.read(&mut [0; 1]).await;
            Ok(false)
        }
        Some(_) => Ok(false),
    }
}

fn up_to_half_a_character(event: &[u8]) -> Vec<u8> {
    let half = event.iter().position(|byte| *byte >= 0xc0).map(|at| at + 1);
    match half {
        Some(half) => event[..half].to_vec(),
        None => event[..event.len() / 2].to_vec(),
    }
}

fn events(chance: &mut Chance, said: &Said, fault: Option<Fault>) -> Vec<Vec<u8>> {
    let event = |choice: Value| {
        format!("data: {}\n\n", json!({"object": "chat.completion.chunk", "choices": [choice]})).into_bytes()
    };
    let mut events = vec![event(json!({"index": 0, "delta": {"role": "assistant", "content": ""}}))];
    for piece in pieces(chance, &said.text) {
        events.push(event(json!({"index": 0, "delta": {"content": piece}})));
    }
    if let Some(call) = &said.call {
        let arguments = call.to_string();
        let middle = 1 + chance.below(8);
        let call = |id: Value, arguments: &str| {
            event(json!({"index": 0, "delta": {"tool_calls": [{"index": 0, "id": id, "type": "function",
                "function": {"name": if id.is_null() { Value::Null } else { json!("Read") }, "arguments": arguments}}]}}))
        };
        events.push(call(json!("abcdefghi"), &arguments[..middle]));
        events.push(call(Value::Null, &arguments[middle..]));
    }
    if fault.is_none() {
        let reason = if said.call.is_some() { "tool_calls" } else { "stop" };
        let mut last =
            json!({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]});
        last["usage"] = json!({"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30});
        events.push(format!("data: {last}\n\ndata: [DONE]\n\n").into_bytes());
    }
    events
}

/// Cuts words into pieces, never inside a character.
fn pieces(chance: &mut Chance, text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for character in text.chars() {
        if chance.below(6) == 0 {
            pieces.push(String::new());
        }
        pieces.last_mut().expect("there is one").push(character);
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// Writes in pieces that know nothing of characters.
async fn write_in_pieces(tcp: &mut TcpStream, chance: &mut Chance, bytes: &[u8]) -> io::Result<()> {
    if chance.below(4) == 0 {
        sleep(Duration::from_millis(chance.below(20) as u64)).await;
    }
    let cut = if bytes.is_empty() { 0 } else { chance.below(bytes.len()) };
    for piece in [&bytes[..cut], &bytes[cut..]].into_iter().filter(|piece| !piece.is_empty()) {
        let mut chunk = format!("{:x}\r\n", piece.len()).into_bytes();
        chunk.extend_from_slice(piece);
        chunk.extend_from_slice(b"\r\n");
        tcp.write_all(&chunk).await?;
    }
    Ok(())
}
