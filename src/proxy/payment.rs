//! What a request costs, from what is kept back for it to what it is known to have cost.

use crate::config::{Cost, Costs, Target};
use crate::observe::spending::Reservation;
use crate::observe::usage::Tokens;

/// What is kept back for the attempt in progress, and what those before it were thought to cost.
#[derive(Debug, Default)]
pub(super) struct Payment {
    reservation: Option<Reservation>,
    /// Whether a budget counts it.
    is_counted: bool,
    /// Whether the attempt's answer has begun.
    begun: bool,
    /// What attempts were thought to cost of which nobody says it.
    written_off: Costs,
}

/// What a request came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Costing {
    /// At the target's price; absent where that, or what was used, is not known.
    pub(super) cost: Option<Cost>,
    /// What budgets count over that.
    pub(super) estimate: Costs,
}

impl Payment {
    /// What it may cost is kept back until it is settled, or goes to another target.
    pub(super) fn reserve(&mut self, reservation: Reservation) {
        self.is_counted |= reservation.is_held();
        self.reservation = Some(reservation);
    }

    /// Whether a budget counts it, so that other processes want to know of it at once.
    pub(super) fn is_counted(&self) -> bool {
        self.is_counted
    }

    /// Whether what it may cost at its target is kept back.
    pub(super) fn is_reserved(&self) -> bool {
        self.reservation.is_some()
    }

    /// Gives back what is kept: the request goes to another target.
    pub(super) fn release(&mut self) {
        self.reservation = None;
    }

    /// An attempt begins.
    pub(super) fn send(&mut self) {
        self.begun = false;
    }

    /// The attempt's answer has begun.
    pub(super) fn begin(&mut self) {
        self.begun = true;
    }

    /// Settles an attempt that nobody says the cost of: it counts as what it was thought to cost.
    pub(super) fn write_off(&mut self, session: Option<&str>) {
        let Some(reservation) = self.reservation.take() else { return };
        let estimate = reservation.estimate();
        self.written_off = self.written_off.plus(estimate);
        reservation.settle(session, estimate, 0);
    }

    /// Settles once and for all; `reached` is false where nobody had the request, `underway` true where it is not known
    /// what became of it.
    pub(super) fn settle(
        &mut self,
        target: &Target,
        session: Option<&str>,
        tokens: Tokens,
        reached: bool,
        underway: bool,
    ) -> Costing {
        let cost = if reached { cost(target, tokens) } else { None };
        let mut whole = Costs::from(cost);
        if let Some(reservation) = self.reservation.take() {
            if reached && tokens.output > 0 {
                let Tokens { input, cached, output } = tokens;
                whole = target.charge(reservation.is_strict(), input, cached, output);
            } else if underway || self.begun {
                // The provider bills what nobody counted, too.
                whole = whole.dearer(reservation.estimate());
            }
            reservation.settle(session, whole, tokens.output);
        }
        Costing { cost, estimate: whole.beyond(cost.into()).plus(self.written_off) }
    }
}

/// What an answer cost at the target's price; nothing where that is not known.
fn cost(target: &Target, tokens: Tokens) -> Option<Cost> {
    // A provider that does not count leaves the answer at 0, and the prompt is mcr's own count.
    let price = target.pricing.filter(|price| tokens.output > 0 || price.is_free())?;
    Some(price.cost(tokens.input, tokens.cached, tokens.output))
}
