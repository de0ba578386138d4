//! A target of the gateway's, as a provider of mcr's.

use serde_json::{Map, Value, json};

use super::{
    judge::{Made, name_of},
    rules,
};
use crate::{
    catalog,
    cli::import::advice,
    config::{self, Currency, Dialect, SecretRef, path},
};

const LITERAL: &str = "a key in clear is not copied; `mcr key set NAME --host HOST` asks for it, and `\"api_key\": \
     \"store:NAME\"` names it";

/// Takes a target, or tells why not.
pub(super) fn target(made: &mut Made, place: &str, value: &Value) {
    let none = Map::new();
    let fields = value.as_object().unwrap_or(&none);
    match provider(made, place, fields) {
        Ok(provider) => made.providers.push(provider),
        Err(why) => made.told.left_out(place, why),
    }
}

/// Says whose law a provider's operator is under, where that is not Europe's.
pub(super) fn abroad(provider: &Value) -> Option<String> {
    let endpoint = config::endpoint(provider.get("api_base_url")?.as_str()?).ok()?;
    let country = catalog::provider_of(endpoint.host()?)?.abroad()?;
    Some(format!(
        "what goes to {} leaves Europe's law: its operator is in {country}",
        name_of(provider).replace("$$", "$")
    ))
}

/// What a target is made of.
struct Parts<'v> {
    name: &'v str,
    provider: &'v str,
    model: &'v str,
    known: Option<&'static catalog::Provider>,
    address: String,
    /// Whether the address stands in the file.
    is_written: bool,
    host: String,
}

fn parts<'v>(made: &Made, fields: &'v Map<String, Value>) -> Result<Parts<'v>, String> {
    let text = |key: &str| fields.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let name = text("id").or_else(|| text("name")).ok_or("it has no `id`")?;
    if name.contains(',') {
        return Err("an `id` has no comma here".to_owned());
    }
    if made.providers.iter().any(|other| name_of(other).eq_ignore_ascii_case(&escaped(name))) {
        return Err(format!("target `{name}` stands here twice; case makes no difference"));
    }
    let mut words = text("provider").unwrap_or_default().splitn(3, ':').map(str::trim);
    let (provider, kind, short) = (words.next().unwrap_or_default(), words.next(), words.next());
    if kind.is_some_and(|kind| kind != "chat") || (kind.is_some() && short.is_none_or(str::is_empty)) {
        return Err(format!("{name}: mcr speaks chat completions only: `{provider}:chat:<model>`"));
    }
    let model = text("model").or(short).ok_or_else(|| format!("{name}: it names no model"))?;
    if let Some(format) = text("format").filter(|format| !format.eq_ignore_ascii_case("openai")) {
        return Err(format!("{name}: format `{format}` is not spoken; mcr speaks chat completions, `openai`"));
    }
    let known = catalog::provider(provider);
    let address = match (text("base_url"), known.and_then(|known| known.base_url.as_ref())) {
        (Some(written), _) => written.to_owned(),
        (None, Some(known)) => known.clone(),
        (None, None) => {
            return Err(format!("{name}: no address of chat completions is known of `{provider}`; give `base_url`"));
        }
    };
    let endpoint = config::endpoint(&address).map_err(|why| format!("{name}: {why}"))?;
    let host = endpoint.host().unwrap_or_default().to_owned();
    let is_written = text("base_url").is_some();
    Ok(Parts { name, provider, model, known, address, is_written, host })
}

fn provider(made: &mut Made, place: &str, fields: &Map<String, Value>) -> Result<Value, String> {
    let parts = parts(made, fields)?;
    let mut provider = Map::new();
    provider.insert("name".to_owned(), json!(escaped(parts.name)));
    provider.insert("api_base_url".to_owned(), json!(escaped(&parts.address)));
    let key = key(fields, &parts);
    if let Some(Ok(key)) = &key {
        provider.insert("api_key".to_owned(), json!(key));
    }
    let model = current(&parts);
    provider.insert("models".to_owned(), json!([escaped(model)]));
    let dialect = Dialect::infer(&parts.host, parts.provider);
    if dialect != Dialect::infer(&parts.host, parts.name) {
        provider.insert("dialect".to_owned(), json!(dialect.as_str()));
    }
    for (name, value) in fields {
        let here = path::key(place, name);
        field(made, &here, (name, value), &parts, &mut provider, key.as_ref());
    }
    Ok(Value::Object(provider))
}

