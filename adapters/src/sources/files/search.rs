//! The search language, as much of Sentry's as files can answer.
//!
//! `is:unresolved`, `level:fatal`, `key:value` on tags, free text on title and culprit; quotes keep
//! words together, `!` turns a term round. Every term must hold, case does not matter.

use explainer_core::{Error, ErrorKind, Result, domain::Issue};

use super::ADAPTER;

/// The longest query, in bytes.
const MAX_QUERY: usize = 1000;

/// One condition.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Term {
    negated: bool,
    key: Option<String>,
    value: String,
}

/// Reads a query; an empty one is met by every issue.
pub(super) fn parse(query: &str) -> Result<Vec<Term>> {
    if query.len() > MAX_QUERY {
        let why = format!(
            "could not search because the query is longer than {MAX_QUERY} bytes; shorten it"
        );
        return Err(Error::new(ErrorKind::Invalid, ADAPTER, "issues", why));
    }
    Ok(words(query).iter().filter_map(term).collect())
}

impl Term {
    pub(super) fn matches(&self, issue: &Issue) -> bool {
        self.holds(issue) != self.negated
    }

    fn holds(&self, issue: &Issue) -> bool {
        match self.key.as_deref() {
            None => {
                let value = self.value.to_lowercase();
                let has = |text: &str| text.to_lowercase().contains(&value);
                has(&issue.title) || issue.culprit.as_deref().is_some_and(has)
            }
            // Nobody can resolve or take over an issue in a file.
            Some("is") => matches!(
                self.value.to_lowercase().as_str(),
                "unresolved" | "unassigned"
            ),
            Some("level") => issue.level.as_str().eq_ignore_ascii_case(&self.value),
            Some(key) => issue
                .tags
                .get(key)
                .is_some_and(|value| value.to_lowercase() == self.value.to_lowercase()),
        }
    }
}

/// A word as it was typed, and how much of it came before the first quote.
struct Word {
    text: String,
    unquoted: usize,
}

/// Splits at blanks outside quotes, and takes the quotes away.
fn words(query: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut quoted = false;
    for c in query.chars() {
        if c.is_whitespace() && !quoted {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert_with(|| Word {
            text: String::new(),
            unquoted: usize::MAX,
        });
        if c == '"' {
            quoted = !quoted;
            word.unquoted = word.unquoted.min(word.text.len());
        } else {
            word.text.push(c);
        }
    }
    words.extend(word);
    words
}

fn term(word: &Word) -> Option<Term> {
    let negated = word.unquoted > 0 && word.text.starts_with('!');
    let text = &word.text[usize::from(negated)..];
    let typed = word.unquoted.saturating_sub(usize::from(negated));
    let key_value = text.split_once(':').filter(|(key, value)| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        let is_key = !key.is_empty() && key.len() < typed && key.chars().all(plain);
        // `KeyError: 'x'` and `https://…` are text.
        is_key && !value.is_empty() && !value.starts_with("//")
    });
    let (key, value) = match key_value {
        Some((key, value)) => (Some(key.to_owned()), value),
        None => (None, text),
    };
    (!value.is_empty()).then(|| Term {
        negated,
        key,
        value: value.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use explainer_core::domain::Level;

    use super::*;

    fn finds(query: &str) -> bool {
        let issue = Issue {
            title: "KeyError: 'iban'".to_owned(),
            culprit: Some("orders.tasks.settle".to_owned()),
            level: Level::Fatal,
            tags: [("region", "EU West"), ("url", "https://example.org/a:b")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            ..Issue::default()
        };
        parse(query)
            .unwrap()
            .iter()
            .all(|term| term.matches(&issue))
    }

    #[test]
    fn every_term_must_hold() {
        for query in [
            "",
            "   ",
            "is:unresolved",
            "!is:resolved",
            "level:FATAL",
            "!level:error",
            "keyerror",
            "SETTLE",
            "KeyError: 'iban'",
            "\"keyerror: 'iban'\"",
            "region:\"eu west\"",
            "!region:eu",
            "!unknown:x",
            "is:unresolved level:fatal !region:\"us east\" settle",
            "url:https://example.org/a:b",
            "!\"no such\"",
        ] {
            assert!(finds(query), "{query}");
        }
        for query in [
            "is:resolved",
            "is:ignored",
            "!is:unresolved",
            "level:error",
            "nothing",
            "region:eu",
            "unknown:x",
            "is:unresolved nothing",
            "https://example.org",
            "\"region:eu west\"",
            "!keyerror",
        ] {
            assert!(!finds(query), "{query}");
        }
    }

    #[test]
    fn an_endless_query_is_refused() {
        let error = parse(&"a ".repeat(MAX_QUERY)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
}
