//! The decoder of server-sent events against one that is written for being read.
//!
//! The first byte is the limit of the third claim, the second says how the rest, the
//! stream, is cut.

use std::alloc::System;

use cap::Cap;
use mcr::wire::sse::Decoder;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Claims that any cut gives the events of the reference, and that a limit holds.
pub fn check(data: &[u8]) {
    let [limit, cut, stream @ ..] = data else { return };
    let reference = Reference::read(stream);
    assert_eq!(decode(&[stream]), reference.events, "in one piece");
    let pieces = super::pieces(stream, *cut);
    assert_eq!(decode(&pieces), reference.events, "in {} pieces", pieces.len());
    bounded(&pieces, usize::from(*limit), &reference);
}

fn decode(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        loop {
            let has = decoder.has_event().expect("the limit is far away");
            let event = decoder.next_event().expect("the limit is far away");
            assert_eq!(event.is_some(), has, "`has_event` and `next_event` disagree");
            let Some(event) = event else { break };
            events.push(event.to_vec());
        }
    }
    events
}

/// Claims that nothing above the limit comes out, nothing below it is refused, and memory stays in proportion.
fn bounded(pieces: &[&[u8]], limit: usize, reference: &Reference) {
    let before = MEMORY.allocated();
    let mut decoder = Decoder::with_limit(limit);
    let mut count = 0;
    for piece in pieces {
        decoder.push(piece);
        loop {
            match decoder.next_event() {
                Ok(Some(event)) => {
                    assert!(event.len() <= limit, "an event of {} bytes with a limit of {limit}", event.len());
                    assert_eq!(event, reference.events[count]);
                    count += 1;
                }
                Ok(None) => break,
                Err(_) => {
                    assert!(
                        reference.longest_line.max(reference.longest_event) > limit,
                        "refused, though the longest line has {} bytes and the longest event {} with a limit of {limit}",
                        reference.longest_line,
                        reference.longest_event,
                    );
                    return;
                }
            }
        }
        // Two buffers, each of which may have grown to twice what it holds.
        let kept = MEMORY.allocated().saturating_sub(before);
        let fair = 4 * (limit + piece.len()) + 64;
        assert!(kept <= fair, "{kept} bytes are kept with a limit of {limit} and a piece of {}", piece.len());
    }
    assert_eq!(count, reference.events.len(), "events are missing");
    assert!(reference.longest_event <= limit, "an event of {} bytes was not refused", reference.longest_event);
}

/// The HTML standard, section 9.2.6, one step after the other over the whole stream.
struct Reference {
    events: Vec<Vec<u8>>,
    longest_line: usize,
    /// Of all events, the one that the end cuts included.
    longest_event: usize,
}

impl Reference {
    fn read(stream: &[u8]) -> Self {
        let body = stream.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(stream);
        let mut lines: Vec<Vec<u8>> = vec![Vec::new()];
        let mut bytes = body.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            if byte == b'\r' {
                bytes.next_if_eq(&b'\n');
            }
            match byte {
                b'\r' | b'\n' => lines.push(Vec::new()),
                _ => lines.last_mut().expect("never empty").push(byte),
            }
        }
        let mark = stream.len() - body.len();
        let longest_line = lines.iter().map(Vec::len).max().unwrap_or(0).max(lines[0].len() + mark);
        // What follows the last line end is no line.
        lines.pop();

        let mut events = Vec::new();
        let mut longest_event = 0;
        let mut open: Option<Vec<u8>> = None;
        for line in lines {
            if line.is_empty() {
                events.extend(open.take());
                continue;
            }
            let colon = line.iter().position(|&byte| byte == b':');
            let (field, value) = match colon {
                Some(place) => (&line[..place], &line[place + 1..]),
                None => (&line[..], &[][..]),
            };
            if field != b"data" {
                continue;
            }
            let value = value.strip_prefix(b" ").unwrap_or(value);
            match &mut open {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => open = Some(value.to_vec()),
            }
            longest_event = longest_event.max(open.as_ref().map_or(0, Vec::len));
        }
        Self { events, longest_line, longest_event }
    }
}
