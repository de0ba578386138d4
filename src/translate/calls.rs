//! Tool calls of one answer, put together from their fragments.
//!
//! A fragment belongs to a call by its `index`; where servers leave that out or give
//! every call the same, a name begins a new call if it is another name, if it comes
//! with another id, or if the call before it is already whole. Later fragments of some
//! servers carry no id, the id `null`, or a new id each: without a name they go on with
//! the call of their index, or with the last one. Others repeat name and id in every
//! fragment, even when nothing more follows.

use std::collections::VecDeque;

use crate::wire::Text;
use crate::wire::chat::CallDelta;

/// Bytes of arguments that one answer may hold.
const LIMIT: usize = 16 * 1024 * 1024;

/// One call.
#[derive(Debug, Default)]
pub(super) struct Call {
    index: Option<i64>,
    /// The upstream's id, where it gave a usable one.
    pub(super) id: Option<String>,
    /// The tool's name as it was sent.
    pub(super) name: String,
    /// Its arguments so far: JSON, or a beginning of it.
    pub(super) arguments: String,
    /// Which call of the answer it is.
    pub(super) position: usize,
    progress: Progress,
}

/// The calls that did not go out yet, in order.
#[derive(Debug, Default)]
pub(super) struct Calls {
    waiting: VecDeque<Call>,
    count: usize,
    size: usize,
    /// The calls that went out, to which late white space may belong.
    gone: Vec<Gone>,
}

/// What is kept of a call that went out.
#[derive(Debug)]
struct Gone {
    index: Option<i64>,
    id: Option<String>,
    name: String,
}

impl Calls {
    /// Takes in a call or a fragment of one; the error says what the upstream did.
    pub(super) fn add(&mut self, delta: &CallDelta<'_>) -> Result<(), &'static str> {
        let id = delta.id.as_deref().filter(|id| !id.is_empty() && *id != "null");
        let name = delta.function.name.as_deref().unwrap_or_default();
        let more = arguments(delta)?;
        self.size += more.len();
        if self.size > LIMIT {
            return Err("sent more arguments than fit in memory");
        }
        let known = self.find(delta.index, id, name);
        let Some(place) = known else {
            if self.is_gone(delta.index, id, name, &more) {
                // It went out when its arguments were whole; only white space may follow.
                return if more.trim().is_empty() { Ok(()) } else { Err("went on with a tool call that was whole") };
            }
            let mut call = Call { index: delta.index, position: self.count, ..Call::default() };
            self.count += 1;
            call.take(id, name, &more);
            self.waiting.push_back(call);
            return Ok(());
        };
        self.waiting[place].take(id, name, &more);
        Ok(())
    }

    /// Takes out the first call if its arguments are whole.
    pub(super) fn next_whole(&mut self) -> Option<Call> {
        let first = self.waiting.front()?;
        if first.name.is_empty() || !first.progress.is_whole() {
            return None;
        }
        self.next()
    }

    /// Takes out the first call, whole or not.
    pub(super) fn next(&mut self) -> Option<Call> {
        let call = self.waiting.pop_front()?;
        self.gone.push(Gone { index: call.index, id: call.id.clone(), name: call.name.clone() });
        Some(call)
    }

    fn find(&self, index: Option<i64>, id: Option<&str>, name: &str) -> Option<usize> {
        let last = self.waiting.len().checked_sub(1);
        let place = match (index, id) {
            (Some(_), _) => self.waiting.iter().rposition(|call| call.index == index),
            (None, Some(_)) => {
                let known = self.waiting.iter().rposition(|call| call.id.as_deref() == id);
                known.or_else(|| last.filter(|_| name.is_empty()))
            }
            (None, None) => last,
        }?;
        let call = &self.waiting[place];
        let other_id = id.is_some() && call.id.is_some() && call.id.as_deref() != id;
        let begins_another =
            !name.is_empty() && !call.name.is_empty() && (name != call.name || other_id || call.progress.is_whole());
        (!begins_another).then_some(place)
    }

    /// Whether a fragment belongs to a call that went out.
    fn is_gone(&self, index: Option<i64>, id: Option<&str>, name: &str, more: &str) -> bool {
        if !name.is_empty() {
            let repeats = |gone: &Gone| gone.index == index && gone.id.as_deref() == id && gone.name == name;
            return id.is_some() && more.trim().is_empty() && self.gone.iter().any(repeats);
        }
        match (index, id) {
            (Some(_), _) => self.gone.iter().any(|gone| gone.index == index),
            (None, Some(_)) => self.gone.iter().any(|gone| gone.id.as_deref() == id),
            (None, None) => !self.gone.is_empty(),
        }
    }
}

impl Call {
    fn take(&mut self, id: Option<&str>, name: &str, more: &str) {
        if self.id.is_none() {
            self.id = id.map(str::to_owned);
        }
        if self.name.is_empty() {
            name.clone_into(&mut self.name);
        }
        self.arguments.push_str(more);
        self.progress.read(more);
    }
}

/// Arguments as text: a string holding JSON, or the object itself.
fn arguments<'a>(delta: &CallDelta<'a>) -> Result<std::borrow::Cow<'a, str>, &'static str> {
    let Some(raw) = delta.function.arguments else { return Ok("".into()) };
    let text = raw.get();
    if !text.starts_with('"') {
        return Ok(text.into());
    }
    serde_json::from_str::<Text<'a>>(text).map(|text| text.0).map_err(|_| "sent tool arguments that are not text")
}

/// How far an object is written, without a tree of it.
#[derive(Debug, Default)]
struct Progress {
    depth: usize,
    in_string: bool,
    escaped: bool,
    whole: bool,
}

impl Progress {
    fn read(&mut self, more: &str) {
        for byte in more.bytes() {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.whole |= self.depth == 0;
                }
                _ => {}
            }
        }
    }

    fn is_whole(&self) -> bool {
        self.whole && self.depth == 0 && !self.in_string
    }
}
