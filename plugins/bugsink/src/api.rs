//! Bugsink's REST API: its requests, its answers, its errors.

use std::{collections::BTreeMap, time::Duration};

use explainer_plugin_sdk::{
    Code, Error, Host, Project, Request, Response, Secret,
    serde_json::{self, Value, json, value::RawValue},
};
use serde::{Deserialize, de::DeserializeOwned};

use crate::query::{Search, escaped};

/// A server and the way in.
#[derive(Debug)]
pub(crate) struct Api {
    host: Host,
    /// Without a slash at its end.
    url: String,
    token: Secret,
}

/// A page of a list.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Listed<T> {
    /// The whole address of the next page.
    pub next: Option<String>,
    /// The whole address of the page before.
    pub previous: Option<String>,
    pub results: Vec<T>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ListedProject {
    id: u64,
    slug: String,
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Issue {
    pub id: String,
    pub friendly_id: Option<String>,
    pub project: u64,
    pub first_seen: Option<String>,
    pub last_seen: Option<String>,
    pub digested_event_count: u64,
    pub calculated_type: String,
    pub calculated_value: String,
    pub transaction: String,
    pub is_resolved: bool,
    pub is_muted: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ListedEvent {
    pub id: String,
    timestamp: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    /// As an SDK sent it.
    pub data: Box<RawValue>,
}

impl ListedEvent {
    /// Its time, fit to be compared: a fraction of a second may be there or not.
    pub(crate) fn moment(&self) -> &str {
        self.timestamp.trim_end_matches('Z')
    }
}

impl Issue {
    /// Type and value, as Bugsink shows them.
    pub(crate) fn title(&self) -> String {
        let value = self.calculated_value.lines().next().unwrap_or_default();
        let parts = [self.calculated_type.as_str(), value];
        let parts: Vec<_> = parts.into_iter().filter(|it| !it.is_empty()).collect();
        match parts.as_slice() {
            [] => format!("issue {}", self.friendly_id.as_deref().unwrap_or(&self.id)),
            parts => parts.join(": "),
        }
    }

    pub(crate) fn status(&self) -> &'static str {
        match (self.is_resolved, self.is_muted) {
            (true, _) => "resolved",
            (false, true) => "ignored",
            (false, false) => "unresolved",
        }
    }

    pub(crate) fn metadata(&self) -> BTreeMap<String, Value> {
        let facts = [
            ("type", &self.calculated_type),
            ("value", &self.calculated_value),
        ];
        let known = facts.into_iter().filter(|(_, value)| !value.is_empty());
        known
            .map(|(name, value)| (name.to_owned(), value.as_str().into()))
            .collect()
    }
}

impl From<ListedProject> for Project {
    fn from(project: ListedProject) -> Self {
        Self {
            id: project.id.to_string(),
            slug: project.slug,
            name: project.name,
            platform: None,
        }
    }
}

impl Api {
    pub(crate) fn new(host: Host, url: &str, token: Secret) -> Result<Self, Error> {
        let url = url.trim().trim_end_matches('/');
        let rest = url.strip_prefix("https://").or(url.strip_prefix("http://"));
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '@');
        if !rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(plain)) {
            return Err(Error::invalid(
                "could not use `url` because it is not the address of a server; write it as https://bugsink.example.com",
            ));
        }
        Ok(Self {
            host,
            url: url.to_owned(),
            token,
        })
    }

    /// Where people look at an issue.
    pub(crate) fn page_of(&self, issue: &str) -> String {
        format!("{}/issues/issue/{issue}/event/last/", self.url)
    }

    pub(crate) async fn projects(&self) -> Result<Vec<ListedProject>, Error> {
        let mut projects = Vec::new();
        let mut cursor = None;
        loop {
            let mut path = "projects/".to_owned();
            if let Some(cursor) = &cursor {
                path = format!("projects/?cursor={cursor}");
            }
            let listed: Listed<ListedProject> = self.get(&path).await?;
            projects.extend(listed.results);
            cursor = listed
                .next
                .as_deref()
                .and_then(cursor_of)
                .map(str::to_owned);
            // Nobody has as many; a server that goes round in circles ends here.
            if cursor.is_none() || projects.len() > 10_000 {
                return Ok(projects);
            }
        }
    }

    pub(crate) async fn issues(
        &self,
        project: Option<&str>,
        search: &Search,
        cursor: Option<&str>,
    ) -> Result<Listed<Issue>, Error> {
        let mut path = format!("issues/?sort=last_seen&order=desc&state={}", search.state);
        let given = [
            ("project", project.map(escaped)),
            ("q", Some(escaped(&search.text)).filter(|it| !it.is_empty())),
            // As Bugsink wrote it, escaped already.
            ("cursor", cursor.map(str::to_owned)),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                path = path + "&" + name + "=" + &value;
            }
        }
        self.get(&path).await
    }

    pub(crate) async fn issue(&self, id: &str) -> Result<Issue, Error> {
        self.get(&format!("issues/{id}/")).await
    }

    /// The newest events of an issue, at most 250, without their content.
    pub(crate) async fn events(&self, issue: &str) -> Result<Listed<ListedEvent>, Error> {
        let path = format!("events/?issue={issue}&order=desc");
        let listed = self.get(&path).await;
        listed.map_err(|error| {
            if is_unknown(&error) {
                no_such_issue()
            } else {
                error
            }
        })
    }

    pub(crate) async fn event(&self, id: &str) -> Result<Event, Error> {
        self.get(&format!("events/{}/", escaped(id))).await
    }

    pub(crate) async fn comment(&self, issue: &str, text: &str) -> Result<(), Error> {
        let body = json!({ "issue": issue, "comment": text });
        let request = self.request("POST", "issue-comments/");
        let request = request
            .header("content-type", "application/json")
            .body(serde_json::to_vec(&body).unwrap_or_default());
        let response = request.send().await?;
        // It calls an unknown issue a mistake in the request.
        if response.status == 400 && response.body.windows(15).any(|it| it == b"Issue not found") {
            return Err(no_such_issue());
        }
        checked(response).map(|_| ())
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        let response = self.request("GET", path).send().await?;
        checked(response)?.json()
    }

    fn request(&self, method: &str, path: &str) -> Request {
        let url = format!("{}/api/canonical/0/{path}", self.url);
        let token = format!("Bearer {}", self.token.expose());
        let request = self.host.request(method, &url);
        request
            .header("authorization", &token)
            .header("accept", "application/json")
    }
}

