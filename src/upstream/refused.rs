//! Keys that a provider has refused: they are not sent again until something has changed.
//!
//! A 401 speaks of the key, a 403 of one model for it. A refusal holds for the provider as it is configured, so that a
//! configuration that is read anew begins without any, and for the value of the key, of which only a keyed hash is kept.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use jiff::{Timestamp, Unit};
use tokio::time::Instant;

use crate::config::{Provider, Secret, Target};
use crate::wire::error::{ApiError, ErrorKind};

/// How long a 403 is believed: a plan or an administrator may allow the model to the same key.
const FORBIDDEN: Duration = Duration::from_mins(5);

/// All refusals that still hold.
#[derive(Debug, Default)]
pub struct Refused {
    /// Whether there is any, so that nobody needs the lock while there is none.
    any: AtomicBool,
    marks: Mutex<Vec<Mark>>,
    /// Hashes under a key of this process.
    hash: RandomState,
}

#[derive(Debug)]
struct Mark {
    provider: Weak<Provider>,
    what: What,
    key: u64,
    since: Timestamp,
}

/// What was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    /// The key.
    Key,
    /// This model, until then.
    Model(String, Instant),
}

impl Mark {
    fn is_of(&self, provider: &Arc<Provider>) -> bool {
        std::ptr::eq(self.provider.as_ptr(), Arc::as_ptr(provider))
    }

    fn holds(&self, model: &str) -> bool {
        match &self.what {
            What::Key => true,
            What::Model(other, until) => other == model && Instant::now() < *until,
        }
    }

    fn is_over(&self) -> bool {
        let is_late = matches!(&self.what, What::Model(_, until) if *until <= Instant::now());
        is_late || self.provider.strong_count() == 0
    }

    fn words(&self, provider: &Provider, model: &str) -> String {
        let (name, mend) = (&provider.name, provider.mend_key());
        let since = self.since.round(Unit::Second).unwrap_or(self.since);
        match &self.what {
            What::Key => {
                format!("the API key of provider `{name}` is refused since {since}, and was not sent again; {mend}")
            }
            What::Model(_, until) => {
                let minutes = until.saturating_duration_since(Instant::now()).as_secs().div_ceil(60);
                format!(
                    "model `{model}` is not allowed to the API key of provider `{name}` since {since}, and was not \
                     asked again; {mend}, or have the model allowed: it is tried again in {minutes} min"
                )
            }
        }
    }
}

impl Refused {
    /// Notes that a provider answered with 401, or with 403, to a request with this key.
    pub fn note(&self, target: &Target, key: Option<&Secret>, status: u16) {
        let what = match status {
            401 => What::Key,
            403 => What::Model(target.model.clone(), Instant::now() + FORBIDDEN),
            _ => return,
        };
        let provider = &target.provider;
        let key = self.hashed(key);
        let mut marks = self.lock();
        marks.retain(|mark| !mark.is_over());
        let is_known = |mark: &Mark| {
            mark.is_of(provider) && mark.key == key && (mark.what == What::Key || mark.holds(&target.model))
        };
        if marks.iter().any(is_known) {
            return;
        }
        tracing::warn!(provider = %provider.name, model = %target.model, status, "key refused; it is not sent again");
        marks.push(Mark { provider: Arc::downgrade(provider), what, key, since: Timestamp::now() });
        self.any.store(true, Ordering::Relaxed);
    }

    /// Says why a target is not to be asked with this key; nothing where it may be.
    pub fn of(&self, target: &Target, key: Option<&Secret>) -> Option<ApiError> {
        if !self.any.load(Ordering::Relaxed) {
            return None;
        }
        let key = self.hashed(key);
        let mut marks = self.lock();
        // Another key is another beginning.
        marks.retain(|mark| !mark.is_over() && (!mark.is_of(&target.provider) || mark.key == key));
        self.any.store(!marks.is_empty(), Ordering::Relaxed);
        let mark = marks.iter().find(|mark| mark.is_of(&target.provider) && mark.holds(&target.model))?;
        let words = format!("{}: {}", target.provider.name, mark.words(&target.provider, &target.model));
        Some(match mark.what {
            What::Key => ApiError::last(401, ErrorKind::AuthenticationError, words),
            What::Model(..) => ApiError::last(403, ErrorKind::PermissionError, words),
        })
    }

    /// Whether the key of a provider is refused.
    pub fn is_key_of(&self, provider: &Arc<Provider>) -> bool {
        self.any.load(Ordering::Relaxed)
            && self.lock().iter().any(|mark| mark.is_of(provider) && mark.what == What::Key)
    }

