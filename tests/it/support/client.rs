//! Somebody who asks the service.

use reqwest::{
    Method, RequestBuilder, StatusCode,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use serde_json::{Value, json};

use super::secrets;

/// A client with or without a token.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    headers: HeaderMap,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Client {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test speaks to the service it started, as any client may"
    )]
    pub(crate) fn new(url: &str) -> Self {
        Self {
            http: reqwest::Client::new(),
            url: url.to_owned(),
            headers: HeaderMap::new(),
        }
    }

    /// The same with one header more.
    pub(crate) fn with(&self, name: &'static str, value: &str) -> Self {
        let mut other = self.clone();
        let value = HeaderValue::from_str(value).unwrap();
        other.headers.insert(HeaderName::from_static(name), value);
        other
    }

    /// The same, asking another service.
    pub(crate) fn at(&self, url: &str) -> Self {
        Self {
            url: url.to_owned(),
            ..self.clone()
        }
    }

    /// The same with this token, which is a secret unless it is too short to be one.
    pub(crate) fn bearer(&self, token: &str) -> Self {
        if token.len() > 40 {
            secrets::note(&[token.to_owned()]);
        }
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// Registers `name` and goes on as them.
    pub(crate) async fn registered(&self, name: &str) -> Self {
        let account = json!({"username": name, "email": format!("{name}@example.com"), "password": "correct horse"});
        let answer = self.post("/api/v1/auth/register", &account).await.ok();
        self.bearer(answer["access_token"].as_str().unwrap())
    }

    /// Registers `name`, makes a workspace and goes on in it.
    pub(crate) async fn with_workspace(&self, name: &str) -> Self {
        let client = self.registered(name).await;
        client
            .post("/api/v1/workspaces/", &json!({"name": "Ours"}))
            .await
            .ok();
        client
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.json(Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.json(Method::PUT, path, body).await
    }

    /// Any method with a JSON body. What was secret in it does not come back.
    pub(crate) async fn json(&self, method: Method, path: &str, body: &Value) -> Answer {
        let sent = secrets::of(body);
        secrets::note(&sent);
        let answer = self.send(self.request(method, path).json(body)).await;
        for secret in sent {
            assert!(
                !answer.text.contains(&secret),
                "{path} answers with the secret {secret}"
            );
        }
        answer
    }

    /// Any method, any body, no content type of its own.
    pub(crate) async fn raw(
        &self,
        method: Method,
        path: &str,
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        self.send(self.request(method, path).body(body)).await
    }

    /// The ids of all issues of the workspace.
    pub(crate) async fn issue_ids(&self) -> Vec<String> {
        let page = self.get("/api/v1/issues/?limit=100").await.ok();
        let issues = page["issues"].as_array().unwrap();
        issues
            .iter()
            .map(|issue| issue["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// A stream of server-sent events.
    pub(crate) async fn stream(&self, path: &str) -> Stream {
        let response = self.request(Method::GET, path).send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        assert_eq!(status, StatusCode::OK, "{path}");
        Stream {
            response,
            headers,
            read: String::new(),
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.url);
        self.http.request(method, url).headers(self.headers.clone())
    }

    async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        if let Ok(answer) = serde_json::from_str(&text) {
            secrets::note(&secrets::of(&answer));
        }
        Answer {
            status,
            headers,
            text,
        }
    }
}

/// Server-sent events, as they come.
pub(crate) struct Stream {
    response: reqwest::Response,
    headers: HeaderMap,
    read: String,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Event {
    pub name: String,
    pub data: String,
}

impl Stream {
    /// A header as text; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// The next event with data; `None` when the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        let wait = std::time::Duration::from_secs(20);
        loop {
            while let Some((block, rest)) = self.read.split_once("\n\n") {
                let field = |name: &str| {
                    let lines = block.lines().filter_map(|line| line.split_once(": "));
                    let of = lines.filter(|(field, _)| *field == name);
                    of.map(|(_, value)| value).collect::<Vec<_>>().join("\n")
                };
                let (name, data) = (field("event"), field("data"));
                let rest = rest.to_owned();
                self.read = rest;
                if !data.is_empty() {
                    return Some(Event { name, data });
                }
            }
            let chunk = tokio::time::timeout(wait, self.response.chunk()).await;
            let chunk = chunk.expect("no event came").unwrap_or_default()?;
            self.read.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

impl Answer {
    /// The JSON of an answer that must have gone well.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self.json()
    }

    /// The JSON of any answer.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error} in {:?}", self.text))
    }

    /// A header as text; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Checks that this is a problem as RFC 9457 wants it, and gives back `(status, code, detail)`.
    #[track_caller]
    pub(crate) fn problem(&self) -> (u16, String, String) {
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{}",
            self.text
        );
        let body = self.json();
        assert_eq!(body["status"], self.status.as_u16(), "{body}");
        assert_eq!(body["type"], "about:blank");
        assert!(
            body["title"].is_string() && body["instance"].is_string(),
            "{body}"
        );
        let text = |field: &str| {
            body[field]
                .as_str()
                .unwrap_or_else(|| panic!("{field} in {body}"))
                .to_owned()
        };
        (self.status.as_u16(), text("code"), text("detail"))
    }
}
