//! Whether mcr stays truthful and small for hours, with upstreams that fail in every way.
//!
//! `cargo bench --bench soak [-- --minutes 30] [--streams 50] [--seed 1] [--json]`. Two upstreams refuse, reset, hang,
//! break off in the middle of an event, of a character and of a call, limit and fail; clients ask for streams and whole
//! answers, and some leave. Every answer is judged by the grammar of the Messages API and compared with what the
//! upstreams said: one that is told as finished must be all of one of them, one that failed a beginning of it.
//! Ends with 1 where an answer was untruthful, mcr panicked or ended, or memory or files grew.

mod client;
mod report;
mod says;
mod upstream;

#[path = "../rig/process.rs"]
#[allow(dead_code, reason = "shared with the rig, which uses the rest")]
mod process;

use std::fs;
use std::io;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use process::Server;
use report::{Report, Sample};

const TOKEN: &str = "soak-token";

/// What is asked for on the command line.
struct Plan {
    span: Duration,
    streams: usize,
    seed: u64,
    json: bool,
}

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --all-targets` runs benchmarks too, only to see that they run.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return Ok(ExitCode::SUCCESS);
    }
    let number = |name: &str, default: f64| {
        let value = arguments.iter().skip_while(|argument| *argument != name).nth(1);
        value.map_or(Ok(default), |value| value.parse().map_err(|_| io::Error::other(format!("{name} takes a number"))))
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers that a person types")]
    let plan = Plan {
        span: Duration::from_secs_f64(number("--minutes", 30.0)? * 60.0),
        streams: number("--streams", 50.0)? as usize,
        seed: number("--seed", 1.0)? as u64,
        json: arguments.iter().any(|argument| argument == "--json"),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let report = runtime.block_on(soak(&plan))?;
    if plan.json {
        println!("{}", report.json());
    } else {
        print!("{}", report.text());
    }
    for failure in report.failures() {
        eprintln!("soak: {failure}");
    }
    Ok(if report.failures().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn soak(plan: &Plan) -> io::Result<Report> {
    let (one, two) = (upstream::start("one", plan.seed)?, upstream::start("two", plan.seed + 1)?);
    let home = tempfile::tempdir()?;
    fs::write(home.path().join("config.json"), configuration(one.port, two.port))?;
    let words = home.path().join("stderr");
    let mut command = process::command(Path::new(env!("CARGO_BIN_EXE_mcr")), None);
    command.env("MCR_HOME", home.path()).env("HOME", home.path()).env("PATH", "/usr/bin:/bin");
    command.args(["start", "--foreground", "--port", "0"]).stderr(Stdio::from(fs::File::create(&words)?));
    let mcr = Server::start(command)?;

    let report = Arc::new(Report::new(plan.span, plan.streams));
    let end = Instant::now() + plan.span;
    let clients: Vec<_> = (0..plan.streams)
        .map(|number| tokio::spawn(client::run(mcr.port, number, plan.seed, end, Arc::clone(&report))))
        .collect();
    let began = Instant::now();
    // A dozen looks at the least, and no more than one a second.
    let pause = (plan.span / 12).clamp(Duration::from_secs(1), Duration::from_mins(1));
    while Instant::now() < end {
        tokio::time::sleep(pause.min(end.saturating_duration_since(Instant::now()))).await;
        report.sample(Sample::of(&mcr, began.elapsed()));
    }
    for client in clients {
        client.await.map_err(io::Error::other)?;
    }
    // What is left when nobody asks any more is what leaked.
    tokio::time::sleep(Duration::from_secs(5)).await;
    report.rest(Sample::of(&mcr, began.elapsed()));
    report.upstreams([&one, &two]);
    let said = fs::read_to_string(&words)?;
    report.panics(said.lines().filter(|line| line.contains("panicked")).map(str::to_owned).collect());
    drop(mcr);
    Arc::into_inner(report).ok_or_else(|| io::Error::other("somebody still reports"))
}

/// Two targets that stand in for each other, with clocks short enough for a hang to be seen through.
fn configuration(one: u16, two: u16) -> String {
    let provider = |name: &str, port: u16| {
        json!({"name": name, "api_base_url": format!("http://127.0.0.1:{port}/v1"), "models": ["m"],
            "dialect": "openai", "facts": {"m": {"window": 100_000, "tokenizer": "estimate"}}})
    };
    json!({
        "Providers": [provider("one", one), provider("two", two)],
        "Router": {"default": {"strategy": "weighted_round_robin", "targets": ["one,m", "two,m"]}},
        "Clocks": {"headers_ms": 1_500, "first_event_ms": 1_500, "idle_ms": 1_500, "total_ms": 5_000},
        "APIKEY": TOKEN,
        "LOG": false,
    })
    .to_string()
}
