//! How much may be spent in which time, and what happens then.

use std::sync::Arc;

use super::{Cost, Target};

/// The time that a budget is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Span {
    /// One launch of `mcr code`; behind the background service, one session of an agent.
    Session,
    /// A day of this machine's time zone.
    Day,
    /// A month of the same.
    Month,
}

impl Span {
    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::Session, Self::Day, Self::Month];

    /// The key below `Budget`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// What happens to a request that would go over the limit.
#[derive(Debug, Clone)]
pub enum Action {
    /// It is sent, and the log says that the budget is spent.
    Warn,
    /// It is refused.
    Block,
    /// It goes to this target, where that can be paid.
    Fallback(Arc<Target>),
}

impl Action {
    /// As it stands in the configuration.
    pub fn written(&self) -> String {
        match self {
            Self::Warn => "warn".to_owned(),
            Self::Block => "block".to_owned(),
            Self::Fallback(target) => format!("{FALLBACK}{}", target.name()),
        }
    }
}

/// What stands before the target that a spent budget sends requests to.
pub(super) const FALLBACK: &str = "fallback:";

/// Where a limit comes from, and is raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// `Budget` of the configuration.
    Configured,
    /// `--max-cost`.
    Typed,
}

/// One limit.
#[derive(Debug, Clone)]
pub struct Budget {
    /// How much may be spent; what is in another currency is not counted.
    pub limit: Cost,
    /// What happens to requests above it.
    pub action: Action,
    /// Who set it.
    pub said: Said,
}

/// The limits of a configuration, one at most for each span.
#[derive(Debug, Clone, Default)]
pub struct Budgets {
    /// What one session may spend.
    pub session: Option<Budget>,
    /// What may be spent in a day, whichever process spends it.
    pub day: Option<Budget>,
    /// What may be spent in a month, whichever process spends it.
    pub month: Option<Budget>,
    /// Whether the catalogue's prices count, too, since the configuration's are another's word: a preset's.
    pub strict: bool,
}

impl Budgets {
    /// Whether there is no limit.
    pub fn is_empty(&self) -> bool {
        self.session.is_none() && self.day.is_none() && self.month.is_none()
    }

    /// The limit of one span.
    pub fn get(&self, span: Span) -> Option<&Budget> {
        match span {
            Span::Session => self.session.as_ref(),
            Span::Day => self.day.as_ref(),
            Span::Month => self.month.as_ref(),
        }
    }

    /// Those that are set, the shortest first.
    pub fn iter(&self) -> impl Iterator<Item = (Span, &Budget)> {
        Span::ALL.into_iter().filter_map(|span| Some((span, self.get(span)?)))
    }

    /// Takes the limits of a machine over this configuration's own.
    ///
    /// A target that this configuration does not have takes no request of its: where one would, the request is refused.
    pub fn inherit(&mut self, machine: Self, targets: &[Arc<Target>]) {
        let own = |budget: Budget| {
            let action = match budget.action {
                Action::Fallback(target) => targets
                    .iter()
                    .find(|own| own.name() == target.name())
                    .map_or(Action::Block, |own| Action::Fallback(Arc::clone(own))),
                action @ (Action::Warn | Action::Block) => action,
            };
            Budget { action, ..budget }
        };
        let Self { session, day, month, strict: _ } = machine;
        for (of_machine, here) in [(session, &mut self.session), (day, &mut self.day), (month, &mut self.month)] {
            if let Some(budget) = of_machine {
                *here = Some(own(budget));
            }
        }
    }
}
