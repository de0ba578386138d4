//! Vouches for hosts, and takes that back: what `egress.json` holds.

use std::net::IpAddr;

use serde_json::Value;

use super::taken::Taken;
use super::{guard, host};
use crate::audit::{AddressClass, Decision, Kind};
use crate::catalog;
use crate::cli::args::EgressAllow;
use crate::cli::config::Place;
use crate::cli::doorway::Doorway;
use crate::cli::model::file::File;
use crate::cli::{moment, recording};
use crate::config::{self, Allowance, Host, Mode, Network, country_code, is_word_for_several};
use crate::egress::{Verdict, check, classify, passes_on};
use crate::error::{Exit, Failure};
use crate::{paths, ui};

/// How many copies of the file stay.
const COPIES: usize = 3;

/// Vouches for a host.
pub(super) fn allow(options: &EgressAllow, place: &Place<'_>) -> Result<(), Failure> {
    let host = host(&options.host)?;
    refuse_word(&host)?;
    let taken = Taken::by_service(place);
    let doorway = Doorway::of(place);
    let mut list = doorway.allowances()?;
    let network = if options.private { Network::Private } else { Network::Public };
    refuse_address(&host, network)?;
    let known = guard(place)?.judge(host.as_str());
    if known.region.as_deref() == Some("local") && !list.iter().any(|it| it.host == host) {
        ui::say(format_args!("{host} is local, and needs no allowance"));
    }
    let standing = catalog::standing(host.as_str());
    if let Some(standing) = standing {
        let region = standing.region.map_or_else(String::new, |region| format!(", works in {region}"));
        ui::say(format_args!(
            "the catalogue of {} has: {} is operated by {} ({}){region}",
            catalog::facts_as_of(),
            host,
            standing.operator,
            standing.country
        ));
    }
    let operator = options.operator.clone().or(standing.map(|it| it.operator.to_owned()));
    let operator = operator.or_else(|| passes_on(host.as_str()).map(str::to_owned));
    let Some(operator) = operator.filter(|operator| !operator.trim().is_empty()) else {
        return Err(Failure::say(Exit::Usage, format!("nobody here knows who operates {host}"))
            .hint("pass `--operator NAME`, and `--country CC` where you know it"));
    };
    if options.reason.trim().is_empty() {
        return Err(Failure::say(Exit::Usage, "the reason is empty")
            .hint("say with `--reason TEXT` why this host may be spoken to: it stands on the audit record"));
    }
    let country = options.country.as_deref().map(country_code).transpose();
    let country = country.map_err(|what| Failure::say(Exit::Usage, what))?;
    let allowance = Allowance {
        host: host.clone(),
        operator,
        country,
        region: options.region.clone().filter(|region| !region.is_empty()),
        network,
        reason: options.reason.clone(),
        since: jiff::Zoned::now().strftime("%Y-%m-%d").to_string(),
    };
    let what = format!("allowed {host} ({}), of {}: {}", network.as_str(), allowance.operator, allowance.reason);
    list.retain(|other| other.host != host);
    list.push(allowance);
    recording::changing(Kind::Policy, &what, place, || write(&list, &doorway))?;
    ui::say(what);
    let verdict = guard(place)?.judge_word(host.as_str());
    if !verdict.lets_go() {
        ui::say(format_args!("warning: it is still not spoken to: {}", verdict.why));
        verdict.mend.iter().for_each(|mend| ui::say(format_args!("hint: {mend}")));
    }
    taken.tell();
    Ok(())
}

/// Takes an allowance back; what would be spoken to all the same goes into `Egress.deny`.
pub(super) fn deny(text: &str, place: &Place<'_>) -> Result<(), Failure> {
    let host = host(text)?;
    let taken = Taken::by_service(place);
    let doorway = Doorway::of(place);
    let mut list = doorway.allowances()?;
    let count = list.len();
    list.retain(|other| other.host != host);
    if list.len() < count {
        let what = format!("no longer allowed {host}");
        recording::changing(Kind::Policy, &what, place, || write(&list, &doorway))?;
        ui::say(what);
    }
    if is_word_for_several(host.as_str()) {
        forbid(&host, place)?;
    } else {
        let verdict = guard(place)?.judge_word(host.as_str());
        if verdict.decision == Decision::Allowed {
            ui::say(format_args!("{host} would be spoken to: {}", verdict.why));
            forbid(&host, place)?;
        } else {
            ui::say(format_args!("{host} is {}: {}", spoken_to(&verdict), verdict.why));
        }
    }
    taken.tell();
    Ok(())
}

