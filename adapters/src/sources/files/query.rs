//! The search language: the part of Sentry's that makes sense for documents.
//!
//! Terms are joined by "and": `key:value`, `!key:value`, words, "quoted words". Values are
//! compared without case; a `*` at either end stands for anything.

use explainer_core::domain::Issue;

/// How many terms of a query count.
const MAX_TERMS: usize = 32;

/// A query, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query {
    terms: Vec<Term>,
}

#[derive(Debug, PartialEq, Eq)]
struct Term {
    negated: bool,
    key: Option<String>,
    value: String,
}

impl Query {
    /// Takes `text` apart. There is no wrong query: what is not a term is a word to look for.
    pub(super) fn parse(text: &str) -> Self {
        Self {
            terms: words(text)
                .iter()
                .map(|word| Term::parse(word))
                .take(MAX_TERMS)
                .collect(),
        }
    }

    /// Whether every term applies to `issue`.
    pub(super) fn matches(&self, issue: &Issue) -> bool {
        self.terms
            .iter()
            .all(|term| term.applies(issue) != term.negated)
    }
}

impl Term {
    fn parse(word: &str) -> Self {
        let (negated, word) = match word.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, word),
        };
        let (key, value) = match word.split_once(':') {
            Some((key, value)) if !key.is_empty() && !key.contains(['"', ' ']) => {
                (Some(key), value)
            }
            _ => (None, word),
        };
        Self {
            negated,
            key: key.map(str::to_lowercase),
            value: value.replace('"', "").to_lowercase(),
        }
    }

    fn applies(&self, issue: &Issue) -> bool {
        let Some(key) = &self.key else {
            let texts = [
                Some(&issue.title),
                issue.culprit.as_ref(),
                Some(&issue.message),
            ];
            return texts
                .into_iter()
                .flatten()
                .any(|text| text.to_lowercase().contains(&self.value));
        };
        match key.as_str() {
            "is" => self.value == issue.status || self.value == "unassigned",
            "level" => self.fits(issue.level.as_str()),
            "platform" => self.fits(&issue.platform),
            "project" => self.fits(&issue.project.slug) || self.fits(&issue.project.id),
            "issue" | "id" => self.fits(&issue.id),
            "title" => self.fits(&issue.title),
            "message" => self.fits(&issue.message),
            "culprit" => issue
                .culprit
                .as_deref()
                .is_some_and(|culprit| self.fits(culprit)),
            "error.type" => issue
                .metadata
                .get("type")
                .and_then(|it| it.as_str())
                .is_some_and(|it| self.fits(it)),
            tag => issue
                .tags
                .iter()
                .any(|(name, value)| name.to_lowercase() == tag && self.fits(value)),
        }
    }

    fn fits(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let wanted = self.value.as_str();
        match (wanted.strip_prefix('*'), wanted.strip_suffix('*')) {
            (Some(_), Some(_)) => text.contains(wanted.trim_matches('*')),
            (Some(end), None) => text.ends_with(end),
            (None, Some(start)) => text.starts_with(start),
            (None, None) => text == wanted,
        }
    }
}

/// The words of a query; quotes hold together what spaces part.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in text.chars() {
        if letter == '"' {
            quoted = !quoted;
        }
        match words.last_mut() {
            Some(word) if quoted || !letter.is_whitespace() => word.push(letter),
            _ => words.push(String::new()),
        }
    }
    words.retain(|word| !word.trim_matches(['"', '!']).is_empty());
    words
}

#[cfg(test)]
mod tests {
    use explainer_core::domain::Level;

    use super::*;

    #[test]
    fn terms_narrow_a_list() {
        let issue = Issue {
            id: "1".into(),
            title: "KeyError: 'sku'".into(),
            message: "out of stock".into(),
            culprit: Some("shop.cart in add".into()),
            level: Level::Error,
            status: "unresolved".into(),
            tags: [("Tenant".into(), "Acme Corp".into())].into(),
            metadata: [("type".into(), "KeyError".into())].into(),
            ..Issue::default()
        };
        for yes in [
            "",
            "  ",
            "is:unresolved",
            "keyerror",
            "\"of stock\"",
            "level:ERROR",
            "!level:fatal",
            "tenant:\"acme corp\"",
            "tenant:acme*",
            "tenant:*corp",
            "tenant:*me*",
            "error.type:KeyError",
            "is:unresolved level:error cart",
            "!nonsense",
            "\"",
            "!",
        ] {
            assert!(Query::parse(yes).matches(&issue), "{yes}");
        }
        for no in [
            "is:resolved",
            "level:fatal",
            "!keyerror",
            "tenant:acme",
            "unknown:1",
            "cart missing",
        ] {
            assert!(!Query::parse(no).matches(&issue), "{no}");
        }
    }
}
