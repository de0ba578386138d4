//! What is noted of an answer once it is on its way: no client waits for a file.

use tokio::runtime::Handle;

use super::record::Record;
use crate::wire::event::Usage;

/// Closes the record of an answer that came to its end, as soon as its last bytes are written.
///
/// How its target fares, the place that it had there, and what it cost count at once.
pub(super) fn finished(mut record: Record, spent: Usage) {
    record.answered(spent);
    let closing = Closing { record, spent };
    match Handle::try_current() {
        // Runs when the connection's own task, which writes the answer, has done its turn.
        Ok(runtime) => drop(runtime.spawn(async move { drop(closing) })),
        Err(_) => drop(closing),
    }
}

/// Closes when dropped, so that a runtime that ends loses nothing.
struct Closing {
    record: Record,
    spent: Usage,
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.record.finished(self.spent);
    }
}
