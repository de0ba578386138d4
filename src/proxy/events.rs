//! Events on their way out, as bytes.

use bytes::Bytes;

use crate::wire::event::Event;

/// Bytes of a piece that are cheaper to copy than a buffer is to grow anew.
const KEPT: usize = 4 * 1024;

/// Encoded events, with `message_start` apart: it may have gone out before anybody answered.
#[derive(Debug, Default)]
pub struct Events {
    start: Vec<u8>,
    rest: Vec<u8>,
}

impl Events {
    /// Adds the next event.
    pub fn push(&mut self, event: Event<'_>) {
        let out = if matches!(event, Event::Start { .. }) { &mut self.start } else { &mut self.rest };
        event.encode(out);
    }

    /// Where bytes go that are events already.
    pub fn bytes(&mut self) -> &mut Vec<u8> {
        &mut self.rest
    }

    /// All of them.
    pub fn whole(mut self) -> Vec<u8> {
        self.start.append(&mut self.rest);
        self.start
    }

    /// All but `message_start`.
    pub fn without_start(self) -> Vec<u8> {
        self.rest
    }

    /// Forgets `message_start`, which has gone out.
    pub fn forget_start(&mut self) {
        self.start.clear();
    }

    /// Whether there is nothing to go out.
    pub fn is_empty(&self) -> bool {
        self.start.is_empty() && self.rest.is_empty()
    }

    /// Takes what is to go out; the buffer stays for the next piece unless it has become a large one.
    pub fn take(&mut self) -> Bytes {
        if !self.start.is_empty() {
            return Bytes::from(std::mem::take(self).whole());
        }
        if self.rest.len() > KEPT {
            return Bytes::from(std::mem::take(&mut self.rest));
        }
        let piece = Bytes::copy_from_slice(&self.rest);
        self.rest.clear();
        piece
    }
}
