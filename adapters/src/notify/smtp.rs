//! Mail by SMTP, to the server that the operator configured.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use explainer_core::{
    Error, ErrorKind, Result,
    domain::{ExposeSecret, SecretString},
    ports::{Mail, Mailer},
};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, MultiPart},
    transport::smtp::{
        Error as SmtpError,
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};

/// What errors call this adapter.
const ADAPTER: &str = "smtp";

/// Which server takes the mail, and as whom.
#[derive(Clone)]
pub struct SmtpConfig {
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How what is sent is kept from being read on the way.
    pub tls: SmtpTls,
    /// The account, where it asks for one.
    pub login: Option<(String, SecretString)>,
    /// The sender: an address, or a name and an address.
    pub from: String,
    /// How long one step may take, such as connecting.
    pub patience: Duration,
}

/// How what is sent is kept from being read on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// The server is asked to begin with TLS; one that does not is told nothing.
    StartTls,
    /// From the first byte on.
    Tls,
    /// Not at all.
    None,
}

/// Without the password.
impl fmt::Debug for SmtpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// Sends mail, each on a connection of its own.
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    patience: Duration,
}

impl SmtpMailer {
    /// Asks nobody yet. Fails with `Invalid` when the sender is no address.
    pub fn new(config: &SmtpConfig) -> Result<Self> {
        let from: Mailbox = config.from.parse().map_err(|error| {
            let message = "could not use `notifications.smtp.from` because it is no mail address; \
                           write it as explainer@example.com";
            Error::new(ErrorKind::Invalid, ADAPTER, "open", message).with_source(error)
        })?;
        let parameters = || {
            TlsParameters::new(config.host.clone()).map_err(|error| {
                let message = "could not set up TLS for mail; see that the machine has its usual \
                               certificates and `notifications.smtp.host` is a name";
                Error::new(ErrorKind::Invalid, ADAPTER, "open", message).with_source(error)
            })
        };
        let tls = match config.tls {
            SmtpTls::StartTls => Tls::Required(parameters()?),
            SmtpTls::Tls => Tls::Wrapper(parameters()?),
            SmtpTls::None => Tls::None,
        };
        let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port)
            .tls(tls)
            .timeout(Some(config.patience));
        let transport = match &config.login {
            Some((name, password)) => {
                let password = password.expose_secret().to_owned();
                transport.credentials(Credentials::new(name.clone(), password))
            }
            None => transport,
        };
        Ok(Self {
            transport: transport.build(),
            from,
            patience: config.patience,
        })
    }

    fn message(&self, mail: &Mail) -> Result<Message> {
        let refused = |error: Box<dyn std::error::Error + Send + Sync>| {
            let message = "could not write a mail because its recipient is no mail address; \
                           correct `notification_email` in the settings";
            Error::new(ErrorKind::Invalid, ADAPTER, "send", message).with_source(error)
        };
        let to: Address = mail.to.parse().map_err(|error| refused(Box::new(error)))?;
        let id = format!("<{}@{}>", mail.id, self.from.email.domain());
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(&mail.subject)
            .date(mail.at.into())
            .message_id(Some(id))
            .multipart(MultiPart::alternative_plain_html(
                mail.plain.clone(),
                mail.html.clone(),
            ))
            .map_err(|error| refused(Box::new(error)))
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> Result<()> {
        let message = self.message(mail)?;
        // Its own limit is for each step: a server that answers them slowly is given up too.
        let sent = tokio::time::timeout(self.patience, self.transport.send(message)).await;
        match sent {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(fault(error)),
            Err(_) => Err(late()),
        }
    }
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpMailer").finish_non_exhaustive()
    }
}

/// What a mail that did not go out means.
fn fault(error: SmtpError) -> Error {
    if error.is_timeout() {
        return late();
    }
    let new = |kind, message: String| Error::new(kind, ADAPTER, "send", message);
    let code = error.status().map(u16::from);
    let failed = match code {
        // RFC 4954, 6, and RFC 3207, 4: about the account and TLS, which the operator mends.
        Some(code @ (530 | 534 | 535 | 538)) => new(
            ErrorKind::Unauthorized,
            format!(
                "could not send mail because the server does not let us in (code {code}); \
                 the operator checks the settings under [notifications.smtp]"
            ),
        ),
        Some(code) if error.is_permanent() => new(
            ErrorKind::Invalid,
            format!(
                "could not send mail because the server refuses it (code {code}); \
                 check the address"
            ),
        ),
        Some(code) => new(
            ErrorKind::Unavailable,
            format!("could not send mail because the server is not ready (code {code})"),
        ),
        None => new(
            ErrorKind::Unavailable,
            "could not send mail because the server cannot be reached or does not speak as \
             configured; the operator checks the settings under [notifications.smtp]"
                .to_owned(),
        ),
    };
    failed.with_source(error)
}

fn late() -> Error {
    let message = "could not send mail because the server did not answer in time";
    Error::new(ErrorKind::Timeout, ADAPTER, "send", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_has_both_texts_and_no_header_but_ours() {
        let config = SmtpConfig {
            host: "127.0.0.1".to_owned(),
            port: 25,
            tls: SmtpTls::None,
            login: Some(("me".to_owned(), "a secret password".into())),
            from: "Issue Explainer <explainer@example.com>".to_owned(),
            patience: Duration::from_secs(1),
        };
        assert!(!format!("{config:?}").contains("secret"));
        let mailer = SmtpMailer::new(&config).unwrap();
        let mail = Mail {
            id: "one".to_owned(),
            at: "2026-02-01T10:00:00Z".parse().unwrap(),
            to: "ada@example.com".to_owned(),
            subject: "größer\r\nBcc: eve@example.com".to_owned(),
            plain: "plain".to_owned(),
            html: "<p>html</p>".to_owned(),
        };
        let text = String::from_utf8(mailer.message(&mail).unwrap().formatted()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(!head.to_lowercase().contains("\r\nbcc:"), "{head}");
        assert!(head.contains("Message-ID: <one@example.com>"), "{head}");
        assert!(
            body.contains("plain") && body.contains("<p>html</p>"),
            "{body}"
        );
        let nobody = Mail {
            to: "nobody".to_owned(),
            ..mail
        };
        assert_eq!(
            mailer.message(&nobody).unwrap_err().kind(),
            ErrorKind::Invalid
        );
    }
}
