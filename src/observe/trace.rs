//! Bodies in a file, for a person who asked for exactly that with `--trace-bodies`.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::paths;

/// An open trace; the file is for its owner only.
#[derive(Debug)]
pub struct Trace(Mutex<File>);

impl Trace {
    /// Opens the file, and goes on at its end if it is there.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(Mutex::new(paths::append_private(path)?)))
    }

    /// Appends one body as a JSON line.
    pub fn write(&self, request: &str, what: &str, body: &[u8]) {
        let body = String::from_utf8_lossy(body);
        let line = serde_json::json!({ "time": jiff::Timestamp::now().to_string(), "request": request, "what": what, "body": body });
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = writeln!(file, "{line}") {
            tracing::warn!(%error, "cannot write the trace");
        }
    }
}

/// The trace of one request, for what outlives the call that began it.
#[derive(Debug)]
pub struct Tap {
    trace: Arc<Trace>,
    request: String,
}

impl Tap {
    /// Names the request.
    pub fn new(trace: &Arc<Trace>, request: &str) -> Self {
        Self { trace: Arc::clone(trace), request: request.to_owned() }
    }

    /// Appends one body, or a piece of it.
    pub fn write(&self, what: &str, body: &[u8]) {
        self.trace.write(&self.request, what, body);
    }
}
