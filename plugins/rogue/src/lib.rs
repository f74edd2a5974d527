//! Everything a plugin must not do, one thing at a time, for the tests of the host.
//!
//! What goes wrong in a call is chosen by the settings (`mode`). What goes wrong while loading is
//! chosen by a text in the library itself, which a test writes over in a copy of the file.

mod raw;

use std::{
    hint::black_box,
    thread,
    time::{Duration, Instant},
};

use explainer_plugin_sdk::{
    Delivery, Error, Event, Host, Issue, Page, Project, Query, Signal, Source, Status, schemars,
    serde, serde_json, tracing,
};

/// What a test asks for.
#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(crate = "explainer_plugin_sdk::serde")]
#[schemars(crate = "explainer_plugin_sdk::schemars")]
pub struct Settings {
    /// What to do wrong; nothing by default.
    #[serde(default)]
    mode: String,
    /// How long a call takes, in milliseconds.
    #[serde(default)]
    delay_ms: u64,
    /// How large an event is, in bytes.
    #[serde(default)]
    size: usize,
    /// A secret, to be told to everybody.
    #[serde(default)]
    token: explainer_plugin_sdk::Secret,
}

/// The source.
#[derive(Debug)]
pub struct Rogue {
    settings: Settings,
    host: Host,
    event: Event,
}

impl Source for Rogue {
    type Settings = Settings;
    const KIND: &'static str = "rogue";
    const DESCRIPTION: &'static str = "Does what it must not";
    const HAS_WEBHOOK: bool = true;

    fn open(settings: Settings, host: Host) -> Result<Self, Error> {
        match &*settings.mode {
            "panic in create" => panic!("create panics"),
            "refuse" => return Err(Error::unauthenticated("the tracker refuses the token")),
            "block in create" => sleep_for_ever(),
            _ => {}
        }
        let event = event(settings.size);
        Ok(Self {
            settings,
            host,
            event,
        })
    }

    async fn check(&self) -> Result<Status, Error> {
        Ok(Status::default())
    }

    async fn projects(&self) -> Result<Vec<Project>, Error> {
        tokio_sleep(self.settings.delay_ms).await;
        Ok(vec![Project::default()])
    }

    async fn issues(&self, query: Query) -> Result<Page, Error> {
        misbehave(&self.settings, self.host).await?;
        let issue = Issue {
            id: "1".to_owned(),
            title: "it works".to_owned(),
            ..Issue::default()
        };
        Page::of(&[issue], &query)
    }

    async fn issue(&self, _: String) -> Result<Option<Issue>, Error> {
        Ok(None)
    }

    async fn events(&self, _: String, _: u16) -> Result<Vec<Event>, Error> {
        Ok(vec![self.event.clone()])
    }

    /// The body is the signals themselves, signed with the token.
    async fn webhook(&self, delivery: Delivery) -> Result<Vec<Signal>, Error> {
        misbehave(&self.settings, self.host).await?;
        delivery.verify(&self.settings.token, "x-signature")?;
        serde_json::from_slice(&delivery.body)
            .map_err(|error| Error::invalid(format!("could not read the webhook because {error}")))
    }
}

/// An event of about `size` bytes, as events are: many short values.
fn event(size: usize) -> Event {
    let frame = |number| {
        serde_json::json!({
            "filename": format!("shop/cart_{number}.py"), "function": "checkout", "lineno": number,
            "in_app": true, "context_line": "    total = sum(item.price for item in cart)",
        })
    };
    let frames: Vec<_> = (0..size / 160).map(frame).collect();
    Event::from(serde_json::json!({
        "event_id": "1", "timestamp": 1_770_000_000,
        "exception": [{"type": "KeyError", "value": "'total'", "stacktrace": {"frames": frames}}],
    }))
}

async fn misbehave(settings: &Settings, host: Host) -> Result<(), Error> {
    match &*settings.mode {
        "panic in a call" => panic!("a call panics"),
        "panic in a thread" => {
            let _ = thread::spawn(|| panic!("a thread panics")).join();
        }
        "abort" => std::process::abort(),
        "segfault" => raw::segfault(),
        "overflow the stack" => {
            black_box(overflow(black_box(1)));
        }
        "exit" => std::process::exit(0),
        "never complete" => std::future::pending::<()>().await,
        "block for ever" => sleep_for_ever(),
        "flood the log" => {
            let end = Instant::now() + Duration::from_millis(500);
            while Instant::now() < end {
                tracing::error!("a line of a flood");
            }
        }
        "print" => raw::print(),
        "tell the secret" => {
            let secret = settings.token.expose();
            tracing::error!(secret, "here is the secret");
            return Err(Error::internal(format!("the secret is {secret}\r\nX: 1")));
        }
        "say nothing" => return Err(Error::internal("")),
        "leak threads" => {
            for _ in 0..10 {
                thread::spawn(|| sleep_for_ever());
            }
        }
        "eat memory" => raw::eat_memory(),
        "ask the host" => {
            host.get("http://127.0.0.1:1/").send().await?;
        }
        "show the environment" => {
            let names: Vec<_> = std::env::vars().map(|(name, _)| name).collect();
            return Err(Error::internal(format!("environment: {names:?}")));
        }
        _ => tokio_sleep(settings.delay_ms).await,
    }
    Ok(())
}

fn sleep_for_ever() -> ! {
    loop {
        thread::sleep(Duration::from_secs(3600));
    }
}

#[expect(unconditional_recursion, reason = "it is what is wanted")]
fn overflow(depth: u64) -> u64 {
    let room = black_box([depth; 1024]);
    overflow(depth + 1) + room[usize::try_from(depth % 1024).unwrap_or_default()]
}

async fn tokio_sleep(millis: u64) {
    if millis > 0 {
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}
