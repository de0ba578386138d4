//! What is spent, shared by all requests of a process and, through the ledger, by all processes.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};

use super::budget::{Books, Standing, Verdict};
use super::ledger::Entry;
use super::tail::Tail;
use crate::config::{Budget, Budgets, Cost, Costs, Currency, Said, Span, Target};

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
    /// The day as it was asked last, and its hours.
    day: Option<(Date, Range<Timestamp>)>,
}

/// What is to be paid.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'t> {
    /// Who is asked.
    pub target: &'t Target,
    /// The tokens of the prompt.
    pub prompt: u64,
    /// The tokens of the longest answer that is asked for, and that there is room for.
    pub longest: u64,
}

impl Asking<'_> {
    /// What it costs with an answer of so many tokens, nothing of the prompt cached.
    fn estimate(&self, strict: bool, answer: u64) -> Costs {
        self.target.charge(strict, self.prompt, 0, answer.min(self.longest))
    }
}

/// Why a request is not sent as it is.
#[derive(Debug)]
pub struct Unaffordable {
    /// How the budget stands that it would go over.
    pub standing: Standing,
    /// What it may cost of that.
    pub estimate: Cost,
    /// Who set the budget.
    pub said: Said,
    /// Where the budget sends it; absent where it refuses it.
    pub instead: Option<Arc<Target>>,
}

impl Spending {
    /// Begins; what others spent is looked for where a tail is given.
    pub fn new(scope: Scope, tail: Option<Tail>) -> Self {
        let state = Mutex::new(State { books: Books::default(), tail, day: None });
        Self { scope, zone: TimeZone::system(), state }
    }

    /// Keeps back what a request may cost, or says why it may not go; without a budget it only says what it may cost.
    ///
    /// # Errors
    /// Fails where a budget is spent; nothing is kept back then.
    pub fn reserve(
        self: &Arc<Self>,
        budgets: &Arc<Budgets>,
        session: Option<&str>,
        asking: &Asking<'_>,
    ) -> Result<Reservation, Unaffordable> {
        if budgets.is_empty() {
            let estimate = asking.estimate(budgets.strict, Books::default().answer(""));
            return Ok(Reservation { spending: Arc::clone(self), estimate, strict: budgets.strict, held: None });
        }
        let session = self.session(session);
        self.with(budgets, |books, today| {
            let estimate = asking.estimate(budgets.strict, books.answer(session));
            let refused = |budget: &Budget, standing: Standing, instead| {
                let estimate = estimate.of(budget.limit.currency);
                Err(Unaffordable { standing, estimate, said: budget.said, instead })
            };
            match books.verdict(budgets, today, session, estimate) {
                Verdict::Stop(budget, standing) => refused(budget, standing, None),
                Verdict::Instead(target, budget, standing) => refused(budget, standing, Some(Arc::clone(target))),
                Verdict::Go => {
                    books.reserve(session, estimate);
                    let held = Some(Held { budgets: Arc::clone(budgets), session: session.to_owned() });
                    Ok(Reservation { spending: Arc::clone(self), estimate, strict: budgets.strict, held })
                }
            }
        })
    }

    /// Says how each budget stands, the session's for this one; without one, that of the session that spent most.
    pub fn standings(&self, budgets: &Budgets, session: Option<&str>) -> Vec<Standing> {
        if budgets.is_empty() {
            return Vec::new();
        }
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
        let mut state = self.lock();
        let today = state.today(now, &self.zone);
        let State { books, tail, .. } = &mut *state;
        // Without a budget nobody asks, and the first look reads all that there is.
        if let Some(tail) = tail.as_mut().filter(|_| !budgets.is_empty()) {
            let entries = tail.read(&self.months(today, now));
            for entry in &entries {
                self.note(books, entry);
            }
        }
        work(books, today)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, books: &mut Books, entry: &Entry) {
        let Ok(time) = entry.time.parse::<Timestamp>() else { return };
        let day = time.to_zoned(self.zone.clone()).date();
        let session = match self.scope {
            Scope::Launch => None,
            Scope::Agent => entry.session.as_deref(),
        };
        let known = [
            (entry.cost_usd, Currency::Usd),
            (entry.cost_eur, Currency::Eur),
            (entry.estimate_usd, Currency::Usd),
            (entry.estimate_eur, Currency::Eur),
        ];
        let costs = known.into_iter().filter_map(|(amount, currency)| Some(Cost { amount: amount?, currency }));
        books.spend(day, session, costs.map(Costs::from).fold(Costs::default(), Costs::plus));
    }

    /// The months of UTC, whose files the ledger has, in which this month of the person's own lies.
    fn months(&self, today: Date, now: Timestamp) -> Vec<String> {
        let began = today.first_of_month().to_zoned(self.zone.clone()).map_or(now, |began| began.timestamp());
        let mut months = [began, now].map(|time| time.to_zoned(TimeZone::UTC).strftime("%Y-%m").to_string()).to_vec();
        months.dedup();
        months
    }
}

impl State {
    /// The day that this is; a request asks no time zone but for the first of each day.
    fn today(&mut self, now: Timestamp, zone: &TimeZone) -> Date {
        if let Some((date, hours)) = &self.day
            && hours.contains(&now)
        {
            return *date;
        }
        let moment = now.to_zoned(zone.clone());
        let date = moment.date();
        let begin = moment.start_of_day().map(|begin| begin.timestamp());
        let end = date.tomorrow().and_then(|next| next.to_zoned(zone.clone())).map(|end| end.timestamp());
        self.day = begin.and_then(|begin| Ok((date, begin..end?))).ok();
        date
    }
}

/// What a request may cost, kept back where there is a budget; given back when it is dropped.
#[derive(Debug)]
pub struct Reservation {
    spending: Arc<Spending>,
    estimate: Costs,
    strict: bool,
    /// Absent where there was no budget.
    held: Option<Held>,
}

/// Whom something is kept back from.
#[derive(Debug)]
struct Held {
    budgets: Arc<Budgets>,
    session: String,
}

impl Reservation {
    /// What the request was thought to cost; nothing where no price is known.
    pub fn estimate(&self) -> Costs {
        self.estimate
    }

    /// Whether there is a budget, of which other processes may want to know what is left.
    pub fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Whether the catalogue's prices count, too.
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// Notes what the request of this session has cost, and how many tokens its answer had where somebody counted them;
    /// gives the rest back, and says in the log what budget is nearly
    /// spent by that.
    pub fn settle(mut self, session: Option<&str>, costs: Costs, answer: u64) {
        let Some(Held { budgets, session }) = self.held.take() else {
            // A budget may come with the next configuration, and wants to know.
            if !costs.is_nothing() {
                let mut state = self.spending.lock();
                let today = state.today(Timestamp::now(), &self.spending.zone);
                state.books.spend(today, Some(self.spending.session(session)), costs);
            }
            return;
        };
        let news = self.spending.with(&budgets, |books, today| {
            books.release(&session, self.estimate);
            books.spend(today, Some(&session), costs);
            if answer > 0 {
                books.answered(&session, answer);
            }
            books.news(&budgets, today, &session)
        });
        for standing in news {
            let (percent, spent, limit) = (standing.percent(), standing.spent, standing.limit);
            tracing::warn!(budget = standing.span.as_str(), percent, %spent, %limit, "a budget is nearly or wholly spent");
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if let Some(Held { session, .. }) = self.held.take() {
            self.spending.lock().books.release(&session, self.estimate);
        }
    }
}

#[cfg(test)]
#[path = "spending_tests.rs"]
mod tests;
