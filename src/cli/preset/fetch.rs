//! Fetches an archive, which nobody believes before its checksum is right.
//!
//! Who typed an address has allowed it, unless it is denied. Where it sends on to is not typed: from the Internet nothing
//! leads to this machine or its network. Each host on the way is on record.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, Uri, header, uri::PathAndQuery};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;

use crate::{
    audit::{AddressClass, Decision, Event},
    cli::{config::Place, doorway::Doorway, egress::configuration, recording, running::block_on},
    config::{Network, built_in_alone},
    egress::{About, ConnectError, Contact, Egress, Verdict},
    error::{Exit, Failure},
    preset::package::MOST_PACKED,
    ui,
};

const PATIENCE: Duration = Duration::from_mins(1);

/// Hosts of repositories send on once, to where their archives lie.
const MOST_STEPS: usize = 4;

/// Returns the bytes at an `https` address; `preset` is what they are of, where that is known.
///
/// # Errors
/// Fails with 77 where a host on the way may not be asked, with 74 where that has to be on record and cannot be.
pub(super) fn fetch(url: &str, preset: Option<&str>, place: &Place<'_>) -> Result<Vec<u8>, Failure> {
    let config = configuration(place)?.map_or_else(|| built_in_alone(place.environment), Ok)?;
    let audit = recording::open(&config.audit, place.paths);
    let egress = Doorway::of(place).by_hand(&config)?.noting(audit.clone());
    let archive = Archive { url, preset };
    let fetched = block_on(async {
        let late = |_| archive.failed(Exit::Unavailable, "it has not come within a minute");
        tokio::time::timeout(PATIENCE, archive.follow(&egress)).await.map_err(late)?
    });
    audit.close();
    fetched
}

/// What is to be fetched.
struct Archive<'a> {
    url: &'a str,
    preset: Option<&'a str>,
}

impl Archive<'_> {
    async fn follow(&self, egress: &Egress) -> Result<Vec<u8>, Failure> {
        let unavailable = |why: String| self.failed(Exit::Unavailable, &why);
        let mut address: Uri = self.url.parse().map_err(|error| unavailable(format!("it is no address ({error})")))?;
        let network = |host: &str| egress.guard().judge(host).network;
        for _ in 0..MOST_STEPS {
            let (answer, contact) = self.ask(egress, &address).await?;
            let status = answer.status();
            if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
                let next = answer.headers().get(header::LOCATION).and_then(|it| it.to_str().ok()).unwrap_or_default();
                address = onward(&address, next, network).map_err(|no| self.lost(&no, egress))?;
                continue;
            }
            if !status.is_success() {
                return Err(unavailable(format!("status {status}")));
            }
            return read(answer.into_body(), contact).await.map_err(unavailable);
        }
        Err(unavailable("it sends on and on".to_owned()))
    }

    async fn ask(&self, egress: &Egress, address: &Uri) -> Result<(Response<Incoming>, Contact), Failure> {
        let request = Request::get(address).body(Full::<Bytes>::default());
        let request = request.map_err(|error| self.failed(Exit::Unavailable, &error.to_string()))?;
        let about = About { what: "a preset's archive", provider: None, preset: self.preset };
        let verdict = egress.guard().judge(address.host().unwrap_or_default());
        if verdict.decision == Decision::Observed {
            let Verdict { host, why, .. } = &*verdict;
            ui::say(format_args!("warning: `Egress.mode` is observe, so {host} is asked all the same: {why}"));
        }
        egress.ask(request, about).await.map_err(|error| self.unanswered(&error, &verdict))
    }

    fn unanswered(&self, error: &ConnectError, verdict: &Verdict) -> Failure {
        let Verdict { host, why, mend, .. } = verdict;
        match error {
            ConnectError::Denied { address: None, .. } => {
                let what = format!("the egress guard does not let this go to {host}: {why}");
                mend.iter().fold(self.failed(Exit::Denied, &what), Failure::hint)
            }
            ConnectError::Denied { address: Some(class), .. } => {
                let failure = self.failed(Exit::Denied, &error.to_string());
                match class {
                    AddressClass::Loopback | AddressClass::Private | AddressClass::Cgnat => failure.hint(format!(
                        "if that is your own network, run `mcr egress allow {host} --private --operator NAME --reason TEXT`"
                    )),
                    AddressClass::LinkLocal
                    | AddressClass::Metadata
                    | AddressClass::Unusable
                    | AddressClass::Public
                    | AddressClass::Proxied => failure,
                }
            }
            ConnectError::Unrecorded { .. } => self.failed(Exit::Io, &error.to_string()),
            ConnectError::Dns { .. }
            | ConnectError::Refused { .. }
            | ConnectError::Timeout { .. }
            | ConnectError::Tls { .. }
            | ConnectError::Proxy { .. }
            | ConnectError::Closed { .. }
            | ConnectError::Other { .. } => self.failed(Exit::Unavailable, &error.to_string()),
        }
    }

    fn lost(&self, no: &NoFurther, egress: &Egress) -> Failure {
        let why = no.to_string();
        match no {
            NoFurther::Nowhere(_) => self.failed(Exit::Unavailable, &why),
            NoFurther::Inwards(host) => {
                let event = Event { decision: Some(Decision::Denied), ..egress.guard().judge(host).event(None) };
                egress.audit().note(Event { reason: Some(why.clone()), ..event });
                self.failed(Exit::Denied, &why)
            }
        }
    }

    fn failed(&self, exit: Exit, why: &str) -> Failure {
        Failure::say(exit, format!("cannot fetch {}: {why}", self.url))
    }
}

