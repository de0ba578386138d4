//! One slice of each measurement against one server.

use std::io;
use std::time::{Duration, Instant};

use crate::client::{Connection, Message};
use crate::{common, upstream};

/// Requests on a new connection that are not counted.
const WARM_UP: usize = 5;

/// What a latency is taken of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Until all of a JSON answer is there.
    Json,
    /// Until the first byte of a stream is there.
    FirstToken,
}

/// Microseconds that requests took, one after the other.
pub async fn latency(port: u16, answer: Answer, requests: usize) -> io::Result<Vec<f64>> {
    let mut message = Message::new(port, &common::request(answer == Answer::FirstToken, upstream::PROMPT));
    let mut connection = Connection::open(port).await?;
    let mut taken = Vec::with_capacity(requests);
    for number in 0..WARM_UP + requests {
        message.renew(0);
        let took = connection.exchange(&message, |_| ()).await?;
        if number >= WARM_UP {
            let took = if answer == Answer::Json { took.whole } else { took.first };
            taken.push(took.as_secs_f64() * 1e6);
        }
    }
    Ok(taken)
}

/// Microseconds from the sending of an event to its arrival.
pub async fn delay(port: u16) -> io::Result<Vec<f64>> {
    const STAMP: usize = 19;
    let message = Message::new(port, &common::request(true, upstream::PACED));
    let mut connection = Connection::open(port).await?;
    let mut delays = Vec::new();
    connection
        .exchange(&message, |data| {
            let now = upstream::now();
            for at in memchr::memchr_iter(b'@', data) {
                let digits = data.get(at + 1..at + 1 + STAMP).and_then(|digits| str::from_utf8(digits).ok());
                if let Some(sent) = digits.and_then(|digits| digits.parse::<u128>().ok()) {
                    #[expect(clippy::cast_precision_loss, reason = "nanoseconds of one delay")]
                    delays.push(now.saturating_sub(sent) as f64 / 1e3);
                }
            }
        })
        .await?;
    if delays.len() == upstream::STAMPS as usize {
        return Ok(delays);
    }
    Err(io::Error::other(format!("{} of {} events arrived", delays.len(), upstream::STAMPS)))
}

/// Requests that were answered, and the seconds it took.
pub async fn throughput(port: u16, clients: usize, span: Duration) -> io::Result<(usize, f64)> {
    let message = Message::new(port, &common::request(false, upstream::PROMPT));
    let mut ready = Vec::with_capacity(clients);
    for _ in 0..clients {
        let mut connection = Connection::open(port).await?;
        connection.exchange(&message, |_| ()).await?;
        ready.push(connection);
    }
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for (number, mut connection) in ready.into_iter().enumerate() {
        let mut message = message.clone();
        tasks.spawn(async move {
            let mut count = 0;
            while started.elapsed() < span {
                message.renew(number);
                connection.exchange(&message, |_| ()).await?;
                count += 1;
            }
            io::Result::Ok(count)
        });
    }
    let mut count = 0;
    while let Some(done) = tasks.join_next().await {
        count += done.map_err(io::Error::other)??;
    }
    Ok((count, started.elapsed().as_secs_f64()))
}

/// Events per second of one stream.
pub async fn flood(port: u16) -> io::Result<f64> {
    let message = Message::new(port, &common::request(true, upstream::FLOODED));
    let mut connection = Connection::open(port).await?;
    let mut events = 0;
    let took =
        connection.exchange(&message, |data| events += memchr::memchr_iter(upstream::WORD, data).count()).await?;
    if events != upstream::FLOOD {
        return Err(io::Error::other(format!("{events} of {} events arrived", upstream::FLOOD)));
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of events")]
    Ok(events as f64 / took.whole.saturating_sub(took.first).as_secs_f64())
}

/// Streams that are open at a time, until [`Streams::end`].
pub struct Streams(Vec<io::Result<Connection>>);

impl Streams {
    /// Opens streams and waits for the first event of each.
    pub async fn open(port: u16, count: usize) -> Self {
        let message = Message::new(port, &common::request(true, upstream::HELD));
        let mut streams = Vec::with_capacity(count);
        for _ in 0..count {
            let opened = tokio::time::timeout(Duration::from_secs(3), async {
                let mut connection = Connection::open(port).await?;
                connection.send(&message).await?;
                connection.next(|_| ()).await?;
                Ok(connection)
            });
            let stream = opened.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            let is_full = stream.is_err();
            streams.push(stream);
            if is_full {
                // The rest would wait as long, each of them.
                let rest = count - streams.len();
                streams.extend((0..rest).map(|_| Err(io::ErrorKind::TimedOut.into())));
                break;
            }
        }
        Self(streams)
    }

    /// Lets the upstream end all streams, and returns how many did not come to their lawful end.
    pub async fn end(self, upstream: u16) -> io::Result<usize> {
        Connection::open(upstream).await?.exchange(&Message::release(upstream), |_| ()).await?;
        let mut lost = 0;
        for stream in self.0 {
            let mut ending = Vec::new();
            let whole = match stream {
                Ok(mut stream) => stream.receive(Instant::now(), |data| ending.extend_from_slice(data)).await.is_ok(),
                Err(_) => false,
            };
            let has = |what: &str| memchr::memmem::find(&ending, what.as_bytes()).is_some();
            lost += usize::from(!whole || !(has("message_stop") || has("[DONE]")));
        }
        Ok(lost)
    }
}
