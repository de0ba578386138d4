//! Whether a request can be paid, before it is sent.

use super::Proxy;
use super::fallback::Routed;
use super::question::Question;
use super::record::Record;
use super::snapshot::Snapshot;
use crate::config::{Budget, Said, Span, Target};
use crate::observe::budget::Standing;
use crate::observe::spending::{Reservation, Unaffordable};
use crate::route::{self, Choice, Facts};
use crate::wire::error::ApiError;
use crate::wire::status;

impl Proxy {
    /// Keeps back what a request may cost at the chosen target, or at the one that a spent budget names; the facts
    /// then have that target's count.
    ///
    /// # Errors
    /// Fails where a budget refuses the request; nothing has been sent by then.
    pub(super) fn afford(
        &self,
        snapshot: &Snapshot,
        question: Question<'_>,
        choice: Choice,
        facts: &mut Facts,
        session: Option<&str>,
    ) -> Result<(Choice, Reservation), ApiError> {
        let reserve = |target: &Target, tokens: u64| {
            self.spending.reserve(&snapshot.config.budgets, session, &question.asking(target, tokens))
        };
        let unaffordable = match reserve(&choice.target, facts.tokens.number()) {
            Ok(reservation) => return Ok((choice, reservation)),
            Err(unaffordable) => unaffordable,
        };
        let Some(target) = unaffordable.instead.clone() else { return Err(refusal(&unaffordable, "")) };
        let refused = |why: &str| refusal(&unaffordable, &format!("; {} {why}", target.name()));
        if !question.suits(&choice.target, &target) {
            return Err(refused("is no model for this"));
        }
        let mut there = facts.clone();
        there.tokens = question.draft(&target, session)?.tokens(&self.counter, &target);
        if let Some(why) = route::obstacle(&target, &there) {
            return Err(refused(why));
        }
        let reservation = reserve(&target, there.tokens.number()).map_err(|_| refused("costs too much, too"))?;
        let reason = format!("{}; {} is spent, so {}", choice.reason, name(unaffordable.standing.span), target.model);
        *facts = there;
        Ok((Choice { target, reason, ..choice }, reservation))
    }

    /// The same for a target that takes the place of one that failed.
    ///
    /// # Errors
    /// As [`Self::afford`], also where the budget names yet another target.
    pub(super) fn afford_spare(
        &self,
        routed: &Routed<'_>,
        target: &Target,
        tokens: u64,
        record: &mut Record,
    ) -> Result<(), ApiError> {
        if record.payment().is_reserved() {
            return Ok(());
        }
        let Routed { snapshot, question, session, .. } = *routed;
        let asking = question.asking(target, tokens);
        let reserved = self.spending.reserve(&snapshot.config.budgets, session, &asking);
        record.payment().reserve(reserved.map_err(|unaffordable| refusal(&unaffordable, ""))?);
        Ok(())
    }

    /// How the budgets of a configuration stand, for this session or for all.
    pub(super) fn budgets(&self, snapshot: &Snapshot, session: Option<&str>) -> Vec<status::Budget> {
        let budgets = &snapshot.config.budgets;
        let standings = self.spending.standings(budgets, session).into_iter();
        standings.filter_map(|standing| Some(told(standing, budgets.get(standing.span)?))).collect()
    }
}

fn told(standing: Standing, budget: &Budget) -> status::Budget {
    status::Budget {
        span: standing.span.as_str().to_owned(),
        spent: standing.spent.amount,
        reserved: standing.reserved.amount,
        limit: standing.limit.amount,
        currency: standing.limit.currency.as_str().to_owned(),
        percent: standing.percent(),
        action: budget.action.written(),
    }
}

fn name(span: Span) -> &'static str {
    match span {
        Span::Session => "the session's budget",
        Span::Day => "the day's budget",
        Span::Month => "the month's budget",
    }
}

/// Says which budget, what was spent of it, and what to do; Claude Code shows it as it is.
fn refusal(unaffordable: &Unaffordable, why: &str) -> ApiError {
    let Unaffordable { standing, estimate, said, .. } = unaffordable;
    let Standing { span, spent, reserved, limit } = *standing;
    let reserved = if reserved.amount > 0.0 { format!(", {reserved} more is on its way") } else { String::new() };
    let table = match span {
        Span::Session => "session",
        Span::Day => "daily",
        Span::Month => "monthly",
    };
    let raise = match said {
        Said::Typed => "start mcr with a higher `--max-cost` to go on".to_owned(),
        Said::Configured => format!("raise `Budget.{}.limit` in the configuration to go on", span.as_str()),
    };
    let name = name(span);
    ApiError::spent(format!(
        "mcr: not sent, {name} does not allow it: {spent} of {limit} is spent{reserved}, and this request may cost {estimate}{why}. \
         `mcr usage {table}` shows what for; {raise}"
    ))
}
