//! When a provider is asked for a sign of life, and what its answers say.
//!
//! Pure: the moment is an argument. A probe costs no tokens; it is sent only while somebody works, never twice at a
//! time, and it proves little: what answers it well is tried by a real request sooner, and only that brings it back.

use std::time::Duration;

use crate::config::HealthProbe;

/// Signs of life in a row that are believed.
const WELL_AFTER: u32 = 2;
/// Failures in a row that are believed.
const ILL_AFTER: u32 = 3;
/// Nobody is probed when nobody has asked for anything for so long: a laptop on its battery rests.
const IDLE: Duration = Duration::from_mins(10);

/// What a probe came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It answers.
    Life,
    /// It does not, or says itself that it is not ready.
    Silence,
    /// It answers that it would rather not be asked, or nobody knows how to ask.
    Nothing,
}

/// What several probes say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may be tried.
    Well,
    /// It is not there, since about then.
    Ill(Duration),
}

/// The probes of one provider.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Probe {
    next: Option<Duration>,
    is_running: bool,
    well: u32,
    ill: u32,
    /// When the first of the failures in a row came.
    ill_since: Duration,
}

/// Whether anybody still works.
pub fn is_idle(last_request: Option<Duration>, now: Duration) -> bool {
    last_request.is_none_or(|last| now.saturating_sub(last) >= IDLE)
}

impl Probe {
    /// When it is due; nothing while one is under way. The first is due an interval from now.
    pub fn due(&mut self, how: &HealthProbe, now: Duration, jitter: f64) -> Option<Duration> {
        (!self.is_running).then(|| *self.next.get_or_insert_with(|| now + spread(how.interval, jitter)))
    }

    /// One is sent.
    pub fn begin(&mut self) {
        self.is_running = true;
    }

    /// One has come to its end; returns what to make of it, where it is time for that.
    pub fn ended(&mut self, sign: Sign, how: &HealthProbe, now: Duration, jitter: f64) -> Option<Verdict> {
        self.is_running = false;
        self.next = Some(now + spread(how.interval, jitter));
        (self.well, self.ill) = match sign {
            Sign::Life => (self.well + 1, 0),
            Sign::Silence => (0, self.ill + 1),
            Sign::Nothing => (0, 0),
        };
        if self.ill == 1 {
            self.ill_since = now;
        }
        match (self.well, self.ill) {
            (WELL_AFTER.., _) => Some(Verdict::Well),
            (_, ILL_AFTER..) => Some(Verdict::Ill(self.ill_since)),
            (_, _) => None,
        }
    }

    /// Whether one is under way.
    pub fn is_running(&self) -> bool {
        self.is_running
    }
}

/// A fifth more or less, so that the probes of several sessions do not come together.
fn spread(interval: Duration, jitter: f64) -> Duration {
    interval.mul_f64(0.8 + 0.4 * jitter.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    /// What each of these signs comes to, a second apart.
    fn verdicts(signs: &[Sign]) -> Vec<Option<Verdict>> {
        let mut probe = Probe::default();
        let signs = signs.iter().zip(1..);
        signs.map(|(sign, now)| probe.ended(*sign, &HealthProbe::default(), seconds(now), 0.5)).collect()
    }

    #[test]
    fn two_signs_of_life_in_a_row_are_believed() {
        let (life, silence) = (Sign::Life, Sign::Silence);
        assert_eq!(verdicts(&[life, silence, life, Sign::Nothing, life, life]).iter().flatten().count(), 1);
        assert_eq!(verdicts(&[life, life]), [None, Some(Verdict::Well)]);
    }

    #[test]
    fn three_failures_in_a_row_are_believed_and_date_from_the_first() {
        let (life, silence) = (Sign::Life, Sign::Silence);
        let signs = [silence, silence, life, silence, silence, silence];
        assert_eq!(verdicts(&signs), [None, None, None, None, None, Some(Verdict::Ill(seconds(4)))]);
    }

    #[test]
    fn probes_are_half_a_minute_apart_a_fifth_more_or_less() {
        let how = HealthProbe::default();
        for (jitter, expect) in [(0.0, 24), (0.5, 30), (1.0, 36)] {
            let mut probe = Probe::default();
            assert_eq!(probe.due(&how, seconds(100), jitter), Some(seconds(100 + expect)));
            assert_eq!(probe.due(&how, seconds(110), 0.5), Some(seconds(100 + expect)), "it stays");
            probe.begin();
            assert_eq!(probe.due(&how, seconds(500), jitter), None);
            probe.ended(Sign::Life, &how, seconds(501), jitter);
            assert_eq!(probe.due(&how, seconds(501), jitter), Some(seconds(501 + expect)));
        }
    }

    #[test]
    fn ten_minutes_after_the_last_request_nobody_works() {
        assert!(is_idle(None, seconds(0)));
        assert!(!is_idle(Some(seconds(5)), seconds(604)));
        assert!(is_idle(Some(seconds(5)), seconds(605)));
    }

    proptest! {
        #[test]
        fn no_two_are_under_way_at_a_time(steps in prop::collection::vec((0_u64..60, any::<bool>()), 0..60)) {
            let (mut probe, how, mut now, mut running) = (Probe::default(), HealthProbe::default(), seconds(0), false);
            for (passes, ends) in steps {
                now += seconds(passes);
                if ends && running {
                    probe.ended(Sign::Silence, &how, now, 0.5);
                    running = false;
                }
                if probe.due(&how, now, 0.5).is_some_and(|due| due <= now) {
                    prop_assert!(!running);
                    probe.begin();
                    running = true;
                }
            }
        }
    }
}
