//! `[telemetry.otlp]`

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use serde::Deserialize;
use toml::Value;

use super::{check::web_address, layers::Settings, problem::Problem, sections::filled};

const ENDPOINT: &str = "telemetry.otlp.endpoint";
const HEADERS: &str = "telemetry.otlp.headers";

/// `[telemetry.otlp]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Otlp {
    /// The base address of what takes the traces. `None`: nothing is sent.
    #[serde(deserialize_with = "filled")]
    pub endpoint: Option<String>,
    /// Sent with every batch, each `name=value`; see [`Otlp::header`].
    pub headers: Vec<SecretString>,
    /// What the service is called in its traces. `None`: `issue-explainer`.
    #[serde(deserialize_with = "filled")]
    pub service_name: Option<String>,
    /// Share of requests traced, 0 to 1.
    pub sample_rate: f64,
}

impl Otlp {
    /// A header as OpenTelemetry's variables write it, `name=value` with `%20` and the like in the
    /// value. `None` when the line is not like that.
    /// <https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables>
    pub fn header(line: &str) -> Option<(&str, String)> {
        let (name, value) = line.split_once('=')?;
        let (name, value) = (name.trim(), percent_decode_str(value.trim()));
        let value = value.decode_utf8().ok()?.into_owned();
        let in_name = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        let in_value = |c: char| c == ' ' || c.is_ascii_graphic();
        let fine = !name.is_empty() && name.chars().all(in_name) && value.chars().all(in_value);
        fine.then_some((name, value))
    }
}

pub(super) fn check(settings: &Settings, problems: &mut Vec<Problem>) {
    let endpoint = settings.text(ENDPOINT).unwrap_or_default();
    if !endpoint.is_empty() && (web_address(endpoint).is_err() || endpoint.contains(['?', '#'])) {
        let remedy = "write the base of its OTLP/HTTP address, as in http://127.0.0.1:4318; \
                      /v1/traces is put after it";
        let reason = "it is not a plain web address";
        problems.push(settings.refuse(ENDPOINT, reason, remedy));
    }
    let headers = settings.value(HEADERS).and_then(Value::as_array);
    let mut headers = headers.into_iter().flatten().filter_map(Value::as_str);
    if !headers.all(|line| Otlp::header(line).is_some()) {
        let remedy = r#"write each as "name=value", with %20 for a blank and %2C for a comma"#;
        problems.push(settings.refuse(HEADERS, "not each is a header", remedy));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_a_name_and_a_value_that_may_be_escaped() {
        for (line, name, value) in [
            ("api-key=abc=", "api-key", "abc="),
            (
                " authorization = Basic%20YTpi ",
                "authorization",
                "Basic YTpi",
            ),
            ("x-empty=", "x-empty", ""),
        ] {
            assert_eq!(Otlp::header(line), Some((name, value.to_owned())), "{line}");
        }
        for bad in [
            "",
            "api-key",
            "=abc",
            "a b=c",
            "a=%0d%0ax: y",
            "a=%ff",
            "a=ü",
        ] {
            assert_eq!(Otlp::header(bad), None, "{bad}");
        }
    }
}
