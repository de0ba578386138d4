//! What was spent, what requests in flight may spend, and whether one more may go.
//!
//! Pure: the day is an argument. Amounts are whole billionths, so that what was reserved is given back exactly, and each
//! currency has a sum of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::config::{Action, Budget, Budgets, Cost, Currency, Span, Target};

/// Sessions that are remembered; the one that was quiet for the longest goes first.
const SESSIONS: usize = 256;
/// Shares of a limit, in percent, that the log tells once each.
const TOLD: [u64; 2] = [100, 80];

/// Billionths of a unit of each currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Money([u64; Currency::ALL.len()]);

impl Money {
    fn of(self, currency: Currency) -> u64 {
        self.0[currency as usize]
    }

    fn add(&mut self, cost: Cost) {
        let sum = &mut self.0[cost.currency as usize];
        *sum = sum.saturating_add(billionths(cost.amount));
    }

    fn take(&mut self, cost: Cost) {
        let sum = &mut self.0[cost.currency as usize];
        *sum = sum.saturating_sub(billionths(cost.amount));
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and what is no number is 0")]
fn billionths(amount: f64) -> u64 {
    (amount * 1e9).round() as u64
}

#[expect(clippy::cast_precision_loss, reason = "for people, who do not see the sixteenth digit")]
fn amount(billionths: u64, currency: Currency) -> Cost {
    Cost { amount: billionths as f64 / 1e9, currency }
}

/// What was spent, and what is on its way to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Purse {
    spent: Money,
    reserved: Money,
}

/// All that was spent this month, and in each session.
#[derive(Debug, Default)]
pub struct Books {
    days: BTreeMap<Date, Money>,
    /// By all requests in flight.
    reserved: Money,
    /// The quietest first.
    sessions: Vec<(String, Purse)>,
    /// What the log was told: the span, which one, its limit, and the share.
    told: BTreeSet<(Span, String, u64, u64)>,
}

/// How a budget stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// What it is for.
    pub span: Span,
    /// What was spent.
    pub spent: Cost,
    /// What requests in flight may spend.
    pub reserved: Cost,
    /// How much may be.
    pub limit: Cost,
}

impl Standing {
    /// What was spent of the limit, in percent; a limit of nothing is always spent.
    pub fn percent(&self) -> u64 {
        let (spent, limit) = (billionths(self.spent.amount), billionths(self.limit.amount));
        u64::try_from((u128::from(spent) * 100).checked_div(u128::from(limit)).unwrap_or(100)).unwrap_or(u64::MAX)
    }
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Verdict<'b> {
    /// It can be paid.
    Go,
    /// It is refused by this budget.
    Stop(&'b Budget, Standing),
    /// This budget sends it to that target.
    Instead(&'b Arc<Target>, &'b Budget, Standing),
}

impl Books {
    /// Adds what somebody spent; a session is named where its sum is kept.
    pub fn spend(&mut self, day: Date, session: Option<&str>, cost: Cost) {
        self.days.entry(day).or_default().add(cost);
        if let Some(session) = session {
            self.purse(session).spent.add(cost);
        }
    }

    /// Keeps back what a request may cost, until [`Self::release`].
    pub fn reserve(&mut self, session: &str, estimate: Cost) {
        self.reserved.add(estimate);
        self.purse(session).reserved.add(estimate);
    }

    /// Gives back what was kept.
    pub fn release(&mut self, session: &str, estimate: Cost) {
        self.reserved.take(estimate);
        self.purse(session).reserved.take(estimate);
    }

