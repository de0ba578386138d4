//! What the last answer of each session was, and what all of them cost.
//!
//! A request takes the lock once, when its answer is over.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::wire::session::{Answered, Session};

/// Sessions that are remembered; the one that was quiet for the longest goes first.
const SESSIONS: usize = 64;
/// The longest id; Claude Code's are UUIDs.
const LONGEST_ID: usize = 128;
/// A shorter answer came in one piece, and its speed would be the network's.
const SHORTEST: Duration = Duration::from_millis(250);

/// The sessions of a proxy, the quietest first.
#[derive(Debug, Default)]
pub struct Sessions(Mutex<Vec<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    id: String,
    session: Session,
    /// Whether `session.last` is of the conversation.
    conversation: bool,
}

/// What an answer belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What the person reads.
    Conversation,
    /// A title, a summary, a subagent: it is counted and named only until the conversation has an answer.
    Aside,
}

impl Sessions {
    /// Notes an answer that came to its end.
    pub fn answered(&self, id: &str, part: Part, answer: Answered) {
        self.change(id, |kept| {
            let total = &mut kept.session.total;
            // The counts are the provider's, who may say anything.
            total.input = total.input.saturating_add(answer.input);
            total.cached = total.cached.saturating_add(answer.cached);
            total.output = total.output.saturating_add(answer.output);
            total.unpriced += u64::from(answer.cost_usd.is_none() && answer.cost_eur.is_none());
            for (sum, cost) in [(&mut total.cost_usd, answer.cost_usd), (&mut total.cost_eur, answer.cost_eur)] {
                if let Some(cost) = cost {
                    *sum = Some(sum.unwrap_or_default() + cost);
                }
            }
            kept.session.answers += 1;
            if part == Part::Conversation || !kept.conversation {
                kept.session.last = answer;
                kept.conversation = part == Part::Conversation;
            }
        });
    }

    /// Notes an answer that broke off after it had begun: something was spent, and nobody knows how much.
    pub fn broken_off(&self, id: &str) {
        self.change(id, |kept| kept.session.total.unpriced += 1);
    }

    /// Returns a session that had an answer.
    pub fn get(&self, id: &str) -> Option<Session> {
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = sessions.iter().find(|kept| kept.id == id)?;
        (kept.session.answers > 0).then(|| kept.session.clone())
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Kept)) {
        if !is_id(id) {
            return;
        }
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = sessions.iter().position(|kept| kept.id == id);
        let mut kept = match found {
            Some(at) => sessions.remove(at),
            None => Kept { id: id.to_owned(), ..Kept::default() },
        };
        change(&mut kept);
        if sessions.len() == SESSIONS {
            sessions.remove(0);
        }
        sessions.push(kept);
    }
}

/// Whether a text can be a session's id and a part of a path as it is.
fn is_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=LONGEST_ID).contains(&text.len()) && text.bytes().all(is_plain)
}

/// Returns how many tokens a second an answer brought, where that says something about the model.
pub fn speed(output: u64, took: Duration) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "no answer has 2^52 tokens")]
    let output = output as f64;
    (output > 0.0 && took >= SHORTEST).then(|| (output / took.as_secs_f64() * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(model: &str, cost_usd: Option<f64>) -> Answered {
        Answered { model: model.to_owned(), input: 10, cached: 4, output: 2, cost_usd, ..Answered::default() }
    }

    #[test]
    fn a_session_sums_up_and_names_the_last_answer() {
        let sessions = Sessions::default();
        sessions.answered("s", Part::Conversation, answer("a", Some(0.5)));
        sessions.answered("s", Part::Conversation, answer("b", Some(0.25)));
        let session = sessions.get("s").expect("a session");
        assert_eq!((session.answers, session.last.model.as_str()), (2, "b"));
        assert_eq!((session.total.input, session.total.cached, session.total.output), (20, 8, 4));
        assert_eq!((session.total.cost_usd, session.total.unpriced), (Some(0.75), 0));
        assert_eq!(sessions.get("t"), None);
    }

    #[test]
    fn a_title_does_not_take_the_conversations_place_but_counts() {
        let sessions = Sessions::default();
        sessions.answered("s", Part::Aside, answer("small", None));
        assert_eq!(sessions.get("s").expect("a session").last.model, "small");
        sessions.answered("s", Part::Conversation, answer("large", Some(1.0)));
        sessions.answered("s", Part::Aside, answer("small", None));
        let session = sessions.get("s").expect("a session");
        assert_eq!((session.last.model.as_str(), session.answers, session.total.unpriced), ("large", 3, 2));
        assert_eq!(session.total.cost_usd, Some(1.0));
    }

    #[test]
    fn an_answer_that_broke_off_is_spent_money_that_nobody_counted() {
        let sessions = Sessions::default();
        sessions.broken_off("s");
        assert_eq!(sessions.get("s"), None, "there is no answer to tell of");
        sessions.answered("s", Part::Conversation, answer("a", Some(1.0)));
        assert_eq!(sessions.get("s").expect("a session").total.unpriced, 1);
    }

    #[test]
    fn the_quietest_session_is_forgotten_first() {
        let sessions = Sessions::default();
        for number in 0..SESSIONS {
            sessions.answered(&number.to_string(), Part::Conversation, answer("a", None));
        }
        sessions.answered("0", Part::Conversation, answer("a", None));
        sessions.answered("one more", Part::Conversation, answer("a", None));
        assert!(sessions.get("1").is_some(), "what is no id is not kept");
        sessions.answered("one-more", Part::Conversation, answer("a", None));
        let there: Vec<bool> = ["0", "1", "2", "one-more"].map(|id| sessions.get(id).is_some()).into();
        assert_eq!(there, [true, false, true, true]);
    }

    #[test]
    fn what_cannot_stand_in_a_path_is_no_session() {
        let sessions = Sessions::default();
        let long = "x".repeat(LONGEST_ID + 1);
        for id in ["", "a/b", "a b", "a\r\n", "ä", &long] {
            sessions.answered(id, Part::Conversation, answer("a", None));
            assert_eq!(sessions.get(id), None, "{id:?}");
        }
    }

    #[test]
    fn an_answer_in_one_piece_has_no_speed() {
        assert_eq!(speed(100, Duration::from_secs(2)), Some(50.0));
        assert_eq!(speed(7, Duration::from_secs(3)), Some(2.3));
        assert_eq!(speed(100, Duration::from_millis(3)), None);
        assert_eq!(speed(0, Duration::from_secs(3)), None);
    }
}