async fn read(body: Incoming, mut contact: Contact) -> Result<Vec<u8>, String> {
    let bytes = Limited::new(body, MOST_PACKED).collect().await.map_err(|error| error.to_string())?.to_bytes();
    contact.received(bytes.len() as u64);
    Ok(bytes.to_vec())
}

/// Why nobody goes where an answer sends on to.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum NoFurther {
    #[error("it sends on to {0}")]
    Nowhere(String),
    #[error("it sends on from the Internet to {0}, which is on this machine or in its network")]
    Inwards(String),
}

/// Where an answer sends on to; `network` says where a host has to be.
fn onward(from: &Uri, next: &str, network: impl Fn(&str) -> Network) -> Result<Uri, NoFurther> {
    let nowhere = |what: &str| NoFurther::Nowhere(what.to_owned());
    let next: Uri = next.parse().map_err(|_| nowhere("nowhere"))?;
    let next = match (next.scheme_str(), from.authority()) {
        (Some("https"), _) => next,
        (None, Some(authority)) => {
            let path = next.path_and_query().map_or("/", PathAndQuery::as_str);
            let built = Uri::builder().scheme("https").authority(authority.clone()).path_and_query(path).build();
            built.map_err(|_| nowhere("nowhere"))?
        }
        (Some(_) | None, _) => return Err(nowhere("another than an https address")),
    };
    let host = next.host().unwrap_or_default();
    match (network(from.host().unwrap_or_default()), network(host)) {
        (Network::Public, Network::Private) => Err(NoFurther::Inwards(host.to_owned())),
        (Network::Private, Network::Private | Network::Public) | (Network::Public, Network::Public) => Ok(next),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{EgressRules, allowances};
    use crate::egress::Guard;

    /// Where `from` leads on to, as far as it may; `nas.corp` is in the user's network.
    fn step(from: &str, next: &str) -> Result<String, NoFurther> {
        let ours = "[{host: 'nas.corp', operator: 'Us', network: 'private', reason: 'ours'}]";
        let guard = Guard::by_hand(EgressRules::default(), allowances(ours, "egress.json").unwrap());
        onward(&from.parse().unwrap(), next, |host| guard.judge(host).network).map(|uri| uri.to_string())
    }

    #[test]
    fn a_step_onward_stays_encrypted() {
        let to = |next: &str| step("https://a.example/x", next);
        assert_eq!(to("https://b.example/y?z").as_deref(), Ok("https://b.example/y?z"));
        assert_eq!(to("/y").as_deref(), Ok("https://a.example/y"));
        for other in ["http://a.example/y", "ftp://a.example/y"] {
            assert_eq!(to(other), Err(NoFurther::Nowhere("another than an https address".to_owned())));
        }
        assert_eq!(to(""), Err(NoFurther::Nowhere("nowhere".to_owned())));
    }

    #[test]
    fn a_step_onward_from_the_internet_stays_there() {
        for next in ["127.0.0.1", "[::1]", "[::ffff:10.0.0.1]", "192.168.1.1", "localhost", "nas.corp", "NAS.corp."] {
            let refused = step("https://a.example/x", &format!("https://{next}:8443/y"));
            assert_eq!(refused, Err(NoFurther::Inwards(next.to_owned())));
        }
        for (from, next) in [("nas.corp", "https://localhost/y"), ("127.0.0.1", "https://b.example/y")] {
            assert_eq!(step(&format!("https://{from}/x"), next).as_deref(), Ok(next));
        }
    }
}
