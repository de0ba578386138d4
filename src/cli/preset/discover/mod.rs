//! Asks a running server which models it has, and with how much context.
//!
//! The list itself is `GET …/models` everywhere. What servers of one's own give a model is not
//! in it, or only what the model could take, so Ollama, LM Studio and llama.cpp are asked in
//! their own way too; what they do not answer stays unknown.

mod reported;

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::timeout};

pub(in crate::cli) use reported::{Reported, is_word};

use crate::{
    cli::{config::Place, doorway::Doorway, egress::guard, recording, running},
    config::{self, Config, Connection, Dialect, Host, SecretRef},
    egress::{About, Egress, Options, ProxyVariables},
    error::Failure,
    keys::Resolver,
    preset::{Answers, Given, Key, Provider, Values},
};

/// A server on this machine answers at once, one elsewhere within a second or two.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the models' details may take; without them the list is shown as it is.
const DETAILS: Duration = Duration::from_secs(3);

/// Nobody chooses among more; the details of others are not asked for.
const MOST_DETAILS: usize = 64;

/// A list of models is shorter than this by far.
pub(in crate::cli) const LONGEST: usize = 4 * 1024 * 1024;

/// Returns the models that a provider reports, or why it does not, in one line.
///
/// A secret of `earlier` goes to the hosts it was given for and to no other.
pub(in crate::cli) fn models(
    provider: &Provider,
    answers: &Answers,
    earlier: &Values,
    place: &Place<'_>,
) -> Result<Vec<Reported>, String> {
    let endpoint = config::endpoint(&provider.address)?;
    let host = endpoint.host().unwrap_or_default().to_owned();
    let dialect = provider.dialect.as_deref().and_then(Dialect::parse);
    let dialect = dialect.unwrap_or_else(|| Dialect::infer(&host, &provider.name));
    let key = key(provider, answers, earlier, place, &host)?;
    // A configuration that is broken is about to be replaced, and says nothing of whom to ask.
    let guard = guard(place).unwrap_or_default();
    let environment = ProxyVariables::from_lookup(place.environment);
    let rules = recording::rules(place);
    let audit = recording::open(&rules, place.paths);
    let options = Options { environment, guard, audit: audit.clone(), required: rules.required, ..Options::default() };
    let resolver = running::keys(place.paths);
    let found = running::block_on(async {
        let egress = match Egress::new(&options) {
            Ok(egress) => egress,
            Err(error) => return Ok(Err(error.to_string())),
        };
        // A program may take longer than a server, and has a clock of its own.
        let key = match &key {
            Some(key) => match resolver.resolve(key, &host).await {
                Ok(key) => HeaderValue::try_from(format!("Bearer {}", key.expose())).ok(),
                Err(error) => return Ok(Err(error.what)),
            },
            None => None,
        };
        let connection = Connection { endpoint, key: None };
        let server = Server { name: provider.name.clone(), egress, connection, key };
        Ok(server.models(dialect).await)
    });
    audit.close();
    let found = found.map_err(|failure| failure.error.to_string())?;
    found.map_err(|why| why.lines().next().unwrap_or_default().to_owned())
}

/// Returns the models that a configured provider reports, or why it does not, in one line.
pub(in crate::cli) async fn configured(
    provider: &config::Provider,
    egress: Egress,
    keys: &Resolver,
) -> Result<Vec<Reported>, String> {
    let found = server(provider, egress, keys).await?.models(provider.dialect).await;
    found.map_err(|why| why.lines().next().unwrap_or_default().to_owned())
}

/// Returns what a configured provider reports whose list of models is there: it is asked for the details alone.
pub(in crate::cli) async fn detailed(
    provider: &config::Provider,
    list: &Bytes,
    egress: Egress,
    keys: &Resolver,
) -> Result<Vec<Reported>, String> {
    Ok(server(provider, egress, keys).await?.detailed(provider.dialect, &json_of(list)?).await)
}

