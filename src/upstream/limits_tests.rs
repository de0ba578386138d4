use proptest::prelude::*;

use super::*;

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn read(headers: &[(&str, &'static str)]) -> Option<Heard> {
    Heard::read(|name| headers.iter().find(|(other, _)| *other == name).map(|(_, value)| *value))
}

fn configured(requests: Option<u64>, tokens: Option<u64>) -> Rates {
    let mut rates = Rates::default();
    rates.configure(requests, tokens);
    rates
}

fn wait(rates: &Rates, tokens: u64, now: u64) -> Option<u64> {
    let wait = rates.wait(tokens, &[], seconds(now))?.span;
    Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
}

#[test]
fn what_nobody_limits_costs_nothing() {
    let mut rates = Rates::default();
    for _ in 0..1_000 {
        assert_eq!(wait(&rates, 1_000_000, 0), None);
        rates.charge(1_000_000, seconds(0));
    }
    assert_eq!(rates.left(seconds(0)), (None, None));
}

#[test]
fn so_many_requests_go_at_once_and_the_next_when_a_part_of_the_minute_has_passed() {
    let mut rates = configured(Some(3), None);
    for _ in 0..3 {
        assert_eq!(wait(&rates, 0, 0), None);
        rates.charge(0, seconds(0));
    }
    assert_eq!((wait(&rates, 0, 0), wait(&rates, 0, 19), wait(&rates, 0, 20)), (Some(20), Some(1), None));
    let in_front = rates.wait(0, &[0, 0], seconds(0)).unwrap();
    let expect = Wait { span: seconds(60), limited: Limited::Requests, limit: Some(3), is_own: true };
    assert_eq!(in_front, expect);
}

#[test]
fn tokens_are_paid_for_beforehand_and_settled_on_what_was_used() {
    let mut rates = configured(None, Some(6_000));
    rates.charge(5_000, seconds(0));
    assert_eq!(wait(&rates, 1_500, 0), Some(5));
    rates.settle(5_000, 4_000, seconds(0));
    assert_eq!(wait(&rates, 1_500, 0), None);
    rates.settle(4_000, 5_500, seconds(0));
    assert_eq!(rates.left(seconds(0)).1, Some(Left { left: 500, limit: 6_000 }));
    assert_eq!(rates.wait(1_500, &[], seconds(0)).unwrap().limited, Limited::Tokens);
}

#[test]
fn a_prompt_larger_than_the_limit_goes_when_nothing_of_it_is_used() {
    let mut rates = configured(None, Some(6_000));
    assert_eq!(wait(&rates, 20_000, 0), None);
    rates.charge(20_000, seconds(0));
    assert_eq!((wait(&rates, 1_000, 0), wait(&rates, 20_000, 0)), (Some(150), Some(200)));
}

#[test]
fn what_was_not_sent_is_given_back() {
    let mut rates = configured(Some(1), Some(10));
    rates.charge(10, seconds(0));
    rates.refund(10, seconds(0));
    assert_eq!(wait(&rates, 10, 0), None);
}

#[test]
fn mistrals_headers_fill_the_buckets() {
    let heard = read(&[
        ("x-ratelimit-limit-req-minute", "50"),
        ("x-ratelimit-remaining-req-minute", "49"),
        ("x-ratelimit-limit-tokens-minute", "20000"),
        ("x-ratelimit-remaining-tokens-minute", "3000"),
    ]);
    let mut rates = Rates::default();
    rates.charge(17_000, seconds(0));
    rates.hear(&heard.unwrap(), 17_000, seconds(0));
    let left = (Some(Left { left: 49, limit: 50 }), Some(Left { left: 3_000, limit: 20_000 }));
    assert_eq!(rates.left(seconds(0)), left);
    assert_eq!(wait(&rates, 17_000, 0), Some(42));
    let wait = rates.wait(17_000, &[], seconds(0)).unwrap();
    assert_eq!((wait.limited, wait.limit, wait.is_own), (Limited::Tokens, Some(20_000), false));
}

#[test]
fn what_is_under_way_is_not_in_what_the_provider_says_is_left() {
    let heard = read(&[("x-ratelimit-limit-requests", "10"), ("x-ratelimit-remaining-requests", "9")]).unwrap();
    let mut rates = Rates::default();
    (0..4).for_each(|_| rates.charge(0, seconds(0)));
    rates.hear(&heard, 0, seconds(0));
    assert_eq!(rates.left(seconds(0)).0, Some(Left { left: 6, limit: 10 }));
    // The other three are counted by the time that they are answered.
    (0..4).for_each(|_| rates.counted(0));
    rates.charge(0, seconds(0));
    rates.hear(&heard, 0, seconds(0));
    assert_eq!(rates.left(seconds(0)).0, Some(Left { left: 9, limit: 10 }));
}

#[test]
fn openais_reset_says_how_fast_it_comes_back() {
    let heard = read(&[
        ("x-ratelimit-limit-requests", "60"),
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "6m0s"),
    ]);
    let mut rates = Rates::default();
    rates.charge(0, seconds(0));
    rates.hear(&heard.unwrap(), 0, seconds(0));
    assert_eq!(wait(&rates, 0, 0), Some(6));
}

#[test]
fn nothing_left_without_a_limit_holds_until_it_is_reset_and_no_longer() {
    let heard = read(&[("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "20s")]).unwrap();
    let mut rates = Rates::default();
    rates.charge(5, seconds(0));
    rates.hear(&heard, 5, seconds(0));
    assert_eq!((wait(&rates, 5, 0), wait(&rates, 5, 15), wait(&rates, 5, 20)), (Some(20), Some(5), None));
    (0..10).for_each(|_| rates.charge(5, seconds(21)));
    assert_eq!(wait(&rates, 5, 21), None);
}

#[test]
fn the_smaller_of_both_limits_holds_and_the_owners_sum_with_it() {
    let heard = read(&[("x-ratelimit-limit-requests", "100"), ("x-ratelimit-remaining-requests", "99")]).unwrap();
    let mut rates = configured(Some(2), None);
    for _ in 0..2 {
        rates.charge(0, seconds(0));
        rates.hear(&heard, 0, seconds(0));
        rates.counted(0);
    }
    assert_eq!(wait(&rates, 0, 0), Some(30));
}

#[test]
fn absurd_values_are_ignored() {
    for (name, value) in [
        ("x-ratelimit-limit-req-minute", "0"),
        ("x-ratelimit-limit-req-minute", "-5"),
        ("x-ratelimit-limit-req-minute", "many"),
        ("x-ratelimit-limit-req-minute", "99999999999999999"),
        ("x-ratelimit-remaining-req-minute", "7"),
        ("x-ratelimit-reset-requests", "1s"),
    ] {
        assert_eq!(read(&[(name, value)]), None, "{name}: {value}");
    }
    let more_than_all = read(&[("x-ratelimit-limit-requests", "5"), ("x-ratelimit-remaining-requests", "500")]);
    let mut rates = Rates::default();
    rates.charge(0, seconds(0));
    rates.hear(&more_than_all.unwrap(), 0, seconds(0));
    assert_eq!(rates.left(seconds(0)).0, Some(Left { left: 4, limit: 5 }));
    let epoch = read(&[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "1790000000")]);
    assert_eq!(epoch, None);
}

#[test]
fn spans_are_read_in_every_form() {
    for (text, expect) in [
        ("1s", Some(1.0)),
        ("6m0s", Some(360.0)),
        ("20ms", Some(0.02)),
        ("1h2m3.5s", Some(3_723.5)),
        ("12.5", Some(12.5)),
        ("", None),
        ("-1", None),
        ("soon", None),
        ("5parsecs", None),
        ("1e400", None),
        ("..s", None),
    ] {
        assert_eq!(span(text).map(|span| span.as_secs_f64()), expect, "{text}");
    }
}

proptest! {
    #[test]
    fn over_any_while_no_more_goes_than_the_limit_and_what_comes_back(
        limit in 1_u64..50,
        steps in prop::collection::vec((0_u64..20, 1_u32..20), 1..60),
    ) {
        let mut rates = configured(Some(limit), None);
        let (mut now, mut sent) = (Duration::ZERO, 0.0);
        for (passes, asks) in steps {
            now += seconds(passes);
            for _ in 0..asks {
                if rates.wait(0, &[], now).is_none() {
                    rates.charge(0, now);
                    sent += 1.0;
                }
            }
            prop_assert!(sent <= float(limit) * (1.0 + now.as_secs_f64() / MINUTE) + 0.001);
        }
    }

    #[test]
    fn whoever_waits_as_long_as_is_said_may_go(
        limit in 1_u64..100_000,
        costs in prop::collection::vec(1_u64..200_000, 1..20),
        passes in 0_u64..30,
    ) {
        let mut rates = configured(None, Some(limit));
        let mut now = Duration::ZERO;
        for cost in costs {
            if let Some(wait) = rates.wait(cost, &[], now) {
                now += wait.span + Duration::from_nanos(1);
            }
            prop_assert_eq!(rates.wait(cost, &[], now), None);
            rates.charge(cost, now);
            now += seconds(passes);
        }
    }
}
