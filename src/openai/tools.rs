//! Tools and the form of the answer, as Mistral takes them.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::translate::{Dropped, reduce_schema};
use crate::wire::openai::Fields;

/// Keys of a function that Mistral takes.
const FUNCTION: [&str; 4] = ["name", "description", "parameters", "strict"];

/// Reduces tools to functions with schemas that compile, and says nothing of tools where there are none.
pub(super) fn adapt(fields: &mut Fields<'_>, dropped: &mut Dropped) {
    if let Some(tools) = fields.read::<Vec<Value>>("tools") {
        let kept: Vec<Value> = tools.iter().filter_map(|tool| self::tool(tool, dropped)).collect();
        if kept.is_empty() {
            fields.take("tools");
        } else if kept != tools {
            fields.write("tools", &kept);
        }
    }
    if fields.get("tools").is_none() {
        for key in ["tool_choice", "parallel_tool_calls"] {
            if fields.take(key).is_some() {
                dropped.count(key);
            }
        }
    }
}

fn tool(tool: &Value, dropped: &mut Dropped) -> Option<Value> {
    if tool.get("type").is_some_and(|kind| kind != "function") {
        dropped.count("tool that is no function");
        return None;
    }
    let mut function = tool.get("function")?.as_object()?.clone();
    function.retain(|key, value| FUNCTION.contains(&key.as_str()) && !value.is_null());
    let parameters = reduced(function.get("parameters"));
    function.insert("parameters".to_owned(), parameters);
    let mut tool = Map::new();
    tool.insert("type".to_owned(), "function".into());
    tool.insert("function".to_owned(), function.into());
    Some(tool.into())
}

/// Reduces the schema of a wanted form.
pub(super) fn response_format(fields: &mut Fields<'_>) {
    let Some(mut format) = fields.read::<Value>("response_format") else { return };
    let Some(schema) = format.pointer_mut("/json_schema/schema") else { return };
    let reduced = reduced(Some(schema));
    if *schema != reduced {
        *schema = reduced;
        fields.write("response_format", &format);
    }
}

fn reduced(schema: Option<&Value>) -> Value {
    let raw = schema.and_then(|schema| serde_json::value::to_raw_value(schema).ok());
    let reduced = reduce_schema(raw.as_deref());
    serde_json::from_str(RawValue::get(&reduced)).unwrap_or_default()
}
