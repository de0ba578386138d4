//! What a change costs: this mcr beside another build of it, in slices taken in turn.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::measure::{self, Answer};
use crate::report::median;
use crate::{Plan, Rig};

/// A figure of both builds, above what it is without any mcr.
pub struct Line {
    figure: &'static str,
    before: f64,
    now: f64,
    /// The middle of the rounds' ratios, which knows nothing of a machine that drifts from round to round.
    ratio: f64,
}

/// The largest ratio that is wanted.
const MOST: f64 = 1.05;

/// Measures both builds against what the same requests take without a proxy.
pub async fn lines(rig: &Rig, plan: &Plan, other: &Path) -> io::Result<Vec<Line>> {
    let (before, now) = (rig.start_other(other)?, rig.start_mcr()?);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let ports = [rig.upstream.port, before.port, now.port];
    // Microseconds above direct, of each figure: before and now, round by round.
    let mut rounds: [Vec<[f64; 2]>; FIGURES.len()] = Default::default();
    for round in 0..plan.rounds {
        for (figure, rounds) in rounds.iter_mut().enumerate() {
            let mut taken = [0.0; 3];
            // Who comes first changes, since what follows a busy slice finds a warmer machine.
            for place in 0..3 {
                let server = (place + round) % 3;
                let mut slice = slice(figure, ports[server], plan).await?;
                taken[server] = median(&mut slice).unwrap_or_default();
            }
            rounds.push([taken[1] - taken[0], taken[2] - taken[0]]);
        }
        eprintln!("round {} of {} done", round + 1, plan.rounds);
    }
    Ok(FIGURES.into_iter().zip(rounds).map(|(figure, rounds)| line(figure, &rounds)).collect())
}

const FIGURES: [&str; 3] =
    ["added to a JSON answer p50, µs", "added to the first token p50, µs", "added to a chunk p50, µs"];

async fn slice(figure: usize, port: u16, plan: &Plan) -> io::Result<Vec<f64>> {
    match figure {
        0 => measure::latency(port, Answer::Json, plan.requests).await,
        1 => measure::latency(port, Answer::FirstToken, plan.requests).await,
        _ => measure::delay(port).await,
    }
}

fn line(figure: &'static str, rounds: &[[f64; 2]]) -> Line {
    let middle = |of: &dyn Fn(&[f64; 2]) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(of).collect();
        median(&mut values).unwrap_or_default()
    };
    Line {
        figure,
        before: middle(&|round| round[0]),
        now: middle(&|round| round[1]),
        ratio: middle(&|round| round[1] / round[0]),
    }
}

/// Writes the lines as a table in Markdown.
pub fn markdown(lines: &[Line]) -> String {
    let mut out = "| figure | before | now | now / before | target | met |\n|---|---:|---:|---:|---|---|\n".to_owned();
    for Line { figure, before, now, ratio } in lines {
        let met = if *ratio <= MOST { "yes" } else { "**no**" };
        let _ = writeln!(out, "| {figure} | {before:.0} | {now:.0} | {ratio:.3}x | {MOST}x | {met} |");
    }
    out
}