/// The cursor in the address of a page, as it stands there.
pub(crate) fn cursor_of(address: &str) -> Option<&str> {
    let (_, query) = address.split_once('?')?;
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("cursor="))
}

pub(crate) fn no_such_issue() -> Error {
    Error::not_found(
        "could not read the issue because Bugsink has none with this id; list the issues",
    )
}

/// Whether an issue was asked for that is not there, or cannot be: a text that is no id of Bugsink's
/// it calls a bad request.
pub(crate) fn is_unknown(error: &Error) -> bool {
    matches!(error.code, Code::NotFound | Code::InvalidArgument)
}

/// The answer, if it is a good one.
fn checked(response: Response) -> Result<Response, Error> {
    let status = response.status;
    let (code, why) = match status {
        200..=299 => return Ok(response),
        401 => (
            Code::Unauthenticated,
            "it refuses the token; set one made by its administrator",
        ),
        403 => (
            Code::PermissionDenied,
            "the token may not do that; use one with more rights",
        ),
        404 => (
            Code::NotFound,
            "there is no such thing; check the address of the server",
        ),
        429 => (Code::RateLimited, "it was asked too often; wait"),
        400 => (Code::InvalidArgument, "it does not understand the request"),
        500..=599 => (Code::Unavailable, "it is failing; try again later"),
        _ => (
            Code::Protocol,
            "it does not answer as Bugsink does; check the address",
        ),
    };
    let error = Error::new(
        code,
        format!("could not read Bugsink because {why} (status {status})"),
    );
    let wait = response
        .header("retry-after")
        .and_then(|it| it.parse().ok());
    Err(match wait {
        Some(wait) => error.with_retry_after(Duration::from_secs(wait)),
        None => error,
    })
}
