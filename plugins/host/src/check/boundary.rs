//! What the boundary asks of a plugin, as far as it is seen from outside its process.

use explainer_core::{
    ErrorKind,
    ports::IssueSource as _,
    testkit::conformance::{Stop, Verdict},
};
use futures::future::{BoxFuture, join_all};
use serde_json::{Value, json};

use super::{Subject, failed};

type Test = fn(Subject) -> BoxFuture<'static, Verdict>;

/// Each test, by what it asks.
pub(super) const CASES: &[(&str, Test)] = &[
    ("wrong settings are refused as invalid", |it| {
        Box::pin(wrong_settings(it))
    }),
    ("an unknown method is unsupported", |it| {
        Box::pin(unknown_method(it))
    }),
    ("garbage and empty requests are refused as invalid", |it| {
        Box::pin(garbage(it))
    }),
    ("an added field of a request is ignored", |it| {
        Box::pin(added_field(it))
    }),
    ("256 calls in flight are all answered", |it| {
        Box::pin(many_calls(it))
    }),
    ("a call that was cancelled disturbs no other", |it| {
        Box::pin(cancelled(it))
    }),
    ("a webhook that is not signed is refused", |it| {
        Box::pin(unsigned(it))
    }),
];

async fn wrong_settings(subject: Subject) -> Verdict {
    let plugin = subject.load().await?;
    let mut tried = vec![json!([]), json!("text"), json!(null)];
    // Each known field with a type it cannot have.
    let fields = plugin.manifest().settings["properties"].as_object();
    for (name, field) in fields.into_iter().flatten() {
        let wrong = match field["type"].as_str() {
            Some("object") => json!("text"),
            Some(_) => json!({ "never": "this" }),
            None => continue,
        };
        let mut settings = subject.settings.clone();
        if let Some(settings) = settings.as_object_mut() {
            settings.insert(name.clone(), wrong);
            tried.push(Value::Object(settings.clone()));
        }
    }
    for settings in tried {
        match plugin.source(&settings).call("check", b"{}".to_vec()).await {
            Err(error) if error.kind() == ErrorKind::Invalid => {}
            other => return failed(&format!("{settings} is {}", shown(other))),
        }
    }
    Ok(())
}

async fn unknown_method(subject: Subject) -> Verdict {
    let plugin = subject.load().await?;
    let source = plugin.source(&subject.settings);
    match source.call("no-such-method", b"{}".to_vec()).await {
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(()),
        other => failed(&format!("it is {}", shown(other))),
    }
}

async fn garbage(subject: Subject) -> Verdict {
    let plugin = subject.load().await?;
    let source = plugin.source(&subject.settings);
    let deep = "[".repeat(100_000);
    let garbage: [&[u8]; 6] = [b"", b"{", b"\xff\xfe", b"[]", b"nonsense", deep.as_bytes()];
    for method in ["issues", "issue", "events"] {
        for payload in garbage {
            match source.call(method, payload.to_vec()).await {
                Err(error) if error.kind() == ErrorKind::Invalid => {}
                other => {
                    let start = String::from_utf8_lossy(&payload[..payload.len().min(20)]);
                    return failed(&format!("{method} with {start:?} is {}", shown(other)));
                }
            }
        }
    }
    source.call("check", b"{}".to_vec()).await?;
    Ok(())
}

async fn added_field(subject: Subject) -> Verdict {
    let plugin = subject.load().await?;
    let source = plugin.source(&subject.settings);
    let query = json!({"query": "", "limit": 1, "of_a_later_version": {"deep": [1, null]}});
    source
        .call("issues", query.to_string().into_bytes())
        .await?;
    Ok(())
}

async fn many_calls(subject: Subject) -> Verdict {
    let plugin = subject.load().await?;
    let source = plugin.source(&subject.settings);
    let query = json!({"query": "", "limit": 1}).to_string().into_bytes();
    let calls = (0..256).map(|_| source.call("issues", query.clone()));
    for answer in join_all(calls).await {
        answer?;
    }
    Ok(())
}

async fn cancelled(subject: Subject) -> Verdict {
    let plugin = subject.load().await?;
    let source = plugin.source(&subject.settings);
    let query = json!({"query": "", "limit": 1}).to_string().into_bytes();
    source.call("issues", query.clone()).await?;
    for _ in 0..20 {
        let call = source.call("issues", query.clone());
        // Long enough to be begun, too short to be sure of an end.
        let _ = tokio::time::timeout(std::time::Duration::from_micros(200), call).await;
        source.call("check", b"{}".to_vec()).await?;
    }
    Ok(())
}

async fn unsigned(subject: Subject) -> Verdict {
    let plugin = subject.load().await?;
    if !plugin.capabilities().contains(&"webhook") {
        return Err(Stop::Skipped("it takes no webhooks".to_owned()));
    }
    let source = plugin.source(&subject.settings);
    for body in [&b"{}"[..], b"", b"[]", b"\xff\xfe"] {
        match source.webhook(&[], body).await {
            Err(error) if error.kind() == ErrorKind::Unauthorized => {}
            Err(error) => return failed(&format!("{body:?} is {:?}: {error}", error.kind())),
            Ok(signals) => return failed(&format!("{body:?} is taken for {signals:?}")),
        }
    }
    Ok(())
}

fn shown(answer: Result<Vec<u8>, explainer_core::Error>) -> String {
    match answer {
        Ok(answer) => {
            let answer = String::from_utf8_lossy(&answer);
            let start: String = answer.chars().take(80).collect();
            format!("answered with {start}")
        }
        Err(error) => format!("{:?}: {error}", error.kind()),
    }
}
