//! Server-sent events: bytes in, events out.
//!
//! Lines are split as bytes and become text as whole lines, because a line end
//! cannot occur inside a UTF-8 character while a read can end inside one. The rules
//! are those of the HTML standard, section 9.2.6: LF, CRLF or CR end a line, a
//! leading byte order mark is dropped, an event ends at an empty line, and one that
//! the end of the stream cuts is not an event.

/// The stream sent one event larger than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event is larger than {limit} bytes")]
pub struct TooLong {
    /// Bytes allowed for one event.
    pub limit: usize,
}

/// Bytes of one event that are kept at most.
pub const LIMIT: usize = 16 * 1024 * 1024;

/// An event, and the bytes it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its data lines, joined by LF.
    pub data: &'a [u8],
    /// Everything from the end of the event before to its own empty line, comments included.
    pub raw: &'a [u8],
}

/// How far the next event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// It has no data yet.
    None,
    /// Its empty line is still to come.
    Begun,
    /// It was not given out yet.
    Whole,
}

/// Splits a stream of bytes into events.
#[derive(Debug)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Where what belongs to the next event begins.
    begin: usize,
    /// Where the next line begins.
    line: usize,
    /// How far the next line has been searched for its end.
    searched: usize,
    /// The `data` lines of the event so far, joined by LF; after an event, that event.
    data: Vec<u8>,
    /// How far the next event is.
    progress: Progress,
    /// The last line ended in CR: an LF right after it belongs to it.
    after_cr: bool,
    /// Nothing was read yet, so a byte order mark may come.
    at_start: bool,
    limit: usize,
    /// Whether the bytes of an event are wanted, too.
    keeps_raw: bool,
    taken: u64,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::with_limit(LIMIT)
    }
}