/// Adds a word to `Egress.deny`, unless it is there.
fn forbid(word: &Host, place: &Place<'_>) -> Result<(), Failure> {
    let file = File::read(place)?;
    let denied = &file.config.egress.deny;
    if denied.iter().any(|other| other == word.as_str()) {
        ui::say(format_args!("`{word}` is in `Egress.deny` already"));
        return Ok(());
    }
    let text = file.with(&format!("Egress.deny[{}]", denied.len()), &Value::from(word.as_str()))?;
    let what = format!("denied {word}");
    recording::changing(Kind::Policy, &what, place, || file.write_and_tell(&text, place))?;
    ui::say(what);
    match file.config.egress.mode {
        Mode::Enforce => {}
        Mode::Observe => {
            ui::say("warning: `Egress.mode` is observe, so it goes all the same, with a note");
            ui::say("hint: leave `Egress.mode` out, or set it to `enforce`");
        }
    }
    Ok(())
}

/// Whether a host that no rule allows is spoken to.
fn spoken_to(verdict: &Verdict) -> &'static str {
    if verdict.lets_go() { "spoken to all the same, since `Egress.mode` is observe" } else { "not spoken to" }
}

/// Refuses a word that stands for several hosts: nobody vouches for all of them at once.
fn refuse_word(host: &Host) -> Result<(), Failure> {
    let word = host.as_str();
    if !is_word_for_several(word) || passes_on(word).is_some() {
        return Ok(());
    }
    let mut failure = Failure::say(Exit::Usage, format!("`{word}` is no host"));
    let url = catalog::known_provider(word).and_then(|provider| provider.base_url.as_deref());
    if let Some(host) = url.and_then(|url| url.parse::<http::Uri>().ok()?.host().map(str::to_owned)) {
        failure = failure.hint(format!("run `mcr egress allow {host} --reason TEXT`"));
    }
    Err(failure.hint(format!("or add `{word}` to `Egress.allow`")))
}

/// Refuses an address that nobody may vouch for, or that is not what it is said to be.
fn refuse_address(host: &Host, network: Network) -> Result<(), Failure> {
    let Ok(address) = host.as_str().parse::<IpAddr>() else { return Ok(()) };
    let Err(class) = check(network, address) else { return Ok(()) };
    let denied = |what: &str| Failure::say(Exit::Denied, format!("{address} is {what}, which nobody may vouch for"));
    Err(match classify(address) {
        AddressClass::Metadata => denied("a cloud's metadata service"),
        AddressClass::LinkLocal => denied("an address of this link alone"),
        AddressClass::Unusable | AddressClass::Proxied => denied("no address that anybody has"),
        AddressClass::Loopback | AddressClass::Private | AddressClass::Cgnat => {
            let what = format!("{address} is no address of the Internet ({class:?})").to_lowercase();
            Failure::say(Exit::Usage, what).hint("pass `--private` where it is yours")
        }
        AddressClass::Public => {
            Failure::say(Exit::Usage, format!("{address} is an address of the Internet")).hint("leave `--private` out")
        }
    })
}

/// Writes the list in place of what was, of which a copy stays.
fn write(list: &[Allowance], doorway: &Doorway) -> Result<(), Failure> {
    let path = &doorway.allowances;
    let text = format!("{:#}\n", Value::from(list.iter().map(Allowance::to_json).collect::<Vec<_>>()));
    // What cannot be read again must not take the place of what could.
    config::allowances(&text, &path.display().to_string()).map_err(|problems| config::failure(&problems))?;
    let write = || {
        if path.exists() {
            paths::back_up(path, &moment::stamp())?;
        }
        paths::write_atomic(path, text.as_bytes())
    };
    write().map_err(|error: std::io::Error| {
        Failure::new(
            paths::exit(&error, Exit::CannotCreate),
            anyhow::Error::new(error).context("cannot change what is allowed"),
        )
    })?;
    if let Err(error) = paths::keep_newest(path, COPIES) {
        ui::say(format_args!("warning: old copies stay: {error}"));
    }
    Ok(())
}
