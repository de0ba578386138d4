//! How soon a target begins to answer: a mean that forgets within minutes, and believes bad news at once.
//!
//! Pure: the moment is an argument. This is the peak of an exponentially weighted moving average, as linkerd and tower
//! have it, of the time to the first event.

use std::time::Duration;

/// How fast an old measure loses its weight.
const DECAY: Duration = Duration::from_mins(1);
/// What each request that a target has adds to its share of the wait.
const PENDING: f64 = 0.1;

/// The mean of one target.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Latency {
    measured: Option<(Duration, f64)>,
}

impl Latency {
    /// Takes a measure in.
    pub fn measure(&mut self, first_event: Duration, now: Duration) {
        let sample = first_event.as_secs_f64();
        let mean = match self.measured {
            Some((then, mean)) if sample < mean => {
                let weight = (-now.saturating_sub(then).as_secs_f64() / DECAY.as_secs_f64()).exp();
                sample + (mean - sample) * weight
            }
            Some(_) | None => sample,
        };
        self.measured = Some((now, mean));
    }

    /// The mean, in seconds; absent where nothing was measured.
    pub fn mean(&self) -> Option<f64> {
        self.measured.map(|(_, mean)| mean)
    }

    /// What to choose by, less is better: one that was never asked is tried before any other.
    pub fn load(&self, pending: u32) -> f64 {
        self.mean().unwrap_or(0.0) * (1.0 + PENDING * f64::from(pending)) + f64::from(pending) * 1e-6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn bad_news_is_believed_at_once_and_good_news_bit_by_bit() {
        let mut latency = Latency::default();
        latency.measure(seconds(1), seconds(0));
        latency.measure(seconds(5), seconds(1));
        assert_eq!(latency.mean(), Some(5.0));
        latency.measure(seconds(1), seconds(2));
        let soon = latency.mean().unwrap();
        assert!((4.9..5.0).contains(&soon), "{soon}");
        latency.measure(seconds(1), seconds(302));
        let late = latency.mean().unwrap();
        assert!((1.0..1.1).contains(&late), "{late}");
    }

    #[test]
    fn one_that_was_never_asked_goes_first_and_of_two_the_less_busy() {
        let mut known = Latency::default();
        known.measure(Duration::from_millis(1), Duration::ZERO);
        assert!(Latency::default().load(3) < known.load(0));
        assert!(known.load(0) < known.load(1));
        assert!(Latency::default().load(0) < Latency::default().load(1));
    }
}
