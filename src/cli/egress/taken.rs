//! What the running service makes of other rules.

use std::time::{Duration, Instant};

use crate::cli::config::Place;
use crate::cli::service::status;
use crate::launch::service::{self, Record};
use crate::ui;
use crate::wire::status::{Configuration, Status};

/// How long a service may take: it looks at its files twice a second.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(50);

/// A service, and the rules that were in force there before they were changed.
pub(super) struct Taken(Option<(Record, Vec<String>)>);

impl Taken {
    /// Looks before the change.
    pub(super) fn by_service(place: &Place<'_>) -> Self {
        let record = service::find(place.paths).ok().flatten().filter(|record| !record.facts.stopping);
        Self(record.and_then(|record| {
            let before = rules(&status::ask(&record).ok()?);
            Some((record, before))
        }))
    }

    /// Waits until other rules are in force there, and tells which targets they keep it from.
    pub(super) fn tell(self) {
        let Some((record, before)) = self.0 else { return };
        let end = Instant::now() + PATIENCE;
        loop {
            let Ok(status) = status::ask(&record) else {
                return ui::say("warning: the service does not answer: run `mcr status`");
            };
            if rules(&status) != before {
                ui::say(format_args!("the service at {} has taken that over", record.url));
                return configurations(&status).for_each(tell_denied);
            }
            if Instant::now() > end {
                let what = format!("nothing is different for the service at {}", record.url);
                return ui::say(format_args!("{what}, which uses {}", status.configuration.file));
            }
            wait();
        }
    }
}

fn configurations(status: &Status) -> impl Iterator<Item = &Configuration> {
    [&status.configuration].into_iter().chain(status.presets.iter().filter_map(|it| it.configuration.as_ref()))
}

fn rules(status: &Status) -> Vec<String> {
    configurations(status).map(|it| it.rules.clone()).collect()
}

fn tell_denied(configuration: &Configuration) {
    for denied in &configuration.denied {
        ui::say(format_args!("requests for {} get a 403 there: {}", denied.target, denied.why));
    }
}

#[expect(clippy::disallowed_methods, reason = "the command does nothing else")]
fn wait() {
    std::thread::sleep(PAUSE);
}
