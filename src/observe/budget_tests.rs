//! The books, without a clock and without a file.

use jiff::ToSpan as _;
use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::config::Said;

const TODAY: Date = date(2026, 11, 21);

fn usd(amount: f64) -> Cost {
    Cost { amount, currency: Currency::Usd }
}

fn budgets(span: Span, limit: f64, action: Action) -> Budgets {
    let budget = Some(Budget { limit: usd(limit), action, said: Said::Configured });
    let none = Budgets::default();
    match span {
        Span::Session => Budgets { session: budget, ..none },
        Span::Day => Budgets { day: budget, ..none },
        Span::Month => Budgets { month: budget, ..none },
    }
}

fn goes(books: &Books, budgets: &Budgets, today: Date, session: &str, estimate: f64) -> bool {
    matches!(books.verdict(budgets, today, session, Some(usd(estimate))), Verdict::Go)
}

#[test]
fn each_span_counts_what_is_its_own() {
    let mut books = Books::default();
    books.spend(date(2026, 10, 31), Some("a"), usd(100.0));
    books.spend(date(2026, 11, 1), Some("a"), usd(4.0));
    books.spend(TODAY, Some("b"), usd(2.0));
    let spent = |span, session| {
        let of = budgets(span, 1.0, Action::Block);
        books.standing(span, of.get(span).unwrap(), TODAY, session).spent
    };
    assert_eq!([spent(Span::Day, "a"), spent(Span::Month, "a")], [2.0, 6.0].map(usd));
    assert_eq!(
        [spent(Span::Session, "a"), spent(Span::Session, "b"), spent(Span::Session, "c")],
        [104.0, 2.0, 0.0].map(usd)
    );
}

#[test]
fn the_last_cent_may_be_spent_and_no_more() {
    let mut books = Books::default();
    let day = budgets(Span::Day, 1.0, Action::Block);
    books.spend(TODAY, None, usd(0.5));
    books.reserve("s", usd(0.3));
    assert!(goes(&books, &day, TODAY, "s", 0.2) && !goes(&books, &day, TODAY, "s", 0.200_001));
    assert!(goes(&books, &day, TODAY.tomorrow().unwrap(), "s", 0.7), "tomorrow is another day");
}

#[test]
fn what_costs_nothing_or_is_in_another_currency_goes_whatever_was_spent() {
    let mut books = Books::default();
    let day = budgets(Span::Day, 0.0, Action::Block);
    books.spend(TODAY, None, usd(5.0));
    assert!(goes(&books, &day, TODAY, "s", 0.0) && !goes(&books, &day, TODAY, "s", 0.1));
    let euros = Cost { amount: 1.0, currency: Currency::Eur };
    for estimate in [None, Some(euros)] {
        assert!(matches!(books.verdict(&day, TODAY, "s", estimate), Verdict::Go));
    }
    books.spend(TODAY, None, euros);
    let standing = books.standing(Span::Day, day.day.as_ref().unwrap(), TODAY, "s");
    assert_eq!(standing.spent, usd(5.0));
}

#[test]
fn a_limit_that_refuses_goes_before_one_that_warns() {
    let mut books = Books::default();
    let mut both = budgets(Span::Day, 1.0, Action::Warn);
    books.spend(TODAY, None, usd(2.0));
    assert!(goes(&books, &both, TODAY, "s", 0.1));
    both.month = budgets(Span::Month, 2.05, Action::Block).month;
    let Verdict::Stop(budget, standing) = books.verdict(&both, TODAY, "s", Some(usd(0.1))) else { panic!() };
    assert_eq!((budget.limit, standing.span, standing.spent), (usd(2.05), Span::Month, usd(2.0)));
}

#[test]
fn each_share_is_told_once_for_a_day_and_again_for_another_limit() {
    let mut books = Books::default();
    let (one, two) = (budgets(Span::Day, 1.0, Action::Warn), budgets(Span::Day, 2.0, Action::Warn));
    let told = |books: &mut Books, budgets, today| {
        books.news(budgets, today, "s").iter().map(Standing::percent).collect::<Vec<_>>()
    };
    books.spend(TODAY, None, usd(0.79));
    assert_eq!(told(&mut books, &one, TODAY), [0; 0]);
    books.spend(TODAY, None, usd(0.01));
    assert_eq!([told(&mut books, &one, TODAY), told(&mut books, &one, TODAY)], [vec![80], vec![]]);
    books.spend(TODAY, None, usd(0.9));
    assert_eq!([told(&mut books, &one, TODAY), told(&mut books, &one, TODAY)], [vec![170], vec![]]);
    assert_eq!([told(&mut books, &two, TODAY), told(&mut books, &two, TODAY)], [vec![85], vec![]]);
    let tomorrow = TODAY.tomorrow().unwrap();
    books.spend(tomorrow, None, usd(3.0));
    assert_eq!(told(&mut books, &one, tomorrow), [300]);
}

