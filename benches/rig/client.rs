//! The load's side of a connection: HTTP/1.1 with as little of its own as will do.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::common;

/// A request in one piece, with the place in it that makes each one new.
#[derive(Clone)]
pub struct Message {
    bytes: Vec<u8>,
    digits: usize,
    count: usize,
}

impl Message {
    /// Puts head and body together for a server on `port`.
    pub fn new(port: u16, body: &str) -> Self {
        let head = format!(
            "POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            crate::TOKEN,
            body.len()
        );
        let mark = body.rfind(common::MARK).map_or(0, |at| at + common::MARK.len() - DIGITS);
        Self { digits: head.len() + mark, bytes: [head.as_bytes(), body.as_bytes()].concat(), count: 0 }
    }

    /// A request that asks for nothing but the end of what is held.
    pub fn release(port: u16) -> Self {
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-length: {DIGITS}\r\n\r\n",
            crate::upstream::RELEASE
        );
        Self { digits: head.len(), bytes: format!("{head}00000000").into_bytes(), count: 0 }
    }

    /// Makes the last turn another one than before, `from` on another connection.
    pub fn renew(&mut self, from: usize) {
        self.count += 1;
        let number = format!("{:08}", (from * 1_000_003 + self.count) % 100_000_000);
        self.bytes[self.digits..self.digits + DIGITS].copy_from_slice(number.as_bytes());
    }
}

const DIGITS: usize = 8;

/// One connection, and what was read of it.
pub struct Connection {
    tcp: TcpStream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    left: Left,
}

/// What is still to come of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Bytes(usize),
    /// Of this chunk; zero before the next one's head.
    Chunk(usize),
}

/// How long an answer took.
pub struct Took {
    /// Until its first byte of body.
    pub first: Duration,
    /// Until its end.
    pub whole: Duration,
}

impl Connection {
    /// Connects to a port of this machine.
    pub async fn open(port: u16) -> io::Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "plays a client of this machine")]
        let tcp = TcpStream::connect(("127.0.0.1", port)).await?;
        tcp.set_nodelay(true)?;
        Ok(Self { tcp, buffer: vec![0; 1 << 16], start: 0, end: 0, left: Left::Bytes(0) })
    }

    /// Sends a request and reads all of its answer; an answer other than 200 is an error.
    pub async fn exchange(&mut self, message: &Message, data: impl FnMut(&[u8])) -> io::Result<Took> {
        let started = Instant::now();
        self.send(message).await?;
        self.receive(started, data).await
    }

    /// Sends a request and reads the head of its answer.
    pub async fn send(&mut self, message: &Message) -> io::Result<()> {
        self.tcp.write_all(&message.bytes).await?;
        let head = loop {
            let seen = &self.buffer[self.start..self.end];
            if let Some(length) = memchr::memmem::find(seen, b"\r\n\r\n") {
                break length + 4;
            }
            self.read().await?;
        };
        let text = String::from_utf8_lossy(&self.buffer[self.start..self.start + head]).to_ascii_lowercase();
        self.start += head;
        let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        self.left = length.map_or(Left::Chunk(0), Left::Bytes);
        if text.starts_with("http/1.1 200") {
            return Ok(());
        }
        let mut words = Vec::new();
        self.receive(Instant::now(), |data| words.extend_from_slice(data)).await?;
        Err(io::Error::other(format!(
            "{}: {}",
            text.lines().next().unwrap_or_default(),
            String::from_utf8_lossy(&words)
        )))
    }

    /// Reads the rest of an answer.
    pub async fn receive(&mut self, started: Instant, mut data: impl FnMut(&[u8])) -> io::Result<Took> {
        let mut first = None;
        while self.next(&mut data).await? {
            first.get_or_insert_with(|| started.elapsed());
        }
        let whole = started.elapsed();
        Ok(Took { first: first.unwrap_or(whole), whole })
    }

    /// Hands out the next piece of the body; false at its end.
    pub async fn next(&mut self, mut data: impl FnMut(&[u8])) -> io::Result<bool> {
        loop {
            match self.left {
                Left::Bytes(0) => return Ok(false),
                Left::Bytes(left) | Left::Chunk(left) if left > 0 => {
                    if self.start == self.end {
                        self.read().await?;
                    }
                    let length = left.min(self.end - self.start);
                    data(&self.buffer[self.start..self.start + length]);
                    self.start += length;
                    if matches!(self.left, Left::Bytes(_)) {
                        self.left = Left::Bytes(left - length);
                        return Ok(true);
                    }
                    self.left = Left::Chunk(left - length);
                    if left == length {
                        self.line().await?;
                    }
                    return Ok(true);
                }
                Left::Bytes(_) | Left::Chunk(_) => {
                    let size = usize::from_str_radix(&self.line().await?, 16).map_err(io::Error::other)?;
                    if size == 0 {
                        self.line().await?;
                        self.left = Left::Bytes(0);
                        return Ok(false);
                    }
                    self.left = Left::Chunk(size);
                }
            }
        }
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(length) = memchr::memchr(b'\n', &self.buffer[self.start..self.end]) {
                let line = String::from_utf8_lossy(&self.buffer[self.start..self.start + length]).trim().to_owned();
                self.start += length + 1;
                return Ok(line);
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> io::Result<()> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        match self.tcp.read(&mut self.buffer[self.end..]).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            length => {
                self.end += length;
                Ok(())
            }
        }
    }
}