/// A configured provider, with the key that it is asked with.
async fn server(provider: &config::Provider, egress: Egress, keys: &Resolver) -> Result<Server, String> {
    let connection = provider.connection.as_ref().map_err(ToString::to_string)?;
    let key = match &connection.key {
        Some(key) => {
            let key = keys.resolve(key, connection.host()).await.map_err(|error| error.what)?;
            HeaderValue::try_from(format!("Bearer {}", key.expose())).ok()
        }
        None => None,
    };
    let connection = Connection { endpoint: connection.endpoint.clone(), key: None };
    Ok(Server { name: provider.name.clone(), egress, connection, key })
}

/// A configured provider, and what it reports, or why it does not, in one line.
pub(in crate::cli) type Asked = (Arc<config::Provider>, Result<Vec<Reported>, String>);

/// Asks configured providers for their models, all at once.
///
/// # Errors
/// Fails when the door out cannot be opened; a provider that does not answer is no failure.
pub(in crate::cli) fn everybody(
    config: &Config,
    providers: &[Arc<config::Provider>],
    place: &Place<'_>,
) -> Result<Vec<Asked>, Failure> {
    let keys = Arc::new(running::keys(place.paths));
    let audit = recording::open(&config.audit, place.paths);
    let egress = Doorway::of(place).open(config)?.noting(audit.clone());
    let asked = running::block_on(async {
        let ask = |provider: &Arc<config::Provider>| {
            let (provider, egress, keys) = (Arc::clone(provider), egress.clone(), Arc::clone(&keys));
            tokio::spawn(async move { configured(&provider, egress, &keys).await })
        };
        let asked: Vec<_> = providers.iter().map(|provider| (Arc::clone(provider), ask(provider))).collect();
        let mut answers = Vec::new();
        for (provider, answer) in asked {
            answers.push((provider, answer.await.unwrap_or_else(|error| Err(error.to_string()))));
        }
        Ok(answers)
    });
    audit.close();
    asked
}

/// Where the key is, if the server wants one.
fn key(
    provider: &Provider,
    answers: &Answers,
    earlier: &Values,
    place: &Place<'_>,
    host: &str,
) -> Result<Option<SecretRef>, String> {
    let is_for = |hosts: &BTreeSet<String>| hosts.iter().any(|agreed| Host::of_url(agreed) == Host::of_url(host));
    let elsewhere = || format!("its key was given for another host, and was not sent to {host}");
    let reference = match &provider.key {
        Key::Written(text) => match config::variables(text).first() {
            Some(name) if (place.environment)(name).is_none_or(|value| value.is_empty()) => return Ok(None),
            Some(name) if earlier.variables.get(name).is_some_and(|hosts| !is_for(hosts)) => return Err(elsewhere()),
            Some(name) => format!("env:{name}"),
            None if text.is_empty() => return Ok(None),
            None => text.clone(),
        },
        Key::Answer(id) => match answers.secrets.get(id) {
            Some(Given::Literal(secret)) => return Ok(Some(SecretRef::Value(secret.clone()))),
            Some(Given::Reference(reference)) => {
                match earlier.secrets.get(id).filter(|bound| bound.from == *reference) {
                    Some(bound) if !is_for(&bound.hosts) => return Err(elsewhere()),
                    Some(_) | None => reference.clone(),
                }
            }
            None => return Ok(None),
        },
    };
    SecretRef::parse(&reference, Path::new("")).map(Some)
}

/// A server that may be asked.
#[derive(Clone)]
struct Server {
    /// As it is configured, or will be.
    name: String,
    egress: Egress,
    connection: Connection,
    key: Option<HeaderValue>,
}

impl Server {
    async fn models(&self, dialect: Dialect) -> Result<Vec<Reported>, String> {
        let list = timeout(PATIENCE, self.list()).await;
        let list = list.unwrap_or_else(|_| Err(format!("no answer within {} s", PATIENCE.as_secs())))?;
        Ok(self.detailed(dialect, &list).await)
    }

