//! Ids of tool calls, both ways.
//!
//! Mistral takes exactly nine letters or digits, unique within a conversation, and
//! so do the chat templates of its models on local servers. Claude Code takes any
//! text, but loses a call without a word when an id comes twice.

use std::collections::HashSet;

use super::digest;

/// What Mistral takes as an id.
const LENGTH: usize = 9;

/// Gives the calls of one conversation their ids, in order.
#[derive(Debug, Default)]
pub(crate) struct CallIds {
    taken: HashSet<String>,
}

impl CallIds {
    /// Returns the id to send for the next call whose id the client knows as `id`.
    ///
    /// An id that fits is kept. Otherwise the name follows from the id alone, and a
    /// second one that would be equal gets another salt; since history only grows at
    /// its end, a call keeps its id in every later request.
    pub(crate) fn send(&mut self, id: &str) -> String {
        if fits(id) && self.taken.insert(id.to_owned()) {
            return id.to_owned();
        }
        free(&mut self.taken, id, 0)
    }
}

/// Gives the calls of one answer the ids by which the client will know them.
#[derive(Debug, Default)]
pub struct ReplyIds {
    taken: HashSet<String>,
}

impl ReplyIds {
    /// Starts from the ids that the conversation already holds.
    pub(super) fn after(known: impl IntoIterator<Item = String>) -> Self {
        Self { taken: known.into_iter().collect() }
    }

    /// Returns the client's id for a call that the upstream knows as `id`, or did not name.
    ///
    /// `answer` tells answers apart where a server numbers the calls of each from zero.
    pub(super) fn receive(&mut self, id: Option<&str>, answer: &str, position: usize) -> String {
        let usable = |id: &&str| {
            !id.is_empty()
                && *id != "null"
                && id.len() <= 64
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
        };
        if let Some(id) = id.filter(usable)
            && self.taken.insert(id.to_owned())
        {
            return id.to_owned();
        }
        free(&mut self.taken, answer, position as u64)
    }
}

fn fits(id: &str) -> bool {
    id.len() == LENGTH && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn free(taken: &mut HashSet<String>, text: &str, first_salt: u64) -> String {
    let mut salt = first_salt;
    loop {
        let name = digest::name(text, salt, LENGTH);
        if taken.insert(name.clone()) {
            return name;
        }
        salt = salt.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_that_fits_is_kept() {
        assert_eq!(CallIds::default().send("a1B2c3D4e"), "a1B2c3D4e");
    }

    #[test]
    fn the_same_id_twice_gives_two() {
        let mut ids = CallIds::default();
        assert_ne!(ids.send("call_0"), ids.send("call_0"));
    }

    #[test]
    fn a_reply_never_repeats_an_id_of_the_conversation() {
        let mut ids = ReplyIds::after(["call_0".to_owned()]);
        let first = ids.receive(Some("call_0"), "answer", 0);
        let second = ids.receive(Some("null"), "answer", 1);
        assert!(first != "call_0" && second != "null" && first != second);
        assert_eq!(ids.receive(Some("call_1"), "answer", 2), "call_1");
    }

    proptest! {
        #[test]
        fn ids_fit_are_unique_and_do_not_change_as_history_grows(known in proptest::collection::vec("[a-zA-Z0-9_-]{0,12}", 0..20), more in proptest::collection::vec("[a-zA-Z0-9]{9}", 0..5)) {
            let run = |ids: &[String]| { let mut calls = CallIds::default(); ids.iter().map(|id| calls.send(id)).collect::<Vec<_>>() };
            let before = run(&known);
            let all: Vec<String> = known.iter().chain(&more).cloned().collect();
            let after = run(&all);
            prop_assert_eq!(&before[..], &after[..known.len()]);
            prop_assert!(after.iter().all(|id| fits(id)));
            prop_assert_eq!(after.iter().collect::<HashSet<_>>().len(), after.len());
        }
    }
}
