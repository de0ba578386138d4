//! Other targets, when one fails.

use std::sync::Arc;

use super::Proxy;
use super::attempt::Translated;
use super::question::{Draft, Question};
use super::record::Record;
use super::snapshot::Snapshot;
use super::stage::Stage;
use crate::config::Target;
use crate::route::{self, Choice, Facts};
use crate::upstream::health::Entry;
use crate::upstream::queue::Rank;
use crate::wire::error::ApiError;

/// A request that was read, and where it goes.
pub(super) struct Routed<'a> {
    /// Its id, its age, and how far its answer is.
    pub(super) stage: &'a Stage,
    pub(super) snapshot: &'a Snapshot,
    pub(super) question: Question<'a>,
    pub(super) session: Option<&'a str>,
    /// How urgent it is.
    pub(super) rank: Rank,
    pub(super) choice: Choice,
    pub(super) facts: Facts,
}

/// Targets that gave no answer, the first of all in front.
#[derive(Default)]
struct Missed {
    failed: Vec<Failed>,
    /// Targets that were not asked, and why.
    unfit: Vec<String>,
}

struct Failed {
    target: Arc<Target>,
    /// Why it was chosen.
    reason: String,
    error: ApiError,
}

/// Whether another target may do better: not where the request itself is at fault.
fn another_may_help(error: &ApiError) -> bool {
    matches!(error.status, 401 | 403 | 404 | 408 | 425 | 429) || error.status >= 500
}

/// Whether a target is another one than the chosen, and answers the same question.
fn stands_in(routed: &Routed<'_>, spare: &Arc<Target>) -> bool {
    let chosen = &routed.choice.target;
    !Arc::ptr_eq(spare, chosen) && routed.question.suits(chosen, spare)
}

impl Proxy {
    /// Asks the chosen target, then others or the same again, as far as that helps; `draft` is the question as
    /// made for the chosen one, where that has been done.
    pub(super) async fn attempts(
        &self,
        routed: &Routed<'_>,
        draft: Option<Draft<'_>>,
        record: &mut Record,
    ) -> Result<Translated, ApiError> {
        let (target, tokens) = (&routed.choice.target, routed.facts.tokens.number());
        let entry = if spares(routed).next().is_some() { Entry::IfWell } else { Entry::Anyway };
        let left_alone = if entry == Entry::IfWell { self.health.shut(target) } else { None };
        let result = match (left_alone, draft) {
            (Some(error), _) => Err(error),
            (None, Some(draft)) => self.send(routed, draft, target, tokens, entry, record).await,
            (None, None) => self.attempt(routed, target, tokens, entry, record).await,
        };
        match result {
            Err(error) if another_may_help(&error) => self.fall_back(routed, error, record).await,
            Err(error) if let Some(maximum) = error.maximum => self.find_room(routed, maximum, error, record).await,
            result => result,
        }
    }

    /// Asks a target with more room, after the chosen one found the prompt too long.
    ///
    /// # Errors
    /// Where there is none, or it does not help, the client is told to make the prompt shorter.
    async fn find_room(
        &self,
        routed: &Routed<'_>,
        maximum: u64,
        error: ApiError,
        record: &mut Record,
    ) -> Result<Translated, ApiError> {
        let Routed { choice, .. } = routed;
        let roomier =
            route::roomier(&routed.snapshot.config, &routed.facts, maximum).find(|target| stands_in(routed, target));
        let Some(target) = roomier else { return Err(error) };
        let Ok(Ok(tokens)) = self.tokens_for(routed, target) else { return Err(error) };
        let mut missed = Missed::default();
        missed.failed(&routed.stage.id, &choice.target, choice.reason.clone(), error.clone());
        record.retarget(target, &missed.reason());
        self.attempt(routed, target, tokens, Entry::IfWell, record).await.map_err(|other| {
            missed.failed(&routed.stage.id, target, missed.reason(), other);
            record.retarget(&choice.target, &choice.reason);
            error
        })
    }

