//! Whether a request is sent again to the target that failed, and when.
//!
//! Pure. The agent tries ten times by itself, so mcr tries little and early: what multiplies the
//! agent's tries keeps a server down that is about to come up. A budget holds for each target: over
//! any while, retries are a fifth of the requests, and a few more so that a single person's are not
//! refused.

use std::time::Duration;

use crate::config::Attempts;
use crate::wire::error::ApiError;

/// The wait before the second attempt, at most; twice as long each time.
const BASE: Duration = Duration::from_millis(400);
/// The longest of these waits.
const MOST: Duration = Duration::from_secs(8);
/// No attempt begins after this, counted from the request.
const DEADLINE: Duration = Duration::from_secs(90);
/// What a request adds to the budget.
const RATIO: f64 = 0.2;
/// Retries that are free within [`SPAN`].
const FLOOR: f64 = 3.0;
/// How long it takes for the free ones to come back.
const SPAN: Duration = Duration::from_secs(10);
/// What requests may save up.
const SAVED: f64 = 20.0;

/// Says how long to wait before a request is sent again; nothing where it is not.
///
/// `attempts` have been made, the request is `elapsed` old, and `jitter` from 0 to 1 spreads those who wait.
/// Unless the configuration says otherwise, a rate limit is left to the client, which waits as long as the answer
/// says and tells the person so; so is what took a clock of minutes to fail.
pub fn wait(error: &ApiError, attempts: u32, most: Attempts, elapsed: Duration, jitter: f64) -> Option<Duration> {
    let may_pass = error.retry && most.covers(error.said.unwrap_or(error.status));
    if !may_pass || attempts >= most.most {
        return None;
    }
    let whole = BASE.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(MOST);
    let wait = whole.mul_f64(jitter.clamp(0.0, 1.0));
    let wait = match error.retry_after.map(Duration::from_secs) {
        None => wait,
        // Longer than one would wait without a word: the client is told instead.
        Some(asked) if asked > MOST => return None,
        Some(asked) => asked.max(wait),
    };
    (elapsed + wait < DEADLINE).then_some(wait)
}

/// How many retries there may be.
#[derive(Debug, Clone)]
pub struct Budget {
    saved: f64,
    free: f64,
    /// When the free ones were counted last.
    counted: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Self { saved: 0.0, free: FLOOR, counted: Duration::ZERO }
    }
}

impl Budget {
    /// A request was made that is no retry.
    pub fn deposit(&mut self) {
        self.saved = (self.saved + RATIO).min(SAVED);
    }

    /// Takes one retry; false where there is none.
    pub fn withdraw(&mut self, now: Duration) -> bool {
        let passed = now.saturating_sub(self.counted);
        self.counted = now.max(self.counted);
        self.free = (self.free + FLOOR * passed.as_secs_f64() / SPAN.as_secs_f64()).min(FLOOR);
        for purse in [&mut self.saved, &mut self.free] {
            if *purse >= 1.0 {
                *purse -= 1.0;
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::error::ErrorKind;

    fn error(status: u16) -> ApiError {
        ApiError::new(status, ErrorKind::ApiError, "no")
    }

    /// So many attempts, after the usual failures.
    fn most(most: u32) -> Attempts {
        Attempts::usual(most)
    }

    #[test]
    fn the_configuration_says_after_which_failures() {
        let after = |status, statuses: &[u16]| {
            wait(&error(status), 1, Attempts::new(2, statuses), Duration::ZERO, 1.0).is_some()
        };
        assert!(after(429, &[429]) && after(504, &[504]) && after(529, &[503]));
        assert!(!after(500, &[429]) && !after(400, &[400]));
    }

    #[test]
    fn waits_double_up_to_eight_seconds_and_are_cut_short_at_random() {
        let wait =
            |attempts, jitter| wait(&error(500), attempts, most(10), Duration::ZERO, jitter).map(|it| it.as_millis());
        assert_eq!([1, 2, 3, 6].map(|attempts| wait(attempts, 1.0)), [Some(400), Some(800), Some(1_600), Some(8_000)]);
        assert_eq!((wait(2, 0.5), wait(2, 0.0), wait(10, 1.0)), (Some(400), Some(0), None));
    }

    #[test]
    fn what_cannot_pass_and_what_the_client_waits_for_better_is_not_tried_again() {
        for status in [400, 401, 403, 404, 413, 422, 429, 504] {
            assert_eq!(wait(&error(status), 1, most(3), Duration::ZERO, 1.0), None, "{status}");
        }
        assert_eq!(wait(&ApiError::last(500, ErrorKind::ApiError, "no"), 1, most(3), Duration::ZERO, 1.0), None);
    }

    #[test]
    fn the_servers_wait_counts_where_it_is_short() {
        let after = |seconds| wait(&error(503).after(Some(seconds)), 1, most(3), Duration::ZERO, 1.0);
        assert_eq!(
            (after(0), after(5), after(9)),
            (Some(Duration::from_millis(400)), Some(Duration::from_secs(5)), None)
        );
    }

    #[test]
    fn nothing_is_tried_again_when_the_client_has_waited_long() {
        assert_eq!(wait(&error(500), 1, most(3), Duration::from_secs(90), 1.0), None);
        assert!(wait(&error(500), 1, most(3), Duration::from_secs(89), 1.0).is_some());
    }

    proptest! {
        #[test]
        fn over_any_while_retries_are_a_fifth_of_the_requests_and_a_few(
            steps in prop::collection::vec((0_u64..3_000, 0_u32..40, 0_u32..40), 1..60),
        ) {
            let mut budget = Budget::default();
            let (mut now, mut requests, mut retries) = (Duration::ZERO, 0.0, 0.0);
            for (passes, asked, tried) in steps {
                now += Duration::from_millis(passes);
                for _ in 0..asked {
                    budget.deposit();
                    requests += 1.0;
                }
                retries += (0..tried).map(|_| f64::from(u8::from(budget.withdraw(now)))).sum::<f64>();
                let most = RATIO * requests + FLOOR * (1.0 + now.as_secs_f64() / SPAN.as_secs_f64());
                prop_assert!(retries <= most + 1e-6, "{retries} of {requests} after {now:?}, at most {most}");
            }
        }
    }

    #[test]
    fn a_thousand_requests_that_all_fail_are_at_most_a_fifth_more() {
        let mut budget = Budget::default();
        let mut attempts = 0;
        for _ in 0..1_000 {
            attempts += 1;
            budget.deposit();
            for _ in 0..2 {
                attempts += u32::from(budget.withdraw(Duration::ZERO));
            }
        }
        assert!(attempts <= 1_203, "{attempts}");
    }
}
