//! What notifications say: to programs as JSON, to people as a mail.

use std::fmt::Write;

use serde::Serialize;

use crate::{
    domain::{AnalysisError, Dispatch, Notification, Occasion, Priority, Timestamp},
    explain::render::inline,
    ports::Mail,
};

/// The longest title, in characters.
const TITLE: usize = 200;
/// The longest summary, in characters.
const SUMMARY: usize = 2_000;
/// The longest other text, in characters.
const OTHER: usize = 500;

/// Who wrote what no model did.
pub(in crate::services) const BY_RULES: &str = "rules, without a language model";

/// Begins with `type` and `timestamp`, as Standard Webhooks asks for.
#[derive(Serialize)]
struct Payload<'a> {
    r#type: &'static str,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    workspace_id: &'a str,
    analysis_id: &'a str,
    revision: u32,
    status: &'static str,
    issue: About,
    priority: Option<&'static str>,
    summary: Option<String>,
    written_by: Option<&'static str>,
    model: Option<&'a str>,
    error: Option<Why<'a>>,
    url: Option<String>,
}

#[derive(Serialize)]
struct About {
    id: String,
    short_id: Option<String>,
    title: String,
    project: String,
    url: Option<String>,
}

#[derive(Serialize)]
struct Why<'a> {
    code: &'a str,
    message: String,
    retryable: bool,
}

/// The body of a request to a program: the same for every attempt.
pub(super) fn payload(dispatch: &Dispatch, public_url: Option<&str>) -> String {
    let told = &dispatch.notification;
    let why = |error: &AnalysisError| inline::line(&error.message, OTHER);
    let written = told.occasion == Occasion::Completed;
    let payload = Payload {
        r#type: told.occasion.as_str(),
        timestamp: told.at,
        data: Data {
            workspace_id: dispatch.workspace_id.as_str(),
            analysis_id: told.analysis_id.as_str(),
            revision: told.revision,
            status: status(told.occasion),
            issue: About {
                id: inline::line(&told.issue_id, OTHER),
                short_id: told.short_id.as_deref().map(|it| inline::line(it, TITLE)),
                title: inline::line(&told.title, TITLE),
                project: inline::line(&told.project, TITLE),
                url: told.issue_url.clone().filter(|url| is_web(url)),
            },
            priority: told.priority.map(Priority::as_str),
            summary: told.summary.as_deref().map(|it| cut(it, SUMMARY)),
            written_by: written.then(|| told.model.as_ref().map_or("heuristic", |_| "model")),
            model: told.model.as_deref(),
            error: told.error.as_ref().map(|error| Why {
                code: &error.code,
                message: why(error),
                retryable: error.retryable,
            }),
            url: link(told, public_url),
        },
    };
    serde_json::to_string(&payload).unwrap_or_default()
}

/// The mail to somebody.
pub(super) fn mail(dispatch: &Dispatch, to: &str, public_url: Option<&str>) -> Mail {
    let told = &dispatch.notification;
    let title = inline::line(&told.title, TITLE);
    let name = told.short_id.as_deref().unwrap_or(&told.issue_id);
    let name = inline::line(name, TITLE);
    let what = match told.occasion {
        Occasion::Completed => "Explained",
        Occasion::Failed => "Could not be explained",
        Occasion::Test => "Test",
    };
    let mut rows = vec![
        ("Issue", format!("{name} {title}")),
        ("Project", inline::line(&told.project, TITLE)),
    ];
    rows.extend(told.priority.map(|it| ("Priority", it.as_str().to_owned())));
    if told.occasion == Occasion::Completed {
        let model = told.model.as_deref();
        let model = model.map(|model| inline::line(model, TITLE));
        rows.push(("Written by", model.unwrap_or_else(|| BY_RULES.to_owned())));
    }
    let issue_url = told.issue_url.clone().filter(|url| is_web(url));
    let links = [("Issue", issue_url), ("Analysis", link(told, public_url))];
    let links = links.map(|(what, url)| url.map(|url| (what, url)));
    let text = match (&told.error, &told.summary) {
        (Some(error), _) => inline::line(&error.message, OTHER),
        (None, summary) => cut(summary.as_deref().unwrap_or_default(), SUMMARY),
    };
    let links: Vec<(&str, String)> = links.into_iter().flatten().collect();
    let heading = format!("{what}: {title}");
    Mail {
        id: dispatch.id.to_string(),
        at: told.at,
        to: to.to_owned(),
        subject: format!("[Issue Explainer] {heading}"),
        plain: plain(&heading, &text, &rows, &links),
        html: page(&heading, &text, &rows, &links),
    }
}

/// A label and what stands beside it.
type Row<'a> = (&'a str, String);

