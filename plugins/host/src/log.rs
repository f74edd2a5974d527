//! Lines of plugins in the service's log: no more than a bounded number, and no secret in them.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use serde_json::Value;
use tracing::{Level, debug, enabled, error, info, trace, warn};

use explainer_plugin_sdk::abi;

/// How many lines may come at once.
const BURST: f64 = 200.0;
/// How many lines may come in a second, for long.
const RATE: f64 = 20.0;
/// The shortest text that counts as a secret, in bytes.
const MIN_SECRET: usize = 6;
/// How many secrets are remembered.
const MAX_SECRETS: usize = 4096;

/// The secrets that a plugin was given.
#[derive(Default)]
pub(crate) struct Secrets(Mutex<Vec<String>>);

impl Secrets {
    /// Remembers the secrets among these settings: the texts their schema calls `writeOnly`.
    pub(crate) fn remember(&self, schema: &Value, settings: &Value) {
        let mut secrets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, value) in settings.as_object().into_iter().flatten() {
            let secret = schema["properties"][name]["writeOnly"] == true;
            if let Some(text) = value.as_str().filter(|it| secret && it.len() >= MIN_SECRET)
                && secrets.len() < MAX_SECRETS
                && !secrets.iter().any(|known| known == text)
            {
                secrets.push(text.to_owned());
            }
        }
    }

    /// `text` without any of them.
    pub(crate) fn scrub(&self, text: &str) -> String {
        let secrets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = text.to_owned();
        for secret in secrets.iter() {
            if text.contains(secret) {
                text = text.replace(secret, "***");
            }
        }
        text
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(***)")
    }
}

/// The log of one plugin.
#[derive(Debug)]
pub(crate) struct Log {
    plugin: String,
    secrets: Arc<Secrets>,
    allowance: Mutex<Allowance>,
}

/// How many lines may come now, and how many were left out.
#[derive(Debug)]
struct Allowance {
    lines: f64,
    counted: Instant,
    left_out: u64,
}

impl Log {
    pub(crate) fn new(plugin: &str, secrets: Arc<Secrets>) -> Self {
        Self {
            plugin: plugin.to_owned(),
            secrets,
            allowance: Mutex::new(Allowance {
                lines: BURST,
                counted: Instant::now(),
                left_out: 0,
            }),
        }
    }

    /// Writes a line, unless there were too many.
    pub(crate) fn write(&self, level: i32, call: u64, target: &str, message: &[u8]) {
        let Some(left_out) = self.admit() else {
            return;
        };
        let plugin = &*self.plugin;
        if left_out > 0 {
            warn!(
                plugin,
                left_out, "left out lines of a plugin because there were too many"
            );
        }
        let plain = |c: char| if c.is_control() { ' ' } else { c };
        let message: String = String::from_utf8_lossy(message)
            .chars()
            .map(plain)
            .collect();
        let (message, target) = (self.secrets.scrub(&message), self.secrets.scrub(target));
        match level {
            abi::EXPLAINER_LOG_ERROR => error!(plugin, call, from = target, "{message}"),
            abi::EXPLAINER_LOG_WARN => warn!(plugin, call, from = target, "{message}"),
            abi::EXPLAINER_LOG_INFO => info!(plugin, call, from = target, "{message}"),
            abi::EXPLAINER_LOG_DEBUG => debug!(plugin, call, from = target, "{message}"),
            _ => trace!(plugin, call, from = target, "{message}"),
        }
    }

    /// How many lines were left out before this one; `None` when this one is too.
    fn admit(&self) -> Option<u64> {
        let mut allowance = self
            .allowance
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let since = allowance.counted.elapsed().as_secs_f64();
        allowance.counted = Instant::now();
        allowance.lines = (allowance.lines + since * RATE).min(BURST);
        if allowance.lines < 1.0 {
            allowance.left_out += 1;
            return None;
        }
        allowance.lines -= 1.0;
        Some(std::mem::take(&mut allowance.left_out))
    }
}

/// Whether lines of this level are kept.
pub(crate) fn is_enabled(level: i32) -> bool {
    match level {
        ..abi::EXPLAINER_LOG_ERROR => false,
        abi::EXPLAINER_LOG_ERROR => enabled!(Level::ERROR),
        abi::EXPLAINER_LOG_WARN => enabled!(Level::WARN),
        abi::EXPLAINER_LOG_INFO => enabled!(Level::INFO),
        abi::EXPLAINER_LOG_DEBUG => enabled!(Level::DEBUG),
        _ => enabled!(Level::TRACE),
    }
}

/// The highest level that is kept; 0 when none is.
pub(crate) fn highest_level() -> i32 {
    let levels = (1..=abi::EXPLAINER_LOG_TRACE).rev();
    levels
        .into_iter()
        .find(|level| is_enabled(*level))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_of_the_settings_are_taken_out() {
        let secrets = Secrets::default();
        let schema = json!({"properties": {"token": {"writeOnly": true}, "url": {}}});
        secrets.remember(
            &schema,
            &json!({"token": "hunter22", "url": "https://a.example"}),
        );
        assert_eq!(
            secrets.scrub("hunter22 at https://a.example"),
            "*** at https://a.example"
        );
        assert!(!format!("{secrets:?}").contains("hunter22"));
    }

    #[test]
    fn a_flood_is_cut_off_and_counted() {
        let log = Log::new("flood", Arc::default());
        let admitted = (0..10_000).filter(|_| log.admit().is_some()).count();
        assert!((200..400).contains(&admitted), "{admitted}");
        let left_out = log.allowance.lock().unwrap().left_out;
        assert_eq!(admitted + usize::try_from(left_out).unwrap(), 10_000);
    }
}