    /// Tries the targets of the route's fallback list, after the route's own target failed.
    ///
    /// # Errors
    /// Of the failures the first that may pass is told, with its wait: a spare without
    /// a key must not keep the client from trying the first target again.
    async fn fall_back(
        &self,
        routed: &Routed<'_>,
        error: ApiError,
        record: &mut Record,
    ) -> Result<Translated, ApiError> {
        let (id, first) = (&*routed.stage.id, &routed.choice.target);
        if spares(routed).next().is_none() {
            return self.try_again(routed, error, record).await;
        }
        let mut missed = Missed::default();
        missed.failed(id, first, routed.choice.reason.clone(), error);
        for spare in spares(routed) {
            let reason = missed.reason();
            if let Some(error) = self.health.shut(spare) {
                missed.failed(id, spare, reason, error);
                continue;
            }
            let error = match self.tokens_for(routed, spare) {
                Err(error) => error,
                Ok(Err(why)) => {
                    missed.unfit.push(format!("{} {why}", spare.name()));
                    continue;
                }
                Ok(Ok(tokens)) => {
                    record.retarget(spare, &reason);
                    match self.attempt(routed, spare, tokens, Entry::IfWell, record).await {
                        Ok(reply) => return Ok(reply),
                        Err(error) => error,
                    }
                }
            };
            missed.failed(id, spare, reason, error);
        }
        if record.tries() > 0 {
            return Err(missed.told(record));
        }
        // Everybody is left alone, and somebody must be asked: the last target is never shut out.
        record.retarget(first, &routed.choice.reason);
        let tokens = routed.facts.tokens.number();
        self.attempt(routed, first, tokens, Entry::Anyway, record).await.map_err(|error| {
            missed.failed(id, first, routed.choice.reason.clone(), error);
            missed.told(record)
        })
    }

    /// Sends the request again to the only target that could take it, while that can help.
    async fn try_again(
        &self,
        routed: &Routed<'_>,
        mut error: ApiError,
        record: &mut Record,
    ) -> Result<Translated, ApiError> {
        let target = &routed.choice.target;
        let (most, tokens) = (routed.snapshot.config.attempts, routed.facts.tokens.number());
        while let Some(wait) = self.health.again(target, &error, record.tries(), most, record.elapsed()) {
            let attempt = record.tries() + 1;
            let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(request = routed.stage.id, target = %target.name(), attempt, wait_ms, error = %error.unquoted(), "trying again");
            // A client that goes away meanwhile drops this with the request.
            tokio::time::sleep(wait).await;
            error = match self.attempt(routed, target, tokens, Entry::Anyway, record).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
        }
        Err(error)
    }

    /// Counts the prompt as a target does, or says what keeps the target from taking it.
    fn tokens_for(&self, routed: &Routed<'_>, target: &Target) -> Result<Result<u64, &'static str>, ApiError> {
        let mut facts = routed.facts.clone();
        facts.tokens = routed.question.draft(target, None)?.tokens(&self.counter, target);
        let chosen = &routed.choice.target.facts;
        // Where the chosen target cannot do it either, the request goes on without.
        facts.shows_image &= chosen.vision;
        facts.calls &= chosen.tools;
        if facts.thinks && !chosen.reasoning.is_empty() && target.facts.reasoning.is_empty() {
            return Ok(Err("does not reason"));
        }
        Ok(route::obstacle(target, &facts).map_or(Ok(facts.tokens.number()), Err))
    }
}

/// The targets that stand in for the chosen one.
fn spares<'r>(routed: &'r Routed<'_>) -> impl Iterator<Item = &'r Arc<Target>> + use<'r> {
    let spares = routed.snapshot.config.fallback.targets(routed.choice.scenario);
    spares.iter().filter(|spare| stands_in(routed, spare))
}

impl Missed {
    fn failed(&mut self, id: &str, target: &Arc<Target>, reason: String, error: ApiError) {
        tracing::warn!(request = id, target = %target.name(), %reason, error = %error.unquoted(), "target failed");
        self.failed.push(Failed { target: Arc::clone(target), reason, error });
    }

    /// Why the next target is tried.
    fn reason(&self) -> String {
        let failed = self.failed.iter().map(|failed| format!("{}: {}", failed.target.name(), failed.error.status));
        format!("fallback from {}", failed.chain(self.unfit.iter().cloned()).collect::<Vec<_>>().join("; "))
    }

    /// The failure that the client is told, with the others by name.
    fn told(mut self, record: &mut Record) -> ApiError {
        let position = self.failed.iter().position(|failed| failed.error.retry).unwrap_or(0);
        let Failed { target, reason, mut error } = self.failed.remove(position);
        for other in &self.failed {
            error.add(&format!("{} failed too ({})", other.target.name(), other.error.status));
        }
        self.unfit.iter().for_each(|words| error.add(words));
        record.retarget(&target, &reason);
        error
    }
}
