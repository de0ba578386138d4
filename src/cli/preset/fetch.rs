//! Fetches an archive, which nobody believes before its checksum is right.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};

use crate::{
    cli::running::block_on,
    config::{EgressRules, Environment},
    egress::{Egress, Guard, Options, ProxyVariables},
    error::{Exit, Failure},
    preset::package::MOST_PACKED,
};

const PATIENCE: Duration = Duration::from_mins(1);

/// Hosts of repositories send on once, to where their archives lie.
const MOST_STEPS: usize = 4;

/// Returns the bytes at an `https` address.
pub(super) fn fetch(url: &str, environment: Environment<'_>) -> Result<Vec<u8>, Failure> {
    let failed = |why: String| Failure::say(Exit::Unavailable, format!("cannot fetch {url}: {why}"));
    let options = Options {
        environment: ProxyVariables::from_lookup(environment),
        guard: Guard::by_hand(EgressRules::default()),
        ..Options::default()
    };
    block_on(async {
        let get = async {
            let egress = Egress::new(&options).map_err(|error| error.to_string())?;
            follow(&egress, url).await
        };
        let late = || "it has not come within a minute".to_owned();
        tokio::time::timeout(PATIENCE, get).await.map_err(|_| failed(late()))?.map_err(failed)
    })
}

async fn follow(egress: &Egress, url: &str) -> Result<Vec<u8>, String> {
    let mut address: Uri = url.parse().map_err(|error| format!("it is no address ({error})"))?;
    for _ in 0..MOST_STEPS {
        let request = Request::get(&address).body(Full::<Bytes>::default()).map_err(|error| error.to_string())?;
        let answer = egress.send(request).await.map_err(|error| error.to_string())?;
        let status = answer.status();
        if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
            let next = answer.headers().get(header::LOCATION).and_then(|next| next.to_str().ok()).unwrap_or_default();
            address = onward(&address, next)?;
            continue;
        }
        if !status.is_success() {
            return Err(format!("status {status}"));
        }
        let body = Limited::new(answer.into_body(), MOST_PACKED).collect().await;
        return body.map(|body| body.to_bytes().to_vec()).map_err(|error| error.to_string());
    }
    Err("it sends on and on".to_owned())
}

fn onward(from: &Uri, next: &str) -> Result<Uri, String> {
    let next: Uri = next.parse().map_err(|_| "it sends on to nowhere".to_owned())?;
    match (next.scheme_str(), from.authority()) {
        (Some("https"), _) => Ok(next),
        (None, Some(authority)) => {
            let path = next.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
            let built = Uri::builder().scheme("https").authority(authority.clone()).path_and_query(path).build();
            built.map_err(|error| error.to_string())
        }
        (Some(_) | None, _) => Err("it sends on to another than an https address".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_onward_stays_encrypted() {
        let from: Uri = "https://a.example/x".parse().unwrap();
        let to = |next: &str| onward(&from, next).map(|uri| uri.to_string());
        assert_eq!(to("https://b.example/y?z").as_deref(), Ok("https://b.example/y?z"));
        assert_eq!(to("/y").as_deref(), Ok("https://a.example/y"));
        assert!(to("http://b.example/y").is_err() && to("").is_err());
    }
}
