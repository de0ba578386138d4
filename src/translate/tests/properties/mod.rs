//! What holds of every conversation and every answer.
//!
//! The fuzzers in `tests/fuzz` claim much of this for hours; here it is claimed for a
//! few hundred cases in every run of the tests.

mod answer;
mod answers;
mod conversation;

use std::collections::HashSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use self::conversation::conversation;
use super::{images_in_turns_only, model, plain, served, target_with};
use crate::catalog;
use crate::config::Target;
use crate::imitation::models::Models;
use crate::imitation::rules;
use crate::translate::testing::request;

static HOSTED: LazyLock<Models> = LazyLock::new(Models::hosted);

/// One target for each name of each model that Mistral serves.
static MISTRAL: LazyLock<Vec<Target>> = LazyLock::new(|| {
    let list = HOSTED.list();
    let cards = list["data"].as_array().unwrap().iter().filter(|card| card["capabilities"]["completion_chat"] == true);
    let ids: Vec<&str> = cards.map(|card| card["name"].as_str().unwrap()).collect();
    let ids: HashSet<&str> = ids.into_iter().collect();
    assert!(ids.len() >= 5, "only {} models are served", ids.len());
    ids.into_iter().map(|id| target_with(catalog::model(id).unwrap().clone())).collect()
});

/// Targets that differ in everything that changes messages.
fn kinds() -> [Target; 3] {
    [target_with(model()), target_with(images_in_turns_only()), target_with(plain())]
}

/// What is sent, byte for byte.
fn body(target: &Target, asked: &Value) -> String {
    let text = asked.to_string();
    let request = request(&text);
    let mut outgoing = crate::translate::request(&request, target, Some("session")).unwrap();
    outgoing.fit(1_000, target.facts.window);
    String::from_utf8(outgoing.body(target)).unwrap()
}

/// The messages that are sent of the first turns of a conversation.
fn messages(target: &Target, asked: &Value, turns: usize) -> Vec<Value> {
    let mut asked = asked.clone();
    asked["messages"].as_array_mut().unwrap().truncate(turns);
    let body: Value = serde_json::from_str(&body(target, &asked)).unwrap();
    body["messages"].as_array().unwrap().clone()
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn every_model_of_mistrals_takes_every_conversation(conversation in conversation()) {
        let (asked, _) = conversation.render("a");
        for target in MISTRAL.iter() {
            let sent = body(target, &asked);
            if let Err(refusal) = rules::check_bytes(sent.as_bytes(), &HOSTED) {
                panic!("{}: {refusal}\nasked {asked:#}\nsent {sent}", target.model);
            }
        }
    }

    #[test]
    fn the_same_request_gives_the_same_bytes_whatever_the_billing_line_says(conversation in conversation()) {
        for target in kinds() {
            prop_assert_eq!(body(&target, &conversation.render("a").0), body(&target, &conversation.render("b").0));
        }
    }

    #[test]
    fn nothing_that_was_said_is_lost_or_doubled(conversation in conversation()) {
        let (asked, marks) = conversation.render("a");
        for target in kinds() {
            let sent = body(&target, &asked);
            let count = |mark: &String| sent.matches(mark.as_str()).count();
            for mark in &marks.said {
                prop_assert_eq!(count(mark), 1, "{}\nasked {:#}\nsent {}", mark, &asked, &sent);
            }
            for mark in &marks.thought {
                prop_assert_eq!(count(mark), usize::from(!target.facts.reasoning.is_empty()), "{}", mark);
            }
            for mark in &marks.foreign {
                prop_assert_eq!(count(mark), 0, "{}", mark);
            }
            let shown = sent.matches(r#"{"type":"image_url""#).count() + sent.matches("[an image is not shown").count();
            prop_assert_eq!(shown, marks.images, "asked {:#}\nsent {}", &asked, &sent);
        }
    }

    #[test]
    fn ids_are_nine_letters_or_digits_and_no_two_calls_share_one(conversation in conversation()) {
        let (asked, _) = conversation.render("a");
        let sent = messages(&kinds()[0], &asked, usize::MAX);
        let calls = sent.iter().flat_map(|message| message["tool_calls"].as_array().into_iter().flatten());
        let ids: Vec<&str> = calls.map(|call| call["id"].as_str().unwrap()).collect();
        let results: Vec<&str> = sent.iter().filter_map(|message| message["tool_call_id"].as_str()).collect();
        prop_assert!(ids.iter().all(|id| id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())), "{:?}", &ids);
        prop_assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        prop_assert_eq!(ids, results, "results stand in the order of the calls");
    }

    /// What a request sent is the beginning of what the next one sends: the prompt cache lives of it.
    ///
    /// Claude Code's requests end where the model is to speak, so the next one goes on with an
    /// assistant's turn. Only when nothing of that turn can be sent do the words after it join the
    /// words before it.
    #[test]
    fn what_was_sent_stays_when_the_model_has_answered(conversation in conversation()) {
        let (asked, _) = conversation.render("a");
        let turns = asked["messages"].as_array().unwrap();
        let speaks = |place: usize| turns[place]["role"] == "assistant";
        for target in kinds() {
            for end in (1..turns.len()).filter(|&end| speaks(end) && !speaks(end - 1)) {
                let before = messages(&target, &asked, end);
                let answered = end + turns[end..].iter().take_while(|turn| turn["role"] == "assistant").count();
                if messages(&target, &asked, answered).len() == before.len() {
                    continue;
                }
                for later in answered..=turns.len() {
                    let after = messages(&target, &asked, later);
                    prop_assert_eq!(&after[..before.len()], &before[..], "{} turns, then {}: {:#}", end, later, &asked);
                }
            }
        }
    }

    /// Wherever a conversation is cut, what was sent of the turns before the last group stays.
    ///
    /// A group is what the same side says in a row. In the last one a result may still come, words
    /// may be added, and an answer at the end is marked to be gone on with.
    #[test]
    fn what_was_sent_before_the_last_turn_stays_wherever_the_cut_is(conversation in conversation(), cut in 1..8_usize) {
        let (asked, _) = conversation.render("a");
        let turns = asked["messages"].as_array().unwrap();
        let assistant = |place: usize| turns[place]["role"] == "assistant";
        let cut = cut.min(turns.len());
        let start = (0..cut).rev().take_while(|&place| assistant(place) == assistant(cut - 1)).last().unwrap();
        for target in kinds() {
            let mut settled = messages(&target, &asked, start);
            while settled.last().is_some_and(|message| message["role"] != "assistant" && start > 0 && assistant(start - 1)) {
                settled.pop();
            }
            if start == 0 || !assistant(start - 1) {
                // Words at the end may be joined by others, when nothing of the answer can be sent.
                settled.pop();
            }
            for message in &mut settled {
                message.as_object_mut().unwrap().shift_remove("prefix");
            }
            for later in cut..=turns.len() {
                let after = messages(&target, &asked, later);
                prop_assert!(after.starts_with(&settled), "cut {cut}, then {later}: {settled:#?}\n{after:#?}\n{asked:#}");
            }
        }
    }
}

#[test]
fn the_judge_of_these_claims_refuses_what_mistral_refuses() {
    let target = target_with(model());
    let sent = json!({"model": "test-model", "messages": [{"role": "user", "content": "a"}], "stream_options": {}});
    assert!(rules::check(&sent, &served(&target)).is_err());
}
