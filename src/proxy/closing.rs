//! What is written of an answer once it is on its way: no client waits for a file.

use tokio::runtime::Handle;

/// Does something as soon as the task that writes the answer has done its turn; at once where nothing runs any more.
pub(super) fn later(work: impl FnOnce() + Send + 'static) {
    let work = Later(Some(work));
    match Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn(async move { drop(work) })),
        Err(_) => drop(work),
    }
}

/// Is done when dropped, so that a runtime that ends loses nothing.
struct Later<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for Later<F> {
    fn drop(&mut self) {
        if let Some(work) = self.0.take() {
            work();
        }
    }
}
