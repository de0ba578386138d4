//! All measurements, in slices taken in turn, and what is wanted of each.

use std::io;
use std::time::{Duration, Instant};

use mcr::route::Counter;
use mcr::translate;

use crate::measure::{self, Answer};
use crate::process::Server;
use crate::report::{Row, median, quantile};
use crate::{Plan, Rig, common, life, upstream};

const CLIENTS: [usize; 4] = [1, 16, 64, 256];

/// What was measured of one server.
#[derive(Default)]
struct Taken {
    json: Vec<f64>,
    first: Vec<f64>,
    delays: Vec<f64>,
    rates: [Vec<f64>; CLIENTS.len()],
    floods: Vec<f64>,
    requests: usize,
    cpu: f64,
}

/// Measures everything.
pub async fn all(rig: &Rig, plan: &Plan) -> io::Result<Vec<Row>> {
    let (pass, mcr) = (rig.start_pass()?, rig.start_mcr()?);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let idle = [None, pass.memory(), mcr.memory()];
    let mut taken: [Taken; 3] = Default::default();
    let servers = [&rig.upstream, &pass, &mcr];
    for round in 0..plan.rounds {
        for (taken, server) in taken.iter_mut().zip(servers) {
            taken.json.extend(measure::latency(server.port, Answer::Json, plan.requests).await?);
        }
        for (taken, server) in taken.iter_mut().zip(servers) {
            taken.first.extend(measure::latency(server.port, Answer::FirstToken, plan.requests).await?);
        }
        for (taken, server) in taken.iter_mut().zip(servers) {
            taken.delays.extend(measure::delay(server.port).await?);
        }
        for (taken, server) in taken.iter_mut().zip(servers) {
            taken.floods.push(measure::flood(server.port).await?);
        }
        for (place, clients) in CLIENTS.into_iter().enumerate() {
            for (taken, server) in taken.iter_mut().zip(servers) {
                taken.load(server, place, clients, plan.span).await?;
            }
        }
        eprintln!("round {} of {} done", round + 1, plan.rounds);
    }
    let mut rows = speed(&mut taken);
    rows.push(Row::at_most("RSS idle, MB", idle, Some(12.0), "12"));
    drop((pass, mcr));
    rows.extend(life::memory(rig, plan).await?);
    rows.extend(life::starts(rig, plan).await?);
    rows.push(Row::at_most("exact count of a turn, history known, µs", [None, None, counted()], Some(200.0), "200"));
    Ok(rows)
}

impl Taken {
    async fn load(&mut self, server: &Server, place: usize, clients: usize, span: Duration) -> io::Result<()> {
        let before = server.cpu();
        let (count, seconds) = measure::throughput(server.port, clients, span).await?;
        if let Some((before, after)) = before.zip(server.cpu()) {
            self.cpu += after - before;
            // Each client warms up with one request of its own.
            self.requests += count + clients;
        }
        #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
        self.rates[place].push(count as f64 / seconds);
        Ok(())
    }
}

/// What follows from the slices.
fn speed(taken: &mut [Taken; 3]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, of) in [
        ("JSON answer", (|taken| &mut taken.json) as fn(&mut Taken) -> &mut Vec<f64>),
        ("first token", |taken| &mut taken.first),
    ] {
        let middle = each(taken, |taken| median(of(taken)));
        let late = each(taken, |taken| quantile(of(taken), 0.99));
        let limit = middle[1].map(|pass| 3.0 * pass);
        rows.push(Row::at_most(format!("{name} p50, µs"), middle, limit, "3x pass-through (2.2x stretch)"));
        rows.push(Row::told(format!("{name} p99, µs"), late));
        let spread = std::array::from_fn(|place| Some(late[place]? / middle[place]?));
        let limit: Option<f64> = spread[1].map(|pass: f64| 1.5 * pass);
        rows.push(Row::at_most(format!("{name} p99 / p50"), spread, limit, "1.5x pass-through's"));
    }
    let delay = each(taken, |taken| median(&mut taken.delays));
    let limit = delay[1].map(|pass| pass + 15.0);
    rows.push(Row::at_most("delay of a chunk p50, µs", delay, limit, "pass-through + 15"));
    let delay = each(taken, |taken| quantile(&mut taken.delays, 0.99));
    rows.push(Row::told("delay of a chunk p99, µs", delay));
    for (place, clients) in CLIENTS.into_iter().enumerate() {
        let rate = each(taken, |taken| median(&mut taken.rates[place]));
        let limit = rate[1].map(|pass| pass / 2.0);
        rows.push(Row::at_least(format!("requests per s, {clients} clients"), rate, limit, "half of pass-through"));
    }
    rows.push(Row::told("chunks per s, one stream", each(taken, |taken| median(&mut taken.floods))));
    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    let cpu = each(taken, |taken| (taken.requests > 0).then(|| taken.cpu / taken.requests as f64 * 1e3));
    rows.push(Row::at_most("CPU s per 1,000 requests", [None, cpu[1], cpu[2]], Some(0.2), "0.2"));
    rows
}

fn each(taken: &mut [Taken; 3], of: impl Fn(&mut Taken) -> Option<f64>) -> [Option<f64>; 3] {
    let [direct, pass, mcr] = taken;
    [of(direct), of(pass), of(mcr)]
}

/// Microseconds that the count of a turn takes beyond its new text, in this process.
fn counted() -> Option<f64> {
    let config = common::configuration();
    let target = &*config.routes.default;
    let body = common::request(true, upstream::PROMPT);
    let request = serde_json::from_str(&body).ok()?;
    let outgoing = translate::request(&request, target, None).ok()?;
    let counter = Counter::default();
    let mut taken: Vec<f64> = (0..300)
        .map(|_| {
            let started = Instant::now();
            std::hint::black_box(counter.count(&outgoing.request, target));
            started.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    median(&mut taken)
}