impl Decoder {
    /// Makes a decoder that keeps at most `limit` bytes of one event.
    pub fn with_limit(limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            begin: 0,
            line: 0,
            searched: 0,
            data: Vec::new(),
            progress: Progress::None,
            after_cr: false,
            at_start: true,
            limit,
            keeps_raw: false,
            taken: 0,
        }
    }

    /// Keeps the bytes that events come in, comments included, for [`Self::next_with_raw`].
    #[must_use]
    pub fn keeping_raw(self) -> Self {
        Self { keeps_raw: true, ..self }
    }

    /// Takes in what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.taken += bytes.len() as u64;
        if !self.keeps_raw {
            self.begin = self.line;
        }
        if self.begin > 0 {
            self.buffer.drain(..self.begin);
            self.searched -= self.begin;
            self.line -= self.begin;
            self.begin = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Gives the data of the next whole event, or nothing until more is pushed.
    ///
    /// Names, ids and comments are passed over: chat completions use data alone.
    pub fn next_event(&mut self) -> Result<Option<&[u8]>, TooLong> {
        Ok(self.next_with_raw()?.map(|event| event.data))
    }

    /// Gives the next whole event with the bytes it came in, or nothing until more is pushed; only a decoder that keeps
    /// them has them all.
    pub fn next_with_raw(&mut self) -> Result<Option<Event<'_>>, TooLong> {
        if !self.has_event()? {
            return Ok(None);
        }
        self.progress = Progress::None;
        // The line feed of the empty line, where it has come: clients look for the whole line end.
        if self.after_cr && self.buffer.get(self.line) == Some(&b'\n') {
            self.after_cr = false;
            self.line += 1;
            self.searched = self.searched.max(self.line);
        }
        let begin = std::mem::replace(&mut self.begin, self.line);
        Ok(Some(Event { data: &self.data, raw: &self.buffer[begin..self.line] }))
    }

    /// What stands behind the last event that was given out.
    pub fn rest(&self) -> &[u8] {
        &self.buffer[self.begin..]
    }

    /// Bytes that were pushed.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// Whether a whole event is there, which [`Self::next_event`] will give.
    pub fn has_event(&mut self) -> Result<bool, TooLong> {
        match self.progress {
            Progress::Whole => return Ok(true),
            Progress::Begun => {}
            Progress::None => self.data.clear(),
        }
        while let Some((start, end)) = self.next_line() {
            if start == end {
                if self.progress == Progress::Begun {
                    self.progress = Progress::Whole;
                    return Ok(true);
                }
                continue;
            }
            let line = &self.buffer[start..end];
            let value = match line.strip_prefix(b"data") {
                Some([]) => &[][..],
                Some([b':', b' ', value @ ..] | [b':', value @ ..]) => value,
                _ => continue,
            };
            if self.progress == Progress::Begun {
                self.data.push(b'\n');
            }
            self.progress = Progress::Begun;
            self.data.extend_from_slice(value);
            if self.data.len() > self.limit {
                return Err(TooLong { limit: self.limit });
            }
        }
        // What is kept for `raw` is bounded too: comments, and lines with more around the data than data.
        let kept = if self.keeps_raw { self.line - self.begin } else { 0 };
        if self.buffer.len() - self.line > self.limit || kept > self.limit.saturating_mul(2) {
            return Err(TooLong { limit: self.limit });
        }
        Ok(false)
    }

    /// Finds the next whole line and returns where it stands, without its end.
    fn next_line(&mut self) -> Option<(usize, usize)> {
        const MARK: &[u8] = b"\xEF\xBB\xBF";
        if self.at_start && !self.buffer.is_empty() {
            if self.buffer.starts_with(MARK) {
                self.line = MARK.len();
                self.searched = MARK.len();
            } else if MARK.starts_with(&self.buffer) {
                return None;
            }
            self.at_start = false;
        }
        if self.after_cr && self.line < self.buffer.len() {
            self.after_cr = false;
            if self.buffer[self.line] == b'\n' {
                self.line += 1;
                self.searched = self.searched.max(self.line);
            }
        }
        let Some(offset) = memchr::memchr2(b'\n', b'\r', &self.buffer[self.searched..]) else {
            self.searched = self.buffer.len();
            return None;
        };
        let (start, end) = (self.line, self.searched + offset);
        self.after_cr = self.buffer[end] == b'\r';
        self.line = end + 1;
        self.searched = self.line;
        Some((start, end))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn comments_are_no_event_that_could_be_too_long_unless_they_are_kept() {
        let mut decoder = Decoder::with_limit(32);
        let mut keeping = Decoder::with_limit(32).keeping_raw();
        let mut refused = false;
        for _ in 0..20 {
            decoder.push(b": keep-alive\n\n");
            assert_eq!(decoder.next_event(), Ok(None));
            keeping.push(b": keep-alive\n\n");
            refused |= keeping.next_event().is_err();
        }
        assert!(refused);
    }

    fn decode(pieces: &[&[u8]]) -> Vec<String> {
        let mut decoder = Decoder::default();
        let mut events = Vec::new();
        for piece in pieces {
            decoder.push(piece);
            while let Some(event) = decoder.next_event().unwrap() {
                events.push(String::from_utf8(event.to_vec()).unwrap());
            }
        }
        events
    }

    fn check(input: &str, expect: &[&str]) {
        assert_eq!(decode(&[input.as_bytes()]), expect);
    }

    #[test]
    fn an_event_ends_at_an_empty_line() {
        check("data: a\n\ndata: b\n\n", &["a", "b"]);
    }

    #[test]
    fn data_lines_are_joined_by_a_line_feed() {
        check("data: a\ndata:b\ndata\n\n", &["a\nb\n"]);
    }

    #[test]
    fn one_space_after_the_colon_is_dropped_and_no_more() {
        check("data:  a\n\n", &[" a"]);
    }

    #[test]
    fn names_ids_and_comments_are_no_events() {
        check(": hi\n\nevent: x\nid: 1\nretry: 3\n\ndatax: 1\n\n", &[]);
    }

    #[test]
    fn an_event_cut_by_the_end_is_no_event() {
        check("data: a\n\ndata: b\n", &["a"]);
    }

    #[test]
    fn a_byte_order_mark_is_dropped_however_it_is_cut() {
        assert_eq!(decode(&[b"\xEF", b"\xBB", b"\xBFdata: a\n\n"]), ["a"]);
        assert_eq!(decode(&[b"\xEF\xBB\xBFdata: a\n\n"]), ["a"]);
    }

    #[test]
    fn a_carriage_return_cut_from_its_line_feed_is_one_line_end() {
        assert_eq!(decode(&[b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n"]), ["a\nb"]);
        assert_eq!(decode(&[b"data: a\r\rdata: b\r\r"]), ["a", "b"]);
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        let mut decoder = Decoder::with_limit(8);
        decoder.push(b"data: 0123456789");
        assert_eq!(decoder.next_event(), Err(TooLong { limit: 8 }));
    }

    #[test]
    fn many_short_data_lines_of_one_event_are_bounded() {
        let mut decoder = Decoder::with_limit(8);
        decoder.push(b"data: 0123\ndata: 4567\ndata: 89\n");
        assert_eq!(decoder.next_event(), Err(TooLong { limit: 8 }));
    }

    fn lines() -> impl Strategy<Value = Vec<String>> {
        let line = prop_oneof![
            4 => "data: ?[a-z é\u{1F600}:]{0,12}",
            1 => "event: [a-z]{1,4}",
            1 => ":[a-z ]{0,4}",
            3 => Just(String::new()),
        ];
        proptest::collection::vec(line, 0..24)
    }

    proptest! {
        #[test]
        fn any_cut_of_the_input_gives_the_same_events(lines in lines(), cuts in proptest::collection::vec(0usize..400, 0..12)) {
            let whole = lines.join("\r\n").into_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(whole.len())).collect();
            cuts.push(0);
            cuts.push(whole.len());
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &whole[pair[0]..pair[1]]).collect();
            prop_assert_eq!(decode(&pieces), decode(&[&whole]));
        }

        #[test]
        fn raw_events_and_the_rest_are_the_input(lines in lines(), end in prop_oneof![Just("\n"), Just("\r\n"), Just("\r")], size in 1usize..40) {
            let whole = lines.join(end).into_bytes();
            let (mut decoder, mut raw) = (Decoder::default().keeping_raw(), Vec::new());
            for piece in whole.chunks(size) {
                decoder.push(piece);
                while let Some(event) = decoder.next_with_raw().unwrap() {
                    raw.extend_from_slice(event.raw);
                }
            }
            raw.extend_from_slice(decoder.rest());
            prop_assert_eq!(raw, whole);
        }

        #[test]
        fn every_kind_of_line_end_gives_the_same_events(lines in lines()) {
            let with = |end: &str| decode(&[(lines.join(end) + end).as_bytes()]);
            prop_assert_eq!(with("\n"), with("\r\n"));
            prop_assert_eq!(with("\n"), with("\r"));
        }

        #[test]
        fn data_lines_come_out_as_they_went_in(texts in proptest::collection::vec("[^\r\n\u{feff}]{0,20}", 1..8)) {
            let stream: String = texts.iter().flat_map(|text| ["data: ", text, "\n\n"]).collect();
            prop_assert_eq!(decode(&[stream.as_bytes()]), texts);
        }
    }
}