    /// What is refused to a target, by its name: since when, and what mends it.
    pub fn told(&self, name: &str) -> Option<(Timestamp, String)> {
        self.lock().iter().filter(|mark| !mark.is_over()).find_map(|mark| {
            let provider = mark.provider.upgrade()?;
            let model = model_of(name, &provider)?;
            mark.holds(model).then(|| (mark.since, mark.words(&provider, model)))
        })
    }

    /// Forgets what is refused to a target, or all of it.
    pub fn clear(&self, name: Option<&str>) {
        let mut marks = self.lock();
        marks.retain(|mark| match (name, mark.provider.upgrade()) {
            (None, _) | (_, None) => false,
            (Some(name), Some(provider)) => !model_of(name, &provider).is_some_and(|model| mark.holds(model)),
        });
        self.any.store(!marks.is_empty(), Ordering::Relaxed);
    }

    fn hashed(&self, key: Option<&Secret>) -> u64 {
        self.hash.hash_one(key.map(Secret::expose))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Mark>> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The model of a target's name, where the provider is this one.
fn model_of<'n>(name: &'n str, provider: &Provider) -> Option<&'n str> {
    name.strip_prefix(&provider.name)?.strip_prefix(',')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, read};

    fn config() -> Config {
        let text = "{Providers: [{name: 'p', api_base_url: 'https://x.example/v1', models: ['a', 'b'], api_key: '$K'}, \
                    {name: 'q', api_base_url: 'https://x.example/v1', models: ['a'], api_key: '$K'}]}";
        read(text, "c.json", &|_| Some("sk".to_owned())).unwrap()
    }

    fn key(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    /// The statuses that the three targets would be answered with.
    fn statuses(refused: &Refused, config: &Config, key: &Secret) -> [Option<u16>; 3] {
        [0, 1, 2].map(|at| refused.of(&config.targets[at], Some(key)).map(|error| error.status))
    }

    #[test]
    fn a_refused_key_is_refused_to_all_models_of_its_provider_and_to_no_other() {
        let (refused, config) = (Refused::default(), config());
        assert_eq!(statuses(&refused, &config, &key("sk-1")), [None; 3]);
        refused.note(&config.targets[0], Some(&key("sk-1")), 401);
        assert_eq!(statuses(&refused, &config, &key("sk-1")), [Some(401), Some(401), None]);
        let error = refused.of(&config.targets[0], Some(&key("sk-1"))).unwrap();
        let words = error.message;
        assert!(words.starts_with("p: the API key of provider `p` is refused since 2"), "{words}");
        assert!(words.ends_with("Z, and was not sent again; run `export K=...` and start again"), "{words}");
        assert!(!error.retry);
    }

    #[test]
    fn another_key_and_another_configuration_begin_anew() {
        let (refused, old) = (Refused::default(), config());
        refused.note(&old.targets[0], Some(&key("sk-1")), 401);
        assert_eq!(statuses(&refused, &config(), &key("sk-1")), [None; 3]);
        assert_eq!(statuses(&refused, &old, &key("sk-2")), [None; 3]);
        assert_eq!(statuses(&refused, &old, &key("sk-1")), [None; 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_model_that_is_not_allowed_is_one_model_and_tried_again_after_five_minutes() {
        let (refused, config) = (Refused::default(), config());
        refused.note(&config.targets[1], Some(&key("sk-1")), 403);
        assert_eq!(statuses(&refused, &config, &key("sk-1")), [None, Some(403), None]);
        tokio::time::advance(FORBIDDEN).await;
        assert_eq!(statuses(&refused, &config, &key("sk-1")), [None; 3]);
    }

    #[test]
    fn what_is_refused_is_told_and_forgotten_by_the_targets_name() {
        let (refused, config) = (Refused::default(), config());
        refused.note(&config.targets[0], None, 401);
        assert!(refused.told("p,b").is_some() && refused.told("q,a").is_none());
        refused.clear(Some("q,a"));
        assert!(refused.told("p,b").is_some());
        refused.clear(Some("p,a"));
        assert_eq!((refused.told("p,b"), refused.of(&config.targets[0], None)), (None, None));
    }

    #[test]
    fn no_other_status_speaks_of_a_key() {
        let (refused, config) = (Refused::default(), config());
        for status in [200, 400, 402, 404, 429, 500] {
            refused.note(&config.targets[0], None, status);
        }
        assert_eq!(refused.of(&config.targets[0], None), None);
    }
}
