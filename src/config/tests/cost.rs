//! What models cost, and how much may be spent.

use super::{accept, try_read, with};
use crate::config::{Action, Cost, Currency, Price, Span};

/// One provider at Mistral's EU endpoint with two models, and whatever else it says.
fn mistral(keys: &str) -> String {
    format!(
        "{{Providers: [{{name: 'p', api_base_url: 'https://api.eu.mistral.ai/v1', api_key: 'k',
           models: ['mistral-medium-3-5', 'mistral-small-2603'], {keys}}}], Router: {{default: 'p,mistral-medium-3-5'}}}}"
    )
}

/// Prompt, completion and cached of both models.
fn prices(keys: &str) -> [Option<(f64, f64, f64, Currency)>; 2] {
    let config = accept(&mistral(keys));
    let rounded = |price: f64| (price * 1e6).round() / 1e6;
    let of = |at: usize| {
        let price = config.targets[at].pricing?;
        Some((rounded(price.input), rounded(price.output), rounded(price.cached), price.currency))
    };
    [of(0), of(1)]
}

#[test]
fn without_a_word_a_model_costs_what_the_catalogue_says_at_its_host() {
    let expect = [Some((1.65, 8.25, 0.165, Currency::Usd)), Some((0.165, 0.66, 0.0165, Currency::Usd))];
    assert_eq!(prices(""), expect);
}

#[test]
fn the_owners_price_is_taken_as_it_stands_and_that_of_a_model_before_that_of_its_provider() {
    let [medium, small] = prices(
        "pricing: {prompt: 2, completion: 6}, \
         facts: {'mistral-small-2603': {pricing: {prompt: 1, completion: 3, cached: 0.5, currency: 'eur'}}}",
    );
    // Of cached tokens nothing is said, and the catalogue knows what share of a prompt they cost.
    assert_eq!(medium, Some((2.0, 6.0, 0.2, Currency::Usd)));
    assert_eq!(small, Some((1.0, 3.0, 0.5, Currency::Eur)));
}

#[test]
fn a_currency_alone_takes_the_catalogues_price_in_it_and_says_where_there_is_none() {
    let expect = Some((1.375, 7.04, 0.1375, Currency::Eur));
    assert_eq!(prices("pricing: {currency: 'EUR'}"), [expect, None]);
    let config = accept(&mistral("pricing: {currency: 'EUR'}"));
    let warnings: Vec<&str> = config.warnings.iter().map(|problem| problem.what.as_str()).collect();
    assert_eq!(warnings, ["no price of `mistral-small-2603` in EUR is known; give `prompt` and `completion`"]);
}

#[test]
fn ones_own_machine_is_free_unless_a_price_is_set_and_an_unknown_host_has_no_price() {
    assert_eq!(accept(&with("")).targets[0].pricing, Some(Price::FREE));
    let own = "{Providers: [{name: 'p', api_base_url: 'http://localhost/v1', models: ['m'], \
               pricing: {prompt: 1, completion: 2}}], Router: {default: 'p,m'}}";
    let price = Price { input: 1.0, output: 2.0, cached: 1.0, currency: Currency::Usd };
    assert_eq!(accept(own).targets[0].pricing, Some(price));
    let unknown =
        own.replace("http://localhost", "https://llm.example").replace("prompt: 1, completion: 2", "currency: 'USD'");
    assert_eq!(accept(&unknown).targets[0].pricing, None);
}

#[test]
fn anothers_word_on_a_price_lowers_nothing_and_hides_it_from_no_limit() {
    let charges = |keys: &str, strict: bool| {
        let config = accept(&mistral(keys));
        let target = &config.targets[0];
        let costs = target.charge(strict, 1_000_000, 0, 1_000_000);
        Currency::ALL
            .map(|currency| ((costs.of(currency).amount * 1e6).round() / 1e6, target.is_seen(strict, currency)))
    };
    // The catalogue says 1.65 and 8.25 dollars, or 1.375 and 7.04 euros.
    let listed = [(9.9, true), (8.415, true)];
    assert_eq!(charges("pricing: {prompt: 0, completion: 0}", true), listed);
    assert_eq!(charges("pricing: {prompt: 1, completion: 1, currency: 'EUR'}", true), listed);
    assert_eq!(charges("pricing: {prompt: 1, completion: 19}", true), [(20.0, true), (8.415, true)]);
    assert_eq!(charges("pricing: {prompt: 1, completion: 1}", false), [(2.0, true), (0.0, false)]);
    assert_eq!(charges("", true), [(9.9, true), (0.0, false)]);
}

#[test]
fn a_price_that_is_none_is_an_error() {
    for keys in [
        "pricing: 3",
        "pricing: {prompt: 1}",
        "pricing: {completion: 1}",
        "pricing: {cached: 1}",
        "pricing: {prompt: -1, completion: 1}",
        "pricing: {prompt: '1', completion: 1}",
        "pricing: {prompt: 1, completion: 1, currency: 'CHF'}",
        "pricing: {}",
    ] {
        let problems = try_read(&mistral(keys)).err().unwrap_or_else(|| panic!("{keys}"));
        assert_eq!(problems.errors().count(), 1, "{keys}: {problems}");
    }
}

#[test]
fn a_limit_has_dollars_and_refuses_unless_something_else_is_said() {
    let config = accept(&with(
        "Budget: {session: {limit: 2}, day: {limit: 0.5, currency: 'EUR', action: 'warn'}, \
         month: {limit: 9, action: 'fallback: p , m'}}",
    ));
    let shown: Vec<(Span, String, String)> =
        config.budgets.iter().map(|(span, budget)| (span, budget.limit.to_string(), budget.action.written())).collect();
    let expect =
        [(Span::Session, "$2.00", "block"), (Span::Day, "€0.50", "warn"), (Span::Month, "$9.00", "fallback:p,m")];
    assert_eq!(shown, expect.map(|(span, limit, action)| (span, limit.to_owned(), action.to_owned())));
}

#[test]
fn the_machines_limits_go_before_a_presets_and_send_nothing_to_a_target_that_the_preset_does_not_have() {
    let machine = |action: &str| accept(&with(&format!("Budget: {{day: {{limit: 1, action: '{action}'}}}}")));
    let preset = |model: &str| {
        let text = with("Budget: {day: {limit: 1000}, session: {limit: 3}}");
        accept(&text.replace("'m'", &format!("'{model}'")).replace("p,m", &format!("p,{model}")))
    };
    let inherited = |action: &str, model: &str| {
        let preset = preset(model);
        let mut budgets = (*preset.budgets).clone();
        budgets.inherit((*machine(action).budgets).clone(), &preset.targets);
        let day = budgets.day.expect("a limit of the day");
        assert_eq!(day.limit, Cost { amount: 1.0, currency: Currency::Usd });
        assert_eq!(budgets.session.map(|budget| budget.limit.amount), Some(3.0));
        match day.action {
            Action::Fallback(target) => assert!(preset.targets.iter().any(|own| std::sync::Arc::ptr_eq(own, &target))),
            Action::Warn => assert_eq!(action, "warn"),
            Action::Block => assert_ne!(action, "warn"),
        }
        budgets.month.is_none()
    };
    assert!(inherited("warn", "m") && inherited("fallback:p,m", "m") && inherited("fallback:p,m", "n"));
}
