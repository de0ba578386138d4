use proptest::prelude::*;

use super::*;

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Asks once, and says what came of it.
fn ask(breaker: &mut Breaker, outcome: Outcome, now: Duration) -> bool {
    let Some(ticket) = breaker.admit(now) else { return false };
    breaker.settle(ticket, outcome, now, 0.5);
    true
}

/// A breaker that has just opened, at the start.
fn opened() -> Breaker {
    let mut breaker = Breaker::default();
    for _ in 0..5 {
        assert!(ask(&mut breaker, Outcome::Bad, Duration::ZERO));
    }
    breaker
}

#[test]
fn five_failures_in_a_row_open_it_for_ten_seconds() {
    let mut breaker = opened();
    assert_eq!(breaker.standing(Duration::ZERO), Standing::Open(seconds(10)));
    assert_eq!(breaker.admit(seconds(9)), None);
    assert_eq!(breaker.standing(seconds(10)), Standing::HalfOpen);
}

#[test]
fn a_good_answer_between_failures_begins_the_count_anew() {
    let mut breaker = Breaker::default();
    for outcome in [Outcome::Bad, Outcome::Bad, Outcome::Bad, Outcome::Bad, Outcome::Good, Outcome::Bad] {
        ask(&mut breaker, outcome, Duration::ZERO);
    }
    assert_eq!(breaker.standing(Duration::ZERO), Standing::Closed);
}

#[test]
fn half_of_ten_answers_within_half_a_minute_open_it_too() {
    let mut breaker = Breaker::default();
    for second in 0..10 {
        ask(&mut breaker, if second % 2 == 0 { Outcome::Good } else { Outcome::Bad }, seconds(second));
    }
    assert!(matches!(breaker.standing(seconds(9)), Standing::Open(_)));
    let mut slow = Breaker::default();
    for step in 0..10 {
        ask(&mut slow, if step % 2 == 0 { Outcome::Good } else { Outcome::Bad }, seconds(step * 10));
    }
    assert_eq!(slow.standing(seconds(90)), Standing::Closed);
}

#[test]
fn one_request_at_a_time_probes_and_two_good_answers_close_it() {
    let mut breaker = opened();
    let first = breaker.admit(seconds(10)).expect("a probe");
    assert_eq!(breaker.admit(seconds(10)), None);
    breaker.settle(first, Outcome::Good, seconds(11), 0.5);
    assert_eq!(breaker.standing(seconds(11)), Standing::HalfOpen);
    let second = breaker.admit(seconds(11)).expect("another");
    breaker.settle(second, Outcome::Good, seconds(12), 0.5);
    assert_eq!(breaker.standing(seconds(12)), Standing::Closed);
}

#[test]
fn a_probe_that_fails_opens_it_for_twice_as_long_up_to_five_minutes() {
    let mut breaker = opened();
    let mut now = Duration::ZERO;
    let mut waits = Vec::new();
    for _ in 0..7 {
        let Standing::Open(wait) = breaker.standing(now) else { panic!("it is open") };
        waits.push(wait.as_secs());
        now += wait;
        assert!(ask(&mut breaker, Outcome::Bad, now));
    }
    assert_eq!(waits, [10, 20, 40, 80, 160, 300, 300]);
}

#[test]
fn a_sign_of_life_lets_one_request_try_sooner_and_does_not_close_it() {
    let mut breaker = opened();
    breaker.hurry(seconds(1));
    assert_eq!(breaker.standing(seconds(1)), Standing::HalfOpen);
    assert!(ask(&mut breaker, Outcome::Bad, seconds(1)));
    // It has said so before, and was wrong.
    breaker.hurry(seconds(2));
    assert!(matches!(breaker.standing(seconds(2)), Standing::Open(_)));
    let mut closed = Breaker::default();
    closed.hurry(seconds(1));
    assert_eq!(closed.standing(seconds(1)), Standing::Closed);
}

#[test]
fn one_that_gives_no_sign_of_life_is_left_alone_before_anybody_asks() {
    let mut breaker = Breaker::default();
    breaker.trip(seconds(1), 0.5);
    assert_eq!(breaker.standing(seconds(1)), Standing::Open(seconds(10)));
    breaker.trip(seconds(5), 0.5);
    assert_eq!(breaker.standing(seconds(5)), Standing::Open(seconds(6)));
}

#[test]
fn a_probe_whose_client_went_away_makes_room_for_another() {
    let mut breaker = opened();
    let probe = breaker.admit(seconds(10)).expect("a probe");
    breaker.settle(probe, Outcome::Unknown, seconds(10), 0.5);
    assert!(breaker.admit(seconds(10)).is_some());
}

#[test]
fn an_answer_to_a_request_from_before_it_opened_says_nothing() {
    let mut breaker = Breaker::default();
    let early = breaker.admit(Duration::ZERO).expect("closed");
    for _ in 0..5 {
        ask(&mut breaker, Outcome::Bad, Duration::ZERO);
    }
    breaker.settle(early, Outcome::Good, seconds(1), 0.5);
    assert!(matches!(breaker.standing(seconds(1)), Standing::Open(_)));
}

