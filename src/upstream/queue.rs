//! Who of those that wait for a target is served next.
//!
//! Pure: it knows no clock and no socket, and whoever asks says how many may be served at once. The conversation goes
//! before what is done beside it, and within each the sessions take turns. Nobody waits for good: after a few of the
//! conversation's in a row one of the others is served, and a session that comes later stands behind those that wait.

use std::collections::VecDeque;

/// Requests of conversations that are served in a row while others wait.
const IN_A_ROW: u32 = 4;

/// How much somebody waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// It is what the person looks at.
    Conversation,
    /// A subagent's, a title, a summary.
    Aside,
}

/// The requests that one target has, and those that wait for it; `T` is whatever a waiting one needs.
#[derive(Debug)]
pub struct Queue<T> {
    in_flight: u32,
    /// Of a [`Rank`] each.
    lanes: [Lane<T>; 2],
    /// How often a conversation was served while others waited, since one of them was.
    in_a_row: u32,
    next: u64,
}

/// Sessions that wait, the one whose turn it is in front.
#[derive(Debug)]
struct Lane<T> {
    sessions: VecDeque<Session<T>>,
}

#[derive(Debug)]
struct Session<T> {
    id: String,
    /// At least one, in the order in which they came.
    waiting: VecDeque<(u64, T)>,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        let lanes = [Lane::default(), Lane::default()];
        Self { in_flight: 0, lanes, in_a_row: 0, next: 0 }
    }
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Self { sessions: VecDeque::new() }
    }
}

impl<T> Queue<T> {
    /// Requests that the target has.
    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Requests that wait for it.
    pub fn len(&self) -> usize {
        self.waiting().count()
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.lanes.iter().all(|lane| lane.sessions.is_empty())
    }

    /// All that wait, in no order that means anything.
    pub fn waiting(&self) -> impl Iterator<Item = (u64, &T)> {
        let sessions = self.lanes.iter().flat_map(|lane| &lane.sessions);
        sessions.flat_map(|session| session.waiting.iter().map(|(id, it)| (*id, it)))
    }

    /// Whether one of them still waits.
    pub fn is_waiting(&self, id: u64) -> bool {
        self.waiting().any(|(other, _)| other == id)
    }

    /// Those that wait and are in front of one of them, as far as can be told: who comes later may go first.
    pub fn in_front(&self, id: u64) -> impl Iterator<Item = &T> {
        let is_aside = self.lane(Rank::Aside).has(id);
        let lanes = [(self.lane(Rank::Conversation), is_aside), (self.lane(Rank::Aside), false)];
        lanes.into_iter().flat_map(move |(lane, all)| {
            let is_its_lane = lane.has(id);
            let waiting = lane.sessions.iter().flat_map(|session| &session.waiting);
            waiting.filter(move |(other, _)| all || (is_its_lane && *other < id)).map(|(_, it)| it)
        })
    }

    /// Serves a request at once.
    pub fn enter(&mut self) {
        self.in_flight += 1;
    }

    /// Lets a request wait behind those of its session; returns what it is called from here on.
    pub fn join(&mut self, session: &str, rank: Rank, it: T) -> u64 {
        let id = self.next;
        self.next += 1;
        let sessions = &mut self.lanes[rank as usize].sessions;
        match sessions.iter_mut().find(|other| other.id == session) {
            Some(session) => session.waiting.push_back((id, it)),
            None => sessions.push_back(Session { id: session.to_owned(), waiting: VecDeque::from([(id, it)]) }),
        }
        id
    }

    /// Lets one of those that wait go away; false where it does not wait.
    pub fn leave(&mut self, id: u64) -> bool {
        for lane in &mut self.lanes {
            for at in 0..lane.sessions.len() {
                let waiting = &mut lane.sessions[at].waiting;
                let Some(place) = waiting.iter().position(|(other, _)| *other == id) else { continue };
                waiting.remove(place);
                if waiting.is_empty() {
                    lane.sessions.remove(at);
                }
                return true;
            }
        }
        false
    }

    /// The one whose turn it is.
    pub fn peek(&self) -> Option<&T> {
        let session = self.lane(self.turn()?).sessions.front()?;
        session.waiting.front().map(|(_, it)| it)
    }

    /// Serves the one whose turn it is.
    pub fn serve(&mut self) -> Option<(u64, T)> {
        let rank = self.turn()?;
        let other_waits = !self.lane(Rank::Aside).sessions.is_empty();
        self.in_a_row = match rank {
            Rank::Conversation if other_waits => self.in_a_row + 1,
            Rank::Conversation | Rank::Aside => 0,
        };
        let sessions = &mut self.lanes[rank as usize].sessions;
        let mut session = sessions.pop_front()?;
        let served = session.waiting.pop_front()?;
        if !session.waiting.is_empty() {
            sessions.push_back(session);
        }
        self.in_flight += 1;
        Some(served)
    }

    /// The answer to one of those that were served has ended.
    pub fn end(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    fn turn(&self) -> Option<Rank> {
        let waits = |rank| !self.lane(rank).sessions.is_empty();
        match (waits(Rank::Conversation), waits(Rank::Aside)) {
            (false, false) => None,
            (true, false) => Some(Rank::Conversation),
            (true, true) if self.in_a_row < IN_A_ROW => Some(Rank::Conversation),
            (_, true) => Some(Rank::Aside),
        }
    }

    fn lane(&self, rank: Rank) -> &Lane<T> {
        &self.lanes[rank as usize]
    }
}

impl<T> Lane<T> {
    fn has(&self, id: u64) -> bool {
        self.sessions.iter().any(|session| session.waiting.iter().any(|(other, _)| *other == id))
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
