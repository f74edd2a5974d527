//! Requests to programs, signed as Standard Webhooks describes it
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>):
//! `webhook-id`, `webhook-timestamp` in seconds since 1970, and `webhook-signature`, which is
//! `v1,` and the base64 of the HMAC-SHA256 of `id.timestamp.body`, once for each secret.

use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use explainer_core::{
    Error, ErrorKind, Result,
    domain::{ExposeSecret, SecretString, Timestamp},
    ports::{PostAnswer, SignedPost, WebhookSender},
};
use reqwest::{
    Url,
    header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER},
};

use crate::outbound::{BadTarget, Clients, Patience, fault};

/// What errors call this adapter.
const ADAPTER: &str = "webhook";
/// How secrets begin.
const PREFIX: &str = "whsec_";

/// Sends signed requests to wherever users may have them sent.
#[derive(Debug)]
pub struct HttpWebhooks {
    clients: Clients,
    patience: Duration,
}

impl HttpWebhooks {
    /// Reaches private networks, and speaks in clear, where the installation lets users have that.
    /// `patience` is for a whole request.
    pub fn new(private_networks: bool, patience: Duration) -> Self {
        let limits = Patience {
            connect: Patience::default().connect.min(patience),
            read: patience,
            total: patience,
        };
        Self {
            clients: Clients::new(private_networks, limits),
            patience,
        }
    }
}

#[async_trait]
impl WebhookSender for HttpWebhooks {
    fn check(&self, url: &str) -> Result<()> {
        self.clients.check(&address(url)?, ADAPTER)
    }

    fn new_secret(&self) -> Result<SecretString> {
        let mut chance = [0; 32];
        getrandom::fill(&mut chance).map_err(|error| {
            let message =
                "could not make a secret because the machine gives no random numbers; try again";
            Error::new(ErrorKind::Unavailable, ADAPTER, "make secret", message).with_source(error)
        })?;
        Ok(SecretString::from(format!(
            "{PREFIX}{}",
            STANDARD.encode(chance)
        )))
    }

    async fn post(&self, post: &SignedPost) -> Result<PostAnswer> {
        const OPERATION: &str = "post";
        let url = address(&post.url)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let seconds = post.at.as_second();
        let signatures: Result<Vec<String>> = post
            .secrets
            .iter()
            .map(|secret| sign(secret, &post.id, seconds, &post.body))
            .collect();
        let request = self
            .clients
            .client(&url, ADAPTER)?
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &post.id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signatures?.join(" "))
            .timeout(self.patience)
            .body(post.body.clone());
        let answer = request.send().await;
        let answer = answer.map_err(|error| fault(error, &host, ADAPTER, OPERATION))?;
        // What else it says is of no interest: the body is not read, and the connection with an
        // unread one is given up.
        Ok(PostAnswer {
            status: answer.status().as_u16(),
            retry_after: retry_after(answer.headers(), post.at),
        })
    }
}

/// The address that somebody entered; a fragment is never sent, so it can only be a mistake.
fn address(url: &str) -> Result<Url> {
    let parsed = Url::parse(url).map_err(|_| BadTarget::NotAnAddress);
    let parsed = parsed.map_err(|bad| bad.of_setting("url", ADAPTER))?;
    if parsed.fragment().is_some() {
        let message = "could not use `url` because it holds a `#`; end it before that";
        return Err(Error::new(ErrorKind::Invalid, ADAPTER, "open", message));
    }
    Ok(parsed)
}

fn sign(secret: &SecretString, id: &str, seconds: i64, body: &str) -> Result<String> {
    let key = secret.expose_secret().strip_prefix(PREFIX);
    let key = key.and_then(|text| STANDARD.decode(text).ok());
    let key = key.ok_or_else(|| {
        let message = "could not sign a request because its secret is none; make another one";
        Error::new(ErrorKind::Invalid, ADAPTER, "sign", message)
    })?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let tag = hmac::sign(&key, format!("{id}.{seconds}.{body}").as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(tag)))
}

/// Seconds, or a date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = Timestamp::try_from(httpdate::parse_http_date(text).ok()?).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked out with another implementation.
    #[test]
    fn a_signature_is_that_of_the_specification() {
        let secret = SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let body = r#"{"test": 2432232314}"#;
        let signed = sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signed.unwrap(), expected);
        assert!(sign(&SecretString::from("MfKQ9r8G"), "a", 0, body).is_err());
    }

    #[test]
    fn a_secret_is_long_and_never_the_same() {
        let sender = HttpWebhooks::new(false, Duration::from_secs(1));
        let (one, two) = (sender.new_secret().unwrap(), sender.new_secret().unwrap());
        assert_ne!(one.expose_secret(), two.expose_secret());
        let key = one.expose_secret().strip_prefix("whsec_").unwrap();
        assert_eq!(STANDARD.decode(key).unwrap().len(), 32);
    }

    #[test]
    fn what_must_not_be_reached_is_refused() {
        let [public, private] =
            [false, true].map(|private| HttpWebhooks::new(private, Duration::from_secs(1)));
        for (url, taken) in [
            ("https://hooks.example.com/in?key=value", [true, true]),
            ("http://hooks.example.com/", [false, true]),
            ("http://127.0.0.1:9/", [false, true]),
            ("https://localhost/", [false, true]),
            ("https://169.254.169.254/latest", [false, false]),
            ("https://me:secret@hooks.example.com/", [false, false]),
            ("https://hooks.example.com/#a", [false, false]),
            ("ftp://hooks.example.com/", [false, false]),
            ("hooks.example.com", [false, false]),
        ] {
            let found = [&public, &private].map(|sender| sender.check(url).is_ok());
            assert_eq!(found, taken, "{url}");
        }
    }

    #[test]
    fn a_wait_is_told_in_seconds_or_as_a_date() {
        let now = "2026-02-01T10:00:00Z".parse().unwrap();
        for (text, seconds) in [
            ("7", Some(7)),
            ("Sun, 01 Feb 2026 10:01:00 GMT", Some(60)),
            ("Sun, 01 Feb 2026 09:00:00 GMT", Some(0)),
            ("soon", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            let wait = retry_after(&headers, now);
            assert_eq!(wait, seconds.map(Duration::from_secs), "{text}");
        }
    }
}