#[test]
fn a_rate_limit_cools_down_as_long_as_it_says_and_is_no_failure() {
    let mut breaker = Breaker::default();
    ask(&mut breaker, Outcome::Limited(Some(seconds(7))), Duration::ZERO);
    assert_eq!(breaker.standing(Duration::ZERO), Standing::Cooling(seconds(7)));
    assert_eq!(breaker.admit(seconds(6)), None);
    assert_eq!(breaker.standing(seconds(7)), Standing::Closed);
    let mut endless = Breaker::default();
    ask(&mut endless, Outcome::Limited(Some(seconds(1 << 40))), Duration::ZERO);
    assert_eq!(endless.standing(Duration::ZERO), Standing::Cooling(LIMITED_MOST));
}

#[test]
fn the_last_target_is_asked_all_the_same_and_a_good_answer_closes_it() {
    let mut breaker = opened();
    let forced = breaker.force(seconds(1));
    breaker.settle(forced, Outcome::Good, seconds(1), 0.5);
    assert_eq!(breaker.standing(seconds(1)), Standing::Closed);
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        3 => Just(Outcome::Good),
        4 => Just(Outcome::Bad),
        1 => Just(Outcome::Limited(None)),
        1 => (0_u64..100).prop_map(|wait| Outcome::Limited(Some(seconds(wait)))),
        1 => Just(Outcome::Unknown),
    ]
}

/// A step: time passes, some ask, and of those that asked earlier some have an outcome.
#[derive(Debug, Clone)]
struct Step {
    passes: Duration,
    asks: usize,
    settles: Vec<(prop::sample::Index, Outcome)>,
    jitter: f64,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step =
        (0_u64..40_000, 0_usize..4, prop::collection::vec((any::<prop::sample::Index>(), outcomes()), 0..4), 0.0..1.0)
            .prop_map(|(passes, asks, settles, jitter)| Step {
                passes: Duration::from_millis(passes),
                asks,
                settles,
                jitter,
            });
    prop::collection::vec(step, 0..60)
}

proptest! {
    #[test]
    fn whatever_happens_there_is_one_probe_at_most_and_it_is_never_shut_for_good(steps in steps()) {
        let mut breaker = Breaker::default();
        let mut now = Duration::ZERO;
        let mut out: Vec<Ticket> = Vec::new();
        for step in steps {
            now += step.passes;
            for _ in 0..step.asks {
                let standing = breaker.standing(now);
                let ticket = breaker.admit(now);
                if matches!(standing, Standing::Open(_) | Standing::Cooling(_)) {
                    prop_assert_eq!(ticket, None);
                }
                if standing == Standing::Closed {
                    prop_assert!(ticket.is_some());
                }
                out.extend(ticket);
                let probes = out.iter().filter(|ticket| ticket.probe && ticket.age == breaker.age).count();
                prop_assert!(probes <= 1);
            }
            for (at, outcome) in step.settles {
                if !out.is_empty() {
                    let ticket = out.swap_remove(at.index(out.len()));
                    breaker.settle(ticket, outcome, now, step.jitter);
                }
            }
            if let Standing::Open(wait) | Standing::Cooling(wait) = breaker.standing(now) {
                prop_assert!(wait <= LIMITED_MOST);
            }
        }
        // Once everything that is out has come back, and time has passed, somebody is let in.
        for ticket in out {
            breaker.settle(ticket, Outcome::Unknown, now, 0.5);
        }
        prop_assert!(breaker.admit(now + LIMITED_MOST).is_some());
    }
}

#[test]
fn other_rules_open_and_close_it_otherwise() {
    let rules = BreakerRules {
        consecutive: 2,
        open: seconds(3),
        open_max: seconds(4),
        close_after: 1,
        failure_rate: 1.0,
        min_requests: 1_000,
        ..BreakerRules::default()
    };
    let mut breaker = Breaker { rules, ..Breaker::default() };
    assert!(ask(&mut breaker, Outcome::Bad, Duration::ZERO));
    assert_eq!(breaker.standing(Duration::ZERO), Standing::Closed);
    assert!(ask(&mut breaker, Outcome::Bad, Duration::ZERO));
    assert_eq!(breaker.standing(Duration::ZERO), Standing::Open(seconds(3)));
    assert!(ask(&mut breaker, Outcome::Bad, seconds(3)));
    assert_eq!(breaker.standing(seconds(3)), Standing::Open(seconds(4)));
    assert!(ask(&mut breaker, Outcome::Good, seconds(7)));
    assert_eq!((breaker.standing(seconds(7)), breaker.closed().rules), (Standing::Closed, rules));
}

#[test]
fn a_small_share_of_failures_opens_it_where_that_is_the_rule() {
    let rules = BreakerRules { failure_rate: 0.2, min_requests: 5, ..BreakerRules::default() };
    let mut breaker = Breaker { rules, ..Breaker::default() };
    for outcome in [Outcome::Good, Outcome::Good, Outcome::Good, Outcome::Good, Outcome::Bad] {
        assert!(ask(&mut breaker, outcome, Duration::ZERO));
    }
    assert_eq!(breaker.standing(Duration::ZERO), Standing::Open(seconds(10)));
}
