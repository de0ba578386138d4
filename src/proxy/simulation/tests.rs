//! What must hold whatever the upstreams do.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::upstream::{Act, Step};
use super::{World, client, pass};

#[tokio::test(start_paused = true)]
async fn a_stream_passes_as_it_is() {
    let world = World::alone(|_| Act::say("Hello"));
    let heard = world.ask().await;
    assert_eq!((heard.status, &*heard.text, heard.began), (200, "Hello", 0));
    assert_eq!(heard.sketch, "start text(0)+ stop(0) delta(end_turn) end");
}

#[tokio::test(start_paused = true)]
async fn after_ten_seconds_the_client_has_a_beginning_and_still_another_may_answer() {
    for before in [vec![], vec![Step::Role], vec![Step::Call]] {
        let one = Act::Stream([before, vec![Step::Silence(35), Step::Cut]].concat());
        let world = World::pair(move |_| one.clone(), |_| Act::say("Hello"));
        let heard = world.ask().await;
        assert_eq!((heard.status, heard.began, &*heard.text), (200, 10, "Hello"));
        assert_eq!(heard.sketch, "start ping ping ping text(0)+ stop(0) delta(end_turn) end");
        assert_eq!((heard.header("x-mcr-target"), heard.header("x-mcr-attempts")), (Some("one,m"), Some("1")));
        assert_eq!((world.asked("one"), world.asked("two")), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_was_begun_and_that_nobody_goes_on_with_ends_in_an_error() {
    let world = World::pair(|_| Act::Stream(vec![Step::Silence(35), Step::Cut]), |_| Act::status(500));
    let heard = world.ask().await;
    assert_eq!((heard.status, &*heard.sketch), (200, "start ping ping ping error(api_error)"));
    let error = heard.error.unwrap();
    assert!(error.message.contains("one: ") && error.message.contains("two,m failed too (500)"), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn whoever_wants_no_stream_gets_no_beginning_of_one() {
    let world = World::pair(|_| Act::Stream(vec![Step::Silence(35), Step::Cut]), |_| Act::status(400));
    let heard = client::ask(Arc::clone(&world.proxy), false).await;
    assert_eq!((heard.status, heard.began, &*heard.sketch), (502, 35, ""));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_takes_its_request_with_it_before_and_behind_the_beginning() {
    for seconds in [5, 25] {
        let world = World::pair(|_| Act::Stream(vec![Step::Silence(60), Step::End]), |_| Act::say("Hello"));
        assert!(client::ask_for(Arc::clone(&world.proxy), seconds).await.is_none());
        tokio::time::sleep(Duration::from_millis(100)).await;
        let one = &world.upstreams["one"];
        assert_eq!((one.open(), one.given_up(), world.asked("two")), (0, 1, 0), "after {seconds} s");
    }
}

/// What a target may do wrong, and in the middle of what.
fn any_act() -> impl Strategy<Value = Act> {
    let step = prop_oneof![
        (1_u64..130).prop_map(Step::Silence),
        Just(Step::Role),
        Just(Step::Text("word ")),
        Just(Step::Call),
        Just(Step::End),
        Just(Step::Cut),
    ];
    prop_oneof![
        1 => Just(Act::Refuse),
        1 => Just(Act::HangUp),
        2 => prop::sample::select(vec![400, 401, 404, 408, 429, 500, 503]).prop_map(Act::status),
        6 => prop::collection::vec(step, 0..6).prop_map(Act::Stream),
    ]
}

fn run(case: impl Future<Output = Result<(), TestCaseError>>) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(case)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The client's grammar panics where a stream is unlawful.
    #[test]
    fn whatever_a_target_does_nobody_is_asked_once_content_was_handed_out(act in any_act()) {
        run(async move {
            let one = act.clone();
            let world = World::pair(move |_| one.clone(), |_| Act::say("from two"));
            let heard = world.ask().await;
            prop_assert_eq!(world.asked("one"), 1);
            if heard.text.contains("word") {
                prop_assert_eq!(world.asked("two"), 0, "{:?} was followed", act);
            } else if world.asked("two") > 0 {
                prop_assert_eq!((heard.text.as_str(), &heard.error), ("from two", &None));
            }
            // What had no end is not told as finished.
            if let (Act::Stream(steps), 0) = (&act, world.asked("two")) {
                let end = steps.iter().position(|step| *step == Step::End);
                let cut = steps.iter().position(|step| *step == Step::Cut);
                if end.is_none_or(|end| cut.is_some_and(|cut| cut < end)) {
                    prop_assert!(heard.error.is_some(), "{:?} was told as finished: {}", act, heard.sketch);
                }
            }
            Ok(())
        })?;
    }
}

fn limited(status: u16, header: (&'static str, &str)) -> Act {
    Act::Status(status, vec![(header.0, header.1.to_owned())])
}

fn in_seconds(seconds: i64) -> String {
    let then = Timestamp::now() + SignedDuration::from_secs(seconds);
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&then).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_is_passed_on_with_its_wait_and_not_tried_again() {
    for (header, wait) in [
        (("retry-after", "7"), Some("7")),
        (("retry-after", "1.2"), Some("2")),
        (("retry-after-ms", "1500"), Some("2")),
        (("retry-after", "1e9"), Some("3600")),
        (("retry-after", "-5"), None),
        (("retry-after", "soon"), None),
        (("x-nothing", "1"), None),
    ] {
        let world = World::alone(move |_| limited(429, header));
        let heard = world.ask().await;
        assert_eq!((heard.status, heard.header("retry-after"), world.asked("one")), (429, wait, 1), "{header:?}");
    }
    let world = World::alone(|_| limited(429, ("retry-after", &in_seconds(30))));
    let heard = world.ask().await;
    let wait: u64 = heard.header("retry-after").unwrap().parse().unwrap();
    assert!((28..=30).contains(&wait) && world.asked("one") == 1, "{wait}");
}

#[tokio::test(start_paused = true)]
async fn a_short_wait_of_a_server_that_is_full_is_waited_and_a_long_one_passed_on() {
    let script = |wait: &'static str| {
        move |number| if number == 0 { limited(503, ("retry-after", wait)) } else { Act::say("Hello") }
    };
    let world = World::alone(script("5"));
    assert_eq!(world.ask().await.text, "Hello");
    assert_eq!(world.times("one"), [0, 5_000]);
    for wait in ["60", "1e9"] {
        let world = World::alone(script(wait));
        let heard = world.ask().await;
        let told = if wait == "60" { "60" } else { "3600" };
        assert_eq!((heard.status, heard.header("retry-after"), world.asked("one")), (529, Some(told), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_plan_without_requests_is_told_in_words_and_not_asked_twice() {
    let world = World::alone(|_| limited(429, ("x-ratelimit-limit-req-minute", "0")));
    let heard = world.ask().await;
    assert_eq!((heard.status, heard.header("x-should-retry"), world.asked("one")), (429, Some("false"), 1));
    let words = heard.error.unwrap().message;
    assert!(words.contains("waiting does not help: choose another model or plan"), "{words}");
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_is_a_rest_until_its_end_and_no_failure() {
    let one = |number| if number == 0 { limited(429, ("retry-after", "30")) } else { Act::say("one") };
    let world = World::pair(one, |_| Act::say("two"));
    for (wait, words) in [(0, "two"), (29, "two"), (2, "one"), (0, "one")] {
        pass(wait).await;
        assert_eq!(world.ask().await.text, words);
    }
    assert_eq!(world.asked("one"), 3);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_clients_of_a_server_that_always_fails_are_at_most_a_fifth_more_attempts() {
    let world = World::alone(|_| Act::status(500));
    let heard = world.ask_together(1_000).await;
    assert!(heard.iter().all(|heard| heard.status == 500));
    let (asked, seconds) = (world.asked("one"), world.began.elapsed().as_secs());
    assert!((1_000..=1_200 + 3 + 3 * usize::try_from(seconds).unwrap() / 10).contains(&asked), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn of_a_hundred_requests_one_probes_a_target_that_failed() {
    let slow = Act::Stream(vec![Step::Silence(3), Step::Text("one"), Step::End]);
    let world =
        World::pair(move |number| if number < 5 { Act::status(500) } else { slow.clone() }, |_| Act::say("two"));
    for _ in 0..5 {
        assert_eq!(world.ask().await.text, "two");
    }
    assert_eq!(world.ask().await.text, "two");
    assert_eq!(world.asked("one"), 5, "open, and asked all the same");
    pass(13).await;
    let heard = world.ask_together(100).await;
    assert_eq!((world.asked("one"), heard.iter().filter(|heard| heard.text == "one").count()), (6, 1));
    // Two good answers close it.
    assert_eq!(world.ask().await.text, "one");
    assert!(world.ask_together(100).await.iter().all(|heard| heard.text == "one"));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_in_vain_for_a_place_is_told_with_a_status() {
    let world = World::narrow(|_| Act::Stream(vec![Step::Silence(60), Step::Text("one"), Step::End]));
    let heard = world.ask_together(3).await;
    let mut told: Vec<_> = heard.iter().map(|heard| (heard.status, heard.began, heard.header("retry-after"))).collect();
    told.sort_unstable();
    assert_eq!(told, [(200, 10, None), (529, 20, Some("10")), (529, 20, Some("10"))]);
    assert_eq!(world.asked("one"), 1);
}

#[tokio::test(start_paused = true)]
async fn one_after_the_other_all_are_served_while_each_waits_less_than_it_may() {
    let world = World::narrow(|_| Act::Stream(vec![Step::Silence(4), Step::Text("one"), Step::End]));
    let heard = world.ask_together(5).await;
    assert!(heard.iter().all(|heard| heard.text == "one"));
    assert_eq!(world.times("one").iter().map(|time| time / 1_000).collect::<Vec<_>>(), [0, 4, 8, 12, 16]);
}

#[tokio::test(start_paused = true)]
async fn those_that_wait_while_a_key_is_refused_do_not_send_it_again() {
    let world = World::narrow(|_| Act::status(401));
    let heard = world.ask_together(5).await;
    assert!(heard.iter().all(|heard| (heard.status, heard.header("x-should-retry")) == (401, Some("false"))));
    assert_eq!(world.asked("one"), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_failed_is_probed_until_nobody_works_and_again_when_somebody_does() {
    let world = World::pair(|_| Act::status(500), |_| Act::say("two"));
    let probing = tokio::spawn(world.proxy.probe());
    for _ in 0..5 {
        assert_eq!(world.ask().await.text, "two");
    }
    pass(601).await;
    let probes = world.asked("one") - 5;
    assert!((16..=25).contains(&probes), "{probes} probes in ten minutes");
    pass(3_600).await;
    assert_eq!(world.asked("one"), 5 + probes, "nobody works");
    assert_eq!(world.asked("two"), 5, "one that is well is left in peace");
    world.ask().await;
    pass(100).await;
    assert!(world.asked("one") >= 5 + probes + 3);
    probing.abort();
    pass(1).await;
    let ended = world.asked("one");
    pass(300).await;
    assert_eq!(world.asked("one"), ended);
}

#[tokio::test(start_paused = true)]
async fn the_last_target_is_never_shut_out() {
    let world = World::alone(|number| if number < 60 { Act::status(500) } else { Act::say("back") });
    for _ in 0..20 {
        let before = world.asked("one");
        world.ask().await;
        assert!(world.asked("one") > before);
    }
    while world.asked("one") < 60 {
        world.ask().await;
    }
    assert_eq!(world.ask().await.text, "back");
}

#[tokio::test(start_paused = true)]
async fn when_all_are_left_alone_one_is_asked_all_the_same() {
    let script = |number| if number < 5 { Act::status(500) } else { Act::say("back") };
    let world = World::pair(script, script);
    for _ in 0..5 {
        assert_eq!(world.ask().await.status, 500);
    }
    assert_eq!(world.ask().await.text, "back");
}