#[test]
fn what_requests_in_flight_hold_is_not_forgotten_with_the_quietest_session() {
    let mut books = Books::default();
    books.reserve("held", usd(1.0));
    (0..SESSIONS * 2).for_each(|number| books.spend(TODAY, Some(&number.to_string()), usd(0.1)));
    assert_eq!(books.sessions.len(), SESSIONS);
    books.release("held", usd(1.0));
    assert_eq!(books.reserved, Money::default());
}

#[test]
fn a_clock_that_jumps_ahead_and_back_takes_nothing_out_of_the_month() {
    let mut books = Books::default();
    let month = budgets(Span::Month, 1.0, Action::Block);
    books.spend(TODAY, None, usd(1.0));
    books.spend(date(2028, 1, 1), None, usd(0.5));
    assert!(goes(&books, &month, date(2028, 1, 1), "s", 0.5));
    assert!(!goes(&books, &month, TODAY, "s", 0.1));
    (1..200).for_each(|days| books.spend(TODAY.checked_add(days.days()).unwrap(), None, usd(0.1)));
    assert_eq!(books.days.len(), DAYS);
}

/// What may happen to requests that are asked for one after another, several in flight.
#[derive(Debug, Clone)]
enum Step {
    /// A request that may cost so many cents.
    Ask(u32),
    /// The oldest in flight ends, having cost so many percent of what was thought.
    End(u32),
    /// The oldest in flight is given up.
    Drop,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0_u32..300).prop_map(Step::Ask),
        2 => (0_u32..=100).prop_map(Step::End),
        1 => Just(Step::Drop),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    #[test]
    fn requests_that_cost_no_more_than_was_thought_never_go_over_the_limit(steps in steps(), limit in 0_u32..2_000) {
        let limit = f64::from(limit) / 100.0;
        let day = budgets(Span::Day, limit, Action::Block);
        let mut books = Books::default();
        let mut flying = std::collections::VecDeque::new();
        for step in steps {
            match step {
                Step::Ask(cents) => {
                    let estimate = usd(f64::from(cents) / 100.0);
                    if goes(&books, &day, TODAY, "s", estimate.amount) {
                        books.reserve("s", estimate);
                        flying.push_back(estimate);
                    }
                }
                Step::End(percent) => {
                    if let Some(estimate) = flying.pop_front() {
                        books.release("s", estimate);
                        books.spend(TODAY, Some("s"), usd(estimate.amount * f64::from(percent) / 100.0));
                    }
                }
                Step::Drop => {
                    if let Some(estimate) = flying.pop_front() {
                        books.release("s", estimate);
                    }
                }
            }
            let standing = books.standing(Span::Day, day.day.as_ref().unwrap(), TODAY, "s");
            prop_assert!(standing.spent.amount >= 0.0 && standing.reserved.amount >= 0.0);
            prop_assert!(standing.spent.amount + standing.reserved.amount <= limit + 1e-6, "{standing:?}");
        }
        for estimate in flying {
            books.release("s", estimate);
        }
        prop_assert_eq!(books.reserved, Money::default());
        prop_assert!(books.sessions.values().all(|purse| purse.reserved == Money::default()));
    }

    #[test]
    fn a_request_that_costs_more_than_was_thought_goes_over_by_no_more_than_that(
        requests in prop::collection::vec((1_u32..100, 0_u32..500), 0..40), limit in 0_u32..1_000,
    ) {
        let limit = f64::from(limit) / 100.0;
        let month = budgets(Span::Month, limit, Action::Block);
        let mut books = Books::default();
        let mut error = 0.0;
        for (thought, more) in requests {
            let (thought, more) = (f64::from(thought) / 100.0, f64::from(more) / 100.0);
            if goes(&books, &month, TODAY, "s", thought) {
                books.spend(TODAY, Some("s"), usd(thought + more));
                error = more;
            }
        }
        let spent = books.standing(Span::Month, month.month.as_ref().unwrap(), TODAY, "s").spent.amount;
        prop_assert!(spent <= limit + error + 1e-6, "{spent} of {limit}, and {error}");
    }
}
