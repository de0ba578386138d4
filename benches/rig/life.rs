//! Memory, and how long programs take to start.

use std::io::{self, Error};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::client::{Connection, Message};
use crate::measure::Streams;
use crate::process::Server;
use crate::report::{Row, median};
use crate::{Plan, Rig, common, upstream};

const LARGE: usize = 32 << 20;
/// What memory must come back under after a large body.
const SHRUNK: f64 = 60.0;

/// Measures memory after a large body and with many open streams, each in a fresh process.
pub async fn memory(rig: &Rig, plan: &Plan) -> io::Result<Vec<Row>> {
    let body = common::large_request(upstream::PROMPT, LARGE);
    let (mut peaks, mut after, mut open, mut lost) = ([None; 3], [None; 3], [None; 3], [None; 3]);
    let mut waited = Duration::ZERO;
    for place in [1, 2] {
        let server = if place == 1 { rig.start_pass()? } else { rig.start_mcr()? };
        let mut connection = Connection::open(server.port).await?;
        connection.exchange(&Message::new(server.port, &body), |_| ()).await?;
        drop(connection);
        peaks[place] = server.peak();
        let since = Instant::now();
        loop {
            after[place] = server.memory();
            if after[place].is_none_or(|memory| memory <= SHRUNK) || since.elapsed() >= plan.patience {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        waited = since.elapsed();
    }
    for place in [1, 2] {
        let server = if place == 1 { rig.start_pass()? } else { rig.start_mcr()? };
        let streams = Streams::open(server.port, plan.streams).await;
        open[place] = server.memory();
        #[expect(clippy::cast_precision_loss, reason = "a thousand at most")]
        {
            lost[place] = Some(streams.end(rig.upstream.port).await? as f64);
        }
    }
    let count = plan.streams;
    let room = open[1].map(|pass: f64| pass + 100.0);
    let when = format!("RSS {:.1} s after a body of 32 MB, MB", waited.as_secs_f64());
    Ok(vec![
        Row::told("RSS at most, with a body of 32 MB, MB", peaks),
        Row::at_most(when, after, Some(SHRUNK), "under 60 within a minute"),
        Row::at_most(format!("RSS with {count} open streams, MB"), open, room, "pass-through + 100"),
        Row::at_most(format!("streams lost of {count}"), lost, Some(0.0), "none"),
    ])
}

/// Measures how long programs take to be of use.
pub async fn starts(rig: &Rig, plan: &Plan) -> io::Result<Vec<Row>> {
    let (mut pass, mut mcr, mut direct, mut code, mut line, mut active) =
        (vec![], vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..plan.starts {
        pass.push(first_answer(|| rig.start_pass()).await?);
        mcr.push(first_answer(|| rig.start_mcr()).await?);
        direct.push(run(rig.command(&rig.agent))?);
        let mut command = rig.mcr();
        command.arg("code");
        code.push(run(command)?);
        let mut command = rig.mcr();
        command.arg("statusline");
        line.push(run(command)?);
        // As in every new shell but the first: the service is there.
        let _service = rig.start_mcr()?;
        let mut command = rig.mcr();
        command.args(["activate", "bash"]);
        active.push(run(command)?);
    }
    let nothing =
        median(&mut (0..plan.starts).map(|_| run(rig.command(Path::new("/bin/true")))).collect::<Result<Vec<_>, _>>()?);
    let direct = median(&mut direct);
    let added = median(&mut code).zip(direct).map(|(code, direct)| code - direct);
    Ok(vec![
        Row::at_most(
            "start of the service to its first answer, ms",
            [None, median(&mut pass), median(&mut mcr)],
            Some(15.0),
            "15",
        ),
        Row::at_most("`mcr statusline` (direct: /bin/true), ms", [nothing, None, median(&mut line)], Some(10.0), "10"),
        Row::at_most(
            "`mcr activate` beside a service (direct: /bin/true), ms",
            [nothing, None, median(&mut active)],
            Some(10.0),
            "10",
        ),
        Row::at_most("`mcr code` adds to an agent (direct: the agent), ms", [direct, None, added], Some(30.0), "30"),
    ])
}

/// Milliseconds from nothing to the first answer through a new server.
async fn first_answer(start: impl FnOnce() -> io::Result<Server>) -> io::Result<f64> {
    let started = Instant::now();
    let server = start()?;
    let message = Message::new(server.port, &common::small_request(false, upstream::PROMPT));
    Connection::open(server.port).await?.exchange(&message, |_| ()).await?;
    Ok(started.elapsed().as_secs_f64() * 1e3)
}

/// Milliseconds that a program takes from start to end.
fn run(mut command: Command) -> io::Result<f64> {
    let started = Instant::now();
    let status = command.status()?;
    let taken = started.elapsed().as_secs_f64() * 1e3;
    if status.success() { Ok(taken) } else { Err(Error::other(format!("{command:?} ended with {status}"))) }
}
