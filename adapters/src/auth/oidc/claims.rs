//! What a token says, read leniently in its form and never beyond what it says.

use explainer_core::{Result, domain::Timestamp, ports::Identity};
use serde_json::{Map, Value};

use super::unauthorized;

/// The longest name or e-mail that is taken over, in bytes.
const MAX_TEXT: usize = 254;

/// The claims of a token whose signature was checked.
pub(super) struct Claims(pub Map<String, Value>);

impl Claims {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A time in seconds since 1970, which may have a fraction.
    pub(super) fn time(&self, name: &str) -> Result<Option<Timestamp>> {
        let Some(value) = self.0.get(name).filter(|value| !value.is_null()) else {
            return Ok(None);
        };
        let whole = value.as_i64().or_else(|| value.as_f64().map(whole));
        let time = whole.and_then(|seconds| Timestamp::from_second(seconds).ok());
        time.map(Some)
            .ok_or_else(|| unauthorized("it names no time there is"))
    }

    /// Who the bearer is.
    pub(super) fn identity(&self, groups_claim: &str) -> Result<Identity> {
        let short = |name| {
            let text = self.text(name).filter(|text| text.len() <= MAX_TEXT);
            text.map(str::to_owned)
        };
        let doubted = self.0.get("email_verified") == Some(&Value::Bool(false));
        Ok(Identity {
            username: short("preferred_username").or_else(|| short("email")),
            email: short("email").filter(|_| !doubted),
            full_name: short("name"),
            groups: self.groups(groups_claim),
            // Whoever does not say when they said it is outdone by everybody who does.
            issued_at: self.time("iat")?.unwrap_or(Timestamp::UNIX_EPOCH),
        })
    }

    /// The texts of a claim that is called `path`, or that lies where the names between its dots lead.
    fn groups(&self, path: &str) -> Vec<String> {
        let led = || {
            let mut names = path.split('.');
            let first = self.0.get(names.next()?)?;
            names.try_fold(first, |value, name| value.get(name))
        };
        match self.0.get(path).or_else(led) {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(several)) => {
                let texts = several.iter().filter_map(Value::as_str);
                texts.map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "what is too large becomes a time there is not"
)]
fn whole(seconds: f64) -> i64 {
    seconds as i64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> Claims {
        let Value::Object(claims) = value else {
            panic!("an object")
        };
        Claims(claims)
    }

    #[test]
    fn groups_are_found_by_name_and_by_path() {
        let claims = claims(json!({
            "groups": ["one", 2, null, "three"],
            "role": "one",
            "realm_access": {"roles": ["deep"]},
            "https://example.com/roles": ["named"],
            "a.b": ["whole"], "a": {"b": ["led"]},
        }));
        for (path, expected) in [
            ("groups", vec!["one", "three"]),
            ("role", vec!["one"]),
            ("realm_access.roles", vec!["deep"]),
            ("https://example.com/roles", vec!["named"]),
            ("a.b", vec!["whole"]),
            ("realm_access", vec![]),
            ("realm_access.roles.0", vec![]),
            ("nothing", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(claims.groups(path), expected, "{path}");
        }
    }

    #[test]
    fn times_may_have_fractions_and_must_exist() {
        let time = |value: Value| claims(json!({ "exp": value })).time("exp");
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        assert_eq!(time(json!(60)).unwrap(), Some(at(60)));
        assert_eq!(time(json!(60.9)).unwrap(), Some(at(60)));
        assert_eq!(time(json!(null)).unwrap(), None);
        for odd in [json!("60"), json!(u64::MAX), json!(1e300), json!(true)] {
            time(odd).unwrap_err();
        }
    }

    #[test]
    fn an_e_mail_that_the_provider_doubts_is_not_taken_over() {
        let email = |verified: Value| {
            let said = json!({"email": "ada@example.com", "email_verified": verified});
            claims(said).identity("groups").unwrap().email
        };
        assert_eq!(email(json!(true)).as_deref(), Some("ada@example.com"));
        assert_eq!(email(json!(null)).as_deref(), Some("ada@example.com"));
        assert_eq!(email(json!(false)), None);
    }
}
