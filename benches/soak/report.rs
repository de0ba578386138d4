//! What came of it all.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use serde_json::json;

use crate::process::Server;
use crate::upstream::{Fault, Upstream};

/// Untruthful answers that are shown.
const SHOWN: usize = 10;

/// mcr at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    at: Duration,
    /// Absent where the process has ended, or the system does not tell.
    memory: Option<f64>,
    files: Option<usize>,
}

impl Sample {
    pub fn of(mcr: &Server, at: Duration) -> Self {
        Self { at, memory: mcr.memory(), files: mcr.files() }
    }
}

#[derive(Default)]
struct Counted {
    outcomes: BTreeMap<String, u64>,
    untruthful: Vec<String>,
    samples: Vec<Sample>,
    rest: Option<Sample>,
    panics: Vec<String>,
    asked: u64,
    refusals: u64,
    faults: [u64; Fault::ALL.len()],
}

/// Counts what happens.
pub struct Report {
    span: Duration,
    streams: usize,
    counted: Mutex<Counted>,
}

impl Report {
    pub fn new(span: Duration, streams: usize) -> Self {
        Self { span, streams, counted: Mutex::default() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub fn outcome(&self, kind: &str) {
        *self.lock().outcomes.entry(kind.to_owned()).or_default() += 1;
    }

    pub fn untruthful(&self, what: String) {
        self.lock().untruthful.push(what);
    }

    pub fn sample(&self, sample: Sample) {
        self.lock().samples.push(sample);
    }

    pub fn rest(&self, sample: Sample) {
        self.lock().rest = Some(sample);
    }

    pub fn panics(&self, lines: Vec<String>) {
        self.lock().panics = lines;
    }

    pub fn upstreams(&self, upstreams: [&Upstream; 2]) {
        let mut counted = self.lock();
        for upstream in upstreams {
            counted.asked += upstream.asked.load(Relaxed);
            counted.refusals += upstream.closed.load(Relaxed);
            for (sum, count) in counted.faults.iter_mut().zip(&upstream.faults) {
                *sum += count.load(Relaxed);
            }
        }
    }

    /// Everything that must not be.
    pub fn failures(&self) -> Vec<String> {
        let counted = self.lock();
        let mut failures: Vec<String> = counted.untruthful.iter().take(SHOWN).cloned().collect();
        if counted.untruthful.len() > SHOWN {
            failures.push(format!("and {} more untruthful answers", counted.untruthful.len() - SHOWN));
        }
        failures.extend(counted.panics.iter().cloned());
        if counted.outcomes.get("answered").is_none_or(|count| *count == 0) {
            failures.push("nothing was answered at all".to_owned());
        }
        if cfg!(target_os = "linux") {
            failures.extend(growth(&counted.samples, counted.rest));
        }
        failures
    }

    pub fn json(&self) -> serde_json::Value {
        let counted = self.lock();
        let samples = counted.samples.iter().chain(&counted.rest);
        let faults: BTreeMap<&str, u64> =
            Fault::ALL.iter().zip(counted.faults).map(|((_, name), count)| (*name, count)).collect();
        json!({
            "seconds": self.span.as_secs(),
            "streams": self.streams,
            "requests": requests(&counted),
            "outcomes": counted.outcomes,
            "untruthful": counted.untruthful.len(),
            "panics": counted.panics.len(),
            "upstream": {"requests": counted.asked, "faults": faults, "times_closed": counted.refusals},
            "samples": samples
                .map(|sample| json!({"seconds": sample.at.as_secs(), "rss_mb": sample.memory, "files": sample.files}))
                .collect::<Vec<_>>(),
        })
    }

    pub fn text(&self) -> String {
        let counted = self.lock();
        let mut text = String::new();
        let minutes = self.span.as_secs_f64() / 60.0;
        let _ = writeln!(text, "{} requests by {} clients in {minutes:.1} min\n", requests(&counted), self.streams);
        let _ = writeln!(text, "| outcome | requests |\n|---|---|");
        for (kind, count) in &counted.outcomes {
            let _ = writeln!(text, "| {kind} | {count} |");
        }
        let _ =
            writeln!(text, "| untruthful | {} |\n| panics | {} |\n", counted.untruthful.len(), counted.panics.len());
        let _ = writeln!(
            text,
            "{} requests came to the upstreams, which were closed {} times for 0.2 s\n",
            counted.asked, counted.refusals
        );
        let _ = writeln!(text, "| fault | requests |\n|---|---|");
        for ((_, name), count) in Fault::ALL.iter().zip(counted.faults) {
            let _ = writeln!(text, "| {name} | {count} |");
        }
        let _ = writeln!(text, "\n| after s | RSS MB | files |\n|---|---|---|");
        for sample in counted.samples.iter().chain(&counted.rest) {
            let memory = sample.memory.map_or("-".to_owned(), |memory| format!("{memory:.1}"));
            let files = sample.files.map_or("-".to_owned(), |files| files.to_string());
            let _ = writeln!(text, "| {} | {memory} | {files} |", sample.at.as_secs());
        }
        text
    }
}

fn requests(counted: &Counted) -> u64 {
    counted.outcomes.values().sum::<u64>() + counted.untruthful.len() as u64
}

/// Says where memory or files are more at the end than in the middle, when all is warm.
fn growth(samples: &[Sample], rest: Option<Sample>) -> Vec<String> {
    let mut failures = Vec::new();
    let Some(Sample { memory: Some(_), files: Some(left), .. }) = rest else {
        return vec!["mcr has ended".to_owned()];
    };
    let half = samples.len() / 2;
    let mean = |samples: &[Sample]| {
        let memory: Vec<f64> = samples.iter().filter_map(|sample| sample.memory).collect();
        let count = u32::try_from(memory.len().max(1)).unwrap_or(u32::MAX);
        memory.iter().sum::<f64>() / f64::from(count)
    };
    let (quarter, last) = (&samples[samples.len() / 4..half], &samples[samples.len() - samples.len() / 4..]);
    let (before, after) = (mean(quarter), mean(last));
    if after > before * 1.15 + 4.0 {
        failures.push(format!("memory grew from {before:.1} to {after:.1} MB"));
    }
    // Its listener, its runtime, and what it keeps open to upstreams for a while.
    if left > 64 {
        failures.push(format!("{left} files are open though nobody asks"));
    }
    failures
}