/// Tells what becomes of one field, and takes those that go by the same name here.
fn field(
    made: &mut Made,
    here: &str,
    (name, value): (&str, &Value),
    parts: &Parts<'_>,
    provider: &mut Map<String, Value>,
    key: Option<&Result<String, &'static str>>,
) {
    let told = &mut made.told;
    let mut same = |is_usable: bool, why: &str| {
        if is_usable {
            provider.insert(name.to_owned(), literal(value));
            told.taken(here);
        } else {
            told.left_out(here, why);
        }
    };
    let number = value.as_f64().unwrap_or_default();
    match name {
        "timeout_seconds" | "stream_timeout_seconds" => {
            same(number > 0.0 && number <= 86_400.0, "it is no number of seconds up to a day");
        }
        "max_context_tokens" => {
            same(
                value.as_u64().is_some_and(|tokens| (1024..=100_000_000).contains(&tokens)),
                "it is no window of 1024 tokens or more",
            );
        }
        "weight" => same(number > 0.0 && number.is_finite(), "a weight is a number above 0"),
        "description" => same(value.is_string(), "it is no text"),
        "pricing" => same(is_price(value), "a price is `prompt` and `completion`, from 0 up, in USD or EUR"),
        "health_probe" => same(value.is_object(), "it is no object"),
        "id" | "name" => told.remarked(here, parts.name),
        "provider" => whose(made, here, parts),
        "model" => match current(parts) {
            model if model == parts.model => self::model(made, here, parts),
            model => {
                let day = catalog::model(parts.model).and_then(|known| known.retired.as_deref()).unwrap_or_default();
                made.told.changed(here, format!("`{}` was retired on {day}; `{model}` takes its place", parts.model));
            }
        },
        "base_url" => match advice::place(&parts.address) {
            Some(why) => told.remarked(here, why),
            None => told.taken(here),
        },
        "secret_key_ref" | "api_key" | "key" => match key {
            Some(Ok(key)) if name == "secret_key_ref" => told.changed(here, format!("`api_key` is `{key}`")),
            Some(Err(why)) if name == "secret_key_ref" => told.left_out(here, *why),
            Some(_) | None => told.left_out(here, LITERAL),
        },
        "format" => told.taken(here),
        "provider_type" => {
            told.left_out(here, "host and provider decide whose rules the server follows; `dialect` says otherwise");
        }
        name if rules::is_rule(name) => rules::rule(made, here, name, value),
        _ => told.left_out(here, "a provider has nothing of this kind"),
    }
}

/// A value in which no `$` begins the name of a variable.
fn literal(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(escaped(text)),
        Value::Array(list) => list.iter().map(literal).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), literal(value))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}

/// Whether a price can be read as one here.
fn is_price(value: &Value) -> bool {
    let is_amount = |key: &str| value.get(key).and_then(Value::as_f64).is_some_and(|amount| amount >= 0.0);
    let is_currency = |code: &Value| code.as_str().is_some_and(|code| Currency::parse(code).is_some());
    is_amount("prompt")
        && is_amount("completion")
        && (value.get("cached").is_none() || is_amount("cached"))
        && value.get("currency").is_none_or(is_currency)
}

/// Says where the target is, where nobody wrote it.
fn whose(made: &mut Made, here: &str, parts: &Parts<'_>) {
    let operator = parts.known.and_then(catalog::Provider::abroad);
    let words = operator.map(|country| format!("its operator is in {country}"));
    match (words, parts.host.as_str()) {
        (Some(words), _) => made.told.remarked(here, words),
        (None, "api.eu.mistral.ai") if !parts.is_written => made.told.changed(
            here,
            "where no address is written, the gateway asks api.mistral.ai, which promises no place of processing; mcr \
             asks api.eu.mistral.ai, which promises the EU and costs 1.1 times as much",
        ),
        (None, _) => made.told.taken(here),
    }
}

/// Takes a model, with a word where nobody here knows it.
fn model(made: &mut Made, here: &str, parts: &Parts<'_>) {
    if catalog::model(parts.model).is_some() || catalog::provider_of(&parts.host).is_none_or(|it| it.abroad().is_some())
    {
        return made.told.taken(here);
    }
    let (window, day) = (catalog::UNKNOWN_WINDOW, catalog::as_of());
    made.told.remarked(
        here,
        format!("not in mcr's list of {day}: it may be retired, and its window is taken for {window} tokens"),
    );
}

/// The model, or what its maker names in place of one that is retired there.
fn current<'v>(parts: &Parts<'v>) -> &'v str {
    let retired = catalog::model(parts.model).filter(|known| known.retired.is_some() && !config::is_local(&parts.host));
    retired.and_then(|known| known.replacement.as_deref()).unwrap_or(parts.model)
}

/// The variable that holds the key, as the configuration names it; nothing where none is needed.
fn key(fields: &Map<String, Value>, parts: &Parts<'_>) -> Option<Result<String, &'static str>> {
    let variable = match fields.get("secret_key_ref") {
        Some(reference) => match reference.get("env").and_then(Value::as_str) {
            Some(name) => name,
            None => {
                return Some(Err(
                    "mcr finds keys in variables (`env`), files, programs and its own store: see `api_key`",
                ));
            }
        },
        None => parts.known.filter(|known| known.owns(&parts.host))?.key.as_deref()?,
    };
    if SecretRef::parse(&format!("env:{variable}"), std::path::Path::new("")).is_err() {
        return Some(Err("it names no environment variable"));
    }
    let is_plain = config::variables(&format!("${variable}")) == [variable];
    Some(Ok(if is_plain { format!("${variable}") } else { format!("${{{variable}}}") }))
}
