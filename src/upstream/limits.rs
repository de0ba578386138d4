//! How many requests and tokens a target still takes within this minute.
//!
//! Pure: the moment is an argument. Two buckets that fill evenly, one of requests and one of tokens. Their size is what
//! the owner configured or what the provider's answers tell, the smaller of both; what nobody has named costs nothing.
//! A request pays for its prompt when it is sent and for its answer when that has ended. What the provider says is
//! left counts for more than our own sum, less what it cannot have seen yet.

use std::time::Duration;

/// What the buckets are filled within.
const MINUTE: f64 = 60.0;
/// Numbers above are no limits of anybody's.
const ABSURD: u64 = 1_000_000_000_000;
/// A limit that takes longer to come back is not one of a minute, and is left to the provider.
const LONGEST: Duration = Duration::from_hours(24);
/// Sums of fractions are not exact.
const NEARLY: f64 = 1e-6;

/// Headers with a limit, with what is left of it, and with when it is whole again, for requests.
///
/// Mistral's and OpenAI's; other hosts use one or the other.
const REQUESTS: [&[&str]; 3] = [
    &["x-ratelimit-limit-req-minute", "x-ratelimit-limit-requests"],
    &["x-ratelimit-remaining-req-minute", "x-ratelimit-remaining-requests"],
    &["x-ratelimit-reset-requests"],
];
/// The same for tokens.
const TOKENS: [&[&str]; 3] = [
    &["x-ratelimit-limit-tokens-minute", "x-ratelimit-limit-tokens"],
    &["x-ratelimit-remaining-tokens-minute", "x-ratelimit-remaining-tokens"],
    &["x-ratelimit-reset-tokens"],
];

/// The limits of one target.
#[derive(Debug, Clone, Default)]
pub struct Rates {
    requests: Bucket,
    tokens: Bucket,
}

/// What an answer's headers tell.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Heard {
    requests: Said,
    tokens: Said,
}

/// What they tell of one limit.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Said {
    limit: Option<f64>,
    left: Option<f64>,
    reset: Option<Duration>,
}

/// What is left of a limit, in whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// What may still be used at once.
    pub left: u64,
    /// All that there is within a minute.
    pub limit: u64,
}

/// Which limit a request has to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// There were too many requests.
    Requests,
    /// There were too many tokens.
    Tokens,
}

/// A wait, and what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// How long.
    pub span: Duration,
    /// For which limit.
    pub limited: Limited,
    /// How much of it there is in a minute, where that is known.
    pub limit: Option<u64>,
    /// Whether the owner set it, and not the provider.
    pub is_own: bool,
}

impl Heard {
    /// Reads an answer's headers; nothing where they tell nothing that makes sense.
    pub fn read<'h>(header: impl Fn(&str) -> Option<&'h str>) -> Option<Self> {
        let heard = Self { requests: Said::read(&header, &REQUESTS), tokens: Said::read(&header, &TOKENS) };
        (heard != Self::default()).then_some(heard)
    }
}

impl Said {
    fn read<'h>(header: impl Fn(&str) -> Option<&'h str>, names: &[&[&str]; 3]) -> Self {
        let [limit, left, reset] = names.map(|names| names.iter().find_map(|name| header(name)));
        // A limit of 0 means that the plan does not have the model, which no wait mends: the provider shall say so.
        let limit = limit.and_then(number).filter(|limit| (1..=ABSURD).contains(limit));
        let left = left.and_then(number).filter(|left| *left <= limit.unwrap_or(ABSURD));
        let reset = reset.and_then(span).filter(|reset| *reset <= LONGEST);
        // Of one that names no limit only the end of it is of use.
        let is_of_use = limit.is_some() || (left == Some(0) && reset.is_some());
        if is_of_use { Self { limit: limit.map(float), left: left.map(float), reset } } else { Self::default() }
    }
}

impl Rates {
    /// Takes the owner's limits over, those of a minute.
    pub fn configure(&mut self, requests: Option<u64>, tokens: Option<u64>) {
        self.requests.configure(requests);
        self.tokens.configure(tokens);
    }

    /// How long a request has to wait, with others in front of it that go first; nothing where it may go.
    ///
    /// A prompt larger than the whole limit goes when nothing of that is used.
    pub fn wait(&self, tokens: u64, in_front: &[u64], now: Duration) -> Option<Wait> {
        let requests = self.requests.wait(1.0, float(in_front.len() as u64), now);
        let tokens = self.tokens.wait(float(tokens), in_front.iter().copied().map(float).sum(), now);
        let wait = |bucket: &Bucket, limited, span| {
            let limit = bucket.limit().filter(|_| bucket.until.is_none()).map(whole);
            Wait { span, limited, limit, is_own: bucket.own == bucket.limit() }
        };
        match (requests, tokens) {
            (None, None) => None,
            (Some(one), other) if other.is_none_or(|other| other <= one) => {
                Some(wait(&self.requests, Limited::Requests, one))
            }
            (_, Some(span)) => Some(wait(&self.tokens, Limited::Tokens, span)),
            (Some(span), None) => Some(wait(&self.requests, Limited::Requests, span)),
        }
    }

    /// Pays for a request that is sent.
    pub fn charge(&mut self, tokens: u64, now: Duration) {
        self.requests.charge(1.0, now);
        self.tokens.charge(float(tokens), now);
    }

    /// Takes in what the answer to a request tells that was charged so much.
    pub fn hear(&mut self, heard: &Heard, tokens: u64, now: Duration) {
        self.requests.hear(&heard.requests, 1.0, now);
        self.tokens.hear(&heard.tokens, float(tokens), now);
    }

