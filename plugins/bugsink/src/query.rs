//! The service's search language, as far as Bugsink's can answer it.
//!
//! `is:unresolved`, `is:resolved` and `is:ignored` become Bugsink's states; text and `key:value`
//! on tags mean the same there.

use std::fmt::Write as _;

/// What to look for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Search {
    /// `all`, `unresolved`, `resolved` or `muted`.
    pub state: &'static str,
    /// Text and tags.
    pub text: String,
}

impl Search {
    pub(crate) fn of(query: &str) -> Self {
        let mut state = "all";
        let mut text = Vec::new();
        for word in query.split_whitespace() {
            match word {
                "is:unresolved" => state = "unresolved",
                "is:resolved" => state = "resolved",
                "is:ignored" | "is:muted" => state = "muted",
                word => text.push(word),
            }
        }
        Self {
            state,
            text: text.join(" "),
        }
    }
}

/// A text as it may stand in the query of an address.
pub(crate) fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_taken_out_and_the_rest_is_text() {
        let search = Search::of("is:unresolved KeyError  region:eu");
        assert_eq!(
            (search.state, &*search.text),
            ("unresolved", "KeyError region:eu")
        );
        assert_eq!(Search::of("").state, "all");
        assert_eq!(escaped("a b&c=é"), "a%20b%26c%3D%C3%A9");
    }
}
