//! Takes secrets and personal data out of a text before it is sent to a model, and puts them back
//! into what the model answers.
//!
//! Every value becomes a placeholder such as `<email-1>`: the same value always the same one,
//! within one [`Redactor`]. A model can so still see that two values are equal, and its answer
//! can name them. What a program needs to be explained stays as it is: code, names, versions,
//! ids, hashes, times, addresses in memory.
//!
//! # What is caught
//! - **By form, wherever it stands**: e-mail addresses (also percent-encoded, or with `\u0040`);
//!   IPv4 and IPv6 addresses; card numbers with the prefix of a network and a right check digit;
//!   IBANs with a right checksum; US social security numbers with hyphens; phone numbers with
//!   `+`; keys and tokens of some forty issuers by their prefixes; JWTs; what follows `Bearer` or
//!   `Basic`; PEM private keys, also with line numbers among their lines or cut at one end; user
//!   and password in URLs; user names in home directories.
//! - **By their key**: the values of keys whose name says password, secret, token, API key,
//!   session, cookie, user name and the like, in any style of writing and of joining the two
//!   (`key=value`, JSON, JSON in JSON, query strings, headers, elements, pairs, lists, calls).
//!
//! # What is left on purpose
//! Loopback, `0.0.0.0`, broadcast and networks (`….0.0`); four numbers that what stands before
//! them calls a version; `git@host`; at-signs of programs; certificates and public keys; ids,
//! UUIDs and hashes (unless their key says they are secret); types, constants, calls, variables,
//! format strings and masks as values of such keys; numbers too short to be secret.
//!
//! # What is not caught
//! Names of people, postal addresses and dates of birth in free text; phone numbers in national
//! form and card numbers without a right check digit, unless a key names them; secrets without
//! prefix, key or scheme («login with hunter2»); the second word of a bare passphrase in a
//! sentence; values whose key stands elsewhere (`{"name": "password", "value": "…"}`); anything
//! encoded, compressed or split; an occurrence in plain words of a value found elsewhere by its
//! key. Whoever must keep whole classes of data back does so by [`crate::domain::DataPolicy`].
//!
//! # Text that reads like a placeholder
//! An event may itself contain `<email-1>`. If that name is still free, it is never given to a
//! value; if it is taken, the text is replaced like a value, by a `<text-1>`. So
//! [`Redactor::restore`] undoes [`Redactor::redact`] exactly, and a text that was redacted comes
//! out of another redactor unchanged.

mod addresses;
mod keys;
mod kind;
mod numbers;
mod pairs;
mod placeholders;
mod prefixes;
mod quoted;
mod scan;
#[cfg(test)]
mod tests;
mod text;
mod values;

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use kind::Kind;
use placeholders::{Name, Placeholders};
use scan::{Find, Reading, scan};
use text::Text;

/// How often a redacted text is gone over again at most; one time nearly always finds nothing.
const MAX_ROUNDS: usize = 4;

/// Takes secrets out of the texts of one analysis and puts them back into its answer.
#[derive(Default)]
pub struct Redactor {
    placeholders: Placeholders,
}