    /// The provider has counted a request by now, whether or not its answer told anything.
    pub fn counted(&mut self, tokens: u64) {
        self.requests.pending = (self.requests.pending - 1.0).max(0.0);
        self.tokens.pending = (self.tokens.pending - float(tokens)).max(0.0);
    }

    /// Pays the rest when it is known what a request has used, or gets it back.
    pub fn settle(&mut self, charged: u64, used: u64, now: Duration) {
        self.tokens.take(float(used) - float(charged), now);
    }

    /// Gives back what was charged for a request of which nothing was sent.
    pub fn refund(&mut self, tokens: u64, now: Duration) {
        self.requests.take(-1.0, now);
        self.tokens.take(-float(tokens), now);
    }

    /// What is left of requests, and of tokens.
    pub fn left(&self, now: Duration) -> (Option<Left>, Option<Left>) {
        (self.requests.left(now), self.tokens.left(now))
    }
}

#[derive(Debug, Clone, Default)]
struct Bucket {
    /// The owner's limit.
    own: Option<f64>,
    /// The provider's.
    told: Option<f64>,
    /// How fast it fills where the provider said so.
    speed: Option<f64>,
    /// Until when what was told without a limit holds.
    until: Option<Duration>,
    level: f64,
    /// When the level was that.
    at: Duration,
    /// What was charged and the provider cannot have told of yet.
    pending: f64,
}

impl Bucket {
    fn limit(&self) -> Option<f64> {
        match (self.own, self.told) {
            (Some(own), Some(told)) => Some(own.min(told)),
            (own, told) => own.or(told),
        }
    }

    fn per_second(&self, limit: f64) -> f64 {
        let even = limit / MINUTE;
        self.speed.map_or(even, |speed| self.own.map_or(speed, |own| speed.min(own / MINUTE)))
    }

    fn level(&self, now: Duration) -> Option<f64> {
        let limit = self.limit().filter(|_| self.until.is_none_or(|until| now < until || self.own.is_some()))?;
        Some((self.level + self.per_second(limit) * now.saturating_sub(self.at).as_secs_f64()).min(limit))
    }

    fn configure(&mut self, own: Option<u64>) {
        let own = own.map(float);
        if self.own == own {
            return;
        }
        let was_limited = self.limit().is_some();
        self.own = own;
        if let (false, Some(limit)) = (was_limited, self.limit()) {
            self.level = limit;
        }
    }

    fn wait(&self, cost: f64, in_front: f64, now: Duration) -> Option<Duration> {
        let (limit, level) = (self.limit()?, self.level(now)?);
        // Where only the end is known, whoever comes then may go.
        let in_front = if self.until.is_some() { 0.0 } else { in_front };
        let lacks = cost.min(limit) + in_front - level;
        let speed = self.per_second(limit);
        (lacks > NEARLY).then(|| Duration::try_from_secs_f64(lacks / speed).unwrap_or(LONGEST))
    }

    fn take(&mut self, cost: f64, now: Duration) {
        if let Some(level) = self.level(now) {
            (self.level, self.at) = (level - cost, now);
        }
    }

    fn charge(&mut self, cost: f64, now: Duration) {
        self.pending += cost;
        self.take(cost, now);
    }

    fn hear(&mut self, said: &Said, charged: f64, now: Duration) {
        let others = (self.pending - charged).max(0.0);
        let before = self.level(now);
        match *said {
            Said { limit: Some(limit), left, reset } => {
                (self.told, self.until) = (Some(limit), None);
                let speed = |left: f64, reset: Duration| (limit - left) / reset.as_secs_f64();
                self.speed = left.zip(reset).map(|(left, reset)| speed(left, reset)).filter(|speed| *speed > 0.0);
                let told = left.map(|left| left - others);
                self.level = match (before, told) {
                    // The owner's limit is another one, and its sum holds, too.
                    (Some(before), Some(told)) if self.own.is_some() => before.min(told),
                    (_, Some(told)) => told,
                    (Some(before), None) => before,
                    (None, None) => limit - charged - others,
                };
                self.at = now;
            }
            Said { limit: None, left: Some(_), reset: Some(reset) } if self.own.is_none() => {
                // Nothing until then, and nothing known from then on.
                let seconds = reset.as_secs_f64().max(NEARLY);
                (self.told, self.speed, self.until) = (Some(1.0), Some(1.0 / seconds), Some(now + reset));
                (self.level, self.at) = (0.0, now);
            }
            Said { .. } => {}
        }
    }

    fn left(&self, now: Duration) -> Option<Left> {
        let (limit, level) = (self.limit().filter(|_| self.until.is_none())?, self.level(now)?);
        Some(Left { left: whole(level), limit: whole(limit) })
    }
}

#[expect(clippy::cast_precision_loss, reason = "what is absurdly large was left out before")]
fn float(number: u64) -> f64 {
    number as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float casts saturate")]
fn whole(number: f64) -> u64 {
    (number + NEARLY) as u64
}

fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// Reads `1s`, `6m0s`, `20ms`, `1h2m3.5s`, or seconds without a unit.
fn span(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let (mut rest, mut sum) = (text, 0.0);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (count, behind) = rest.split_at(end);
        let length = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(length);
        sum += count.parse::<f64>().ok()?
            * match unit {
                "ms" => 0.001,
                "s" => 1.0,
                "m" => MINUTE,
                "h" => 3_600.0,
                "d" => 86_400.0,
                _ => return None,
            };
        rest = behind;
    }
    (!text.is_empty()).then(|| Duration::try_from_secs_f64(sum).ok())?
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
