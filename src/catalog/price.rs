//! What a model costs, and in which currency; amounts in two currencies are never added together.

use std::fmt;

/// What a price is in. There is no exchange rate: what is in one currency says nothing of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Currency {
    /// US dollars.
    #[default]
    Usd,
    /// Euros.
    Eur,
}

impl Currency {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Usd, Self::Eur];

    /// The code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Usd => "USD",
            Self::Eur => "EUR",
        }
    }

    /// The sign before an amount.
    pub fn sign(self) -> char {
        match self {
            Self::Usd => '$',
            Self::Eur => '€',
        }
    }

    /// Reads the code, whatever its case.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|currency| currency.as_str().eq_ignore_ascii_case(word))
    }
}

/// An amount of money.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    /// How much.
    pub amount: f64,
    /// Of what.
    pub currency: Currency,
}

impl Cost {
    /// The amount, where it is in this currency.
    pub fn within(self, currency: Currency) -> Option<f64> {
        (self.currency == currency).then_some(self.amount)
    }
}

impl Cost {
    /// Reads an amount as it is typed: `5`, `$5`, `5USD`, `€5`, `5EUR`, `5 €`; dollars where nothing is said.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let upper = text.to_ascii_uppercase();
        let of = |currency: Currency| {
            let sign = currency.sign();
            let (code, upper) = (currency.as_str(), upper.as_str());
            upper
                .strip_suffix(code)
                .or(upper.strip_prefix(code))
                .or(upper.strip_suffix(sign))
                .or(upper.strip_prefix(sign))
        };
        let (number, currency) = Currency::ALL
            .into_iter()
            .find_map(|currency| Some((of(currency)?, currency)))
            .unwrap_or((upper.as_str(), Currency::default()));
        let number = number.trim();
        // A number as people write one: neither `inf` nor `1e9`.
        let is_plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let amount = number.parse().ok().filter(|_| is_plain)?;
        Some(Self { amount, currency })
    }
}

/// Amounts of money, each currency for itself.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Costs([f64; Currency::ALL.len()]);

impl Costs {
    /// The amount in one currency.
    pub fn of(self, currency: Currency) -> Cost {
        Cost { amount: self.0[currency as usize], currency }
    }

    /// Whether it is nothing in every currency.
    pub fn is_nothing(self) -> bool {
        self.0.iter().all(|amount| *amount <= 0.0)
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] + other.0[at]))
    }

    /// What is more than something that is counted already, and never less than nothing.
    #[must_use]
    pub fn beyond(self, counted: Self) -> Self {
        Self(std::array::from_fn(|at| (self.0[at] - counted.0[at]).max(0.0)))
    }

    /// The dearer of both, in each currency.
    #[must_use]
    pub fn dearer(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at].max(other.0[at])))
    }
}

impl From<Option<Cost>> for Costs {
    fn from(cost: Option<Cost>) -> Self {
        let mut costs = Self::default();
        if let Some(Cost { amount, currency }) = cost {
            costs.0[currency as usize] = amount;
        }
        costs
    }
}

impl From<Cost> for Costs {
    fn from(cost: Cost) -> Self {
        Some(cost).into()
    }
}

impl fmt::Display for Cost {
    /// Writes two decimals, and four where two would hide what there is: `$4.20`, `€0.0042`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = if self.amount > 0.0 && self.amount < 0.1 { 4 } else { 2 };
        write!(f, "{}{:.decimals$}", self.currency.sign(), self.amount)
    }
}

/// What a model costs, for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// A prompt's tokens that were not cached.
    pub input: f64,
    /// Tokens of the answer, thinking included.
    pub output: f64,
    /// A prompt's tokens that were cached.
    pub cached: f64,
    /// What it is in.
    pub currency: Currency,
}

impl Price {
    /// One's own machine.
    pub const FREE: Self = Self { input: 0.0, output: 0.0, cached: 0.0, currency: Currency::Usd };

    /// Returns what an answer costs; `cached` is a part of `input`.
    #[expect(clippy::cast_precision_loss, reason = "no request has 2^52 tokens")]
    pub fn cost(self, input: u64, cached: u64, output: u64) -> Cost {
        let fresh = input.saturating_sub(cached);
        let amount = (fresh as f64 * self.input + cached as f64 * self.cached + output as f64 * self.output) / 1e6;
        Cost { amount, currency: self.currency }
    }

    /// Whether nothing costs anything, which is so in every currency.
    pub fn is_free(self) -> bool {
        [self.input, self.output, self.cached].iter().all(|price| *price <= 0.0)
    }

    /// The same price as often.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self { input: self.input * factor, output: self.output * factor, cached: self.cached * factor, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_names_its_currency_and_hides_nothing() {
        let shown = |amount, currency| Cost { amount, currency }.to_string();
        assert_eq!(shown(4.2, Currency::Usd), "$4.20");
        assert_eq!(shown(0.0042, Currency::Eur), "€0.0042");
        assert_eq!(shown(0.0, Currency::Usd), "$0.00");
    }

    #[test]
    fn an_amount_is_read_as_it_is_typed() {
        let read = |text| Cost::parse(text).map(|cost| (cost.amount, cost.currency));
        for text in ["5", "$5", "5$", "5USD", "usd 5", " 5.0 "] {
            assert_eq!(read(text), Some((5.0, Currency::Usd)), "{text}");
        }
        for text in ["5EUR", "€5", "5 €", "5eur"] {
            assert_eq!(read(text), Some((5.0, Currency::Eur)), "{text}");
        }
        for text in ["", "$", "five", "-1", "inf", "1e9", "5CHF", "5,0", "$5€"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_in_one_currency_is_nothing_in_the_other() {
        let cost = Price { currency: Currency::Eur, ..Price::FREE }.cost(1, 0, 1);
        assert_eq!((cost.within(Currency::Eur), cost.within(Currency::Usd)), (Some(0.0), None));
        assert_eq!((Currency::parse("eur"), Currency::parse("chf")), (Some(Currency::Eur), None));
    }
}
