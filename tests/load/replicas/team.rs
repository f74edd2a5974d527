//! All replicas, and a client that asks any of them, and another one when that fails.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::{Outcome, replica::Replica};

pub(crate) struct Team {
    replicas: Vec<Mutex<Replica>>,
    http: reqwest::Client,
    token: Mutex<String>,
    turn: AtomicUsize,
}

impl Team {
    #[expect(
        clippy::disallowed_methods,
        reason = "it speaks to servers of its own on this machine"
    )]
    pub(crate) fn of(replicas: Vec<Replica>) -> Self {
        Self {
            replicas: replicas.into_iter().map(Mutex::new).collect(),
            http: reqwest::Client::new(),
            token: Mutex::default(),
            turn: AtomicUsize::new(0),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.replicas.len()
    }

    pub(crate) fn replica(&self, number: usize) -> MutexGuard<'_, Replica> {
        let replica = &self.replicas[number % self.replicas.len()];
        replica.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the first of them and makes an account with a workspace.
    #[expect(clippy::await_holding_lock, reason = "nobody else is there yet")]
    pub(crate) async fn join(&self) -> Outcome {
        for number in 0..self.len() {
            self.replica(number).until_up().await?;
        }
        let account = json!({
            "username": "load", "email": "load@example.org", "password": "a long password",
        });
        let answer = self.post("/api/v1/auth/register", &account).await;
        let token = answer["access_token"].as_str().ok_or("no token")?;
        token.clone_into(&mut self.token.lock().unwrap_or_else(PoisonError::into_inner));
        self.post("/api/v1/workspaces/", &json!({"name": "Load"}))
            .await;
        Ok(())
    }

    /// The ids of all issues.
    pub(crate) async fn issues(&self, count: usize) -> Outcome<Vec<String>> {
        let mut ids = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/api/v1/issues/?limit=100{cursor}");
            let page = self.get(&path).await;
            let issues = page["issues"].as_array().ok_or("no issues")?;
            ids.extend(
                issues
                    .iter()
                    .filter_map(|it| Some(it["id"].as_str()?.to_owned())),
            );
            let Some(next) = page["pagination"]["next_cursor"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        if ids.len() != count {
            return Err(format!("{} issues where {count} were written", ids.len()).into());
        }
        Ok(ids)
    }

    /// Asks for an analysis, as often as it takes; gives back its id.
    pub(crate) async fn ask(&self, issue: String) -> String {
        let path = format!("/api/v1/issues/{issue}/analyze");
        let answer = self.post(&path, &json!({})).await;
        answer["id"].as_str().unwrap_or_default().to_owned()
    }

    async fn get(&self, path: &str) -> Value {
        self.until_answered(path, |url| self.http.get(url)).await
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        self.until_answered(path, |url| self.http.post(url).json(body))
            .await
    }

    async fn until_answered(
        &self,
        path: &str,
        request: impl Fn(String) -> reqwest::RequestBuilder,
    ) -> Value {
        loop {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            let url = self.replica(turn).url();
            if let Some(url) = url {
                let token = self
                    .token
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone();
                let asking = request(format!("{url}{path}"))
                    .bearer_auth(token)
                    .header("prefer", "respond-async")
                    .timeout(Duration::from_secs(20));
                let answer = asking.send().await.and_then(Response::error_for_status);
                match answer {
                    Ok(answer) => {
                        if let Ok(body) = answer.json().await {
                            return body;
                        }
                    }
                    Err(error) if error.status().is_some_and(is_final) => {
                        eprintln!("{path}: {error}");
                        return Value::Null;
                    }
                    Err(_) => {}
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Whether asking again does not help.
fn is_final(status: StatusCode) -> bool {
    status.is_client_error()
}
