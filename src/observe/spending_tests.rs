//! The books of one process, without a ledger.

use jiff::civil::date;

use super::*;
use crate::config::Action;

fn usd(amount: f64) -> Cost {
    Cost { amount, currency: Currency::Usd }
}

fn limited(limit: f64) -> Arc<Budgets> {
    let budget = Some(Budget { limit: usd(limit), action: Action::Block, said: Said::Configured });
    Arc::new(Budgets { session: budget.clone(), day: budget, ..Budgets::default() })
}

#[test]
fn without_a_budget_nothing_is_kept_back_and_one_that_comes_later_knows_what_was_spent() {
    let (spending, none) = (Arc::new(Spending::new(Scope::Agent, None)), Arc::default());
    // Who held the books would wait here for ever.
    let books = spending.lock();
    let (target, prompt) = (target(), 5_000);
    let asking = Asking { target: &target, prompt, longest: 0 };
    let reserved = [(); 2].map(|()| spending.reserve(&none, Some("s"), &asking).expect("goes"));
    assert_eq!(spending.standings(&none, None), []);
    drop(books);
    let [answered, given_up] = reserved;
    answered.settle(Some("s"), usd(2.0).into(), 7);
    drop(given_up);
    let standings = |session| spending.standings(&limited(9.0), Some(session));
    let sums = |session| standings(session).iter().map(|it| (it.spent, it.reserved)).collect::<Vec<_>>();
    assert_eq!(sums("s"), [(usd(2.0), usd(0.0)), (usd(2.0), usd(0.0))]);
    assert_eq!(sums("t"), [(usd(0.0), usd(0.0)), (usd(2.0), usd(0.0))]);
}

/// A model that costs a dollar for a thousand tokens of either kind.
fn target() -> Target {
    let price = crate::config::Price { input: 1000.0, output: 1000.0, cached: 0.0, currency: Currency::Usd };
    Target { pricing: Some(price), ..crate::translate::testing::target_with(crate::translate::testing::model()) }
}

#[test]
fn an_answer_is_thought_to_be_as_long_as_those_before_it_and_no_longer_than_is_asked_for() {
    let spending = Arc::new(Spending::new(Scope::Agent, None));
    let (budgets, target) = (limited(100.0), target());
    let estimate = |session, longest| {
        let asking = Asking { target: &target, prompt: 500, longest };
        spending.reserve(&budgets, Some(session), &asking).expect("goes").estimate()
    };
    assert_eq!([estimate("s", 128_000), estimate("s", 100)], [1.5, 0.6].map(|sum| usd(sum).into()));
    for (answer, mean) in [(2_000, 2_000), (0, 2_000), (4_000, 3_000), (10, 2_003)] {
        let asking = Asking { target: &target, prompt: 0, longest: 0 };
        let reservation = spending.reserve(&budgets, Some("s"), &asking).expect("goes");
        reservation.settle(Some("s"), Costs::default(), answer);
        assert_eq!(estimate("s", 128_000), target.pricing.unwrap().cost(500, 0, mean).into());
    }
    assert_eq!(estimate("t", 128_000), usd(1.5).into());
}

#[test]
fn a_day_ends_where_it_does_in_the_persons_time_zone() {
    let zone = TimeZone::fixed(jiff::tz::offset(2));
    let spending = Spending::new(Scope::Launch, None);
    let mut state = spending.lock();
    let mut day = |time: &str| state.today(time.parse().unwrap(), &zone);
    for _ in 0..2 {
        assert_eq!(day("2026-11-21T21:59:59Z"), date(2026, 11, 21));
        assert_eq!(day("2026-11-21T22:00:00Z"), date(2026, 11, 22));
    }
}
