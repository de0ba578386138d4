//! What is spent, shared by all requests of a process and, through the ledger, by all processes.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};

use super::budget::{Books, Standing, Verdict};
use super::ledger::Entry;
use super::tail::Tail;
use crate::config::{Budget, Budgets, Cost, Currency, Span, Target};

/// What a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// This process, whatever its agent calls its conversations.
    Launch,
    /// What the agent says it is: several share this process.
    Agent,
}

/// Keeps the books of one process.
#[derive(Debug)]
pub struct Spending {
    scope: Scope,
    zone: TimeZone,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    books: Books,
    /// Absent where nothing is kept.
    tail: Option<Tail>,
}

/// Why a request is not sent as it is.
#[derive(Debug)]
pub enum Unaffordable {
    /// A budget refuses it.
    Refused(Budget, Standing),
    /// A budget sends it to that target.
    Instead(Arc<Target>, Standing),
}

impl Spending {
    /// Begins; what others spent is looked for where a tail is given.
    pub fn new(scope: Scope, tail: Option<Tail>) -> Self {
        let state = Mutex::new(State { books: Books::default(), tail });
        Self { scope, zone: TimeZone::system(), state }
    }

    /// Keeps back what a request may cost, or says why it may not go.
    ///
    /// # Errors
    /// Fails where a budget is spent; nothing is kept back then.
    pub fn reserve(
        self: &Arc<Self>,
        budgets: &Arc<Budgets>,
        session: Option<&str>,
        estimate: Option<Cost>,
    ) -> Result<Reservation, Unaffordable> {
        let session = self.session(session);
        self.with(budgets, |books, today| match books.verdict(budgets, today, session, estimate) {
            Verdict::Stop(budget, standing) => Err(Unaffordable::Refused(budget.clone(), standing)),
            Verdict::Instead(target, _, standing) => Err(Unaffordable::Instead(Arc::clone(target), standing)),
            Verdict::Go => {
                if let Some(estimate) = estimate {
                    books.reserve(session, estimate);
                }
                Ok(Reservation {
                    spending: Arc::clone(self),
                    budgets: Arc::clone(budgets),
                    session: session.to_owned(),
                    estimate,
                })
            }
        })
    }

    /// Says how each budget stands, the session's for this one; without one, that of the session that spent most.
    pub fn standings(&self, budgets: &Budgets, session: Option<&str>) -> Vec<Standing> {
        self.with(budgets, |books, today| {
            let standing = |(span, budget): (Span, &Budget)| {
                let session = match (self.scope, session) {
                    (Scope::Agent, None) => books.dearest(budget.limit.currency).unwrap_or_default(),
                    (_, session) => self.session(session),
                };
                books.standing(span, budget, today, session)
            };
            budgets.iter().map(standing).collect()
        })
    }

    fn session<'s>(&self, named: Option<&'s str>) -> &'s str {
        match self.scope {
            Scope::Launch => "",
            Scope::Agent => named.unwrap_or_default(),
        }
    }

    /// Does something with the books of today, what others wrote included.
    fn with<T>(&self, budgets: &Budgets, work: impl FnOnce(&mut Books, Date) -> T) -> T {
        let now = Timestamp::now();
        let today = now.to_zoned(self.zone.clone()).date();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State { books, tail } = &mut *state;
        // Without a budget nobody asks, and the first look reads all that there is.
        if let Some(tail) = tail.as_mut().filter(|_| budgets.iter().next().is_some()) {
            let entries = tail.read(&self.months(today, now));
            for entry in &entries {
                self.note(books, entry);
            }
            books.forget(today);
        }
        work(books, today)
    }

    fn note(&self, books: &mut Books, entry: &Entry) {
        let Ok(time) = entry.time.parse::<Timestamp>() else { return };
        let day = time.to_zoned(self.zone.clone()).date();
        let session = match self.scope {
            Scope::Launch => None,
            Scope::Agent => entry.session.as_deref(),
        };
        let known = [
            (entry.cost_usd.or(entry.estimate_usd), Currency::Usd),
            (entry.cost_eur.or(entry.estimate_eur), Currency::Eur),
        ];
        for (amount, currency) in known {
            if let Some(amount) = amount.filter(|amount| *amount > 0.0) {
                books.spend(day, session, Cost { amount, currency });
            }
        }
    }

    /// The months of UTC, whose files the ledger has, in which this month of the person's own lies.
    fn months(&self, today: Date, now: Timestamp) -> Vec<String> {
        let began = today.first_of_month().to_zoned(self.zone.clone()).map_or(now, |began| began.timestamp());
        let mut months = [began, now].map(|time| time.to_zoned(TimeZone::UTC).strftime("%Y-%m").to_string()).to_vec();
        months.dedup();
        months
    }
}

/// What is kept back for a request; given back when it is dropped.
#[derive(Debug)]
pub struct Reservation {
    spending: Arc<Spending>,
    budgets: Arc<Budgets>,
    session: String,
    estimate: Option<Cost>,
}

impl Reservation {
    /// What the request was thought to cost, its answer left out; absent where no price is known.
    pub fn estimate(&self) -> Option<Cost> {
        self.estimate
    }

    /// Notes what the request has cost, and gives the rest back; says in the log what budget is nearly spent by that.
    pub fn settle(self, cost: Option<Cost>) {
        let news = self.spending.with(&self.budgets, |books, today| {
            if let Some(cost) = cost.filter(|cost| cost.amount > 0.0) {
                books.spend(today, Some(&self.session), cost);
            }
            books.news(&self.budgets, today, &self.session)
        });
        for standing in news {
            let (percent, spent, limit) = (standing.percent(), standing.spent, standing.limit);
            tracing::warn!(budget = standing.span.as_str(), percent, %spent, %limit, "a budget is nearly or wholly spent");
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(estimate) = self.estimate {
            let mut state = self.spending.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.books.release(&self.session, estimate);
        }
    }
}
