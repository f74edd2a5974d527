//! Issues explained by models, from the client's request to the model's server and back.

mod faults;
mod honesty;
mod readiness;
mod spending;

use serde_json::{Value, json};

use self::{
    replay::{Replay, Reply},
    wire::{MODEL, Wire},
};
use crate::support::{Client, Service, replay, wire};

/// A service that asks a server which replays, and somebody with an issue to explain.
struct Place {
    service: Service,
    server: Replay,
    wire: Wire,
    client: Client,
    issue: String,
}

impl Place {
    /// The model is taken for one of somebody else's, at ten dollars for a million tokens in and a
    /// hundred for a million out. A job that fails is not tried again.
    async fn open(wire: Wire, variables: &[(&str, &str)]) -> Self {
        let server = Replay::start().await;
        let (path, found) = wire.description();
        server.on(path, [found]);
        let url = server.url();
        let openai = format!("{url}/v1");
        let of_wire = match wire {
            Wire::Ollama => [
                ("OLLAMA_BASE_URL", url.as_str()),
                ("OLLAMA_MODEL", MODEL),
                ("EXPLAINER__LLM__OLLAMA__LOCATION", "remote"),
            ],
            _ => [
                ("OPENAI_BASE_URL", openai.as_str()),
                ("OPENAI_MODEL", MODEL),
                ("EXPLAINER__LLM__OPENAI__LOCATION", "remote"),
            ],
        };
        let mut all = vec![
            (
                "OPENAI_API_KEY",
                if wire == Wire::Ollama { "" } else { "sk-test" },
            ),
            ("EXPLAINER__LLM__OLLAMA__API_KEY", "sk-test"),
            ("EXPLAINER__LLM__PRICES", "tiny 10 5 100"),
            ("EXPLAINER__LLM__BREAKER_FAILURES", "1000"),
            ("EXPLAINER__ANALYSIS__ATTEMPTS", "1"),
        ];
        all.extend(of_wire);
        all.extend(variables);
        let service = Service::start(&all);
        let client = service.client().with_workspace("ada").await;
        let issue = client.issue_ids().await.remove(0);
        Self {
            service,
            server,
            wire,
            client,
            issue,
        }
    }

    /// From now on the model answers with these in turn; the last one stays.
    fn on(&self, replies: impl IntoIterator<Item = Reply>) {
        self.server.on(self.wire.path(), replies);
    }

    /// From now on the model says this.
    fn says(&self, text: &str) {
        self.on([self.wire.answer(&[text], "stop")]);
    }

    /// Has the issue explained, unchanged evidence or not.
    async fn analyze(&self) -> Value {
        let path = format!("/api/v1/issues/{}/analyze", self.issue);
        self.client.post(&path, &json!({"force": true})).await.ok()
    }

    /// The requests to models made for the newest run, as the ledger has them.
    async fn calls(&self, analysis: &Value) -> Vec<Value> {
        let id = analysis["id"].as_str().unwrap();
        let path = format!("/api/v1/analyses/{id}/egress");
        let report = self.client.get(&path).await.ok();
        let calls = report["calls"].as_array().unwrap();
        let newest = calls.last().map_or(&Value::Null, |call| &call["revision"]);
        let of_run = calls.iter().filter(|call| call["revision"] == *newest);
        of_run.cloned().collect()
    }

    /// How often the model was asked.
    fn asked(&self) -> usize {
        let asked = self.server.asked();
        let to_model = asked.iter().filter(|it| it.path == self.wire.path());
        to_model.count()
    }
}

/// An answer as it should be, to the first of the samples.
fn good() -> Value {
    json!({
        "claims": [{"text": "It fails.", "evidence": ["E1"], "quotes": []}],
        "insufficient_evidence": null,
        "summary": "A seat is sold twice.",
        "root_cause": "Nothing holds the seat between look and sale.",
        "technical_description": "Größe – 日本語 🦀",
        "reproduction_steps": ["Buy the same seat twice at once."],
        "suggested_fix": "Hold the seat first.",
        "code_examples": null,
        "priority": "high",
        "estimated_effort": "1-2 hours",
        "affected_components": ["seats"],
        "related_issues": null,
    })
}

fn changed(change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> String {
    let mut answer = good();
    change(answer.as_object_mut().unwrap());
    answer.to_string()
}
