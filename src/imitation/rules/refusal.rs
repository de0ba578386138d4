//! What Mistral answers to a request it does not take.

use std::fmt;

use serde_json::{Value, json};

/// A status and the body that goes with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The JSON body.
    pub body: Value,
}

/// One entry of a 422: where, which rule, and what stood there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Detail {
    pub(super) kind: &'static str,
    pub(super) place: Vec<Value>,
    pub(super) message: String,
    pub(super) input: Value,
}

/// The families of 400s, each with Mistral's type and code.
#[derive(Debug, Clone, Copy)]
pub(super) enum Family {
    /// Roles, order, pairing.
    Order,
    /// Tool-call ids and names.
    Call,
    /// An assistant message that says nothing.
    Assistant,
    /// Arguments that the model does not take.
    Arguments,
    /// A model that is not there.
    Model,
    /// Seen without a code.
    Plain,
}

impl Family {
    fn words(self) -> (&'static str, Value) {
        match self {
            Self::Order => ("invalid_request_message_order", json!("3230")),
            Self::Call => ("invalid_function_call", json!("3280")),
            Self::Assistant => ("invalid_request_assistant_message", json!("3240")),
            Self::Arguments => ("invalid_request_invalid_args", json!("3051")),
            Self::Model => ("invalid_model", json!("1500")),
            Self::Plain => ("invalid_request_error", Value::Null),
        }
    }
}

impl Refusal {
    /// Refuses the form, in the wrapped envelope that most reports show.
    pub(super) fn form(details: Vec<Detail>) -> Self {
        let details: Vec<Value> = details
            .into_iter()
            .map(|detail| {
                json!({"type": detail.kind, "loc": detail.place, "msg": detail.message, "input": detail.input})
            })
            .collect();
        Self {
            status: 422,
            body: json!({
                "object": "error",
                "message": {"detail": details},
                "type": "invalid_request_error",
                "param": null,
                "code": null,
                "raw_status_code": 422,
            }),
        }
    }

    /// Refuses the meaning.
    pub(super) fn meaning(family: Family, message: impl Into<String>) -> Self {
        let (kind, code) = family.words();
        Self { status: 400, body: error_body(400, &message.into(), kind, &code) }
    }

    /// Returns Mistral's words, one line per problem.
    pub fn message(&self) -> String {
        let Some(details) = self.body["message"]["detail"].as_array() else {
            return self.body["message"].as_str().unwrap_or_default().to_owned();
        };
        let lines: Vec<String> = details
            .iter()
            .map(|detail| {
                let place: Vec<String> = detail["loc"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned))
                    .collect();
                let kind = detail["type"].as_str().unwrap_or_default();
                format!("{}: {kind}: {}", place.join("."), detail["msg"].as_str().unwrap_or_default())
            })
            .collect();
        lines.join("\n")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.message())
    }
}

/// Renders Mistral's error envelope.
pub fn error_body(status: u16, message: &str, kind: &str, code: &Value) -> Value {
    json!({
        "object": "error",
        "message": message,
        "type": kind,
        "param": null,
        "code": code,
        "raw_status_code": status,
    })
}
