//! Bytes to events, in the one form that Anthropic writes: `event:`, `data:`, an empty line.

use super::{Event, Unlawful};

/// Collects bytes until an event is complete.
#[derive(Debug, Default)]
pub struct Lines {
    bytes: Vec<u8>,
    events: usize,
}

impl Lines {
    /// Takes bytes as they come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Returns the next complete event.
    pub fn next_event(&mut self) -> Result<Option<Event>, Unlawful> {
        let Some(end) = self.bytes.windows(2).position(|pair| pair == b"\n\n") else {
            return Ok(None);
        };
        let rest = self.bytes.split_off(end + 2);
        let block = std::mem::replace(&mut self.bytes, rest);
        self.events += 1;
        read(&block[..end]).map(Some).map_err(|what| Unlawful { event: self.events, what })
    }

    /// Judges the end: nothing may be left over.
    pub fn end(&self) -> Result<(), Unlawful> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let what = format!("the stream ends inside an event: {:?}", String::from_utf8_lossy(&self.bytes));
        Err(Unlawful { event: self.events + 1, what })
    }
}

fn read(block: &[u8]) -> Result<Event, String> {
    let block = std::str::from_utf8(block).map_err(|error| format!("not UTF-8: {error}"))?;
    if block.contains('\r') {
        return Err(format!("a carriage return: {block:?}"));
    }
    let [name, data] = block.split('\n').collect::<Vec<_>>()[..] else {
        return Err(format!("not an `event:` line and a `data:` line: {block:?}"));
    };
    let name = name.strip_prefix("event: ").ok_or_else(|| format!("not an `event:` line: {name:?}"))?;
    let data = data.strip_prefix("data: ").ok_or_else(|| format!("not a `data:` line: {data:?}"))?;
    let data = serde_json::from_str(data).map_err(|error| format!("not JSON: {error}: {data}"))?;
    Ok(Event { name: name.to_owned(), data })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_in_any_cut() {
        let text = "event: ping\ndata: {\"type\":\"ping\",\"x\":\"é\"}\n\nevent: a\ndata: {}\n\n";
        for cut in 0..=text.len() {
            let mut lines = Lines::default();
            let mut events = Vec::new();
            for piece in [&text.as_bytes()[..cut], &text.as_bytes()[cut..]] {
                lines.push(piece);
                while let Some(event) = lines.next_event().unwrap() {
                    events.push(event.name);
                }
            }
            assert_eq!(events, ["ping", "a"]);
            lines.end().unwrap();
        }
    }

    #[test]
    fn lines_of_another_form_are_refused() {
        for text in [
            "data: {}\n\n",
            "event: a\n\n",
            "event: a\ndata: {\n\n",
            "event:a\ndata: {}\n\n",
            ": comment\nevent: a\ndata: {}\n\n",
            "event: a\ndata: {}\ndata: {}\n\n",
            "event: a\r\ndata: {}\r\n\n",
            "event: a\ndata: [DONE]\n\n",
            "\n\n",
        ] {
            let mut lines = Lines::default();
            lines.push(text.as_bytes());
            assert!(lines.next_event().is_err(), "{text:?}");
        }
    }

    #[test]
    fn bytes_after_the_last_event_are_refused() {
        let mut lines = Lines::default();
        lines.push(b"event: a\ndata: {}\n");
        assert_eq!(lines.next_event(), Ok(None));
        assert!(lines.end().is_err());
    }
}
