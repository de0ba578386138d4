use proptest::prelude::*;

use super::*;

/// Joins these, each a session and a rank, and returns them in the order in which they are served.
fn served(joined: &[(&'static str, Rank)]) -> Vec<&'static str> {
    let mut queue = Queue::default();
    for (session, rank) in joined {
        queue.join(session, *rank, *session);
    }
    std::iter::from_fn(|| queue.serve()).map(|(_, session)| session).collect()
}

#[test]
fn sessions_take_turns_however_many_requests_one_of_them_has() {
    let order = served(&["a", "a", "a", "b", "c", "b"].map(|session| (session, Rank::Aside)));
    assert_eq!(order, ["a", "b", "c", "a", "b", "a"]);
}

#[test]
fn a_conversation_goes_before_what_is_done_beside_it() {
    let mut joined = vec![("aside", Rank::Aside); 20];
    joined.push(("main", Rank::Conversation));
    assert_eq!(served(&joined)[..2], ["main", "aside"]);
}

#[test]
fn after_four_of_a_conversation_one_of_the_others_is_served() {
    let joined = [vec![("aside", Rank::Aside); 2], vec![("main", Rank::Conversation); 6]].concat();
    assert_eq!(served(&joined), ["main", "main", "main", "main", "aside", "main", "main", "aside"]);
}

#[test]
fn one_that_goes_away_is_not_served_and_says_so() {
    let mut queue = Queue::default();
    let ids = ["a", "b"].map(|session| queue.join(session, Rank::Aside, session));
    assert!(queue.leave(ids[0]) && !queue.leave(ids[0]) && !queue.leave(99));
    assert_eq!((queue.len(), queue.peek(), queue.is_waiting(ids[1])), (1, Some(&"b"), true));
}

#[test]
fn those_in_front_are_those_that_came_before_and_every_conversation() {
    let mut queue = Queue::default();
    let aside = queue.join("a", Rank::Aside, "a");
    let later = queue.join("b", Rank::Aside, "b");
    let main = queue.join("c", Rank::Conversation, "c");
    let front = |id| queue.in_front(id).copied().collect::<Vec<_>>();
    assert_eq!([front(aside), front(later), front(main)], [vec!["c"], vec!["c", "a"], vec![]]);
}

#[derive(Debug, Clone)]
enum Step {
    Join(u8, Rank),
    Leave(prop::sample::Index),
    Serve,
    End,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let rank = prop_oneof![Just(Rank::Conversation), Just(Rank::Aside)];
    let step = prop_oneof![
        5 => (0_u8..6, rank).prop_map(|(session, rank)| Step::Join(session, rank)),
        1 => any::<prop::sample::Index>().prop_map(Step::Leave),
        3 => Just(Step::Serve),
        2 => Just(Step::End),
    ];
    prop::collection::vec(step, 0..120)
}

proptest! {
    #[test]
    fn never_more_than_may_are_served_and_everybody_is_served_once(steps in steps(), most in 1_u32..5) {
        let mut queue = Queue::default();
        let (mut waiting, mut in_flight, mut joined, mut gone) = (Vec::new(), 0, 0, 0);
        for step in steps {
            match step {
                Step::Join(session, rank) => {
                    waiting.push(queue.join(&session.to_string(), rank, ()));
                    joined += 1;
                }
                Step::Leave(at) if !waiting.is_empty() => {
                    prop_assert!(queue.leave(waiting.swap_remove(at.index(waiting.len()))));
                    gone += 1;
                }
                Step::Serve if queue.in_flight() < most => {
                    let served = queue.serve();
                    prop_assert_eq!(served.is_some(), !waiting.is_empty());
                    if let Some((id, ())) = served {
                        let at = waiting.iter().position(|other| *other == id);
                        prop_assert!(at.is_some(), "served twice");
                        waiting.swap_remove(at.unwrap());
                        in_flight += 1;
                        gone += 1;
                    }
                }
                Step::End if in_flight > 0 => {
                    queue.end();
                    in_flight -= 1;
                }
                Step::Leave(_) | Step::Serve | Step::End => {}
            }
            prop_assert_eq!((queue.in_flight(), queue.len()), (in_flight, waiting.len()));
            prop_assert!(queue.in_flight() <= most);
        }
        prop_assert_eq!(joined, gone + queue.len());
    }

    #[test]
    fn nobody_waits_for_good_whoever_comes_later(
        before in prop::collection::vec((0_u8..6, any::<bool>()), 0..30),
        own in any::<bool>(),
        // Who joins before each turn.
        after in prop::collection::vec(prop::collection::vec((0_u8..9, any::<bool>()), 0..3), 0..400),
    ) {
        let rank = |aside| if aside { Rank::Aside } else { Rank::Conversation };
        let mut queue = Queue::default();
        for (session, aside) in &before {
            queue.join(&session.to_string(), rank(*aside), ());
        }
        let id = queue.join("own", rank(own), ());
        // Those of its lane that are in front are one of each session; of the other lane some for each of these.
        let lane = before.iter().filter(|(_, aside)| *aside == own).map(|(session, _)| session);
        let sessions = lane.collect::<std::collections::BTreeSet<_>>().len();
        let most = (sessions + 1) * usize::try_from(IN_A_ROW + 1).unwrap();
        let mut turns = 0;
        for joining in after.into_iter().chain(std::iter::repeat(Vec::new())) {
            for (session, aside) in joining {
                queue.join(&session.to_string(), rank(aside), ());
            }
            turns += 1;
            if queue.serve().is_none_or(|(served, ())| served == id) {
                break;
            }
            prop_assert!(turns <= most, "{turns} turns behind {sessions} sessions");
        }
        prop_assert!(!queue.is_waiting(id));
    }
}
