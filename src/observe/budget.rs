//! What was spent, what requests in flight may spend, and whether one more may go.
//!
//! Pure: the day is an argument. Amounts are whole billionths, so that what was reserved is given back exactly, and each
//! currency has a sum of its own.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::civil::Date;

use crate::config::{Action, Budget, Budgets, Cost, Costs, Currency, Span, Target};

/// Sessions that are remembered; the one that was quiet for the longest goes first.
const SESSIONS: usize = 256;
/// The share of the budgets that is kept back for an answer, in tokens, where those before it were shorter.
const SHORTEST: u64 = 1_000;
/// Days that are remembered, a month and more: which of them count is seen when somebody asks, since a clock may jump
/// ahead and back.
const DAYS: usize = 100;
/// Shares of a limit, in percent, that the log tells once each.
const TOLD: [u64; 2] = [100, 80];

/// Billionths of a unit of each currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Money([u64; Currency::ALL.len()]);

impl Money {
    fn of(self, currency: Currency) -> u64 {
        self.0[currency as usize]
    }

    fn add(&mut self, costs: Costs) {
        for currency in Currency::ALL {
            let sum = &mut self.0[currency as usize];
            *sum = sum.saturating_add(billionths(costs.of(currency).amount));
        }
    }

    fn take(&mut self, costs: Costs) {
        for currency in Currency::ALL {
            let sum = &mut self.0[currency as usize];
            *sum = sum.saturating_sub(billionths(costs.of(currency).amount));
        }
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
    answers: u64,
    /// Tokens of all of these.
    written: u64,
    /// When it was changed last, counted in changes.
    touched: u64,
}

/// All that was spent this month, and in each session.
#[derive(Debug, Default)]
pub struct Books {
    days: BTreeMap<Date, Money>,
    /// By all requests in flight.
    reserved: Money,
    sessions: HashMap<String, Purse>,
    changes: u64,
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
    pub fn spend(&mut self, day: Date, session: Option<&str>, costs: impl Into<Costs>) {
        let costs = costs.into();
        if costs.is_nothing() {
            return;
        }
        self.days.entry(day).or_default().add(costs);
        if self.days.len() > DAYS {
            self.days.pop_first();
        }
        if let Some(session) = session {
            self.purse(session).spent.add(costs);
        }
    }

    /// Keeps back what a request may cost, until [`Self::release`].
    pub fn reserve(&mut self, session: &str, estimate: impl Into<Costs>) {
        let estimate = estimate.into();
        self.reserved.add(estimate);
        self.purse(session).reserved.add(estimate);
    }

    /// Notes how long an answer was.
    pub fn answered(&mut self, session: &str, tokens: u64) {
        let purse = self.purse(session);
        purse.answers += 1;
        purse.written = purse.written.saturating_add(tokens);
    }

    /// How long the next answer of a session will be, as far as anybody can tell: as those before it, and no less than
    /// `SHORTEST`.
    pub fn answer(&self, session: &str) -> u64 {
        let mean = self.sessions.get(session).and_then(|purse| purse.written.checked_div(purse.answers));
        mean.unwrap_or_default().max(SHORTEST)
    }

    /// Gives back what was kept.
    pub fn release(&mut self, session: &str, estimate: impl Into<Costs>) {
        let estimate = estimate.into();
        self.reserved.take(estimate);
        self.purse(session).reserved.take(estimate);
    }

    /// Says whether a request that may cost so much can go, in this session and on this day.
    ///
    /// What costs nothing can always go, and so does what nobody knows the price of.
    pub fn verdict<'b>(
        &self,
        budgets: &'b Budgets,
        today: Date,
        session: &str,
        estimate: impl Into<Costs>,
    ) -> Verdict<'b> {
        let estimate = estimate.into();
        let mut instead = Verdict::Go;
        for (span, budget) in budgets.iter() {
            let currency = budget.limit.currency;
            let asked = billionths(estimate.of(currency).amount);
            if asked == 0 {
                continue;
            }
            let purse = self.purse_of(span, today, session);
            let sums = [purse.spent.of(currency), purse.reserved.of(currency)];
            let whole = sums.into_iter().fold(asked, u64::saturating_add);
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
        let Purse { spent, reserved, .. } = self.purse_of(span, today, session);
        let (spent, reserved) = (amount(spent.of(currency), currency), amount(reserved.of(currency), currency));
        Standing { span, spent, reserved, limit: budget.limit }
    }

    /// The session that has spent most of a currency; nothing before the first.
    pub fn dearest(&self, currency: Currency) -> Option<&str> {
        let dearest = self.sessions.iter().max_by_key(|(_, purse)| (purse.spent.of(currency), purse.touched));
        dearest.map(|(session, _)| session.as_str())
    }

    /// Returns the budgets that were spent to another of the shares that are told, each once for its day, month, session and limit.
    pub fn news(&mut self, budgets: &Budgets, today: Date, session: &str) -> Vec<Standing> {
        let of = |span| match span {
            Span::Session => session.to_owned(),
            Span::Day => today.to_string(),
            Span::Month => today.strftime("%Y-%m").to_string(),
        };
        let mut news = Vec::new();
        for (span, budget) in budgets.iter() {
            let standing = self.standing(span, budget, today, session);
            if TOLD.into_iter().all(|share| standing.percent() < share) {
                continue;
            }
            // What was told of days and months that are over is told of others, if ever.
            let now = of(span);
            self.told.retain(|(told, which, ..)| *told != span || span == Span::Session || *which == now);
            let limit = billionths(budget.limit.amount);
            let reached = TOLD.into_iter().filter(|share| standing.percent() >= *share);
            // Who hears that all is spent need not hear that most of it is.
            let fresh = reached.map(|share| self.told.insert((span, now.clone(), limit, share))).collect::<Vec<_>>();
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
                for (sum, amount) in sum.0.iter_mut().zip(money.0) {
                    *sum = sum.saturating_add(amount);
                }
            }
            sum
        };
        match span {
            Span::Session => self.sessions.get(session).copied().unwrap_or_default(),
            Span::Day => Purse { spent: spent(today), reserved: self.reserved, ..Purse::default() },
            Span::Month => Purse { spent: spent(today.first_of_month()), reserved: self.reserved, ..Purse::default() },
        }
    }

    fn purse(&mut self, session: &str) -> &mut Purse {
        self.changes += 1;
        let touched = self.changes;
        if !self.sessions.contains_key(session) {
            self.make_room();
        }
        let purse = self.sessions.entry(session.to_owned()).or_default();
        purse.touched = touched;
        purse
    }

    fn make_room(&mut self) {
        if self.sessions.len() < SESSIONS {
            return;
        }
        let idle = self.sessions.iter().filter(|(_, purse)| purse.reserved == Money::default());
        let quiet = idle.min_by_key(|(_, purse)| purse.touched).map(|(id, _)| id.clone());
        if let Some(id) = quiet {
            self.sessions.remove(&id);
            self.told.retain(|(span, which, ..)| *span != Span::Session || *which != id);
        }
    }
}

#[cfg(test)]
#[path = "budget_tests.rs"]
mod tests;