    /// Reads the list, and asks for what it does not say.
    async fn detailed(&self, dialect: Dialect, list: &Value) -> Vec<Reported> {
        let mut models = reported::list(list);
        // Nothing is lost when a server of another make listens there.
        let _ = timeout(DETAILS, self.details(dialect, &mut models)).await;
        models.retain(|model| model.chats);
        models
    }

    /// Asks for the list; it is this that is on record.
    async fn list(&self) -> Result<Value, String> {
        let request = self.request(Method::GET, self.connection.models().to_string(), None)?;
        let about = About::of(&self.name, "its list of models");
        let (answer, mut contact) = self.egress.ask(request, about).await.map_err(|error| error.to_string())?;
        let bytes = self.read(answer).await?;
        contact.received(bytes.len() as u64);
        json_of(&bytes)
    }

    /// Adds what the list does not say: more of the one contact that is on record with the list.
    async fn details(&self, dialect: Dialect, models: &mut [Reported]) {
        match dialect {
            Dialect::Ollama => self.ollama(models).await,
            Dialect::LmStudio => {
                if let Ok(list) = self.own(Method::GET, "/api/v0/models", None).await {
                    reported::lm_studio(models, &list);
                }
            }
            Dialect::LlamaCpp => {
                if let Ok(properties) = self.own(Method::GET, "/props", None).await {
                    reported::llama_cpp(models, &properties);
                }
            }
            Dialect::Mistral | Dialect::OpenAi | Dialect::Vllm | Dialect::Infomaniak | Dialect::Ionos => {}
        }
    }

    /// Asks for every model on its own, all at once, and for those that are loaded.
    async fn ollama(&self, models: &mut [Reported]) {
        let mut asking = JoinSet::new();
        for model in models.iter().take(MOST_DETAILS) {
            let (server, id) = (self.clone(), model.id.clone());
            asking.spawn(async move {
                let body = json!({"model": id});
                (id, server.own(Method::POST, "/api/show", Some(&body)).await)
            });
        }
        while let Some(asked) = asking.join_next().await {
            if let Ok((id, Ok(shown))) = asked
                && let Some(model) = models.iter_mut().find(|model| model.id == id)
            {
                reported::ollama(model, &shown);
            }
        }
        if let Ok(running) = self.own(Method::GET, "/api/ps", None).await {
            reported::ollama_loaded(models, &running);
        }
    }

    /// Asks beside `/v1`, where a server speaks its own language.
    async fn own(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let base = self.connection.endpoint.to_string();
        let base = base.split('?').next().unwrap_or_default();
        let base = base.trim_end_matches("/chat/completions").trim_end_matches("/v1");
        self.ask(method, format!("{base}{path}"), body).await
    }

    async fn ask(&self, method: Method, address: String, body: Option<&Value>) -> Result<Value, String> {
        let answer = self.egress.send(self.request(method, address, body)?).await.map_err(|error| error.to_string())?;
        json_of(&self.read(answer).await?)
    }

    fn request(&self, method: Method, address: String, body: Option<&Value>) -> Result<Request<Full<Bytes>>, String> {
        let mut request = Request::builder().method(method).uri(address);
        if let Some(key) = &self.key {
            request = request.header(header::AUTHORIZATION, key);
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Bytes::new, |body| body.to_string().into());
        request.body(Full::new(body)).map_err(|error| error.to_string())
    }

    /// Reads an answer to its end, where it is one.
    async fn read(&self, answer: Response<Incoming>) -> Result<Bytes, String> {
        match answer.status() {
            status if status.is_success() => {}
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                let key = if self.key.is_some() { "it does not take the key" } else { "it wants a key" };
                return Err(format!("{key} ({})", status.as_u16()));
            }
            status => return Err(format!("it answers with status {status}")),
        }
        let body = Limited::new(answer.into_body(), LONGEST).collect().await.map_err(|error| error.to_string())?;
        Ok(body.to_bytes())
    }
}

fn json_of(bytes: &Bytes) -> Result<Value, String> {
    serde_json::from_slice(bytes).map_err(|_| "it answers no JSON".to_owned())
}