impl Redactor {
    /// A redactor that has seen nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A text of any kind with placeholders in the place of secrets and personal data.
    pub fn redact<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        self.read(text, Reading::Prose)
    }

    /// Lines of a program. Where [`redact`](Self::redact) takes `password=hunter` for a password,
    /// this takes it for a variable; quoted literals are secrets to both.
    pub fn redact_source<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        self.read(text, Reading::Source)
    }

    /// The value of a key, without the key: all of it where the key says that it is secret,
    /// spaces and all, and else as [`redact`](Self::redact) does.
    pub fn redact_value<'t>(&mut self, key: &str, value: &'t str) -> Cow<'t, str> {
        match self.redact_secret(key, value) {
            Some(redacted) => Cow::Owned(redacted),
            None => self.redact(value),
        }
    }

    /// The value of a key that says that it is secret; `None` where it says no such thing.
    pub(super) fn redact_secret(&mut self, key: &str, value: &str) -> Option<String> {
        let find = pairs::of_pair(key, value)?;
        self.replace(value, &[find], Round::First)
    }

    /// A text with the values in the place of their placeholders; the reverse of the other three.
    pub fn restore(&self, text: &str) -> String {
        let mut restored = String::with_capacity(text.len());
        let mut done = 0;
        let mut from = 0;
        while let Some(at) = Text::new(text).find(from, "<") {
            from = at + 1;
            let Some((name, end)) = Name::read(Text::new(text), at) else {
                continue;
            };
            let Some(value) = self.placeholders.value(name) else {
                continue;
            };
            restored.push_str(Text::new(text).part(done..at));
            restored.push_str(value);
            (from, done) = (end, end);
        }
        restored.push_str(Text::new(text).part(done..text.len()));
        restored
    }

    /// How many different values were taken out, by kind (`email`, `ip`, `token`…).
    pub fn counts(&self) -> BTreeMap<&'static str, u32> {
        self.placeholders.counts()
    }

    fn read<'t>(&mut self, text: &'t str, reading: Reading) -> Cow<'t, str> {
        let finds = scan(text, reading);
        let Some(mut redacted) = self.replace(text, &finds, Round::First) else {
            return Cow::Borrowed(text);
        };
        // what stands around a value may read otherwise beside its placeholder
        for _ in 0..MAX_ROUNDS {
            let finds = scan(&redacted, reading);
            match self.replace(&redacted, &finds, Round::Later) {
                Some(more) => redacted = more,
                None => break,
            }
        }
        Cow::Owned(redacted)
    }

    /// The text with placeholders for what was found; `None` when there is nothing to replace.
    fn replace(&mut self, text: &str, finds: &[Find], round: Round) -> Option<String> {
        let mut replaced = String::new();
        let mut done = 0;
        for Find { range, kind } in finds {
            let value = Text::new(text).part(range.clone());
            let Some(name) = self.name(*kind, value, round) else {
                continue;
            };
            if done == 0 {
                replaced.reserve(text.len());
            }
            replaced.push_str(Text::new(text).part(done..range.start));
            let _ = write!(replaced, "{name}");
            done = range.end;
        }
        replaced.push_str(Text::new(text).part(done..text.len()));
        (done > 0).then_some(replaced)
    }

    /// The placeholder for a value; `None` when it may stay.
    fn name(&mut self, kind: Kind, value: &str, round: Round) -> Option<Name> {
        if round == Round::Later {
            let original = self.restore(value);
            return (kind != Kind::Text).then(|| self.placeholders.name(kind, &original));
        }
        if let (Kind::Text, Some((name, _))) = (kind, Name::read(Text::new(value), 0))
            && self.placeholders.value(name).is_none()
        {
            self.placeholders.reserve(name);
            return None;
        }
        Some(self.placeholders.name(kind, value))
    }
}

/// How often a text has been gone over.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    /// Never: what reads like a placeholder is the text's own.
    First,
    /// Before: what reads like a placeholder is dealt with.
    Later,
}

/// A text with `***` in the place of what lets somebody in or pays: passwords, keys, tokens, cookies,
/// cards. Personal data stays: this is for texts whose readers may see the event.
pub(super) fn mask(text: &str) -> Cow<'_, str> {
    mask_at(text, &scan(text, Reading::Prose))
}

/// The value of a key, masked as a whole where the key says that it is secret, and else as
/// [`mask`] does.
pub(super) fn mask_value<'t>(key: &str, value: &'t str) -> Cow<'t, str> {
    match pairs::of_pair(key, value) {
        Some(find) => mask_at(value, &[find]),
        None => mask(value),
    }
}

fn mask_at<'t>(text: &'t str, finds: &[Find]) -> Cow<'t, str> {
    let mut masked = String::new();
    let mut done = 0;
    for find in finds.iter().filter(|find| find.kind.is_secret()) {
        masked.push_str(Text::new(text).part(done..find.range.start));
        masked.push_str("***");
        done = find.range.end;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    masked.push_str(Text::new(text).part(done..text.len()));
    Cow::Owned(masked)
}

/// Whether the name of a key says that its value is secret.
pub(super) fn names_a_secret(key: &str) -> bool {
    keys::says(key).is_some()
}

/// The last position not after `at` where a redacted text can be cut without cutting a placeholder.
pub(super) fn before_placeholder(text: &str, at: usize) -> usize {
    const LONGEST: usize = "<password-4294967295>".len();
    (at.saturating_sub(LONGEST)..at)
        .find(|start| Name::read(Text::new(text), *start).is_some_and(|(_, end)| end > at))
        .unwrap_or(at)
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor")
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}
