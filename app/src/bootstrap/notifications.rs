//! By which ways people and programs are told, and how patiently.

use std::{sync::Arc, time::Duration};

#[cfg(feature = "notify-smtp")]
use explainer_adapters::notify::smtp::{self, SmtpMailer};
#[cfg(feature = "notify-webhook")]
use explainer_adapters::notify::webhook::HttpWebhooks;
#[cfg(feature = "notify-webhook")]
use explainer_core::ports::WebhookSender;
use explainer_core::{
    Result,
    ports::Mailer,
    services::{Channels, NotificationRules},
};

#[cfg(feature = "notify-smtp")]
use crate::config::Smtp;
use crate::config::{self, Config};

/// The ways out.
pub(super) fn channels(config: &Config) -> Result<Channels> {
    let mail = config.notifications.smtp.host.as_deref();
    let mail = mail.map(|host| mailer(host, config)).transpose()?;
    #[cfg(feature = "notify-webhook")]
    let webhooks = Some(webhooks(config));
    #[cfg(not(feature = "notify-webhook"))]
    let webhooks = None;
    Ok(Channels { mail, webhooks })
}

/// How patiently they are gone.
pub(super) fn rules(config: &config::Notifications) -> NotificationRules {
    NotificationRules {
        attempts: config.attempts,
        first_wait: Duration::from_secs(config.first_wait_seconds),
        patience: Duration::from_secs(config.timeout_seconds),
        keep: super::days(config.keep_days),
    }
}

#[cfg(feature = "notify-webhook")]
fn webhooks(config: &Config) -> Arc<dyn WebhookSender> {
    let patience = Duration::from_secs(config.notifications.timeout_seconds);
    let private = config.outbound.private_networks;
    Arc::new(HttpWebhooks::new(private, patience))
}

#[cfg(feature = "notify-smtp")]
fn mailer(host: &str, config: &Config) -> Result<Arc<dyn Mailer>> {
    let smtp = &config.notifications.smtp;
    let login = smtp.username.clone().zip(smtp.password.clone());
    let mailer = SmtpMailer::new(&smtp::SmtpConfig {
        host: host.to_owned(),
        port: smtp.port,
        tls: match smtp.tls {
            config::SmtpTls::Starttls => smtp::SmtpTls::StartTls,
            config::SmtpTls::Tls => smtp::SmtpTls::Tls,
            config::SmtpTls::None => smtp::SmtpTls::None,
        },
        login,
        from: sender(host, smtp),
        patience: Duration::from_secs(config.notifications.timeout_seconds),
    })?;
    Ok(Arc::new(mailer))
}

/// Who the mail is from where the configuration does not say so.
#[cfg(feature = "notify-smtp")]
fn sender(host: &str, smtp: &Smtp) -> String {
    let is_name = host.parse::<std::net::IpAddr>().is_err();
    let domain = if is_name { host } else { "localhost" };
    let ours = || format!("issue-explainer@{domain}");
    smtp.from.clone().unwrap_or_else(ours)
}

#[cfg(not(feature = "notify-smtp"))]
fn mailer(_: &str, _: &Config) -> Result<Arc<dyn Mailer>> {
    let advice = "unset SMTP_HOST to send no mail, or use a build with it";
    Err(super::compiled_out("notify", "smtp", advice))
}