fn plain(heading: &str, text: &str, rows: &[Row<'_>], links: &[Row<'_>]) -> String {
    let mut out = format!("{heading}\n\n{text}\n\n");
    for (label, value) in rows.iter().chain(links) {
        let _ = writeln!(out, "{label}: {value}");
    }
    out
}

fn page(heading: &str, text: &str, rows: &[Row<'_>], links: &[Row<'_>]) -> String {
    let (heading, text) = (escaped(heading), escaped(text).replace('\n', "<br>"));
    let mut out =
        format!("<!doctype html><html lang=\"en\"><body><h1>{heading}</h1><p>{text}</p><table>");
    for (label, value) in rows {
        let value = escaped(value);
        let _ = write!(
            out,
            "<tr><th align=\"left\">{label}</th><td>{value}</td></tr>"
        );
    }
    out.push_str("</table>");
    for (label, url) in links {
        let url = escaped(url);
        let _ = write!(out, "<p><a href=\"{url}\">{label}</a></p>");
    }
    out.push_str("</body></html>");
    out
}

fn status(occasion: Occasion) -> &'static str {
    match occasion {
        Occasion::Completed => "completed",
        Occasion::Failed => "failed",
        Occasion::Test => "test",
    }
}

/// Where the analysis is read, where that is known.
fn link(told: &Notification, public_url: Option<&str>) -> Option<String> {
    let url = public_url.filter(|_| told.occasion != Occasion::Test)?;
    let url = url.trim_end_matches('/');
    Some(format!("{url}/api/v1/analyses/{}", told.analysis_id))
}

/// A source may say anything; a link to a script is none.
fn is_web(url: &str) -> bool {
    let web = url.starts_with("https://") || url.starts_with("http://");
    web && url.len() <= 2_048 && url.chars().all(|c| c.is_ascii_graphic())
}

fn cut(text: &str, most: usize) -> String {
    let visible = inline::lines(text);
    let mut short: String = visible.chars().take(most).collect();
    if short.len() < visible.len() {
        short.push('…');
    }
    short
}

/// Text as text of a page, and of an attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::Recipient,
        testkit::samples::{at, id},
    };

    fn hostile() -> Dispatch {
        let notification = Notification {
            occasion: Occasion::Completed,
            at: at(0),
            analysis_id: id("a"),
            revision: 1,
            issue_id: "1".to_owned(),
            short_id: None,
            title: "x\r\nBcc: eve@example.com\n\n<script>alert(1)</script>".to_owned(),
            project: "\"><img src=x>".to_owned(),
            issue_url: Some("javascript:alert(1)".to_owned()),
            priority: None,
            summary: Some(format!("<b>&\u{0}{}", "é".repeat(9_000))),
            model: None,
            error: None,
        };
        Dispatch::new(
            id("d"),
            id("w"),
            Recipient::Mail("a@b.c".to_owned()),
            notification,
        )
    }

    #[test]
    fn no_text_of_an_issue_becomes_a_header_or_markup() {
        let mail = mail(&hostile(), "a@b.c", Some("https://x.example.com/"));
        assert!(!mail.subject.contains(char::is_control), "{}", mail.subject);
        assert!(
            mail.subject
                .ends_with("x Bcc: eve@example.com <script>alert(1)</script>")
        );
        assert!(
            !mail.html.contains("<script")
                && !mail.html.contains("<img")
                && !mail.html.contains("<b>")
        );
        assert!(!mail.html.contains("javascript:") && !mail.plain.contains("javascript:"));
        let link = "https://x.example.com/api/v1/analyses/a";
        assert!(mail.html.contains(link) && mail.plain.contains(link));
    }

    #[test]
    fn who_wrote_it_is_told() {
        let mut dispatch = hostile();
        let told = |dispatch: &Dispatch| {
            let mail = mail(dispatch, "a@b.c", None).plain;
            let line = mail.lines().find(|line| line.starts_with("Written by"));
            let payload: serde_json::Value =
                serde_json::from_str(&payload(dispatch, None)).unwrap();
            let data = &payload["data"];
            (
                line.map(str::to_owned),
                data["written_by"].clone(),
                data["model"].clone(),
            )
        };
        let by_rules = Some(format!("Written by: {BY_RULES}"));
        assert_eq!(
            told(&dispatch),
            (by_rules, "heuristic".into(), None::<&str>.into())
        );
        dispatch.notification.model = Some("gpt".to_owned());
        let by_model = Some("Written by: gpt".to_owned());
        assert_eq!(told(&dispatch), (by_model, "model".into(), "gpt".into()));
    }

    #[test]
    fn a_payload_is_small_and_the_same_each_time() {
        let first = payload(&hostile(), None);
        assert_eq!(first, payload(&hostile(), None));
        assert!(first.len() < 20_000, "{}", first.len());
        assert!(first.starts_with("{\"type\":\"analysis.completed\",\"timestamp\":\"2024-"));
    }
}
