//! Changes providers to their endpoint in the EU.

use serde_json::Value;

use crate::audit::Kind;
use crate::cli::config::Place;
use crate::cli::model::file::File;
use crate::cli::recording;
use crate::config::path;
use crate::egress::eu_endpoint;
use crate::error::{Exit, Failure};
use crate::ui;

/// Edits the address of every provider whose own endpoint in the EU is another, and keeps a copy of what was.
pub(super) fn run(place: &Place<'_>) -> Result<(), Failure> {
    let file = File::read(place)?;
    let mut text = file.text().to_owned();
    let mut changed = Vec::new();
    for (index, provider) in file.config.providers.iter().enumerate() {
        let Ok(connection) = &provider.connection else { continue };
        let Some(eu) = eu_endpoint(connection.host()) else { continue };
        let list = file.providers();
        let written = ["api_base_url", "base_url"].into_iter().find_map(|key| {
            let value = file.value().get(list)?.get(index)?.get(key)?.as_str()?;
            Some((path::key(&path::index(list, index), key), value))
        });
        let now = written.map(|(place, value)| (place, replaced(value, connection.host(), eu)));
        let Some((place, Some(now))) = now else {
            let what = format!("the address of `{}` is not written out in the configuration", provider.name);
            return Err(Failure::say(Exit::Config, what).hint(format!("set its `api_base_url` to https://{eu}/v1")));
        };
        text = File::edited(&text, &place, &Value::from(now))?;
        changed.push(format!("{} now uses {eu}", provider.name));
    }
    if changed.is_empty() {
        ui::say("nothing to change: no provider is spoken to at an endpoint without a place that has one in the EU");
        return Ok(());
    }
    let what = changed.join("; ");
    recording::changing(Kind::Policy, &what, place, || file.write_and_tell(&text, place))?;
    changed.iter().for_each(ui::say);
    Ok(())
}

/// The address with another host; nothing where the host is not written out.
fn replaced(address: &str, host: &str, other: &str) -> Option<String> {
    let at = address.to_ascii_lowercase().find(&host.to_ascii_lowercase())?;
    Some(format!("{}{other}{}", &address[..at], &address[at + host.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_the_host_is_another() {
        let to = |address| replaced(address, "api.mistral.ai", "api.eu.mistral.ai");
        assert_eq!(to("https://API.mistral.ai/v1").as_deref(), Some("https://api.eu.mistral.ai/v1"));
        assert_eq!(to("${BASE}/v1"), None);
    }
}