    /// Says whether a request that may cost so much can go, in this session and on this day.
    ///
    /// What costs nothing can always go, and so does what nobody knows the price of.
    pub fn verdict<'b>(&self, budgets: &'b Budgets, today: Date, session: &str, estimate: Option<Cost>) -> Verdict<'b> {
        let Some(estimate) = estimate.filter(|estimate| billionths(estimate.amount) > 0) else { return Verdict::Go };
        let mut instead = Verdict::Go;
        for (span, budget) in budgets.iter().filter(|(_, budget)| budget.limit.currency == estimate.currency) {
            let purse = self.purse_of(span, today, session);
            let sums = [purse.spent.of(estimate.currency), purse.reserved.of(estimate.currency)];
            let whole = sums.into_iter().fold(billionths(estimate.amount), u64::saturating_add);
            if whole <= billionths(budget.limit.amount) {
                continue;
            }
            let standing = self.standing(span, budget, today, session);
            match &budget.action {
                Action::Warn => {}
                Action::Block => return Verdict::Stop(budget, standing),
                Action::Fallback(target) => {
                    if matches!(instead, Verdict::Go) {
                        instead = Verdict::Instead(target, budget, standing);
                    }
                }
            }
        }
        instead
    }

    /// How a budget stands, in this session and on this day.
    pub fn standing(&self, span: Span, budget: &Budget, today: Date, session: &str) -> Standing {
        let currency = budget.limit.currency;
        let Purse { spent, reserved } = self.purse_of(span, today, session);
        let (spent, reserved) = (amount(spent.of(currency), currency), amount(reserved.of(currency), currency));
        Standing { span, spent, reserved, limit: budget.limit }
    }

    /// The session that has spent most of a currency; nothing before the first.
    pub fn dearest(&self, currency: Currency) -> Option<&str> {
        let dearest = self.sessions.iter().max_by_key(|(_, purse)| purse.spent.of(currency));
        dearest.map(|(session, _)| session.as_str())
    }

    /// Returns the budgets that were spent to another of the shares that are told, each once for its day, month, session and limit.
    pub fn news(&mut self, budgets: &Budgets, today: Date, session: &str) -> Vec<Standing> {
        // What was told of days and months that are over is told of others, if ever.
        let of = |span| match span {
            Span::Session => session.to_owned(),
            Span::Day => today.to_string(),
            Span::Month => today.strftime("%Y-%m").to_string(),
        };
        let (day, month) = (of(Span::Day), of(Span::Month));
        self.told.retain(|(span, which, ..)| match span {
            Span::Session => true,
            Span::Day => *which == day,
            Span::Month => *which == month,
        });
        let mut news = Vec::new();
        for (span, budget) in budgets.iter() {
            let standing = self.standing(span, budget, today, session);
            let limit = billionths(budget.limit.amount);
            let reached = TOLD.into_iter().filter(|share| standing.percent() >= *share);
            // Who hears that all is spent need not hear that most of it is.
            let fresh = reached.map(|share| self.told.insert((span, of(span), limit, share))).collect::<Vec<_>>();
            if fresh.first().is_some_and(|fresh| *fresh) {
                news.push(standing);
            }
        }
        news
    }

    fn purse_of(&self, span: Span, today: Date, session: &str) -> Purse {
        let spent = |since: Date| {
            let mut sum = Money::default();
            for (_, money) in self.days.range(since..) {
                Currency::ALL.into_iter().for_each(|currency| {
                    sum.0[currency as usize] = sum.of(currency).saturating_add(money.of(currency));
                });
            }
            sum
        };
        match span {
            Span::Session => {
                let found = self.sessions.iter().find(|(id, _)| id == session);
                found.map(|(_, purse)| *purse).unwrap_or_default()
            }
            Span::Day => Purse { spent: spent(today), reserved: self.reserved },
            Span::Month => Purse { spent: spent(today.first_of_month()), reserved: self.reserved },
        }
    }

    fn purse(&mut self, session: &str) -> &mut Purse {
        let found = self.sessions.iter().position(|(id, _)| id == session);
        let kept = found.map_or_else(|| (session.to_owned(), Purse::default()), |at| self.sessions.remove(at));
        if self.sessions.len() >= SESSIONS
            && let Some(quiet) = self.sessions.iter().position(|(_, purse)| purse.reserved == Money::default())
        {
            let (id, _) = self.sessions.remove(quiet);
            self.told.retain(|(span, which, ..)| *span != Span::Session || *which != id);
        }
        let last = self.sessions.len();
        self.sessions.push(kept);
        &mut self.sessions[last].1
    }

    /// Forgets the days before the month of this one.
    pub fn forget(&mut self, today: Date) {
        let since = today.first_of_month().checked_sub(1.day()).unwrap_or(today);
        self.days.retain(|day, _| *day >= since);
    }
}

#[cfg(test)]
mod tests {
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
            books.standing(span, of.get(span).unwrap(), TODAY, session).spent.amount
        };
        assert_eq!([spent(Span::Day, "a"), spent(Span::Month, "a")], [2.0, 6.0]);
        assert_eq!(
            [spent(Span::Session, "a"), spent(Span::Session, "b"), spent(Span::Session, "c")],
            [104.0, 2.0, 0.0]
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
            prop_assert!(books.sessions.iter().all(|(_, purse)| purse.reserved == Money::default()));
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
}
